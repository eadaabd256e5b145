"""A coordinator has no part at the desk in their own case, nor in that of somebody whom a match joins with them.

Table-driven: who the coordinator is to the two sides × every act that concerns the arrival or the host. The negative control is
another coordinator of the same places, to whom every act is open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.utils import timezone

from accounts import vetting
from accounts.contacts import add_contact_point, read_contact
from accounts.models import Coordinator, Host, User
from matching import apart, disclosure, erasing, hosts, intake, looking, queries, transitions
from matching.desk import claims, decisions, merging
from matching.importing import exports
from matching.importing.exports import ExportKind
from matching.importing.row_by_row import take_in_requests, take_in_spaces
from matching.models import Match, ShelterRequest, Space
from matching.refusals import NotYours
from matching.states import Status
from matching.transitions import Proposal
from privacy.models import AccessLog
from tests import people
from tests.integration.test_imports import request_rows, space_rows
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

AMIRAS, HANNAS = "+77015550177", "hanna@example.org"


@dataclass
class World:
    """Amira is proposed to Hanna."""

    amira: Person
    hanna: Person
    asked: ShelterRequest
    space: Space
    match: Match


def as_read_anew(user: User) -> User:
    """Return the user as the next call at a door reads them."""
    return User.objects.get(pk=user.pk)


def made_coordinator(user: User) -> Person:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    Coordinator.objects.create(user=user, role=Coordinator.Role.LEAD, all_places=True, confirmed_at=timezone.now())
    return Person(as_read_anew(user))


def _the_arrival(amira: Person, hanna: Person) -> Person:
    return made_coordinator(amira.user)


def _the_host(amira: Person, hanna: Person) -> Person:
    return made_coordinator(hanna.user)


def _with_a_contact(person: Person, contact: str) -> Person:
    other = people.carla("other-account", role=Coordinator.Role.LEAD)
    add_contact_point(other.user, *read_contact(contact), verified_at=timezone.now())
    return Person(as_read_anew(other.user))


WHO: dict[str, Callable[[Person, Person], Person]] = {
    "the arrival": _the_arrival,
    "the host": _the_host,
    "the arrival, by another account": lambda amira, hanna: _with_a_contact(amira, AMIRAS),
    "the host, by another account": lambda amira, hanna: _with_a_contact(hanna, HANNAS),
    "another lead": lambda amira, hanna: people.lena(),
}


@pytest.fixture
def amira(db: None) -> Person:
    return people.amira(contact=AMIRAS)


@pytest.fixture
def world(amira: Person, hanna: Person) -> World:
    asked, space = people.request(amira.arrival), people.space(hanna.host)
    return World(amira, hanna, asked, space, people.proposed(asked, space))


def _look(person: str) -> Callable[[World, User], object]:
    def act(w: World, by: User) -> object:
        about = getattr(w, person).user.pk
        disclosure.look(by, [about], "contact", reason="call", at=timezone.now())
        return AccessLog.objects.get(by=by, about=about)

    return act


def _propose(w: World, by: User) -> object:
    other = people.space(w.hanna.host)
    proposal = Proposal(
        request=w.asked, space=other, first_night=tonight(), last_day=tonight(5), people=2, leg=2, score=1.0
    )
    transitions.decline(w.match.pk, by=people.carla("third").user, at=timezone.now(), reason="other")
    return transitions.propose(proposal, by=by, at=timezone.now())


def _decide(w: World, by: User) -> object:
    found, refused = decisions.decide_many([{w.match.pk: w.match.version}], "approve", by=by, at=timezone.now())
    if refused:
        raise refused[0]
    return found


def _merge_requests(w: World, by: User) -> object:
    other = people.request(people.amira().arrival)
    return merging.merge("requests", str(other.pk), str(w.asked.pk), by=by, at=timezone.now())


def _merge_hosts(w: World, by: User) -> object:
    other = people.hanna(contact="twin@example.org", vetted=False)
    return merging.merge("hosts", str(other.host.pk), str(w.hanna.host.pk), by=by, at=timezone.now())


def _not_the_same(w: World, by: User) -> object:
    other = people.hanna(contact="twin@example.org", vetted=False)
    return merging.keep_apart("hosts", str(other.host.pk), str(w.hanna.host.pk), by=by, at=timezone.now())


def _look_at_change(decide: Callable[..., object]) -> Callable[[World, User], object]:
    def act(w: World, by: User) -> object:
        details = replace(intake.details_of_space(w.space), beds=9)
        _space, waits = intake.change_space(w.space.pk, details, by=w.hanna.user, at=timezone.now())
        assert waits is not None
        return decide(waits.pk, by=by, at=timezone.now())

    return act


def _names_for_them(w: World, by: User) -> object:
    return apart.name(w.amira.user, "+77015550333", by=by, at=timezone.now())


def _import_request(w: World, by: User) -> object:
    return _taken(take_in_requests(request_rows({"request_id": str(w.asked.pk)}), by=by, at=timezone.now()))


def _import_space(w: World, by: User) -> object:
    return _taken(take_in_spaces(space_rows({"space_id": str(w.space.pk)}), by=by, at=timezone.now()))


def _taken(imported: Any) -> object:
    if any(isinstance(problem.reason, NotYours) for problem in imported.problems):
        raise NotYours
    return imported


def _erase(w: World, by: User) -> object:
    erasing.erase_person(w.amira.user.pk, by=by, at=timezone.now(), how="telephone")
    return True


def _suspend(w: World, by: User) -> object:
    return hosts.suspend(w.hanna.host.pk, by=by, at=timezone.now(), reason="test")


def _unfreeze(w: World, by: User) -> object:
    Match.objects.filter(pk=w.match.pk).update(frozen_at=timezone.now())
    return transitions.unfreeze(w.match.pk, by=by, at=timezone.now())


def _note(w: World, by: User) -> object:
    return claims.write_note(w.asked.pk, "a note", by=by, at=timezone.now())


def _read_notes(w: World, by: User) -> object:
    claims.write_note(w.asked.pk, "a note", by=people.carla("third").user, at=timezone.now())
    if (note := claims.notes_for(w.asked.pk, by).first()) is None:
        raise NotYours
    return note


ACTS: dict[str, Callable[[World, User], object]] = {
    "look at the arrival": _look("amira"),
    "look at the host": _look("hanna"),
    "approve": lambda w, by: transitions.approve(w.match.pk, by=by, at=timezone.now()),
    "decide in the queue": _decide,
    "let a frozen match go on": _unfreeze,
    "propose": _propose,
    "note": _note,
    "read the notes": _read_notes,
    "merge the requests": _merge_requests,
    "merge the hosts": _merge_hosts,
    "say that two hosts are not the same": _not_the_same,
    "apply a change": _look_at_change(looking.apply),
    "refuse a change": _look_at_change(looking.refuse),
    "suspend": _suspend,
}
ON_BEHALF: dict[str, Callable[[World, User], object]] = {
    "name somebody for the arrival": _names_for_them,
    "bring the request in a sheet": _import_request,
    "bring the space in a sheet": _import_space,
    "erase the arrival": _erase,
}
"""Acts that a person may do for themself, and a coordinator on their behalf."""

ONLY_JOINED = [who for who in WHO if who.endswith("by another account")]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("who", WHO)
def test_whoever_is_party_has_no_part_at_the_desk(
    who: str, act: str, world: World, amira: Person, hanna: Person
) -> None:
    by = WHO[who](amira, hanna).user

    if who == "another lead":
        assert ACTS[act](world, by)
    else:
        with pytest.raises(NotYours):
            ACTS[act](world, by)


@pytest.mark.parametrize("act", ON_BEHALF)
@pytest.mark.parametrize("who", [*ONLY_JOINED, "another lead"])
def test_whoever_is_party_by_another_account_does_nothing_on_their_behalf(
    who: str, act: str, world: World, amira: Person, hanna: Person
) -> None:
    by = WHO[who](amira, hanna).user

    if who == "another lead":
        assert ON_BEHALF[act](world, by)
    else:
        with pytest.raises(NotYours):
            ON_BEHALF[act](world, by)


def test_nobody_vets_themself_by_page_or_by_sheet(carla: Person) -> None:
    hanna = people.hanna(contact="+77015550101", vetted=False)
    lead = made_coordinator(hanna.user)
    for kind in people.REQUIRED_CHECKS:
        vetting.record_check(hanna.host, kind, by=carla.user, at=timezone.now())
    page = f"/admin/accounts/host/{hanna.host.pk}/"
    people.place()

    people.desk_client(lead).post(f"{page}check/", {"kind": "identity_seen", "passed": "yes"})
    people.desk_client(lead).post(f"{page}standing/vetted/")
    take_in_spaces(space_rows({"vetted": "yes"}), by=lead.user, at=timezone.now(), trust_vetted=True)

    assert (Host.objects.get().status, Host.objects.get().checks.filter(by=lead.user).count()) == ("unvetted", 0)
    people.desk_client(carla).post(f"{page}standing/vetted/")
    assert Host.objects.get().status == "vetted"


def test_whoever_is_party_gives_the_other_side_no_new_secret(world: World, amira: Person, hanna: Person) -> None:
    """With a new secret the host would sign in as the arrival, read what she said, and withdraw it."""
    host = _the_host(amira, hanna)
    page = f"/admin/matching/shelterrequest/{world.asked.pk}/secret/"
    before = amira.user.password

    people.desk_client(host).post(page)
    kept = as_read_anew(amira.user).password
    people.desk_client(people.lena()).post(page)

    assert (kept, as_read_anew(amira.user).password == before) == (before, False)


def test_export_with_persons_leaves_out_those_in_whose_case_the_lead_has_no_part(
    world: World, amira: Person, hanna: Person
) -> None:
    other = people.request(people.amira(name="Another").arrival)
    host = _the_host(amira, hanna)

    def names(by: User, kind: ExportKind) -> set[str]:
        lines = exports.open_personal(kind, by=by, at=timezone.now(), reason="call")
        columns = exports.columns_of(kind, personal=True)
        return {line[columns.index("name" if kind is ExportKind.REQUESTS else "host")] for line in lines}

    assert names(as_read_anew(host.user), ExportKind.REQUESTS) == {"Another"}
    assert names(as_read_anew(host.user), ExportKind.SPACES) == set()
    assert names(people.lena().user, ExportKind.REQUESTS) == {"Another", amira.user.name}
    assert set(AccessLog.objects.filter(by=host.user).values_list("about", flat=True)) == {other.arrival.user_id}


def test_proposal_that_ended_before_anybody_was_told_joins_nobody(world: World, amira: Person, hanna: Person) -> None:
    """To be refused because of it would tell the host that it was there. A match that was agreed joins the two for ever."""
    host = _the_host(amira, hanna).user
    assert queries.keeps_out_of(host, amira.user.pk)

    transitions.expire(world.match.pk, at=timezone.now())
    assert not queries.keeps_out_of(host, amira.user.pk)

    again = people.match_in(Status.EXPIRED, world.asked, people.space(hanna.host))
    assert (again.status, queries.keeps_out_of(host, amira.user.pk)) == (Status.EXPIRED, True)
