"""Every erasure that an act notes can be carried out again after a restore, and the other way round."""

from __future__ import annotations

import ast

import pytest

from privacy.erasures import acts, again
from tests.unit.documents import APPS, ROOT


def noted() -> set[str]:
    """Return the kinds that the code notes: the first argument of each call of `erasures.note`."""
    return {
        ast.literal_eval(call.args[0])
        for app in APPS
        for file in (ROOT / app).rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "erasures.note"
    }


def test_every_kind_that_is_noted_can_be_carried_out_again() -> None:
    assert noted() == set(acts())
    assert noted()


def test_acts_are_registered_where_set_up_looks_for_them() -> None:
    """At set-up only each app's `erasures.py` is imported, so an act in another file might be unknown after a restore."""
    assert {act.__module__.partition(".")[2] for act in acts().values()} == {"erasures"}


def test_one_kind_has_one_act() -> None:
    with pytest.raises(ValueError, match="sheet_dropped"):
        again("sheet_dropped")(lambda subject, at: False)
