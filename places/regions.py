"""Regions and countries: their names in the languages of the service, and reading them beside the name of a place."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterable, Sequence
from typing import Final

from babel import Locale

from places.earth import distance_km
from places.gazetteer import DATA, KnownPlace
from places.names import HOME_REGION, SPELT_IN, key_of

_WORDS_FOR_REGION: Final = re.compile(
    r"\b(?:область|области|областью|обл|облысы|обласы|өңірі|аймағы|region|oblast|oblysy|province|provinces|vilayat|viloyati|"
    r"marz|край|регион|регіон|аймак|аймаг|мхаре|марз|ოლქი|მხარე|ვილაიეთი|მარზი|აიმაგი|"
    r"республика|республикасы|республіка|republic of|republic|"
    r"город|місто|қаласы|city)\b\.?",
    re.IGNORECASE,
)
_ENDING_OF_A_REGION: Final = re.compile(r"(?:ск|цк|ськ|цьк|зьк)(?:ая|ой|ую|ий|ій|а|ої|у|ое|ом)?$")

_ALSO_A_COUNTRY: Final = {
    "KZ": "РК|Республика Казахстан|Қазақстан Республикасы|Kazakstan|Qazaqstan|Казакстан|KAZ|KZ",
    "KG": "КР|Киргизия|Кыргызстан|Қырғызстан|Kyrgyz Republic|Киргизстан|KGZ|KG",
    "GE": "Сакартвело|Sakartvelo|GEO|GE",
    "UZ": "РУз|Узбекистан|Oʻzbekiston|UZB|UZ",
    "AM": "Hayastan|ARM|AM",
    "MN": "Моңғолия|MNG|MN",
    "RU": "РФ|Российская Федерация|RUS|RU",
}


_COUNTED_TO: Final = {
    "KZ.02": "KZ.01",
    "KZ.05": "KZ.03",
    "KZ.08": "KZ.14",
    "KZ.1537272": "KZ.10",
    "KG.01": "KG.02",
    "UZ.13": "UZ.14",
    "KZ.12510143": "KZ.15",
    "KZ.12510144": "KZ.01",
    "KZ.12510145": "KZ.12",
}
"""The region around a city that is none of its parts, and the region of which another was a part until 2022: people write it."""


@functools.cache
def _regions() -> dict[str, dict[str, str]]:
    with (DATA / "regions.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(
            (each for each in lines if not each.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE
        )
        return {row["code"]: row for row in rows}


def codes() -> tuple[str, ...]:
    """Return the code of every known region."""
    return tuple(_regions())


def region_called(code: str, language: str) -> str:
    """Return the region's name in a language (ISO 639-1), in English for any other language; "" for an unknown code."""
    region = _regions().get(code)
    return (region.get(language) or region["en"]) if region else ""


@functools.cache
def country_called(code: str, language: str) -> str:
    """Return the country's name (CLDR) in a language (ISO 639-1), or its code where it has none."""
    return str(Locale.parse(language).territories.get(code, code))


def with_area(name: str, region: str, country: str, language: str) -> str:
    """Return a place's name with its region, its country, or both, in a language: so that people know which one it is."""
    there = region_called(region, language)
    if not there or "(" in there or key_of(there) == key_of(name):  # A city is no part of a region.
        return f"{name}, {country_called(country, language)}"
    return f"{name}, {there}" if country == HOME_REGION else f"{name}, {there}, {country_called(country, language)}"


def described(places: Sequence[KnownPlace], language: str, among: Iterable[KnownPlace]) -> list[str]:
    """Return the places in words. Places that their regions do not tell apart get the city nearest to them, or their point."""
    words = [with_area(each.called(language), each.region, each.country, language) for each in places]
    keys = [key_of(word) for word in words]
    cities = [each for each in among if each.kind == "city"] if len(set(keys)) < len(keys) else []
    for index, place in enumerate(places):
        alike = [each for each, key in zip(places, keys, strict=True) if key == keys[index]]
        if len(alike) == 1:
            continue
        away = [city for city in cities if key_of(city.name) != key_of(place.name)]
        near = min(away, key=functools.partial(_km, place), default=None)
        if near is not None and min(alike, key=functools.partial(_km, near)) == place:
            words[index] += f" ({near.called(language)})"
        else:
            words[index] += f" ({place.lat:.2f}, {place.lon:.2f})"
    return words


def _km(one: KnownPlace, other: KnownPlace) -> float:
    return distance_km(one.lat, one.lon, other.lat, other.lon)


def areas_in(text: str) -> frozenset[str]:
    """Return the codes of the regions and countries that `text` names; empty if it is no name of one.

    "Almaty" is the city and the region around it.
    """
    return _areas().get(_area_key(text), frozenset())


def inside(places: Sequence[KnownPlace], areas: frozenset[str]) -> list[KnownPlace]:
    """Return those of the places that lie in one of the areas.

    Where none does, those count that lay there, or that lie somewhere in the same country without a known region.
    """
    if there := [each for each in places if each.region in areas or each.country in areas]:
        return there
    if there := [each for each in places if _COUNTED_TO.get(each.region) in areas]:
        return there
    return [each for each in places if not each.region and each.country in {area.partition(".")[0] for area in areas}]


def _area_key(text: str) -> str:
    """Return the form under which a region is looked up: without words for region, and without an adjective's ending."""
    plain = " ".join(_WORDS_FOR_REGION.sub(" ", text).split())
    key = key_of(plain) or key_of(text)
    return _ENDING_OF_A_REGION.sub("ск", key)


@functools.cache
def _areas() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for code, row in _regions().items():
        for name in (*(row[language] for language in ("en", *SPELT_IN)), *row["also"].split("|")):
            without_brackets = name.partition(" (")[0]
            found.setdefault(_area_key(without_brackets), set()).add(code)
    for language in ("en", *SPELT_IN):
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code.isalpha():
                found.setdefault(_area_key(str(name)), set()).add(code)
    for code, names in _ALSO_A_COUNTRY.items():
        for name in names.split("|"):
            found.setdefault(_area_key(name), set()).add(code)
    found.pop("", None)
    return {key: frozenset(areas) for key, areas in found.items()}
