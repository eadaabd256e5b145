"""The market that the placer keeps in memory is the market of a fresh load, after every act that changes a row of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Host
from matching import apart, erasing, hosts, intake, looking, redating, transitions
from matching.desk import by_hand, merging
from matching.engine.board import Board
from matching.importing import undoing
from matching.models import Match, MatchingDue, SheetImport, ShelterRequest, Space
from matching.states import Status
from matching.worker.placing import Keeper, place_what_is_due
from tests import people
from tests.integration.test_sheet_imports import of_requests, of_spaces, taken_in
from tests.integration.test_worker_at_once import nothing_noted
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class World:
    """Hosts with spaces, and a household in each status that holds beds, beside households that wait."""

    hanna: Person
    berta: Person
    carla: Person
    lena: Person
    matches: dict[Status, Match]
    spaces: dict[str, Space]
    waits: ShelterRequest
    far: ShelterRequest
    sheets: dict[str, SheetImport]

    @property
    def by(self) -> Any:
        return self.carla.user


@pytest.fixture
def world(hanna: Person, carla: Person, lena: Person) -> World:
    people.place("Oral")
    berta = people.hanna(name="Berta", contact="berta@example.org", vetted=False)
    spaces = {
        "full": people.space(hanna.host, beds=9, shared=True),
        "free": people.space(hanna.host, latitude=43.3),
        "pets": people.space(hanna.host, latitude=43.2, pets=True),
        "unvetted": people.space(berta.host, latitude=43.35),
    }
    matches = {
        status: people.match_in(status, people.request(people.amira(name=f"Amira {number}").arrival), spaces["full"])
        for number, status in enumerate((Status.PROPOSED, Status.APPROVED, Status.CONFIRMED, Status.CHECKED_IN))
    }
    sheets = {
        "spaces": taken_in(
            of_spaces({"space_id": "s7", "phone": "+77015550107", "email": "g@example.org", "vetted": "yes"}),
            carla,
            trust_vetted=True,
        ),
        "requests": taken_in(of_requests({"request_id": "r7", "phone": "+77015550108"}), carla, "requests"),
    }
    spaces["paused"] = people.space(hanna.host, latitude=43.28)
    people.proposed(people.request(people.amira(name="Amira paused").arrival), spaces["paused"])
    intake.pause_space(spaces["paused"].pk, by=carla.user, at=timezone.now())
    waits = people.request(people.amira(name="Amira waits").arrival, pets=True, nights=4)
    far = people.request(people.amira(name="Amira far").arrival, place=people.place("Oral"), radius_km=5)
    return World(
        hanna=hanna,
        berta=berta,
        carla=carla,
        lena=lena,
        matches=matches,
        spaces=spaces,
        waits=waits,
        far=far,
        sheets=sheets,
    )


# -- what a board holds -------------------------------------------------------------------------------


def held_by(board: Board) -> dict[str, dict[str, Any]]:
    """Return the offers in which somebody may be placed, the needs that wait, and the placements that stand.

    Nights that are over may lie in memory or not. Days waited go on by themselves.
    """
    today, offers = tonight(), {}
    for offer in board._state.offers.values():
        windows = tuple((max(first, today), last) for first, last in offer.windows)
        held = tuple(sorted(offer.held, key=lambda each: (each.first_night, each.last_day, each.people)))
        offers[offer.id] = replace(offer, windows=windows, held=held)
    return {
        "offers": offers,
        "waiting": {need.id: replace(need, days_waiting=0.0) for need in board._state.waiting.values()},
        "standing": {pk: there.placement.legs for pk, there in board._standing.items()},
    }


# -- the acts -----------------------------------------------------------------------------------------

Act = Callable[[World], object]


def _of(status: Status, act: Callable[..., object], *, by: str = "carla", days: int = 0, **more: Any) -> Act:
    """Return an act of somebody on the match in this status."""

    def done(world: World) -> None:
        match = world.matches[status]
        person = {"arrival": match.request.arrival.user, "host": match.space.host.user}.get(by) or world.by
        act(match.pk, by=person, at=timezone.now() + timedelta(days=days), **more)

    return done


def _undo_sheet(kind: str) -> Act:
    def done(world: World) -> None:
        undoing.undo(world.sheets[kind].pk, by=world.by, at=timezone.now())
        while undoing.work_on_undoing(now=timezone.now):
            pass

    return done


def _change_beds(world: World, beds: int) -> None:
    details = replace(intake.details_of_space(world.spaces["free"]), beds=beds)
    intake.change_space(world.spaces["free"].pk, details, by=world.by, at=timezone.now())


def _apply_more_beds(world: World) -> None:
    details = replace(intake.details_of_space(world.spaces["free"]), beds=5)
    _space, change = intake.change_space(world.spaces["free"].pk, details, by=world.hanna.user, at=timezone.now())
    assert change is not None
    looking.apply(change.pk, by=world.by, at=timezone.now())


def _merge_requests(world: World) -> None:
    twin = people.request(world.waits.arrival, pets=True, nights=2)
    merging.merge("requests", str(world.waits.pk), str(twin.pk), by=world.by, at=timezone.now())


ACTS: dict[str, Act] = {
    "transitions.approve": _of(Status.PROPOSED, transitions.approve),
    "transitions.decline": _of(Status.PROPOSED, transitions.decline, reason="other"),
    "transitions.cancel": _of(Status.CONFIRMED, transitions.cancel, by="arrival", reason="found_elsewhere"),
    "transitions.cancel, not safe": _of(Status.CONFIRMED, transitions.cancel, by="arrival", reason="not_safe"),
    "transitions.no_show": _of(Status.CONFIRMED, transitions.no_show, by="host", days=1),
    "transitions.complete": _of(Status.CHECKED_IN, transitions.complete, by="arrival"),
    "transitions.break_off": _of(Status.CHECKED_IN, transitions.break_off, by="arrival", reason="other"),
    "transitions.report_not_safe": _of(Status.CONFIRMED, transitions.report_not_safe, by="arrival"),
    "transitions.expire": lambda it: transitions.expire(
        it.matches[Status.PROPOSED].pk, at=timezone.now(), reason="withdrawn"
    ),
    "transitions.withdraw_request": lambda it: transitions.withdraw_request(it.waits.pk, by=it.by, at=timezone.now()),
    "intake.change_space": lambda it: _change_beds(it, 1),
    "intake.pause_space": lambda it: intake.pause_space(it.spaces["free"].pk, by=it.by, at=timezone.now()),
    "intake.pause_space, with a proposal inside": lambda it: intake.pause_space(
        it.spaces["full"].pk, by=it.by, at=timezone.now()
    ),
    "intake.list_space": lambda it: intake.list_space(it.spaces["paused"].pk, by=it.by, at=timezone.now()),
    "intake.withdraw_space": lambda it: intake.withdraw_space(it.spaces["free"].pk, by=it.by, at=timezone.now()),
    "intake.change_request": lambda it: intake.change_request(
        it.waits.pk, replace(intake.details_of_request(it.waits), pets=False), by=it.by, at=timezone.now()
    ),
    "redating.change_dates": lambda it: redating.change_dates(
        it.waits.pk, first_night=tonight(1), nights=9, may_move=True, by=it.by, at=timezone.now()
    ),
    "looking.apply": _apply_more_beds,
    "hosts.vet": lambda it: people.vet(it.berta.host, by=it.carla),
    "hosts.suspend": lambda it: hosts.suspend(it.hanna.host.pk, by=it.by, at=timezone.now(), reason="a complaint"),
    "apart.name": lambda it: apart.name(it.waits.arrival.user, "hanna@example.org", by=it.by, at=timezone.now()),
    "erasing.erase_person, an arrival": lambda it: erasing.erase_person(
        it.waits.arrival.user_id, by=it.lena.user, at=timezone.now(), how="telephone"
    ),
    "by_hand.propose": lambda it: by_hand.propose(
        it.waits.pk, it.spaces["pets"].pk, by=it.by, at=timezone.now(), reason="household_asks"
    ),
    "merging.merge, requests": _merge_requests,
    "undoing.undo, spaces": _undo_sheet("spaces"),
    "undoing.undo, requests": _undo_sheet("requests"),
    "a space removed": lambda it: people.space(it.hanna.host, latitude=43.4).delete() and it.spaces["free"].delete(),
    "a request removed": lambda it: it.far.delete(),
    "a host unvetted by SQL": lambda it: Host.objects.filter(pk=it.hanna.host.pk).update(status="unvetted"),
}
"""Each act by the function that does it. Whatever a market shows of requests, spaces, windows, matches and hosts changes."""


def up_to_date() -> Keeper:
    """Return a keeper that has read every change so far: those of its own transaction it reads once more after loading."""
    kept = Keeper()
    kept.board(at=timezone.now())
    kept.board(at=timezone.now())
    return kept


@pytest.mark.parametrize("name", ACTS)
def test_market_in_memory_is_that_of_a_fresh_load_after(name: str, world: World) -> None:
    kept = up_to_date()
    before = held_by(kept.board(at=timezone.now()))

    ACTS[name](world)

    at = timezone.now()
    now = held_by(Keeper().board(at=at))
    assert held_by(kept.board(at=at)) == now
    assert now != before, "the act changes nothing that a market shows"


@pytest.mark.parametrize("name", ACTS)
def test_without_the_notes_the_market_in_memory_is_wrong_after(name: str, world: World) -> None:
    """The negative control: memory follows the rows only through the notes that the database writes."""
    kept = up_to_date()

    with nothing_noted():
        ACTS[name](world)

        at = timezone.now()
        assert held_by(kept.board(at=at)) != held_by(Keeper().board(at=at))


def test_space_of_an_undone_sheet_stops_no_household_that_it_fits_best(world: World, caplog: Any) -> None:
    """The space is gone while the placer has it in memory: the household gets the next best one."""
    asked = people.request(people.amira(name="Amira new").arrival, people=2, radius_km=30)
    kept = up_to_date()
    _undo_sheet("spaces")(world)

    MatchingDue.objects.exclude(request_id=asked.pk).delete()

    assert place_what_is_due(kept, now=timezone.now) == 1

    assert asked.matches.count() == 1
    assert not MatchingDue.objects.filter(request_id=asked.pk).exists()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
