"""A forgotten step of a recipe in CONTRIBUTING.md fails a test: this file tests the steps that no other test notices."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from matching.admin.on_behalf import AskForm, OfferForm, OnBehalfForm
from matching.admin.words import WAY_WORDS
from matching.engine import Need, Offer
from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS
from matching.sheets.columns import CONTACTS
from matching.sheets.fields import REQUEST_NAMES, SPACE_NAMES
from matching.states import MOVES, NEEDS_REASON, Act, Role
from matching.web import acts
from notifications.channels import TRANSPORTS
from notifications.models import ContactPoint
from notifications.outbox import TRANSPORTS_FOR
from tests.unit.documents import ROOT, table_under

# -- a new channel --------------------------------------------------------------------------------


def modules_of_transports() -> set[str]:
    folder = ROOT / "notifications" / "channels"
    return {file.stem for file in folder.glob("*.py")} - {"__init__", "message"}


def test_every_transport_that_is_written_can_be_switched_on_and_serves_a_kind_of_address() -> None:
    served = {name for names in TRANSPORTS_FOR.values() for name in names}

    assert modules_of_transports() == set(TRANSPORTS) == served


def test_every_kind_of_address_has_transports_words_and_a_column() -> None:
    kinds = list(ContactPoint.Channel)

    assert list(TRANSPORTS_FOR) == kinds
    assert [kind for kind in kinds if str(acts.channel_words(kind.value)) == kind.value] == []
    assert set(CONTACTS) == set(kinds)
    assert set(CONTACTS.values()) <= set(SPACE_COLUMNS)
    assert set(CONTACTS.values()) <= set(REQUEST_COLUMNS)


def test_every_transport_is_named_to_operators() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    line = next(line for line in example.splitlines() if line.startswith("# Telling people:"))

    assert [name for name in TRANSPORTS if name not in line] == []


def test_every_transport_has_a_word_at_the_desk() -> None:
    assert set(WAY_WORDS) == {*TRANSPORTS, ""}


# -- a new field ----------------------------------------------------------------------------------

BY_OTHER_ANSWERS = {
    "latitude": "the place",
    "longitude": "the place",
    "windows": "the first night and the last day",
    "all_women": "the household",
    "composition": "the household",
    "women_only": "the household",
}
"""The fields that a form at the desk does not ask for by their names, each with the answer that gives it."""

NOT_ASKED_AT_THE_DESK = {"directions"}
"""A host who is on the telephone says how to find the door when somebody is to come."""


@pytest.mark.parametrize(
    ("form", "names"), [(OfferForm, SPACE_NAMES), (AskForm, REQUEST_NAMES)], ids=["a space", "a request"]
)
def test_form_of_coordinators_asks_for_every_field(form: type[OnBehalfForm], names: list[str]) -> None:
    asked = set(form.base_fields)

    assert set(names) - asked - set(BY_OTHER_ANSWERS) - NOT_ASKED_AT_THE_DESK == set()


@pytest.mark.parametrize("form", [OfferForm, AskForm])
def test_form_of_coordinators_shows_every_field_that_it_has(form: type[OfferForm | AskForm]) -> None:
    shown = {name for _words, names in form.groups for name in names}

    assert shown == set(form.base_fields) - {"key", "asked"} | {"place_id"}


@pytest.mark.parametrize(
    ("file", "names"), [("offer_forms.py", SPACE_NAMES), ("need_forms.py", REQUEST_NAMES)], ids=["a space", "a request"]
)
def test_questions_on_the_pages_ask_for_every_field(file: str, names: list[str]) -> None:
    nodes = list(ast.walk(ast.parse((ROOT / "matching" / "web" / file).read_text(encoding="utf-8"))))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    given = {node.id for node in nodes if isinstance(node, ast.Name)}

    assert set(names) - texts - given - {"place", "latitude", "longitude", "all_women"} == set()


# -- a new move or act ----------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.HOST, Role.ARRIVAL])
def test_every_move_of_a_side_is_a_button_with_words_and_an_answer(role: Role) -> None:
    theirs = {move.act for move in MOVES if role in move.roles}

    assert [act for act in theirs if act not in acts.DO or act not in acts.LABELS[role] or act not in acts.DONE] == []


def test_every_move_that_ends_a_match_for_good_is_asked_about_first() -> None:
    """A status that no move leaves is final, so one tap by mistake must not lead there."""
    left = {move.source for move in MOVES}
    by_people = [move for move in MOVES if move.roles & {Role.HOST, Role.ARRIVAL}]

    assert {move.act for move in by_people if move.target not in left} <= acts.SHOWN_FIRST
    assert NEEDS_REASON <= acts.SHOWN_FIRST


def test_document_of_the_api_names_every_act_that_it_takes() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    told = re.findall(r"`([a-z-]+)`", text.split("with act one of", 1)[1].split(". ", 1)[0])
    of_people = {move.act for move in MOVES if move.source and move.roles - {Role.WORKER}}

    assert set(told) == {act.replace("_", "-") for act in {*of_people, Act.ACCEPT, Act.UNFREEZE}} | {"not-safe"}


# -- a new rule -----------------------------------------------------------------------------------


def drawn(maker: str) -> set[str]:
    """Return the fields that the engine's tests fill in when they draw a random Need or Offer."""
    source = (ROOT / "tests" / "unit" / "engine" / "weeks.py").read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {word.arg for call in calls if ast.unparse(call.func) == maker for word in call.keywords if word.arg}


ONE_OF_THREE = {"listed", "fresh"}
"""Fields that bar an offer from matching exactly as `vetted` does; the random weeks draw only `vetted`."""


@pytest.mark.parametrize("value", [Need, Offer])
def test_random_weeks_draw_every_field_that_a_rule_may_read(value: type) -> None:
    fields = {field.name for field in dataclasses.fields(value)}

    assert fields - drawn(value.__name__) - ONE_OF_THREE == set()


# -- the page itself ------------------------------------------------------------------------------


def test_every_folder_of_tests_is_in_the_table_of_tests() -> None:
    rows = table_under((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "Tests")
    told = {row[0].strip("`") for row in rows}
    there = {f"tests/{path.parent.name}" for path in Path(ROOT / "tests").glob("*/__init__.py")}

    assert told == there - {"tests/standins"}
