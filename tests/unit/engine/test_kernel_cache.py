"""Machine code that was compiled from other source files is not used again."""

from __future__ import annotations

from pathlib import Path

from matching.engine.compiled.kernel import forget_kernels_of_other_sources


def test_kernels_are_kept_as_long_as_no_source_changes(tmp_path: Path) -> None:
    sources, cache = made_up(tmp_path)

    forget_kernels_of_other_sources(sources, cache)
    (cache / "near.nbi").touch()
    forget_kernels_of_other_sources(sources, cache)

    assert (cache / "near.nbi").exists()


def test_kernels_are_compiled_anew_when_another_file_changes(tmp_path: Path) -> None:
    sources, cache = made_up(tmp_path)
    forget_kernels_of_other_sources(sources, cache)
    for kept in ("near.nbi", "near.1.nbc", "legs.pyc"):
        (cache / kept).touch()

    (sources / "objective.py").write_text("FIT_SHARE = 0.3")
    forget_kernels_of_other_sources(sources, cache)

    assert sorted(file.name for file in cache.iterdir()) == ["kernels.sha256", "legs.pyc"]


def made_up(folder: Path) -> tuple[Path, Path]:
    sources, cache = folder / "engine", folder / "engine" / "__pycache__"
    cache.mkdir(parents=True)
    (sources / "objective.py").write_text("FIT_SHARE = 0.2")
    return sources, cache
