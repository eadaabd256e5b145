"""Rules for the source of the engine that can be seen in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.documents import ROOT

MOST_POSITIONAL = 5
ENGINE = sorted((ROOT / "matching" / "engine").rglob("*.py"))


def long_calls(source: str) -> Iterator[str]:
    """Yield calls with too many positional arguments, apart from those inside kernels: numba compiles no shorter ones."""
    tree = ast.parse(source)
    in_kernels = {
        id(part)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and any(isinstance(one, ast.Name) and one.id == "kernel" for one in function.decorator_list)
        for part in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > MOST_POSITIONAL and id(node) not in in_kernels:
            yield ast.unparse(node.func)


def bare_arrays(source: str) -> Iterator[str]:
    """Yield annotations of arrays that do not say what they hold."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript) and ast.unparse(node) == "NDArray[Any]":
            yield ast.unparse(node)


def numbered_columns(source: str) -> Iterator[str]:
    """Yield columns of a way that are read by number: `way[0, 1]`, `way[4]`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).split(".")[-1] in ("way", "theirs", "gone"):
            column = node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) else node.slice
            two_numbers = isinstance(node.slice, ast.Tuple) or ast.unparse(node.value) in ("theirs", "gone")
            if isinstance(column, ast.Constant) and two_numbers:
                yield ast.unparse(node)


@pytest.mark.parametrize("file", ENGINE, ids=lambda file: file.stem)
def test_calls_are_short_arrays_have_types_and_columns_have_names(file: Path) -> None:
    source = file.read_text(encoding="utf-8")

    assert [*long_calls(source), *bare_arrays(source), *numbered_columns(source)] == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (long_calls, "place(1, 2, 3, 4, 5, 6)"),
        (long_calls, "@wraps\ndef f(): place(1, 2, 3, 4, 5, 6)"),
        (bare_arrays, "Array = NDArray[Any]"),
        (numbered_columns, "way[0, 3] == people"),
        (numbered_columns, "theirs[5]"),
    ],
)
def test_what_breaks_a_rule_of_the_source_would_be_found(rule: object, source: str) -> None:
    assert len(list(rule(source))) == 1  # type: ignore[operator]


def test_kernels_may_call_with_more() -> None:
    assert list(long_calls("@kernel\ndef f(): place(1, 2, 3, 4, 5, 6)")) == []
