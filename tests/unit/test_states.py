"""docs/states.md agrees with matching.states: every move cell by cell, every act, every set."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from deployment import rules
from matching import risks, states
from matching.states import MOVES, Act, Move, RequestState, Role, Status
from tests.unit.documents import ROOT, table_under, words

DOCUMENT = ROOT / "docs" / "states.md"


@pytest.fixture
def text() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


def as_row(move: Move) -> list[str]:
    who = ", ".join(role for role in Role if role in move.roles)
    return [move.act, move.source or "–", move.target, who, move.notes]


def moves_told(text: str) -> list[list[str]]:
    return table_under(text, "The moves")


def test_documented_moves_are_the_moves_cell_by_cell(text: str) -> None:
    assert moves_told(text) == [as_row(move) for move in MOVES]


@pytest.mark.parametrize(
    ("told", "mistold"),
    [
        ("| check_in | confirmed |", "| check_in | approved |"),
        ("| coordinator, host | |", "| coordinator, host, arrival | |"),
        ("with a reason; the pair is not proposed again", "with a reason"),
        ("| cancel | approved | cancelled | coordinator, host, arrival | |\n", ""),
    ],
)
def test_one_wrong_cell_is_noticed(text: str, told: str, mistold: str) -> None:
    wrong = text.replace(told, mistold, 1)

    assert wrong != text
    assert moves_told(wrong) != [as_row(move) for move in MOVES]


def test_picture_has_an_arrow_for_every_move(text: str) -> None:
    arrows = re.findall(r"^ +(\S+) --> (\w+): (\w+)$", text, re.M)

    assert arrows == [(move.source or "[*]", move.target, move.act) for move in MOVES]


def test_acts_told_beside_the_table_are_those_that_are_no_moves(text: str) -> None:
    told = [row[0] for row in table_under(text, "The acts that are no moves")]

    assert told == [act for act in Act if act not in {move.act for move in MOVES}]


def test_documented_sets_are_the_sets(text: str) -> None:
    told = {row[0].strip("`"): words(row[1]) for row in table_under(text, "The sets")}
    known = {
        name: value
        for name, value in vars(states).items()
        if name.isupper() and name != "MOVES" and isinstance(value, (frozenset, tuple))
    }

    assert {name: sorted(members) for name, members in told.items()} == {
        name: sorted(value) for name, value in known.items()
    }
    assert told["REASONS"] == list(states.REASONS)


def test_documented_words_are_all_known(text: str) -> None:
    told = {cell for row in moves_told(text) for cell in (row[1], row[2])} - {"–"}

    assert told == set(Status)
    assert [row[0] for row in table_under(text, "What a request is")] == list(RequestState)


def test_documented_deadlines_are_the_settings(text: str) -> None:
    told = [int(hours) for _when, hours in table_under(text, "Deadlines")]

    assert told == [hours for _days, hours in settings.ANSWER_HOURS]
    assert [days for days, _hours in settings.ANSWER_HOURS][:3] == [0, 1, 7]


def test_documented_risks_make_a_match_high_risk_as_told(text: str) -> None:
    known = list(risks.RISKS)
    told = {row[0].strip("`"): row[2] for row in table_under(text, "When two must approve")}

    def two_approve(risk: str) -> str:
        if risks.is_high([risk], rules.defaults()):
            return "always"
        return "new host" if risks.is_high([risk, risks.FIRST_TIME_HOST], rules.defaults()) else ""

    assert list(told) == known
    assert [row[0] for row in table_under(text, "When two must approve") if not row[3].strip()] == []
    assert told == {risk: two_approve(risk) for risk in known}
