"""Editing the places of a deployment: people add, rename, move, close and reopen them. Each act writes a line of history.

The gazetteer is incomplete and sometimes wrong: a village may be missing, a crossing may lie in the wrong valley, a town
may be out of reach. The door checks the rights of `by` before it calls an act here.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from places.earth import distance_km
from places.models import LONGEST_PLACE_NAME, OWN_FROM, Place, PlaceChange, PlaceName
from places.names import SPELT_IN, key_of
from places.regions import codes
from privacy import remarks

MOST_NAMES_OF_A_PLACE = 40
SAME_PLACE_KM = 30.0
"""Two open places with one name that lie nearer than this are the same place."""
LONGEST_MOVE_KM = 50.0
"""A move by more than this makes another place, so it is refused."""

PlaceEdit = PlaceChange.PlaceEdit


class PlaceNotSensible(Exception):
    """A detail of a place makes no sense. `field` names the field of PlaceDetails, or is "" for all of them."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class PlaceChanged(Exception):
    """Somebody changed the place after it was shown to this person."""

    message = gettext_lazy(
        "Somebody else has changed this place since you opened the page. Look at the history, then save again."
    )


@dataclass(frozen=True, slots=True)
class PlaceDetails:
    """The details of a place. `country` is ISO 3166-1 alpha-2; `region` is a code of `places.regions`, or "".

    `name_ru` and the like are its names in a language, "" where that is the main name. `names` are those by which people may
    look for it besides, in any language.
    """

    name: str
    country: str
    kind: str
    latitude: float
    longitude: float
    names: tuple[str, ...] = ()
    region: str = ""
    name_ru: str = ""
    name_kk: str = ""
    name_uk: str = ""
    name_ka: str = ""

    @property
    def shown(self) -> tuple[str, ...]:
        """The main name and the names in a language: a page shows one of them."""
        return (self.name, *filter(None, (getattr(self, field) for field in NAME_FIELDS)))


NAME_FIELDS = tuple(f"name_{language}" for language in SPELT_IN)


def details_of(place: Place) -> PlaceDetails:
    """Return the present details of a place."""
    shown = [key_of(name) for name in (place.name, *place.spelt) if name]
    others = place.names.exclude(key__in=shown).order_by("name").values_list("name", flat=True)
    return PlaceDetails(
        name=place.name,
        country=place.country,
        kind=place.kind,
        latitude=place.latitude,
        longitude=place.longitude,
        names=tuple(others),
        region=place.region,
        **dict(zip(NAME_FIELDS, place.spelt, strict=True)),
    )


def last_change(place: Place) -> int:
    """Return the id of the place's last change, or 0. `change_place` compares it with what the person had seen."""
    return place.changes.order_by("-pk").values_list("pk", flat=True).first() or 0


def add_place(details: PlaceDetails, *, by: Any, at: datetime, reason: str) -> Place:
    """Add a place that the gazetteer lacks. Raises PlaceNotSensible."""
    details = _sensible(details)
    with transaction.atomic():
        _is_another(details, None)
        lowest = Place.objects.aggregate(lowest=Min("geoname_id"))["lowest"] or 0
        place = Place(geoname_id=min(lowest, OWN_FROM + 1) - 1)
        _write(place, details, at)
        _note(place, PlaceEdit.ADDED, None, details, by=by, at=at, reason=reason)
        return place


def change_place(
    place_id: int, details: PlaceDetails, *, by: Any, at: datetime, reason: str, seen: int
) -> PlaceChange | None:
    """Change the details of a place; return the line of history, or None if nothing differs.

    Spaces and requests keep the coordinates that they have. Raises PlaceNotSensible, or PlaceChanged unless `seen` is
    the place's `last_change`.
    """
    details = _sensible(details)
    with transaction.atomic():
        place = Place.objects.select_for_update().get(pk=place_id)
        if last_change(place) != seen:
            raise PlaceChanged
        before = details_of(place)
        if set(before.names) == set(details.names) and replace(before, names=()) == replace(details, names=()):
            return None
        moved = distance_km(before.latitude, before.longitude, details.latitude, details.longitude)
        if moved > LONGEST_MOVE_KM:
            words = _("This point is %(km)d km from the old one. If it is another place, add it as a new place.")
            raise PlaceNotSensible("latitude", words % {"km": round(moved)})
        _is_another(details, place)
        _write(place, details, at)
        return _note(place, PlaceEdit.CHANGED, before, details, by=by, at=at, reason=reason)


def close_place(place_id: int, *, by: Any, at: datetime, reason: str) -> PlaceChange | None:
    """Take a place out of the choices; return the line of history, or None if the place is closed already.

    Its spaces, requests and coordinators stay.
    """
    return _set_closed(place_id, at, PlaceEdit.CLOSED, by=by, at=at, reason=reason)


def open_place(place_id: int, *, by: Any, at: datetime, reason: str) -> PlaceChange | None:
    """Let people choose a closed place again; return the line of history, or None if the place is open.

    Raises PlaceNotSensible if another open place near it has its name now.
    """
    return _set_closed(place_id, None, PlaceEdit.OPENED, by=by, at=at, reason=reason)


def _set_closed(
    place_id: int, closed_at: datetime | None, what: str, *, by: Any, at: datetime, reason: str
) -> PlaceChange | None:
    with transaction.atomic():
        place = Place.objects.select_for_update().get(pk=place_id)
        if (place.closed_at is None) == (closed_at is None):
            return None
        details = details_of(place)
        if closed_at is None:
            _is_another(details, place)
        Place.objects.filter(pk=place_id).update(closed_at=closed_at)
        return _note(place, what, details, details, by=by, at=at, reason=reason)


def _write(place: Place, details: PlaceDetails, at: datetime) -> None:
    place.name, place.country, place.kind = details.name, details.country, details.kind
    place.latitude, place.longitude, place.edited_at = details.latitude, details.longitude, at
    place.region = details.region
    for field in NAME_FIELDS:
        setattr(place, field, getattr(details, field))
    place.save()
    wanted = {key_of(name): name for name in (*details.names, *reversed(details.shown))}
    place.names.all().delete()
    PlaceName.objects.bulk_create([PlaceName(place=place, name=name, key=key) for key, name in wanted.items()])


def _note(
    place: Place,
    what: str,
    was: PlaceDetails | None,
    became: PlaceDetails,
    *,
    by: Any,
    at: datetime,
    reason: str,
) -> PlaceChange:
    old, new = asdict(was) if was else {}, asdict(became)
    changed = [name for name in new if what == PlaceEdit.ADDED or old[name] != new[name]]
    return PlaceChange.objects.create(
        place=place,
        what=what,
        was={name: old[name] for name in changed if name in old},
        became={name: new[name] for name in changed},
        by=by,
        at=at,
        remark=remarks.write(reason, at=at),
    )


# -- checks of the details ------------------------------------------------------------------------


def _sensible(details: PlaceDetails) -> PlaceDetails:
    """Return the details with tidy spaces and capitals, and without repeated names. Raises PlaceNotSensible."""
    name = " ".join(details.name.split())
    if not key_of(name) or len(name) > LONGEST_PLACE_NAME:
        raise PlaceNotSensible("name", _("Write the name of the place, with at least one letter."))
    country = details.country.strip().upper()
    if not re.fullmatch("[A-Z]{2}", country):
        raise PlaceNotSensible("country", _("Write the country's two letters, for example KZ."))
    if details.kind not in Place.PlaceKind.values:
        raise PlaceNotSensible("kind", _("Choose a city, a town or a border crossing."))
    if not -90 <= details.latitude <= 90:
        raise PlaceNotSensible("latitude", _("Give the latitude in degrees, from -90 to 90."))
    if not -180 <= details.longitude <= 180:
        raise PlaceNotSensible("longitude", _("Give the longitude in degrees, from -180 to 180."))
    if details.region and (details.region not in codes() or not details.region.startswith(f"{country}.")):
        raise PlaceNotSensible("region", _("Choose a region of this country, or none."))
    spelt = {field: " ".join(getattr(details, field).split()) for field in NAME_FIELDS}
    for field, own in spelt.items():
        if own and (not key_of(own) or len(own) > LONGEST_PLACE_NAME):
            raise PlaceNotSensible(field, _("Write the name with at least one letter, or leave it empty."))
        if own == name:
            spelt[field] = ""
    shown = {key_of(each) for each in (name, *spelt.values())}
    others: dict[str, str] = {}
    for other in (" ".join(each.split()) for each in details.names):
        if other and (not key_of(other) or len(other) > LONGEST_PLACE_NAME):
            raise PlaceNotSensible("names", _("Write one name a line, each with at least one letter."))
        if other and key_of(other) not in shown:
            others.setdefault(key_of(other), other)
    if len(others) > MOST_NAMES_OF_A_PLACE:
        raise PlaceNotSensible("names", _("At most %(most)d names.") % {"most": MOST_NAMES_OF_A_PLACE})
    return PlaceDetails(
        name=name,
        country=country,
        kind=details.kind,
        latitude=details.latitude,
        longitude=details.longitude,
        names=tuple(sorted(others.values())),
        region=details.region,
        **spelt,
    )


def _is_another(details: PlaceDetails, itself: Place | None) -> None:
    """Raise PlaceNotSensible if an open place other than `itself` has this name and lies within SAME_PLACE_KM."""
    same_name = Place.objects.filter(Q(names__key=key_of(details.name)), closed_at=None).distinct()
    for other in same_name.exclude(pk=itself.pk) if itself else same_name:
        if distance_km(details.latitude, details.longitude, other.latitude, other.longitude) < SAME_PLACE_KM:
            raise PlaceNotSensible(
                "name", _("There is %(place)s already, at this point or near it.") % {"place": other}
            )
