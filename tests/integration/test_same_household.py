"""Two requests of one household: the door says nothing, the contact that is known hears it, the desk sees a flag."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from matching import intake
from matching.desk import merging
from matching.intake import RequestDetails
from matching.models import ShelterRequest
from matching.models.duplicates import PairVerdict
from notifications.models import Notification
from tests import people
from tests.integration.web.walks import ask_for_shelter
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

PHONE = ("sms", "+77015550101")


def asked(name: str = "", *contacts: tuple[str, str], **changes: object) -> ShelterRequest:
    there = people.place("Almaty")
    details: dict[str, object] = {
        "latitude": there.latitude,
        "longitude": there.longitude,
        "place": there,
        "people": 3,
        "children": 1,
        "first_night": tonight(),
        "nights": 5,
    }
    return intake.open_case_and_ask(
        RequestDetails(**details | changes), language="en", at=timezone.now(), name=name, contacts=contacts
    ).request


def told() -> list[str]:
    return list(Notification.objects.filter(event="asked_already").values_list("recipient__username", flat=True))


@pytest.mark.parametrize(
    ("first", "second", "changes", "flagged", "heard"),
    [
        (("Amira", PHONE), ("Oskar", PHONE), {}, True, True),
        (("Amira Testova",), ("amira  testova",), {}, True, False),
        (("Amira",), ("Oskar",), {}, False, False),
        (("Amira",), ("Amira",), {"children": 2}, False, False),
        (("",), ("",), {}, False, False),
        (("Amira", PHONE), ("Amira", PHONE), {"first_night": tonight(5)}, False, False),
    ],
    ids=["contact", "name", "other name", "other children", "no name", "other nights"],
)
def test_second_request_of_a_household_is_flagged(
    first: tuple[object, ...], second: tuple[object, ...], changes: dict[str, object], flagged: bool, heard: bool
) -> None:
    one = asked(*first)  # type: ignore[arg-type]
    other = asked(*second, **changes)  # type: ignore[arg-type]

    assert ShelterRequest.objects.get(pk=other.pk).looks_like_id == (one.pk if flagged else None)
    assert told() == ([one.arrival.user.username] if heard else [])


def test_contact_of_many_households_flags_nobody() -> None:
    for number in range(5):
        asked(f"Name {number}", PHONE)

    last = asked("Somebody Else", PHONE)

    assert last.looks_like_id is None


def test_known_contact_hears_it_once_a_day() -> None:
    one = asked("Amira", PHONE)
    asked("Oskar", PHONE)
    asked("Oskar again", PHONE, people=4)

    assert told().count(one.arrival.user.username) == 1


def test_door_says_the_same_whether_or_not_the_contact_is_known(client: Client) -> None:
    reach = {"contact": "+7 701 555 01 01", "name": "", "notes": ""}
    first = ask_for_shelter(client, reach=reach)
    second = ask_for_shelter(Client(headers={"accept-language": "en"}), reach=reach)

    assert [len(part) for part in first] == [len(part) for part in second]
    assert ShelterRequest.objects.exclude(looks_like=None).count() == 1


def test_desk_sees_the_flag_on_the_card_until_somebody_has_looked_at_both(carla: Person) -> None:
    one, other = asked("Amira", PHONE), asked("Amira", PHONE)
    page = f"/admin/matching/shelterrequest/{other.pk}/change/"
    words = "Perhaps the same household as an earlier request"
    client = people.desk_client(carla)

    before = client.get(page, headers={"accept-language": "en"}).content.decode()
    unplaced = client.get("/admin/matching/match/unplaced/", headers={"accept-language": "en"}).content.decode()
    merging.keep_apart(PairVerdict.PairKind.REQUESTS, str(one.pk), str(other.pk), by=carla.user, at=timezone.now())
    after = client.get(page, headers={"accept-language": "en"}).content.decode()

    assert (words in before, f"shelterrequest/{one.pk}/" in before, words in unplaced, words in after) == (
        True,
        True,
        True,
        False,
    )
