"""No cell leaves as a formula, and what left comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.sheets import safe_cell
from matching.sheets.writing import plain_text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("=1+1", "'=1+1"),
        ("+77015550101", "'+77015550101"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1+1", "' =1+1"),
        ("\t=1+1", "'\t=1+1"),
        ("\r=1+1", "'\r=1+1"),
        ("\n", "'\n"),
        ("＝1+1", "'＝1+1"),
        ("'=1+1", "''=1+1"),
        ("Айгуль", "Айгуль"),
        ("O'Neill", "O'Neill"),
        ("'Aset'", "'Aset'"),
        ("2-3", "2-3"),
        ("", ""),
        (None, ""),
        (-5, "-5"),
        (2.5, "2.5"),
        (True, "True"),
    ],
)
def test_safe_cell_lets_no_formula_out(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


@given(st.text())
def test_safe_cell_never_begins_as_a_formula(text: str) -> None:
    assert not safe_cell(text).lstrip().startswith(("=", "+", "-", "@"))


@given(st.text(alphabet="'=+-@ \tab"))
def test_plain_text_takes_back_what_safe_cell_did(text: str) -> None:
    assert plain_text(safe_cell(text)) == text
