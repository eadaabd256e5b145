"""Write a made-up week to the database by COPY: hosts, spaces, arrivals and requests as they are before a first round."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection
from scipy.spatial import cKDTree

from accounts.models import Arrival, Coordinator, Host, HostCheck, User
from benchmarks.engine_weeks import MONDAY
from matching.copy_rows import copy_in
from matching.engine import Need, Offer
from matching.models import ShelterRequest, Space, SpaceWindow
from places.models import Place

HOSTS_FROM, ARRIVALS_FROM = 10_000_000, 20_000_000
"""First ids of hosts and arrivals: far above the ids that the database's sequences give out during the benchmark."""


def write_week(needs: list[Need], offers: list[Offer], *, at: datetime, today: date) -> None:
    """Write the week with all its dates moved so that it begins `today`."""
    coordinator = User.objects.create_user("carla", is_staff=True)
    Coordinator.objects.create(user=coordinator, all_places=True)
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
    columns = [
        "id",
        "host_id",
        "status",
        "place_id",
        "address",
        "directions",
        "latitude",
        "longitude",
        "beds",
        "shared",
        "max_nights",
        "who",
    ]
    columns += ["children", "pets", "smoking", "step_free", "languages", "fresh_until", "created_at", "version"]
    until = at + timedelta(days=settings.FRESH_DAYS)
    rows = (
        (
            *(pk, HOSTS_FROM + number, "listed", place, "", "", round(offer.lat, 2), round(offer.lon, 2), offer.beds),
            *(offer.shared, offer.max_nights, offer.who, offer.children, offer.pets, offer.smoking, offer.step_free),
            *(sorted(offer.languages), until, at, 1),
        )
        for number, (pk, offer, place) in enumerate(zip(ids, offers, places, strict=True))
    )
    return columns, rows


def _requests(
    needs: list[Need], places: list[int], at: datetime, later: timedelta
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    columns = [
        "id",
        "arrival_id",
        "place_id",
        "latitude",
        "longitude",
        "radius_km",
        "people",
        "children",
        "children_ages",
    ]
    columns += [
        "all_women",
        "first_night",
        "nights",
        "min_nights",
        "pets",
        "step_free",
        "women_only",
        "smoking",
        "languages",
    ]
    columns += ["language_required", "urgency", "may_move", "may_split", "notes", "registered_at", "left_over_reasons"]
    columns += ["version"]
    smoking = {True: "yes", False: "no", None: ""}
    rows = (
        (
            *(uuid.uuid4(), ARRIVALS_FROM + number, place, round(need.lat, 2), round(need.lon, 2), need.radius_km),
            *(need.people, need.children, [], need.all_women, need.first_night + later, need.nights, need.min_nights),
            *(need.pets, need.step_free, need.women_only, smoking[need.smoking], sorted(need.languages)),
            *(need.language_required, f"{need.urgency:g}", need.may_move, need.may_split, ""),
            *(at - timedelta(days=need.days_waiting), "[]", 1),
        )
        for number, (need, place) in enumerate(zip(needs, places, strict=True))
    )
    return columns, rows


def _nearest_places(points: list[tuple[float, float]]) -> list[int]:
    known = list(Place.objects.values_list("pk", "latitude", "longitude"))
    # Shrink degrees of longitude as in the middle of the country (47 degrees north): exact enough for a benchmark.
    shrunk = np.array([1.0, np.cos(np.radians(47))])
    tree = cKDTree(np.array([row[1:] for row in known]) * shrunk)
    _, nearest = tree.query(np.array(points) * shrunk)
    return [known[at][0] for at in nearest.tolist()]
