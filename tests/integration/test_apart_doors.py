"""The list of people not to be met through its doors: one's own page, the desk, the telephone; erased for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from matching import apart
from matching.models import MustNotMeet, MustNotMeetFound
from privacy import erasures, retention
from privacy.models import AccessLog
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

PAGE, DESK = "/not-to-meet/", "/admin/matching/mustnotmeet/"
SignIn = Callable[[Person], Client]


@pytest.mark.parametrize("who", ["amira", "hanna"])
def test_person_names_sees_and_takes_back(who: str, amira: Person, hanna: Person, signed_in: SignIn) -> None:
    client = signed_in({"amira": amira, "hanna": hanna}[who])
    home = client.get({"amira": "/case/", "hanna": "/host/"}[who]).content.decode()
    assert f'href="{PAGE}"' in home

    answer = client.post(PAGE, {"whom": "8 (701) 555-01-01"}, follow=True)

    entry = MustNotMeet.objects.get()
    assert (entry.channel, entry.said, entry.entered_by_id) == ("sms", "+77015550101", entry.by_id)
    assert "+77015550101" in answer.content.decode()
    after = client.post(f"{PAGE}{entry.pk}/take-back/", follow=True).content.decode()
    assert ("+77015550101" in after, apart.list_of(entry.by).count()) == (False, 0)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("12", "This is not a phone number or e-mail address."),
        ("olga@", "This is not an e-mail address."),
        ("", "fill this in"),
    ],
)
def test_wrong_entry_is_shown_again_as_typed(typed: str, words: str, amira: Person, signed_in: SignIn) -> None:
    answer = signed_in(amira).post(PAGE, {"whom": typed})

    page = answer.content.decode()
    assert (answer.status_code, words in page, f'value="{typed}"' in page or not typed) == (422, True, True)
    assert not MustNotMeet.objects.exists()


def test_page_is_closed_to_strangers_and_coordinators(client: Client, carla: Person, signed_in: SignIn) -> None:
    assert client.get(PAGE).status_code == 302
    assert signed_in(carla).get(PAGE).status_code == 404


def test_name_is_shown_at_the_desk_by_a_logged_look_and_resolved(
    amira: Person, hanna: Person, carla: Person, signed_in: SignIn
) -> None:
    people.request(amira.arrival)
    entry = apart.name(amira.user, "Hanna Qwertz", by=amira.user, at=timezone.now())
    desk = signed_in(carla)
    assert "Qwertz" not in desk.get(DESK).content.decode()
    looks = AccessLog.objects.count()

    page = desk.post(f"{DESK}{entry.pk}/open/").content.decode()

    assert ("Qwertz" in page, AccessLog.objects.count() - looks) == (True, 1)
    wrong = desk.post(f"{DESK}{entry.pk}/resolve/", {"numbers": "77"}).content.decode()
    assert ('value="77"' in wrong, MustNotMeetFound.objects.count()) == (True, 0)
    desk.post(f"{DESK}{entry.pk}/resolve/", {"numbers": f"{hanna.host.pk}"})
    assert list(MustNotMeetFound.objects.values_list("user", flat=True)) == [hanna.user.pk]


def test_coordinator_enters_and_takes_back_what_was_told_by_phone(
    amira: Person, carla: Person, signed_in: SignIn
) -> None:
    people.request(amira.arrival)
    desk, number = signed_in(carla), amira.arrival.case_number

    desk.post(f"{DESK}told/", {"number": number, "whom": "Olga@example.org", "act": "add"})

    entry = MustNotMeet.objects.get()
    assert (entry.by_id, entry.entered_by_id, entry.said) == (amira.user.pk, carla.user.pk, "olga@example.org")
    kept = desk.post(f"{DESK}told/", {"number": number, "whom": "other@example.org", "act": "take_off"})
    assert ('value="other@example.org"' in kept.content.decode(), apart.list_of(amira.user).count()) == (True, 1)
    desk.post(f"{DESK}told/", {"number": number, "whom": "olga@example.org", "act": "take_off"})
    assert not apart.list_of(amira.user)


@pytest.mark.parametrize("act", ["open", "resolve"])
def test_desk_of_others_finds_nothing(act: str, amira: Person, adil: Person, signed_in: SignIn) -> None:
    people.request(amira.arrival)
    entry = apart.name(amira.user, "Olga", by=amira.user, at=timezone.now())
    far = people.carla("far", places=(people.place("Oral"),))

    for person in (adil, far):
        assert signed_in(person).post(f"{DESK}{entry.pk}/{act}/").status_code in (403, 404)
    assert signed_in(adil).get(DESK).status_code in (403, 404)
    assert (AccessLog.objects.count(), MustNotMeet.objects.get().looked_at) == (0, None)


def test_what_was_taken_back_stays_erased_after_a_restore(amira: Person) -> None:
    entry = apart.name(amira.user, "Olga", by=amira.user, at=timezone.now())
    apart.take_back(entry.pk, by=amira.user, at=timezone.now())
    (line,) = erasures.register()
    MustNotMeet.objects.filter(pk=entry.pk).update(said="Olga", taken_back_at=None)  # As an older copy has it.

    done, failed = erasures.erase_again([line], since=line.at - timedelta(days=1), at=timezone.now())

    entry.refresh_from_db()
    assert (done, failed, entry.said, entry.taken_back_at is None) == (1, [], "", False)


def test_clock_erases_what_was_taken_back(amira: Person) -> None:
    apart.name(amira.user, "anna@example.org", by=amira.user, at=timezone.now())
    entry = apart.name(amira.user, "olga@example.org", by=amira.user, at=timezone.now())
    apart.take_back(entry.pk, by=amira.user, at=timezone.now())

    erased = [
        retention.forget_what_is_old(at=timezone.now() + timedelta(days=days))["not_to_be_met"] for days in (29, 31)
    ]

    assert (erased, [each.said for each in MustNotMeet.objects.all()]) == ([0, 1], ["anna@example.org"])
