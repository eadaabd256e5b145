"""Proposing by hand is one act: every door proposes, refuses or asks a reason for the same pair in the same way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from matching import intake
from matching.desk import by_hand
from matching.models import DeskEvent, DeskNote, Match, ShelterRequest, Space
from notifications.models import Notification
from privacy.remarks import words_of
from tests import people
from tests.people import Person
from tests.unit.documents import ROOT

pytestmark = pytest.mark.django_db

BY_HAND = "/admin/matching/match/by-hand"


@dataclass(frozen=True)
class Pairs:
    """Three pairs of a request and a space: the advised pair, another possible pair, and a forbidden pair.

    `advised` is the best pair for its request and for its space. `other` fits, but is the best for neither. `forbidden`
    joins a request with a pet and a space that takes no pets.
    """

    advised: tuple[ShelterRequest, Space]
    other: tuple[ShelterRequest, Space]
    forbidden: tuple[ShelterRequest, Space]


@pytest.fixture
def pairs(hanna: Person) -> Pairs:
    exact, roomy = people.space(hanna.host, beds=2), people.space(hanna.host, beds=6)
    tonight = people.request(people.amira().arrival, urgency="4")
    later = people.request(people.amira().arrival, urgency="1")
    with_dog = people.request(people.amira().arrival, pets=True)
    return Pairs((tonight, exact), (later, roomy), (with_dog, exact))


# -- the doors ------------------------------------------------------------------------------------


def _by_form(person: Person, pair: tuple[ShelterRequest, Space], **form: str) -> str:
    """Send the form that every page of the desk uses; return the messages on the next page."""
    asked, offered = pair
    browser = people.desk_client(person) if person.user.is_staff else Client()
    if not person.user.is_staff:
        browser.force_login(person.user)
    body = {"request": str(asked.pk), "space": str(offered.pk)} | form
    page = browser.post(f"{BY_HAND}/propose/", body, headers={"accept-language": "en"}, follow=True)
    return " ".join(str(message) for message in (page.context or {}).get("messages", ()))


def page_of_spaces(person: Person, pair: tuple[ShelterRequest, Space], **why: str) -> str:
    return _by_form(person, pair, instead_of="spaces", **why)


def page_of_requests(person: Person, pair: tuple[ShelterRequest, Space], **why: str) -> str:
    return _by_form(person, pair, instead_of="requests", **why)


def page_of_the_request(person: Person, pair: tuple[ShelterRequest, Space], **why: str) -> str:
    back = f"/admin/matching/shelterrequest/{pair[0].pk}/change/"
    return _by_form(person, pair, instead_of="spaces", next=back, **why)


def api(person: Person, pair: tuple[ShelterRequest, Space], **why: str) -> str:
    asked, offered = pair
    _row, token = tokens.issue(person.user, name="test", scope="write", days=1, at=timezone.now())
    caller = APIClient(headers={"accept-language": "en", "authorization": f"Bearer {token}"})
    body = {"request": str(asked.pk), "space": str(offered.pk)} | why
    return str(caller.post("/api/v1/matches/", body, format="json").content.decode())


Door = Callable[..., str]
DOORS: list[Door] = [page_of_spaces, page_of_requests, page_of_the_request, api]
every_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)


def written() -> tuple[int, ...]:
    """Return the number of rows of everything that proposing may write."""
    counted: list[Any] = [Match, DeskNote, DeskEvent, Notification]
    return tuple(model.objects.count() for model in counted)


# -- each door --------------------------------------------------------------------------------------


@every_door
def test_advised_pair_needs_no_reason(carla: Person, pairs: Pairs, door: Door) -> None:
    door(carla, pairs.advised)

    match = Match.objects.get()
    assert ((match.request, match.space), match.status) == (pairs.advised, "proposed")
    assert not DeskNote.objects.exists()


@every_door
@pytest.mark.parametrize("why", [{}, {"reason": "other", "note": " "}], ids=["none", "other without a note"])
def test_another_pair_is_refused_without_a_reason(carla: Person, pairs: Pairs, door: Door, why: dict[str, str]) -> None:
    before = written()

    said = door(carla, pairs.other, **why)

    assert "Another choice is advised here" in said
    assert written() == before


@every_door
def test_another_pair_is_proposed_with_a_reason_that_is_noted(carla: Person, pairs: Pairs, door: Door) -> None:
    door(carla, pairs.other, reason="know_each_other", note="They are cousins.")

    match, note = Match.objects.get(), DeskNote.objects.get()
    assert (match.request, match.space) == pairs.other
    assert (note.request, note.by) == (match.request, carla.user)
    assert words_of(note) == "They are cousins."
    assert (note.said["code"], note.said["reason"]) == ("override", "know_each_other")
    assert note.said["score"] < note.said["best"]


@every_door
def test_note_beside_the_advised_pair_is_kept(carla: Person, pairs: Pairs, door: Door) -> None:
    """Between the page and the click a pair may become the advised one: the words typed for it are not lost."""
    door(carla, pairs.advised, reason="know_each_other", note="They are cousins.")

    note = DeskNote.objects.get()
    assert (note.request, note.by, words_of(note), note.said) == (
        pairs.advised[0],
        carla.user,
        "They are cousins.",
        None,
    )


@every_door
def test_hard_rule_is_refused_whatever_the_reason(carla: Person, pairs: Pairs, door: Door) -> None:
    before = written()

    said = door(carla, pairs.forbidden, reason="household_asks", note="They insist.")

    assert "no pets allowed" in said
    assert written() == before


@every_door
@pytest.mark.parametrize("who", ["oskar", "hanna", "amira", "adil", "elsewhere"])
def test_proposal_by_anybody_else_changes_nothing(
    pairs: Pairs, amira: Person, hanna: Person, oskar: Person, adil: Person, door: Door, who: str
) -> None:
    """`amira` is the arrival of the advised request, and `hanna` the host of its space."""
    somebody = {
        "oskar": oskar,
        "hanna": hanna,
        "amira": Person(pairs.advised[0].arrival.user),
        "adil": adil,
        "elsewhere": people.carla("elsewhere", places=(people.place("Oral"),)),
    }[who]
    before = written()

    door(somebody, pairs.advised)

    assert written() == before


@every_door
def test_space_that_does_not_exist_is_refused(carla: Person, pairs: Pairs, door: Door) -> None:
    before = written()

    door(carla, (pairs.advised[0], Space(host=pairs.advised[1].host)))

    assert written() == before


def test_api_names_the_obstacle_by_a_code(carla: Person, pairs: Pairs) -> None:
    answers = [json.loads(api(carla, pair)) for pair in (pairs.other, pairs.forbidden)]

    assert [(answer["status"], answer["code"]) for answer in answers] == [
        (400, "override_needs_reason"),
        (409, "rule_forbids"),
    ]


def test_documented_reasons_are_those_the_api_takes() -> None:
    section = re.split(r"^## ", (ROOT / "docs" / "api.md").read_text(), flags=re.M)
    moves = next(part for part in section if part.startswith("Matches move"))

    assert [reason for reason in by_hand.OVERRIDES if f"`{reason}`" not in moves] == []


# -- each page of the desk --------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["spaces", "requests", "request"])
def test_page_asks_a_reason_for_a_choice_that_is_not_advised(carla: Person, pairs: Pairs, page: str) -> None:
    asked, exact = pairs.advised
    address = {
        "spaces": f"{BY_HAND}/request/{asked.pk}/",
        "requests": f"{BY_HAND}/space/{exact.pk}/",
        "request": f"/admin/matching/shelterrequest/{asked.pk}/change/",
    }[page]

    shown = people.desk_client(carla).get(address)

    forms = shown.content.decode().split(f'action="{BY_HAND}/propose/"')[1:]
    asks = ["reason" in form.split("</form>")[0] for form in forms]
    assert shown.context["possible"][0].score == shown.context["choice"].advised.score
    assert asks == [False, True]


# -- the need is built once -----------------------------------------------------------------------


@pytest.mark.parametrize("instead_of", ["spaces", "requests"])
@pytest.mark.parametrize("pair", ["advised", "other", "paused"])
def test_need_of_the_request_is_built_once(
    carla: Person, pairs: Pairs, monkeypatch: pytest.MonkeyPatch, pair: str, instead_of: str
) -> None:
    """A listed pair is taken from the list. For any other pair the obstacle is worked out with the same need."""
    asked, offered = pairs.other if pair == "other" else pairs.advised
    if pair == "paused":
        intake.pause_space(offered.pk, by=carla.user, at=timezone.now())
    built, as_need = [], by_hand.as_need

    def counting(request: ShelterRequest, *args: Any, **kwargs: Any) -> Any:
        built.append(request.pk)
        return as_need(request, *args, **kwargs)

    monkeypatch.setattr(by_hand, "as_need", counting)
    try:
        by_hand.propose(
            asked.pk, offered.pk, by=carla.user, at=timezone.now(), instead_of=instead_of, reason="host_asks"
        )
    except by_hand.RuleForbids:
        assert pair == "paused"

    assert built.count(asked.pk) == 1
