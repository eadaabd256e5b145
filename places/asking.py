"""Ask which place is meant: the choices that a page offers, and what an answer to them means. Nothing is a dead end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from places.earth import distance_km
from places.hearing import Heard
from places.models import Place
from places.queries import directory, heard, open_places, rows_of

AT_ONCE_KM = 50.0
"""A device's own location means a place that is not farther away than this; else the nearest ones are offered."""

NEAREST_OFFERED = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """A typed text with the places to choose from. `meant` is the place if nothing needs to be chosen.

    `near` says that the text names none of the choices for certain, so that one is chosen as the nearest; what was
    written then goes to a coordinator, and so it does if `left`.
    """

    choices: tuple[Place, ...] = ()
    meant: Place | None = None
    near: bool = False
    left: bool = False
    lost: bool = False

    def chosen(self, pk: str, *, for_this: bool) -> Place | None:
        """Return the place with this primary key, if it is a choice. `for_this`: these choices were shown with this text.

        A choice of what is near counts only then: it may have been made in the list of another text.
        """
        found = next((place for place in self.choices if str(place.pk) == pk), None)
        return found if found is not None and (for_this or not self.near) else None


def asked(typed: str, *, near: Callable[[], Sequence[Place]], one_only: bool = False) -> Asked:
    """Return what a typed text means, or what to choose from. `near` gives towns to choose from where the text is unknown.

    With `one_only`, a text that names a second place means neither until one is chosen: a space is in one place.
    """
    if not typed.strip():
        return Asked()
    meaning = heard(typed)
    if meaning.sure and not (one_only and meaning.others):
        return Asked(
            tuple(rows_of(meaning.places[:1])), next(iter(rows_of(meaning.places[:1])), None), left=meaning.left
        )
    meant = rows_of([*meaning.places, *meaning.others])
    if meaning.exact:
        return Asked(tuple(meant), left=meaning.left)
    return Asked(tuple(_each_once([*meant, *_somewhere(meaning, near)])), near=True, left=True, lost=meaning.lost)


def _somewhere(meaning: Heard, near: Callable[[], Sequence[Place]]) -> list[Place]:
    return [*near(), *open_places().filter(kind=Place.PlaceKind.CROSSING).order_by("country", "name")]


def around(latitude: float, longitude: float) -> Asked:
    """Return the place at a point (degrees), or the nearest ones to choose from."""
    by_distance = sorted(directory().places, key=lambda place: distance_km(place.lat, place.lon, latitude, longitude))[
        :NEAREST_OFFERED
    ]
    rows = tuple(rows_of(by_distance))
    if not rows:
        return Asked()
    away = distance_km(rows[0].latitude, rows[0].longitude, latitude, longitude)
    return Asked(rows, rows[0] if away <= AT_ONCE_KM else None)


def _each_once(places: Sequence[Place]) -> list[Place]:
    return list({place.pk: place for place in places}.values())
