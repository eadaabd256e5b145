"""Rules about several cells of a row: its location, and contradictions.

Each function takes the values of the cells that could be read; a bad cell is absent. It fills in values that follow from
others (the place by its name, an empty shortest stay by the whole stay) and returns problems as (column, reason).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matching.sheets.columns import CONTACTS
from matching.sheets.rows import RowProblem, SpaceRow
from matching.sheets.sentences import Sentence
from places.earth import distance_km
from places.gazetteer import KnownPlace
from reading.signs import plain

FindPlace = Callable[[str], KnownPlace | None]
Values = dict[str, Any]
Problems = list[tuple[str, str]]

FAR_KM = 150.0
"""If the point is farther than this from the named place, the row means another place of that name."""


def settle_space(values: Values, find_place: FindPlace) -> Problems:
    """Work out where a space is."""
    return _settle_where(values, find_place)


def settle_request(values: Values, find_place: FindPlace) -> Problems:
    """Work out who they are, where and for how long they look for shelter, and report wishes that contradict each other."""
    problems = _settle_where(values, find_place)
    if _both(values, "people", "children") and values["children"] > values["people"]:
        problems.append(("children", Sentence("children")))
    if _both(values, "nights", "min_nights"):
        if values["min_nights"] is None:
            values["min_nights"] = values["nights"]
        elif values["min_nights"] > values["nights"]:
            problems.append(
                (
                    "min_nights",
                    Sentence(
                        "shortest_stay",
                        nights=values["nights"],
                    ),
                )
            )
    if "all_women" in values:
        values["composition"] = {True: "women", False: "mixed", None: ""}[values["all_women"]]
        values["all_women"] = bool(values["all_women"])
    if values.get("women_only") and values.get("all_women") is False:
        problems.append(
            (
                "women_only",
                Sentence("women_only"),
            )
        )
    if values.get("language_required") and values.get("languages") == frozenset():
        problems.append(("language_required", Sentence("language_unnamed")))
    return problems


def disputed_contacts(rows: Sequence[SpaceRow]) -> list[RowProblem]:
    """Return a problem for each row whose contact another row gives to another name, or to a host vetted otherwise.

    A contact is how hosts are told apart. A volunteer who writes their own number for everybody must not make one host of
    them, and the checks of one must not count for another.
    """
    sharing: dict[tuple[str, str], list[SpaceRow]] = {}
    for row in rows:
        for column in CONTACTS.values():
            if contact := getattr(row, column):
                sharing.setdefault((column, contact), []).append(row)
    found: dict[int, RowProblem] = {}
    for (column, contact), those in sharing.items():
        for row in those:
            other = next((each for each in those if not _same_name(each.host, row.host)), None)
            code = "other_name"
            if other is None:
                code, said = "other_vetted", {row.vetted, None}
                other = next((each for each in those if row.vetted is not None and each.vetted not in said), None)
            if other is not None:
                found.setdefault(row.line, RowProblem(row.line, column, contact, Sentence(code, line=other.line)))
    return list(found.values())


def _same_name(one: str, other: str) -> bool:
    return plain(one).casefold() == plain(other).casefold()


def _both(values: Values, one: str, other: str) -> bool:
    return one in values and other in values


def _settle_where(values: Values, find_place: FindPlace) -> Problems:
    """Turn the place's name into the place, and fill in its point if the sheet gives none.

    A point counts more than a name. With a point the name may be unknown, and a place far from the point is dropped, since
    there are five towns called Aksu. If exchanging latitude and longitude leads to the place, report a problem instead.
    """
    name = values.get("place", "")
    place = values["place"] = find_place(name) if name else None
    if not _both(values, "lat", "lon"):
        return []
    lat, lon = values["lat"], values["lon"]
    if lat is None and lon is None:
        if place is None:
            return [("place", _nowhere(name))]
        values["lat"], values["lon"] = place.lat, place.lon
    elif lat is None or lon is None:
        return [("lat" if lat is None else "lon", Sentence("half_a_point"))]
    elif place is not None and _far(place, lat, lon):
        if not _far(place, lon, lat):
            return [
                (
                    "lat",
                    Sentence(
                        "swapped",
                        place=place.name,
                        lat=place.lat,
                        lon=place.lon,
                    ),
                )
            ]
        values["place"] = None
    return []


def _nowhere(name: str) -> Sentence:
    if name:
        return Sentence("unknown_place")
    return Sentence("no_place")


def _far(place: KnownPlace, lat: float, lon: float) -> bool:
    return distance_km(place.lat, place.lon, lat, lon) > FAR_KM
