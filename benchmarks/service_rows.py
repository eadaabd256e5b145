"""Write a made-up week to the database by COPY: hosts, spaces, arrivals and requests as they are before a first round."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection
from django.utils import timezone
from scipy.spatial import cKDTree

from accounts.models import Arrival, Coordinator, Host, HostCheck, User
from benchmarks.engine_weeks import MONDAY
from matching.copy_rows import copy_in
from matching.engine import Need, Offer
from matching.intake import COARSE_DEGREES
from matching.models import ShelterRequest, Space, SpaceWindow
from matching.sheets import fields
from matching.sheets.fields import Field
from places.models import Place

HOSTS_FROM, ARRIVALS_FROM = 10_000_000, 20_000_000
"""First ids of hosts and arrivals: far above the ids that the database's sequences give out during the benchmark."""


def write_week(needs: list[Need], offers: list[Offer], *, at: datetime, today: date) -> None:
    """Write the week with all its dates moved so that it begins `today`."""
    coordinator = User.objects.create_user("carla", is_staff=True)
    Coordinator.objects.create(user=coordinator, all_places=True, confirmed_at=timezone.now())
    later = today - MONDAY
    place_of = _nearest_places([(each.lat, each.lon) for each in [*needs, *offers]])
    hosts, arrivals = range(HOSTS_FROM, HOSTS_FROM + len(offers)), range(ARRIVALS_FROM, ARRIVALS_FROM + len(needs))
    _write_users([*hosts, *arrivals], at)
    copy_in(
        Host, ["id", "user_id", "status", "refusal_reason", "created_at"], ((pk, pk, "vetted", "", at) for pk in hosts)
    )
    copy_in(Arrival, ["id", "user_id", "created_at"], ((pk, pk, at) for pk in arrivals))
    copy_in(
        HostCheck,
        ["host_id", "kind", "passed", "by_id", "at", "valid_until", "note"],
        (
            (pk, kind, True, coordinator.pk, at, today + timedelta(days=300), "")
            for pk in hosts
            for kind in settings.REQUIRED_CHECKS
        ),
    )
    space_ids = [uuid.uuid4() for _ in offers]
    copy_in(Space, *_spaces(offers, space_ids, place_of[len(needs) :], at))
    copy_in(
        SpaceWindow,
        ["space_id", "first_night", "last_day"],
        (
            (pk, first + later, last + later)
            for pk, offer in zip(space_ids, offers, strict=True)
            for first, last in offer.windows
        ),
    )
    copy_in(ShelterRequest, *_requests(needs, place_of[: len(needs)], at, later))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _write_users(ids: list[int], at: datetime) -> None:
    columns = ["id", "password", "is_superuser", "username", "name", "language", "is_staff", "is_active", "created_at"]
    copy_in(User, columns, ((pk, "!", False, f"made-up-{pk}", "", "ru", False, True, at) for pk in ids))


def _spaces(
    offers: list[Offer], ids: list[uuid.UUID], places: list[int], at: datetime
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    stated = [field for field in fields.SPACE if field.name not in ("place", "directions", "windows")]
    own = ["id", "host_id", "status", "place_id", "directions", "fresh_until", "created_at", "version"]
    until = at + timedelta(days=settings.FRESH_DAYS)
    rows = (
        (pk, HOSTS_FROM + number, "listed", place, "", until, at, 1, *_kept(offer, stated))
        for number, (pk, offer, place) in enumerate(zip(ids, offers, places, strict=True))
    )
    return [*own, *(field.name for field in stated)], rows


def _requests(
    needs: list[Need], places: list[int], at: datetime, later: timedelta
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    stated = [field for field in fields.REQUEST if field.name != "place"]
    own = ["id", "arrival_id", "place_id", "left_over_reasons", "registered_at", "version"]
    rows = (
        (
            *(uuid.uuid4(), ARRIVALS_FROM + number, place, "[]", at - timedelta(days=need.days_waiting), 1),
            *_kept(replace(need, first_night=need.first_night + later), stated),
        )
        for number, (need, place) in enumerate(zip(needs, places, strict=True))
    )
    return [*own, *(field.name for field in stated)], rows


def _kept(value: Need | Offer, stated: Sequence[Field]) -> Iterator[Any]:
    """Yield the fields of a need or an offer as the database keeps them; the point as coarse as it does.

    A field that the engine does not take has its default.
    """
    for field in stated:
        if field.name == "composition" and isinstance(value, Need):
            yield "women" if value.all_women else "mixed"
            continue
        kept = field.kind.keep(getattr(value, field.engine)) if field.engine else field.default
        if field.name in ("latitude", "longitude"):
            kept = round(kept, COARSE_DEGREES)
        yield list(kept) if isinstance(kept, tuple) else kept


def _nearest_places(points: list[tuple[float, float]]) -> list[int]:
    known = list(Place.objects.values_list("pk", "latitude", "longitude"))
    # Shrink degrees of longitude as in the middle of the country (47 degrees north): exact enough for a benchmark.
    shrunk = np.array([1.0, np.cos(np.radians(47))])
    tree = cKDTree(np.array([row[1:] for row in known]) * shrunk)
    _, nearest = tree.query(np.array(points) * shrunk)
    return [known[at][0] for at in nearest.tolist()]
