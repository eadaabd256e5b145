"""The four people of every test, and their rows, made by the real acts of the service.

Amira is the arrival, Hanna the host, Carla the coordinator, and Oskar the outsider: he has a case, a space and a match
of his own, and may see nothing of the other three. Every function here needs a database. Nights are counted from
`tonight()`, moments from the clock, because the doors read the clock as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import arrivals, desk_sessions, hosts, second_factor, vetting
from accounts.contacts import add_contact_point, read_contact
from accounts.models import Arrival, Authenticator, Coordinator, Host, User
from matching import incidents, intake, rota, transitions
from matching.deadlines import evening_of, local_date
from matching.engine.reasons import Code, Reason
from matching.intake import RequestDetails, SpaceDetails
from matching.models import Incident, Match, ShelterRequest, Space
from matching.refusals import one_act
from matching.states import Status
from matching.transitions import Proposal
from places.models import Place, PlaceName
from places.names import key_of

REQUIRED_CHECKS = ("identity_seen", "phone_verified", "rules_agreed")
PASSWORD = "correct horse battery staple"
"""The password of every coordinator in the tests."""


@dataclass(frozen=True)
class Person:
    """A user with the keys to sign in with: `secret` (a case's secret or a password) and `contact` (an address)."""

    user: User
    secret: str = ""
    contact: str = ""

    @property
    def arrival(self) -> Arrival:
        return self.user.arrival

    @property
    def host(self) -> Host:
        return self.user.host


def tonight(days: int = 0) -> date:
    """Return the night that begins today, or `days` later."""
    return local_date(timezone.now()) + timedelta(days=days)


# -- places ---------------------------------------------------------------------------------------

KNOWN = {
    "Almaty": (1526384, "KZ", 43.25, 76.92, 1_977_011, ("Almaty", "Алматы", "Алма-Ата", "ალმატი")),
    "Oral": (608668, "KZ", 51.23, 51.37, 250_000, ("Oral", "Орал", "Уральск", "Uralsk")),
    "Tbilisi": (611717, "GE", 41.69, 44.83, 1_049_498, ("Tbilisi", "Тбилиси", "თბილისი")),
}


def place(name: str = "Almaty") -> Place:
    """Return one of three places, with its names in several languages (the whole gazetteer is not loaded)."""
    geoname_id, country, latitude, longitude, population, names = KNOWN[name]
    row, _new = Place.objects.get_or_create(
        geoname_id=geoname_id,
        defaults={
            "name": name,
            "country": country,
            "kind": Place.PlaceKind.CITY,
            "latitude": latitude,
            "longitude": longitude,
            "population": population,
        },
    )
    for known_as in names:
        PlaceName.objects.get_or_create(place=row, key=key_of(known_as), defaults={"name": known_as})
    return row


# -- people ---------------------------------------------------------------------------------------


def amira(*, name: str = "Amira Testova", contact: str = "", language: str = "en") -> Person:
    """Return an arrival with a case number and a secret; without `contact` nobody can write to her."""
    arrival, secret = arrivals.open_case(language=language, name=name)
    if contact:
        add_contact_point(arrival.user, *read_contact(contact), preferred=True)
    return Person(arrival.user, secret, contact)


def hanna(
    *,
    name: str = "Hanna Musterfrau",
    contact: str = "hanna@example.org",
    language: str = "en",
    vetted: bool = True,
    coordinator: Person | None = None,
) -> Person:
    """Return a host, vetted by `coordinator` (default Carla) with every required check unless `vetted` is false."""
    host = hosts.register_host(name=name, contacts=[read_contact(contact)], language=language)
    if vetted and host.status == Host.Status.UNVETTED:
        vet(host, by=coordinator or carla())
    return Person(User.objects.get(pk=host.user_id), contact=contact)


def vet(host: Host, *, by: Person) -> None:
    """Put every required check of `host` on record, and vet the host."""
    now = timezone.now()
    for kind in REQUIRED_CHECKS:
        vetting.record_check(host, kind, by=by.user, at=now)
    with one_act():
        vetting.vet(host.pk, by=by.user, at=now)


def carla(
    username: str = "carla",
    *,
    places: tuple[Place, ...] = (),
    role: str = Coordinator.Role.COORDINATOR,
    name: str = "Carla Koordinator",
) -> Person:
    """Return a coordinator of all places, or only of `places`. The same `username` gives the same person."""
    user = User.objects.filter(username=username).first()
    if user is None:
        user = User.objects.create_user(username, PASSWORD, is_staff=True, language="en", name=name)
        coordinator = Coordinator.objects.create(
            user=user, role=role, all_places=not places, confirmed_at=timezone.now()
        )
        coordinator.places.set(places)
    return Person(user, PASSWORD)


def lena() -> Person:
    """Return a lead coordinator."""
    return carla("lena", role=Coordinator.Role.LEAD, name="Lena Leiterin")


def adil(*, places: tuple[Place, ...] = ()) -> Person:
    """Return an auditor of all places, or only of `places`."""
    return carla("adil", role=Coordinator.Role.AUDITOR, places=places, name="Adil Auditor")


def on_call(person: Person, *contacts: str) -> Person:
    """Put a coordinator on the on-call rota for all places at all hours, to be reached by these contacts (default: one)."""
    for contact in contacts or (f"{person.user.username}@example.org",):
        add_contact_point(person.user, *read_contact(contact), verified_at=timezone.now())
    all_day = rota.Hours(time(0), time(0), weekdays=tuple(range(7)))
    rota.add_shift(person.user, all_day, places=None, by=lena().user, at=timezone.now())
    return person


def authenticator(person: Person) -> Authenticator:
    """Return this person's second factor, set up."""
    waiting = second_factor.authenticator_of(person.user)
    if waiting is None:
        waiting = second_factor.begin(person.user, at=timezone.now())
        Authenticator.objects.filter(pk=waiting.pk).update(confirmed=True)
    return Authenticator.objects.get(pk=waiting.pk)


def desk_client(person: Person) -> Client:
    """Return a browser in which this coordinator, lead, auditor or superuser has proved both factors.

    `Client.force_login` alone makes a session as after a password, which opens no page of the admin.
    """
    request = RequestFactory().get("/admin/")
    request.user, request.session = AnonymousUser(), SessionStore()
    desk_sessions.enter(request, person.user, authenticator(person), at=timezone.now())
    request.session.save()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key or ""
    return client


def client_of(person: Person) -> Client:
    """Return a browser in which this person has signed in; a coordinator with both factors."""
    if person.user.is_staff:
        return desk_client(person)
    client = Client()
    client.force_login(person.user)
    return client


@contextmanager
def undone(*clients: Client) -> Iterator[None]:
    """Undo at the end what was written to the database within, and what these browsers keep."""
    cookies = [client.cookies.copy() for client in clients]
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    for client, kept in zip(clients, cookies, strict=True):
        client.cookies = kept


def oskar() -> Person:
    """Return the outsider: an arrival with a request and a vetted host with a space, both far away in Tbilisi."""
    person = amira(name="Oskar Fremder", contact="oskar@example.org")
    vet(Host.objects.create(user=person.user), by=carla())
    there = place("Tbilisi")
    space(person.host, place=there, address="Rustaveli Avenue 1")
    request(person.arrival, place=there)
    return Person(User.objects.get(pk=person.user.pk), person.secret, person.contact)


# -- rows -----------------------------------------------------------------------------------------


def space(host: Host, **changes: Any) -> Space:
    """Return a listed space of `host`, at which somebody has looked: 3 beds in Almaty, free for 30 nights from tonight.

    `changes` are SpaceDetails.
    """
    where = changes.pop("place", None) or place()
    details: dict[str, Any] = {
        "latitude": where.latitude,
        "longitude": where.longitude,
        "place": where,
        "address": "Abay Avenue 10, flat 5",
        "beds": 3,
        "windows": ((tonight(), tonight(30)),),
        "languages": ("ru", "en"),
    }
    return intake.offer_space(host, SpaceDetails(**details | changes), by=host.user, at=timezone.now(), vouched=True)


def request(arrival: Arrival, **changes: Any) -> ShelterRequest:
    """Return a shelter request: 2 adults in Almaty, 5 nights from tonight; `changes` are RequestDetails."""
    where = changes.pop("place", None) or place()
    details: dict[str, Any] = {
        "latitude": where.latitude,
        "longitude": where.longitude,
        "place": where,
        "people": 2,
        "first_night": tonight(),
        "nights": 5,
        "min_nights": 1,
        "languages": ("ru",),
        "urgency": "4",
        "notes": "We can climb stairs.",
        "composition": "women" if changes.get("all_women") else "mixed",
    }
    return intake.ask_for_shelter(arrival, RequestDetails(**details | changes), by=arrival.user, at=timezone.now())


def past_stay(host: Host, days_ago: int = 40, *, confirmed_by: Person | None = None) -> Match:
    """Return a stay with `host` that ended well and whose last night has passed.

    The arrival has noted its beginning and its end, unless `confirmed_by` did.
    """
    asked = request(amira().arrival, first_night=tonight(-days_ago))
    offered = space(host, windows=((tonight(-days_ago), tonight(60)),))
    match, now = match_in(Status.CONFIRMED, asked, offered), timezone.now()
    by = confirmed_by.user if confirmed_by else asked.arrival.user
    transitions.check_in(match.pk, by=by, at=now)
    transitions.complete(match.pk, by=by, at=now)
    return Match.objects.get(pk=match.pk)


def proposed(asked: ShelterRequest, offered: Space, *, at: datetime | None = None, leg: int = 1) -> Match:
    """Return the worker's proposal of the whole request in this space."""
    proposal = Proposal(
        request=asked,
        space=offered,
        first_night=asked.first_night,
        last_day=asked.last_day,
        people=asked.people,
        leg=leg,
        score=1.0,
        reasons=(Reason(Code.DISTANCE, (0.0,)), Reason(Code.COMMON_LANGUAGE, (("ru",),))),
    )
    return transitions.propose(proposal, by=None, at=at or timezone.now())


def agreed_to_go_on(match: Match) -> None:
    """Have two coordinators agree that a match goes on although somebody did not feel safe; it is on hold still."""
    incident, now = Incident.objects.get(match=match, closed_at=None), timezone.now()
    incidents.acknowledge(incident.pk, by=carla().user, at=now)
    incidents.agree_to_go_on(incident.pk, by=carla().user, at=now)
    incidents.agree_to_go_on(incident.pk, by=carla("carla-too").user, at=now)


def match_since_yesterday(status: Status, arrival: Arrival, host: Host, **wanted: Any) -> Match:
    """Return a match whose first evening has passed, at whatever hour the test runs, brought to `status` by the real acts."""
    asked = request(arrival, first_night=tonight(-1), **wanted)
    return match_in(status, asked, space(host, windows=((tonight(-1), tonight(30)),)))


def match_in(status: Status, asked: ShelterRequest, offered: Space) -> Match:
    """Return a match of this request in this space, brought to `status` by the real acts."""
    now = timezone.now()
    match = proposed(asked, offered, at=now)
    arrival_side, host_side, desk = asked.arrival.user, offered.host.user, carla().user
    evening = evening_of(match.first_night)
    there = max(now, evening.replace(hour=0))  # What happens at the door happens on the first day at the earliest.

    def approve() -> None:
        transitions.approve(match.pk, by=desk, at=now)
        if match.high_risk:
            transitions.approve(match.pk, by=carla("carla-too").user, at=now)

    def confirm() -> None:
        approve()
        transitions.accept(match.pk, by=host_side, at=now)
        transitions.accept(match.pk, by=arrival_side, at=now)

    def check_in() -> None:
        confirm()
        transitions.check_in(match.pk, by=arrival_side, at=there)

    match status:
        case Status.PROPOSED:
            pass
        case Status.APPROVED:
            approve()
        case Status.DECLINED:
            approve()
            transitions.decline(match.pk, by=host_side, at=now, reason="not_now")
        case Status.EXPIRED:
            approve()
            transitions.expire(match.pk, at=now)
        case Status.CANCELLED:
            confirm()
            transitions.cancel(match.pk, by=arrival_side, at=now, reason="found_elsewhere")
        case Status.CONFIRMED:
            confirm()
        case Status.NO_SHOW:
            confirm()
            transitions.no_show(match.pk, by=host_side, at=max(now, evening))
        case Status.CHECKED_IN:
            check_in()
        case Status.COMPLETED:
            check_in()
            transitions.complete(match.pk, by=arrival_side, at=there)
        case Status.BROKEN_OFF:
            check_in()
            transitions.break_off(match.pk, by=arrival_side, at=there, reason="not_suitable")
    return Match.objects.get(pk=match.pk)
