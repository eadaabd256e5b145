"""The people of the demo. Everybody knows their passwords, so never load the demo where real people are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from accounts.models import Coordinator
from matching.sheets import RequestRow, SpaceRow
from places.gazetteer import KnownPlace


@dataclass(frozen=True, slots=True)
class DemoCoordinator:
    """A coordinator of all places: how they sign in, their name and their role."""

    username: str
    name: str
    role: str


CARLA = DemoCoordinator("carla", "Carla", Coordinator.Role.LEAD)
DANA = DemoCoordinator("dana", "Dana", Coordinator.Role.COORDINATOR)
PASSWORD = "shanyrak-demo"  # noqa: S105 - it is meant to be known

HANNA_CONTACT = "hanna@example.org"

AMIRA_CASE_NUMBER = "10002000"
AMIRA_SECRET = "123456789012"  # noqa: S105 - it is meant to be known


def hannas_space(place: KnownPlace, today: date) -> SpaceRow:
    """Return what Hanna the host offers: three beds in `place` for two months from `today`."""
    return SpaceRow(
        space_id="demo-hanna",
        host="Hanna",
        phone="",
        email=HANNA_CONTACT,
        telegram="",
        place=place,
        address="Abay Avenue 10, flat 5",
        latitude=place.lat,
        longitude=place.lon,
        beds=3,
        windows=((today, today + timedelta(days=60)),),
        pets=True,
        step_free=True,
        languages=frozenset({"ru", "kk", "en"}),
        vetted=True,
        line=1,
    )


def amiras_request(place: KnownPlace, today: date) -> RequestRow:
    """Return what Amira the arrival needs: a roof tonight for three people near `place`, for a week."""
    return RequestRow(
        request_id="demo-amira",
        name="Amira",
        phone="",
        email="",
        telegram="",
        place=place,
        latitude=place.lat,
        longitude=place.lon,
        radius_km=20.0,
        people=3,
        children=1,
        first_night=today,
        nights=7,
        min_nights=2,
        languages=frozenset({"ru", "en"}),
        urgency=4.0,
        registered_at=datetime.combine(today, time(), UTC) - timedelta(days=1),
        may_move=True,
        notes="We are at the station.",
        line=1,
    )
