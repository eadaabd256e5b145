"""Hear which place a text means. Every door asks this one reader: sheets, pages, the desk's phone page and the API.

People write a region or a country beside the name, two names of one place, a second place, "near" in front, a name with a
slip, or that they do not know. The reader is sure only where the text has one meaning; else it says what may be meant.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from rapidfuzz import fuzz, process

from places.earth import distance_km
from places.gazetteer import Directory, KnownPlace, directory
from places.names import HOME_REGION, key_of
from places.regions import areas_in, described, inside, with_area
from reading.signs import plain

MOST_MEANT: Final = 10
"""The longest list of places that a text may mean."""

ONE_PLACE_KM: Final = 15.0
"""Two places with one name that lie nearer than this are one: GeoNames has some places twice."""

WELL_KNOWN: Final = 100_000
"""People: a city of this size keeps its name from places that only once were called so, and from far smaller ones."""

TIMES_LARGER: Final = 10
"""Aktau on the Caspian Sea (147,000 people) is meant, not one of the two villages of 10,000. Of two Abays, one is asked for."""

NEARBY_KM: Final = 50.0
TIMES_FARTHER: Final = 3
"""A town beside a name tells which place is meant if it is near one of them, and the others are so many times farther away."""

LIKE: Final = 82.0
"""Per cent of likeness from which a name may be meant by a text with a slip."""

PLACE_SIGN: Final = "📍"

LONGEST_READ: Final = 200
"""Characters; a longer text names no place."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a text means. `places` are those that may be meant, the likeliest first; if `sure`, the first one is.

    `others` are further places that the text names ("Almaty or Taldykorgan"). `left` is whether the text says more than
    the place: a coordinator should read it. `lost` is whether the writer says that they do not know where they are, and
    `exact` whether the places have exactly this name; else their names are only like it. `written` is the text.
    """

    places: tuple[KnownPlace, ...] = ()
    sure: bool = False
    others: tuple[KnownPlace, ...] = ()
    left: bool = False
    lost: bool = False
    exact: bool = False
    written: str = ""

    @property
    def one(self) -> KnownPlace | None:
        """Return the place that is meant for certain, or None."""
        return self.places[0] if self.sure else None

    @property
    def likeliest(self) -> KnownPlace | None:
        """Return the first of the places that have exactly this name, or None."""
        return self.places[0] if self.exact and self.places else None


UNHEARD: Final = Heard()

_OR: Final = re.compile(r"\s*(?:[;/|\n]|\b(?:or|или|либо|чи|або|немесе|я\s+болмаса|ან)\b)\s*", re.IGNORECASE)
_BESIDE: Final = re.compile(r"\s*[,()]\s*")
_DASH: Final = re.compile(r"\s+[-–—]\s+")
_NEAR: Final = re.compile(
    r"^(?:near|close to|around|in|at|около|возле|рядом с|недалеко от|в районе|район|под|из|в|біля|поруч з|у|маңында|маңы)\s+",
    re.IGNORECASE,
)
_BORDER: Final = re.compile(
    r"\b(?:border(?: crossing)?|crossing|checkpoint|(?:на\s+)?границ[аеуы]|погранпереход|пункт пропуска|кпп|мапп|апп|кордон[іу]?|"
    r"(?:на\s+)?кордоні|пропускний пункт|шекара(?:да|сы|сында)?|бекет|საზღვარ(?:ი|ზე)|გამშვები პუნქტი)\b",
    re.IGNORECASE,
)
_LOST: Final = frozenset(
    map(
        key_of,
        (
            *(
                "I do not know",
                "I don't know",
                "don't know",
                "do not know where I am",
                "I do not know where I am",
                "I am lost",
                "lost",
            ),
            *(
                "I don't know where I am",
                "no idea",
                "unknown",
                "не знаю",
                "не знаю где я",
                "я не знаю где я",
                "не знаю, где нахожусь",
                "неизвестно",
            ),
            *(
                "заблудились",
                "заблудился",
                "заблудилась",
                "білмеймін",
                "қайда екенімді білмеймін",
                "қайда екенімізді білмейміз",
                "адасып кеттім",
            ),
            *(
                "не знаю де я",
                "я не знаю де я",
                "невідомо",
                "заблукав",
                "заблукали",
                "არ ვიცი",
                "არ ვიცი სად ვარ",
                "დავიკარგე",
                "?",
            ),
        ),
    )
) - {""}
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]")
_LOOK_ALIKE: Final = str.maketrans("ABEKMHOPCTXYaeopcxyiI", "АВЕКМНОРСТХУаеорсхуіІ")
_WORD: Final = re.compile(r"\w+")


def heard(text: str, known: Directory) -> Heard:
    """Return what `text` means among the places of `known`."""
    return replace(_heard(text, known), written=plain(text[:LONGEST_READ]))


def _heard(text: str, known: Directory) -> Heard:
    written = _WORD.sub(_in_one_script, plain(text[: LONGEST_READ + 1]))
    if not key_of(written) or len(written) > LONGEST_READ:
        return UNHEARD
    if key_of(written) in _LOST:
        return Heard(lost=True)
    areas = areas_in(written)
    if (found := known.named(key_of(written))) and not _a_country(areas):
        return _settled(found, written)
    if _BORDER.search(written):
        return _at_a_border(written, known)
    first, *further = [part for part in _OR.split(written) if key_of(part)] or [written]
    meant = _beside_others(first, known)
    if not meant.places:
        for place in further:  # "бул. 5 / Алматы"
            if (other := _beside_others(place, known)).exact:
                return Heard(other.places, False, exact=True, left=True)
        return meant
    others = [other for part in further for other in _beside_others(part, known).places[:1]]
    return _joined(meant, others, left=bool(further))


@functools.lru_cache(maxsize=65536)
def heard_in_files(text: str) -> Heard:
    """Return what `text` means among the places of the project's own files: no database is asked."""
    return heard(text, directory())


def find_place(text: str) -> KnownPlace | None:
    """Return the most populous place called `text` in any language, or None. It asks nobody, so it may be wrong."""
    return heard_in_files(text).likeliest


def noted(notes: str, written: str) -> str:
    """Return the notes for a coordinator with a place as it was written, once; a sign stands for words of any language."""
    note = f"{PLACE_SIGN} {plain(written).removeprefix(PLACE_SIGN).strip()[:LONGEST_READ]}"
    return notes if note in notes else "\n".join(filter(None, (notes, note)))


class WithNumber(Protocol):
    """A place, as a plain value or as a row."""

    geoname_id: int
    name: str
    country: str
    region: str


def unmistakable(place: WithNumber) -> str:
    """Return a name of the place, in English, by which it is heard: with its region where the name is not enough."""
    meant = heard_in_files(place.name)
    if meant.one is not None and meant.one.geoname_id == place.geoname_id:
        return place.name
    alike = directory().named(key_of(place.name))
    if itself := [each for each in alike if each.geoname_id == place.geoname_id]:
        return described([*itself, *(each for each in alike if each not in itself)], "en", directory().places)[0]
    return with_area(place.name, place.region, place.country, "en") if meant.places else place.name


def one_of(places: Iterable[KnownPlace], lat: float, lon: float) -> KnownPlace | None:
    """Return the one of the places that is nearest to a point, or None if there is none."""
    return min(places, key=lambda place: distance_km(place.lat, place.lon, lat, lon), default=None)


def _joined(meant: Heard, others: Sequence[KnownPlace], *, left: bool) -> Heard:
    """Return the meaning with further places. Two names of one place are one place, and settle which one it is."""
    for other in others:
        if other in meant.places:
            meant, left = Heard((other,), True, meant.others, meant.left, exact=True), meant.left
    elsewhere = tuple(dict.fromkeys(other for other in others if other != meant.one))
    return Heard(meant.places, meant.sure, (*meant.others, *elsewhere), meant.left or left, exact=meant.exact)


def _beside_others(text: str, known: Directory) -> Heard:
    """Return what a name means with what stands beside it after a comma, in brackets or in further words."""
    parts = [part for part in _BESIDE.split(text) if key_of(part)]
    parts = [piece for part in parts for piece in _at_dashes(part, known)]
    if not parts:
        return UNHEARD
    if len(parts) == 1:
        parts = _divided(parts[0], known)
    areas = {part: areas_in(part) for part in parts}
    named = {part: [] if _a_country(areas[part]) else known.named(key_of(part)) for part in parts}
    name = next((part for part in parts if named[part]), None)
    if name is None:
        within = _narrowest(areas.values())
        told = next((part for part in parts if not areas[part]), "")
        if _NEAR.match(told) and (near := _beside_others(_NEAR.sub("", told), known)).exact:
            return Heard(near.places, near.sure, near.others, left=True, exact=True)
        return Heard(_alike(told, known, within))
    found = named[name]
    beside = [part for part in parts if part != name]
    within = _narrowest(areas[part] for part in beside)
    there = inside(found, within)
    unheard = [part for part in beside if not areas[part] and not named[part]]
    if within and not there and not any(named[part] for part in beside):
        return Heard(tuple(found[:MOST_MEANT]), False, left=True, exact=True)  # The area contradicts the name.
    if len(really := [place for place in there if key_of(name) in map(key_of, place.called_by_itself)]) == 1:
        there = really
    meant = _settled(there or found, name)
    others = []
    for part in beside:
        second = _settled(named[part], part)
        if not second.places or (areas[part] and there):
            continue
        in_first = inside(second.places, areas[name])
        if in_first and in_first[0] not in found:  # "Pavlodar, Aksu": the region in front, or two places?
            return Heard((*meant.places, *in_first)[:MOST_MEANT], False, left=True, exact=True)
        others.append(second.places[0])
    if not meant.sure and others:  # "Aksu (Stepnogorsk)": the town nearby tells which one.
        away = sorted(
            (distance_km(each.lat, each.lon, others[0].lat, others[0].lon), rank)
            for rank, each in enumerate(meant.places)
        )
        if away[0][0] <= NEARBY_KM and away[1][0] >= TIMES_FARTHER * away[0][0]:
            return Heard((meant.places[away[0][1]],), True, left=True, exact=True)
    return _joined(meant, others, left=bool(unheard or others))


def _at_dashes(part: str, known: Directory) -> list[str]:
    """Return a part divided at its dashes, unless all of it is a name: crossings have a dash in theirs."""
    if known.named(key_of(part)):
        return [part]
    return [piece for piece in _DASH.split(part) if key_of(piece)]


def _a_country(areas: frozenset[str]) -> bool:
    """Return whether the areas are a country: "Kazakhstan" is not the village of that name."""
    return any("." not in area for area in areas)


def _narrowest(areas: Iterable[frozenset[str]]) -> frozenset[str]:
    """Return all areas together, without a country of which a region is among them."""
    named = frozenset().union(*areas)
    return named - {area.partition(".")[0] for area in named if "." in area}


def _divided(text: str, known: Directory) -> list[str]:
    """Return a text without commas as its name and its region or country, if it ends or begins with one."""
    words = text.split()
    for number in range(len(words) - 1, 0, -1):
        begin, end = " ".join(words[:number]), " ".join(words[number:])
        for name, area in ((begin, end), (end, begin)):
            if known.named(key_of(name)) and areas_in(area):
                return [name, area]
    return [text]


def _settled(found: Sequence[KnownPlace], name: str) -> Heard:
    """Return which of the places with exactly this name is meant, if there is one or one that everybody means."""
    apart: list[KnownPlace] = []
    for place in found:
        if all(distance_km(place.lat, place.lon, each.lat, each.lon) > ONE_PLACE_KM for each in apart):
            apart.append(place)
    if not apart:
        return UNHEARD
    key = key_of(name)
    really = [place for place in apart if key in map(key_of, place.called_by_itself)]
    if really and really[0].population >= max([WELL_KNOWN, *(TIMES_LARGER * each.population for each in really[1:])]):
        apart = [really[0]]
    return Heard(tuple(apart[:MOST_MEANT]), len(apart) == 1, exact=True)


def _at_a_border(text: str, known: Directory) -> Heard:
    """Return the crossing that the text names, or all crossings."""
    crossings = [place for place in known.places if place.kind == "crossing"]
    rest = " ".join(_BORDER.sub(" ", text).split())
    named = [place for part in (rest, *_BESIDE.split(rest)) for place in known.named(key_of(part)) if key_of(part)]
    if there := [place for place in dict.fromkeys(named) if place.kind == "crossing"]:
        return Heard(tuple(there[:MOST_MEANT]), len(there) == 1, exact=True)
    if named:
        crossings.sort(key=lambda place: distance_km(place.lat, place.lon, named[0].lat, named[0].lon))
        return Heard((*crossings[:MOST_MEANT], named[0]), left=True)
    return Heard(tuple(crossings), left=True)


def _alike(text: str, known: Directory, within: frozenset[str]) -> tuple[KnownPlace, ...]:
    """Return the places with a name that begins with the text or is like it, the likest first."""
    key = key_of(text)
    if not key:  # Only a region or a country: its largest places.
        return tuple(inside(known.places, within)[:MOST_MEANT]) if within else ()
    score = dict.fromkeys(known.beginning(key), 100.0) if len(key) >= 2 else {}
    if len(key) >= 3:
        for found, likeness, _index in process.extract(key, known.keys, scorer=fuzz.ratio, score_cutoff=LIKE, limit=40):
            for place in known.named(found):
                score[place] = max(score.get(place, 0.0), likeness)
    ranked = sorted(score, key=lambda place: (-score[place], place.country != HOME_REGION, -place.population))
    return tuple((inside(ranked, within) if within else ranked)[:MOST_MEANT])


def _in_one_script(word: re.Match[str]) -> str:
    """Return a word with Latin letters among Cyrillic ones in Cyrillic: they look alike on the keyboard's two sides."""
    return word[0].translate(_LOOK_ALIKE) if _CYRILLIC.search(word[0]) else word[0]
