"""The nights of a stay as a calendar file: only agreed nights, and nothing private for other readers of the calendar."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from matching import transitions
from matching.models import Match
from matching.states import CONTACT_OPEN, Status
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


def agreed(status: Status, amira: Person, hanna: Person) -> Match:
    return people.match_in(status, people.request(amira.arrival), people.space(hanna.host, directions="Blue gate."))


@pytest.mark.parametrize("side", ["case", "host"])
def test_file_holds_the_nights_and_nothing_else(client: Client, amira: Person, hanna: Person, side: str) -> None:
    match = agreed(Status.CONFIRMED, amira, hanna)
    client.force_login(amira.user if side == "case" else hanna.user)

    response = client.get(f"/{side}/match/{match.pk}/stay.ics")

    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="dates.ics"'
    assert response.headers["Cache-Control"] == "no-store"
    (event,) = Calendar.from_ical(response.content).walk("VEVENT")
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (tonight(), tonight(5))
    assert (str(event["SUMMARY"]), str(event["CLASS"])) == ("Planned", "PRIVATE")
    assert set(event) == {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "URL", "CLASS", "TRANSP"}
    told = response.content.decode()
    personal = ("Abay", "Blue gate", "Almaty", amira.user.name, hanna.user.name, amira.arrival.case_number)
    assert [word for word in personal if word in told] == []


def test_file_obeys_the_standard(client: Client, amira: Person, hanna: Person) -> None:
    match = agreed(Status.CONFIRMED, amira, hanna)
    client.force_login(amira.user)

    lines = client.get(f"/case/match/{match.pk}/stay.ics").content.split(b"\r\n")

    # RFC 5545: lines end with CRLF and have at most 75 octets, VERSION and PRODID are present, moments are in UTC.
    assert (lines[0], lines[-2:]) == (b"BEGIN:VCALENDAR", [b"END:VCALENDAR", b""])
    assert [line for line in lines if len(line) > 75 or b"\n" in line] == []
    assert b"VERSION:2.0" in lines
    assert b"PRODID:-//Shanyrak//pages//EN" in lines
    assert [line[-1:] for line in lines if line.startswith(b"DTSTAMP:")] == [b"Z"]
    assert f"DTSTART;VALUE=DATE:{tonight():%Y%m%d}".encode() in lines


def test_later_file_replaces_the_earlier_one(client: Client, amira: Person, hanna: Person) -> None:
    match = agreed(Status.CONFIRMED, amira, hanna)
    client.force_login(amira.user)
    address = f"/case/match/{match.pk}/stay.ics"

    (before,) = Calendar.from_ical(client.get(address).content).walk("VEVENT")
    transitions.check_in(match.pk, by=amira.user, at=timezone.now())
    (after,) = Calendar.from_ical(client.get(address).content).walk("VEVENT")

    assert before["UID"] == after["UID"]
    assert before["SEQUENCE"] < after["SEQUENCE"]


@pytest.mark.parametrize("status", sorted(set(Status) - CONTACT_OPEN))
@pytest.mark.parametrize("side", ["case", "host"])
def test_there_is_no_file_before_and_after_the_agreement(
    client: Client, amira: Person, hanna: Person, side: str, status: Status
) -> None:
    match = agreed(status, amira, hanna)
    client.force_login(amira.user if side == "case" else hanna.user)

    assert client.get(f"/{side}/match/{match.pk}/stay.ics").status_code == 404
