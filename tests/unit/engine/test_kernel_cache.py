"""Machine code that was compiled from other source files is not used again."""

from __future__ import annotations

from pathlib import Path

import pytest

from matching.engine.compiled.kernel import forget_kernels_of_other_sources

SOURCE = '"""The objective."""\n\nFIT_SHARE = 0.2  # a fifth\n'


def kernels_left(folder: Path, changed_source: str) -> list[str]:
    """Return what is left of a cache when one source file has changed."""
    source, cache = folder / "objective.py", folder / "__pycache__"
    source.write_text(SOURCE)
    forget_kernels_of_other_sources([source], cache)
    for name in ("near.nbi", "near.1.nbc", "legs.pyc"):
        (cache / name).touch()
    source.write_text(changed_source)
    forget_kernels_of_other_sources([source], cache)
    return sorted(file.name for file in cache.iterdir() if file.suffix != ".sha256")


def test_kernels_are_compiled_anew_when_code_of_another_file_changes(tmp_path: Path) -> None:
    assert kernels_left(tmp_path, SOURCE.replace("0.2", "0.3")) == ["legs.pyc"]


@pytest.mark.parametrize("changed", [SOURCE, SOURCE.replace("fifth", "part"), SOURCE.replace("The", "Our")])
def test_kernels_are_kept_when_only_words_change(tmp_path: Path, changed: str) -> None:
    assert kernels_left(tmp_path, changed) == ["legs.pyc", "near.1.nbc", "near.nbi"]
