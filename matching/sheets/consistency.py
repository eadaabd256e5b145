"""Rules about several cells of a row: its location, and contradictions.

Each function takes the values of the cells that could be read; a bad cell is absent. It fills in values that follow from
others (the place by its name, an empty shortest stay by the whole stay) and returns problems as (column, reason).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from matching.sheets.columns import CONTACTS
from matching.sheets.rows import RowProblem, SpaceRow
from matching.sheets.sentences import Sentence
from places.earth import distance_km
from places.gazetteer import KnownPlace, directory
from places.hearing import Heard, noted, one_of
from places.regions import described
from reading.signs import plain

FindPlace = Callable[[str], Heard]
Values = dict[str, Any]
Problems = list[tuple[str, str]]

FAR_KM = 150.0
"""If the point is farther than this from every place of that name, the name and the point contradict each other."""

MOST_NAMED = 5
"""The most places that a sentence names."""


def settle_space(values: Values, find_place: FindPlace) -> Problems:
    """Work out where a space is. A space is in one place only."""
    heard, problems = _settle_where(values, find_place)
    if heard.sure and heard.others and not problems:
        problems.append(("place", named_in("which_place", (*heard.places, *heard.others), name=heard.written)))
    return problems


def settle_place(values: Values, find_place: FindPlace) -> Problems:
    """Work out where shelter is looked for. What the text says besides the place goes to the notes for a coordinator."""
    heard, problems = _settle_where(values, find_place)
    if heard.left:
        values["notes"] = noted(values.get("notes") or "", heard.written)
    return problems


def settle_request(values: Values, find_place: FindPlace) -> Problems:
    """Work out who they are, where and for how long they look for shelter, and report wishes that contradict each other."""
    problems = settle_place(values, find_place)
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


def _settle_where(values: Values, find_place: FindPlace) -> tuple[Heard, Problems]:
    """Turn the place's name into the place, and fill in its point if the sheet gives none. Return what was heard, and problems.

    A point tells which of several places of a name is meant, and with a point the name may be unknown. If no place of the
    name is near the point, the two contradict each other: the row is refused, since nobody knows which one is right.
    """
    name = values.get("place") or ""
    heard = find_place(name) if name else Heard()
    values["place"] = heard.one
    if not _both(values, "lat", "lon"):
        return heard, []
    lat, lon = values["lat"], values["lon"]
    if lat is None and lon is None:
        if heard.one is None:
            return heard, [("place", not_one(name, heard))]
        values["lat"], values["lon"] = heard.one.lat, heard.one.lon
    elif lat is None or lon is None:
        return heard, [("lat" if lat is None else "lon", Sentence("half_a_point"))]
    elif heard.exact:
        place = values["place"] = one_of((*heard.places, *heard.others), lat, lon)
        assert place is not None
        if _far(place, lat, lon):
            values["place"] = None
            if not _far(place, lon, lat):
                return heard, [("lat", Sentence("swapped", place=place.name, lat=place.lat, lon=place.lon))]
            km = round(distance_km(place.lat, place.lon, lat, lon))
            return heard, [("place", named_in("place_and_point", [place], km=km))]
        return replace(heard, others=()), []
    elif name:
        return replace(heard, left=True), []
    return heard, []


def not_one(name: str, heard: Heard) -> Sentence:
    """Return why a text is not one place, with the places that may be meant."""
    if not name or heard.lost:
        return Sentence("no_place")
    if not heard.places:
        return Sentence("unknown_place")
    return named_in("which_place", heard.places, name=name)


def named_in(code: str, places: Sequence[KnownPlace], **values: Any) -> Sentence:
    """Return a sentence that names places. It carries their numbers, so that a door names them in the reader's language."""
    shown = places[:MOST_NAMED]
    numbers = " ".join(str(place.geoname_id) for place in shown)
    words = "; ".join(described(shown, "en", directory().places))
    return Sentence(code, places=words, place_numbers=numbers, **values)


def _far(place: KnownPlace, lat: float, lon: float) -> bool:
    return distance_km(place.lat, place.lon, lat, lon) > FAR_KM
