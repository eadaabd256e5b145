"""A made-up night for the coordinators' benchmark: hosts with histories, households of every risk, and their proposals.

All people in it are invented. Two in five of the people alone are women, and two in five of the larger households have a
child. Some hosts have hosted before, and one in twenty has an overdue check.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Arrival, Host, HostCheck, User
from matching import transitions
from matching.deadlines import local_date
from matching.engine.reasons import Code, Reason
from matching.models import ShelterRequest, Space, SpaceWindow
from matching.transitions import Proposal
from places.models import Place
from tests import people

NIGHTS = 40
URGENCIES = (("1", 0.5), ("1.5", 0.25), ("2.5", 0.15), ("4", 0.10))
AT_ONCE = 500


@transaction.atomic
def proposals(count: int, *, seed: int, at: datetime, experienced: int = 12) -> list[UUID]:
    """Write `count` proposals in ten towns, each for another household in another space; return their ids.

    Write all in one transaction: a worker that saw the spaces while they are still free would propose them to others.
    """
    drawn = random.Random(seed)
    towns = list(Place.objects.filter(country="KZ").order_by("-population")[:10])
    spaces = _spaces(count, drawn, towns, at)
    _let_some_host(spaces, drawn, experienced, at)
    requests = _requests(spaces, drawn, at)
    written: list[UUID] = []
    for start in range(0, count, AT_ONCE):
        chunk = [
            Proposal(
                request=asked,
                space=space,
                first_night=asked.first_night,
                last_day=asked.last_day,
                people=asked.people,
                score=round(drawn.uniform(1, 12), 2),
                reasons=(
                    Reason(Code.DISTANCE, (2.1,)),
                    Reason(Code.COMMON_LANGUAGE, (("ru",),)),
                    Reason(Code.FITS_EXACTLY),
                    Reason(Code.ALL_NIGHTS, (asked.nights,)),
                ),
            )
            for asked, space in zip(requests[start : start + AT_ONCE], spaces[start : start + AT_ONCE], strict=True)
        ]
        written += transitions.propose_many(chunk, at=at)
    return written


def _users(count: int, prefix: str) -> list[User]:
    password = make_password(None)
    mark = uuid4().hex[:8]
    rows = [User(username=f"{prefix}-{mark}-{number}", password=password, language="en") for number in range(count)]
    return User.objects.bulk_create(rows, batch_size=1000)


def _spaces(count: int, drawn: random.Random, towns: list[Place], at: datetime) -> list[Space]:
    today = local_date(at)
    hosts = Host.objects.bulk_create(
        [Host(user=user, status=Host.Status.VETTED) for user in _users((count + 1) // 2, "host")], batch_size=1000
    )
    carla = people.carla().user
    HostCheck.objects.bulk_create(
        [
            HostCheck(
                host=host,
                kind=kind,
                passed=True,
                by=carla,
                at=at,
                # One in twenty is overdue.
                valid_until=today + timedelta(days=-1 if number % 20 == 7 else 300),
            )
            for number, host in enumerate(hosts)
            for kind in people.REQUIRED_CHECKS
        ],
        batch_size=1000,
    )
    weights = [town.population for town in towns]
    spaces = []
    for number in range(count):
        town = drawn.choices(towns, weights)[0]
        spaces.append(
            Space(
                host=hosts[number // 2],
                place=town,
                latitude=round(town.latitude + drawn.gauss(0, 0.03), 2),
                longitude=round(town.longitude + drawn.gauss(0, 0.03), 2),
                beds=drawn.choice((2, 2, 3, 4, 6)),
                pets=drawn.random() < 0.4,
                step_free=drawn.random() < 0.3,
                languages=["ru", "kk"] if drawn.random() < 0.5 else ["ru"],
                fresh_until=at + timedelta(days=14),
                created_at=at,
            )
        )
    Space.objects.bulk_create(spaces, batch_size=1000)
    SpaceWindow.objects.bulk_create(
        [SpaceWindow(space=space, first_night=today, last_day=today + timedelta(days=NIGHTS)) for space in spaces],
        batch_size=1000,
    )
    return spaces


def _let_some_host(spaces: list[Space], drawn: random.Random, count: int, at: datetime) -> None:
    """Complete one stay of each of `count` hosts by the real acts; one of these hosts gets a complaint."""
    desk, also = people.carla().user, people.carla("dana", name="Dana").user
    for number, space in enumerate(drawn.sample(spaces, min(count, len(spaces)))):
        asked = _requests([space], drawn, at, plain=True)[0]
        with transaction.atomic():
            match = people.proposed(asked, space, at=at)
            transitions.approve(match.pk, by=desk, at=at)
            if match.high_risk:
                transitions.approve(match.pk, by=also, at=at)
            for side in (space.host.user, asked.arrival.user):
                transitions.accept(match.pk, by=side, at=at)
            transitions.check_in(match.pk, by=asked.arrival.user, at=at)
            if number == 0:
                transitions.report_not_safe(match.pk, by=asked.arrival.user, at=at)
                people.agreed_to_go_on(match)
                transitions.unfreeze(match.pk, by=desk, at=at)
            transitions.complete(match.pk, by=asked.arrival.user, at=at)


def _requests(spaces: list[Space], drawn: random.Random, at: datetime, *, plain: bool = False) -> list[ShelterRequest]:
    today = local_date(at)
    arrivals = Arrival.objects.bulk_create(
        [Arrival(user=user, created_at=at) for user in _users(len(spaces), "case")], batch_size=1000
    )
    rows = []
    for arrival, space in zip(arrivals, spaces, strict=True):
        party = 1 if space.beds < 2 or drawn.random() < 0.4 else drawn.randint(2, space.beds)
        children = drawn.randint(1, party - 1) if party > 1 and drawn.random() < 0.4 else 0
        row = ShelterRequest(
            arrival=arrival,
            place=space.place,
            latitude=space.place.latitude if space.place else space.latitude,
            longitude=space.place.longitude if space.place else space.longitude,
            radius_km=50,
            people=party,
            children=children,
            all_women=party == 1 and drawn.random() < 0.4,
            first_night=today + timedelta(days=drawn.choices((0, 1, 2, 5, 9), (4, 3, 2, 1, 1))[0]),
            nights=drawn.randint(1, 10),
            min_nights=1,
            languages=["ru"],
            urgency=drawn.choices([value for value, _share in URGENCIES], [share for _value, share in URGENCIES])[0],
            registered_at=at - timedelta(days=drawn.uniform(0, 6)),
        )
        if plain:
            row.people, row.children, row.all_women = 1, 0, False
        row.composition = "women" if row.all_women else "mixed"
        rows.append(row)
    return ShelterRequest.objects.bulk_create(rows, batch_size=1000)
