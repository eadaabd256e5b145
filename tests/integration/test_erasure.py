"""Whoever asks to be erased is in no row any more, and everything of everybody else is as it was."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Arrival, Coordinator, Host, HostEvidence, User
from accounts.refusals import Refused
from matching import erasing, hosts, incidents, transitions
from matching.desk import call_list
from matching.models import Incident, Match, MatchEvent, ShelterRequest, Space
from matching.refusals import ErasureWaits, NotYours
from matching.states import Status
from privacy import erasures, kept
from privacy.models import Erasure, PersonErasure
from tests import people
from tests.integration.erasing_world import AMIRA, CARLA, HANNA, World, world
from tests.people import Person, tonight
from tests.rows import every_text, holding

pytestmark = pytest.mark.django_db


@pytest.fixture
def there() -> World:
    return world()


def erase(person: Person, *, by: Person | None = None, how: str = "own_page", **more: Any) -> None:
    erasing.erase_person(person.user.pk, by=(by or person).user, at=timezone.now(), how=how, **more)


# -- the proof, by rows -----------------------------------------------------------------------------


WORDS_OF = {
    "amira": {
        *(("accounts.User", "name"), ("accounts.AccessToken", "name"), ("accounts.CodeRequest", "address")),
        *(
            ("privacy.Remark", "text"),
            ("matching.IdempotencyKey", "answer"),
            ("matching.IncidentReport", "happened"),
        ),
        *(("matching.IncidentReport", "reach"), ("matching.KeptDraft", "content")),
        *(
            ("matching.PendingDecision", "note"),
            ("matching.SheetImport", "content"),
        ),
        *(("matching.SheetImportRow", "before"), ("matching.SheetImportRow", "changes")),
        *(("matching.SheetImportRow", "key"), ("matching.ShelterRequest", "external_id")),
        *(("matching.ShelterRequest", "notes"), ("notifications.ContactPoint", "address")),
        *(("notifications.Delivery", "error_text"), ("notifications.Delivery", "provider_id")),
        *(("notifications.Notification", "secret"), ("sessions.Session", "draft_need")),
        ("accounts.Invitation", "token_hash"),
    },
}
"""Where the world keeps words of Amira. A column that is missing here would not be looked for."""


def test_the_world_has_words_of_amira_in_every_table_that_may_hold_them(there: World) -> None:
    assert WORDS_OF["amira"] <= holding(*AMIRA)


def test_arrival_is_in_no_row_after_the_erasure(there: World) -> None:
    erase(there.amira)

    assert holding(*AMIRA) == set()


def test_host_is_in_no_row_after_the_erasure(there: World) -> None:
    assert holding(*HANNA) >= {
        *(("matching.Space", "address"), ("matching.Space", "directions"), ("matching.WaitingChange", "wanted")),
        *(("accounts.HostCheck", "note"), ("privacy.Remark", "text")),
    }
    assert [bool(each.picture) for each in HostEvidence.objects.all()] == [True]

    erase(there.hanna)

    assert holding(*HANNA) == set()
    assert [bytes(each.picture) for each in HostEvidence.objects.all()] == [b""]
    assert set(Space.objects.filter(host=there.hanna.host).values_list("status", "address_index")) == {
        ("withdrawn", "")
    }


def test_coordinator_is_in_no_row_after_the_erasure(there: World) -> None:
    erase(there.carla)

    assert holding(*CARLA) == set()
    assert not User.objects.get(pk=there.carla.user.pk).is_active


@pytest.mark.parametrize("who", ["amira", "hanna", "carla"])
def test_rows_of_everybody_else_are_as_they_were(there: World, who: str) -> None:
    """Of the others only what the erased one's leaving does: a match that ends, and the message that says so."""
    mine = {"amira": AMIRA, "hanna": HANNA, "carla": CARLA}
    others = [text for name, texts in mine.items() if name != who for text in texts] + ["oskar", "third"]
    before = {found for found in every_text() if any(text.lower() in found.text.lower() for text in others)}

    erase(getattr(there, who))

    after = set(every_text())
    of_both = {("matching.SheetImport", "content"), ("notifications.Notification", "key")}
    assert {found for found in before - after if (found.table, found.column) not in of_both} == set()


def test_a_guard_that_is_taken_away_is_seen(there: World, monkeypatch: pytest.MonkeyPatch) -> None:
    without = {label: each for label, each in kept.register().items() if label != "privacy.Remark"}
    monkeypatch.setattr(kept, "_kept", without)

    erase(there.amira)

    assert holding(*AMIRA) == {("privacy.Remark", "text")}


# -- what happens to what is live -------------------------------------------------------------------


def test_matches_that_have_not_begun_end_and_the_other_side_is_told(there: World) -> None:
    erase(there.amira)

    assert set(Match.objects.filter(request__arrival=there.amira.arrival).values_list("status", flat=True)) <= {
        *("cancelled", "expired", "broken_off", "declined"),
    }
    assert there.hanna.user.notifications.filter(event="host_ended", context__how="cancelled").exists() or (
        there.hanna.user.notifications.order_by("pk").last() is not None
    )
    assert MatchEvent.objects.filter(match=there.coming).last().reason == "withdrawn"  # type: ignore[union-attr]


def test_guests_of_a_host_who_leaves_are_planned_anew(there: World) -> None:
    erase(there.hanna)

    there.coming.refresh_from_db()
    assert there.coming.status == Status.CANCELLED
    assert ShelterRequest.objects.get(pk=there.coming.request_id).withdrawn_at is None


@pytest.mark.parametrize("who", ["amira", "hanna"])
def test_a_stay_that_goes_on_is_ended_first(amira: Person, hanna: Person, who: str) -> None:
    match = people.match_in(Status.CHECKED_IN, people.request(amira.arrival), people.space(hanna.host))
    person = {"amira": amira, "hanna": hanna}[who]

    with pytest.raises(ErasureWaits, match="A stay is going on"):
        erase(person)
    transitions.complete(match.pk, by=person.user, at=timezone.now())
    erase(person)

    assert User.objects.get(pk=person.user.pk).name == ""


def reported(amira: Person, hanna: Person, *, by: Person) -> Match:
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    transitions.report_not_safe(match.pk, by=by.user, at=timezone.now(), note="AmiraSentinel")
    return match


def test_open_incident_comes_first_and_only_its_reporter_reads_of_it(amira: Person, hanna: Person) -> None:
    reported(amira, hanna, by=hanna)

    with pytest.raises(ErasureWaits) as of_hanna:
        erase(hanna)
    with pytest.raises(ErasureWaits) as of_amira:
        erase(amira)

    assert (of_hanna.value.sentence, of_amira.value.sentence) == ("incident", "")


def test_other_side_reads_the_same_as_a_host_on_whom_somebody_judges(
    amira: Person, hanna: Person, carla: Person
) -> None:
    hosts.suspend(hanna.host.pk, by=carla.user, at=timezone.now(), reason="x")
    with pytest.raises(ErasureWaits) as suspended:
        erase(hanna)

    assert str(suspended.value) == str(ErasureWaits())


def test_lead_decides_although_an_incident_is_open(amira: Person, hanna: Person, carla: Person, lena: Person) -> None:
    reported(amira, hanna, by=amira)

    for by in (carla, lena):
        with pytest.raises(ErasureWaits):
            erase(amira, by=by, how="telephone")
    with pytest.raises(ErasureWaits):
        erase(amira, by=carla, how="telephone", despite_incident=True)
    erase(amira, by=lena, how="telephone", despite_incident=True)

    assert holding("AmiraSentinel") == set()
    assert PersonErasure.objects.get().despite_incident


# -- who may ----------------------------------------------------------------------------------------


def test_coordinator_erases_people_of_their_places_and_it_is_a_line(amira: Person, carla: Person) -> None:
    people.request(amira.arrival)
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))

    with pytest.raises(NotYours):
        erase(amira, by=elsewhere, how="telephone")
    erase(amira, by=carla, how="telephone")

    lines = PersonErasure.objects.values_list("about", "by", "how", "despite_incident")
    assert list(lines) == [(amira.user.pk, carla.user.pk, "telephone", False)]
    assert list(Erasure.objects.values_list("kind", "subject")) == [("person", str(amira.user.pk))]


@pytest.mark.parametrize("who", ["hanna", "oskar", "adil"])
def test_nobody_else_erases_anybody(amira: Person, who: str) -> None:
    by = {"hanna": people.hanna, "oskar": people.oskar, "adil": people.adil}[who]()
    before = set(every_text())

    with pytest.raises(NotYours):
        erase(amira, by=by, how="telephone")

    assert set(every_text()) == before


def test_only_a_lead_erases_another_coordinator_and_the_last_lead_stays(carla: Person, lena: Person) -> None:
    other = people.carla("carla-too")

    with pytest.raises(NotYours):
        erase(other, by=carla, how="telephone")
    with pytest.raises(ErasureWaits, match="the only lead"):
        erase(lena)
    erase(other, by=lena, how="written")

    assert Coordinator.objects.get(user=other.user.pk).user.username == f"erased-{other.user.pk}"


def test_whoever_promised_to_look_after_an_incident_stays_until_it_is_closed(
    amira: Person, hanna: Person, carla: Person
) -> None:
    reported(amira, hanna, by=amira)
    incidents.acknowledge(Incident.objects.get().pk, by=carla.user, at=timezone.now())

    with pytest.raises(ErasureWaits, match="second person"):
        erase(carla)


# -- afterwards -------------------------------------------------------------------------------------


def test_erased_person_signs_in_nowhere_and_a_second_erasure_changes_nothing(there: World) -> None:
    erase(there.amira)
    once = set(every_text())

    assert not erasing.erase_again(there.amira.user.pk, at=timezone.now())
    assert set(every_text()) == once
    assert User.objects.get(pk=there.amira.user.pk).has_usable_password() is False


def test_nobody_is_asked_to_call_a_host_who_was_erased(carla: Person) -> None:
    waits = people.hanna(vetted=False)
    at = timezone.now()
    before = call_list.to_call(carla.user, at)

    erase(waits)

    after = call_list.to_call(carla.user, at)
    assert ([call.host for call in before.calls], after.calls) == ([waits.host], [])


def test_copy_from_before_is_erased_again_whatever_it_shows_as_live(there: World) -> None:
    user_id = there.amira.user.pk
    people.match_in(
        Status.CHECKED_IN,
        people.request(there.amira.arrival, first_night=tonight(), notes="AmiraSentinel"),
        people.space(people.hanna(contact="fourth@example.org").host),
    )

    # The register has a line for each row of a person whom coordinators merged.
    for row in erasing._same_person(user_id):
        assert erasures.acts()["person"](str(row), timezone.now())

    assert holding(*AMIRA) == set()
    assert Arrival.objects.filter(user=user_id).exists()


def test_host_who_was_merged_is_erased_with_the_other_row(carla: Person) -> None:
    from matching.desk import merging

    one = people.hanna(name="HannaSentinel One", contact="one@example.org")
    other = people.hanna(name="HannaSentinel Other", contact="other@example.org")
    merging.merge(
        "hosts", str(one.host.pk), str(other.host.pk), by=carla.user, at=timezone.now(), reason="HannaSentinel"
    )

    erase(Person(Host.objects.get(pk=other.host.pk).user))

    assert holding("HannaSentinel", "one@example.org", "other@example.org") == set()


def test_refusal_is_a_refusal_of_the_service() -> None:
    assert issubclass(ErasureWaits, Refused)
