"""Pairs of rows that may be one: they share a phone or e-mail or an address, or have nearly the same name in one place.

Phones and addresses are compared by their blind indexes. Names have no blind index, so the newest names are decrypted in
memory and compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import combinations
from typing import Any

import numpy
from django.db.models import Count, QuerySet
from rapidfuzz import fuzz, process

from accounts.models import Host, User
from matching import queries
from matching.limits import LONGEST_STAY
from matching.models import PairVerdict, ShelterRequest, Space
from notifications.models import ContactPoint
from places.names import key_of

PairKind = PairVerdict.PairKind

MOST_NAMES_COMPARED = 3_000
"""The most names that are compared: the newest of all places, or of the place that is chosen."""
MOST_PAIRS_SHOWN = 100
MOST_ALIKE = 5
"""If more rows than this share a phone, only this many are paired: the phone is then an organisation's."""
ALIKE = 90
"""The least likeness of two names, from 0 to 100. The same words in another order give 100, one other letter in ten 90."""


class Likeness(StrEnum):
    """What two rows share."""

    CONTACT = "contact"
    ADDRESS = "address"
    NAME = "name"


STRENGTH = {Likeness.CONTACT: 4, Likeness.ADDRESS: 3, Likeness.NAME: 2}


@dataclass(frozen=True, slots=True)
class PairsFound:
    """Pairs of ids (as text, the lower one first) with what each pair shares, the surest pairs first.

    `cut` is true where some names were not compared.
    """

    pairs: dict[tuple[str, str], list[Likeness]] = field(default_factory=dict)
    cut: bool = False


def find(kind: str, user: User, today: date, *, place: int | None = None) -> PairsFound:
    """Return the pairs among the rows of this kind that `user` sees, except pairs with a verdict. Dates are local.

    Return at most MOST_PAIRS pairs. Two requests form a pair only if they want some night both.
    """
    pairs: dict[tuple[str, str], set[Likeness]] = defaultdict(set)
    cut = False
    if kind == PairKind.HOSTS:
        hosts = queries.hosts_visible_to(user).exclude(status=Host.Status.MERGED)
        hosts = hosts.filter(spaces__place=place).distinct() if place else hosts
        _add(pairs, Likeness.CONTACT, _by_contact("user__host", hosts))
        _add(pairs, Likeness.ADDRESS, _hosts_by_address(hosts))
        cut = _add_names(pairs, _names_of_hosts(hosts))
    elif kind == PairKind.SPACES:
        _add(pairs, Likeness.ADDRESS, _spaces_by_address(_in(place, queries.spaces_visible_to(user))))
    else:
        asked = _in(place, queries.requests_visible_to(user)).filter(
            withdrawn_at=None, first_night__gt=today - timedelta(days=LONGEST_STAY)
        )
        overlapping = _Overlapping()
        _add(pairs, Likeness.CONTACT, overlapping.only(_by_contact("user__arrival__requests", asked)))
        cut = _add_names(pairs, _names_of_requests(asked, today), overlapping)
    for verdict in PairVerdict.objects.filter(kind=kind).values_list("one", "other"):
        pairs.pop(verdict, None)
    surest = sorted(pairs.items(), key=lambda each: (-sum(STRENGTH[why] for why in each[1]), each[0]))
    return PairsFound({pair: sorted(why, key=list(Likeness).index) for pair, why in surest[:MOST_PAIRS_SHOWN]}, cut)


def _in(place: int | None, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(place=place) if place else rows


def _add(pairs: dict[tuple[str, str], set[Likeness]], why: Likeness, found: Iterable[tuple[Any, Any]]) -> None:
    for one, other in found:
        first, second = sorted((str(one), str(other)))
        pairs[first, second].add(why)


def _pairs_in(groups: Iterable[Collection[Any]]) -> Iterator[tuple[Any, Any]]:
    for group in groups:
        yield from combinations(sorted(set(group), reverse=True)[:MOST_ALIKE], 2)


def _by_contact(path: str, rows: QuerySet[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield the pairs of rows whose people share a contact point; `path` leads from a contact point to the rows."""
    points = ContactPoint.objects.filter(**{f"{path}__in": rows.order_by().values("pk")})
    shared = points.values("channel", "address_index").annotate(rows=Count(path, distinct=True)).filter(rows__gt=1)
    indexes = [each["address_index"] for each in shared.order_by("channel", "address_index")[: MOST_PAIRS_SHOWN * 2]]
    groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for channel, index, pk in points.filter(address_index__in=indexes).values_list("channel", "address_index", path):
        groups[channel, index].append(pk)
    visible = set(rows.filter(pk__in={pk for group in groups.values() for pk in group}).values_list("pk", flat=True))
    return _pairs_in([pk for pk in group if pk in visible] for group in groups.values())


def _addresses(spaces: QuerySet[Space], column: str) -> Iterator[tuple[Any, Any]]:
    spaces = spaces.exclude(address_index="").exclude(status=Space.Status.WITHDRAWN)
    shared = spaces.order_by().values("address_index", "place").annotate(rows=Count(column, distinct=True))
    indexes = [each["address_index"] for each in shared.filter(rows__gt=1)[: MOST_PAIRS_SHOWN * 2]]
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    columns = ("address_index", "place", "host" if column == "pk" else "place", column)
    for *key, pk in spaces.filter(address_index__in=indexes).values_list(*columns):
        groups[tuple(key)].append(pk)
    return _pairs_in(groups.values())


def _spaces_by_address(spaces: QuerySet[Space]) -> Iterator[tuple[Any, Any]]:
    """Yield the pairs of spaces of one host at one address. Spaces of two hosts make a pair of hosts instead."""
    return _addresses(spaces, "pk")


def _hosts_by_address(hosts: QuerySet[Host]) -> Iterator[tuple[Any, Any]]:
    return _addresses(Space.objects.filter(host__in=hosts.order_by().values("pk")), "host")


# -- names ----------------------------------------------------------------------------------------

_LATIN = str.maketrans(
    {
        **dict(zip("абвгдезиклмнопрстуфхыэhії", "abvgdeziklmnoprstufhyehii", strict=True)),
        "ж": "zh",
        "ц": "ts",
        "ч": "ch",
        "ш": "sh",
        "щ": "sh",
        "ю": "yu",
        "я": "ya",
        "є": "e",
    }
)


def plain_name(name: str) -> str:
    """Return a name in the form in which names are compared: Latin letters without accents, words in the given order."""
    return " ".join(filter(None, (key_of(word).translate(_LATIN) for word in name.split())))


@dataclass(slots=True)
class _Named:
    """Plain names by row id, in groups within which names are compared: a place, or a place and a size of household."""

    groups: dict[Any, dict[Any, str]] = field(default_factory=lambda: defaultdict(dict))
    cut: bool = False


def _names_of_hosts(hosts: QuerySet[Host]) -> _Named:
    named = _Named()
    newest = list(hosts.select_related("user").order_by("-pk")[: MOST_NAMES_COMPARED + 1])
    named.cut = len(newest) > MOST_NAMES_COMPARED
    names = {host.pk: host.user.name for host in newest[:MOST_NAMES_COMPARED]}
    places = Space.objects.filter(host__in=list(names)).values_list("place", "host").distinct()
    for place, host in places.order_by("place", "host"):
        # Leave out first names alone: many hosts share one.
        if len(plain := plain_name(names[host])) > 5 and " " in plain:
            named.groups[place][host] = plain
    return named


def _names_of_requests(asked: QuerySet[ShelterRequest], today: date) -> _Named:
    named = _Named()
    newest = (
        asked.select_related("arrival__user").defer("notes").order_by("-registered_at", "pk")[: MOST_NAMES_COMPARED + 1]
    )
    rows = list(newest)
    named.cut = len(rows) > MOST_NAMES_COMPARED
    for row in (row for row in rows[:MOST_NAMES_COMPARED] if row.last_day > today):
        if plain := plain_name(row.arrival.user.name):
            named.groups[row.place_id, row.people, row.children][row.pk] = plain
    return named


def _add_names(
    pairs: dict[tuple[str, str], set[Likeness]], named: _Named, overlapping: _Overlapping | None = None
) -> bool:
    for group in named.groups.values():
        found = _alike(group)
        _add(pairs, Likeness.NAME, overlapping.only(found) if overlapping else found)
    return named.cut


def _alike(group: dict[Any, str]) -> Iterator[tuple[Any, Any]]:
    """Yield the pairs of ids whose names have a likeness of at least ALIKE."""
    ids, names = list(group), list(group.values())
    if len(ids) < 2:
        return
    scores = process.cdist(names, names, scorer=fuzz.token_sort_ratio, score_cutoff=ALIKE, dtype=numpy.uint8)
    for one, other in numpy.argwhere(numpy.triu(scores, k=1) >= ALIKE)[: MOST_PAIRS_SHOWN * 2]:
        yield ids[one], ids[other]


class _Overlapping:
    """Keeps only pairs of requests that want some night both: requests for different weeks are different needs."""

    def only(self, pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        pairs = list(pairs)
        rows = ShelterRequest.objects.filter(pk__in={pk for pair in pairs for pk in pair})
        nights = {
            pk: (first, first + timedelta(days=count))
            for pk, first, count in rows.values_list("pk", "first_night", "nights")
        }
        for one, other in pairs:
            if nights[one][0] < nights[other][1] and nights[other][0] < nights[one][1]:
                yield one, other
