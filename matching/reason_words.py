"""The engine's reasons in words, in the language that is active: the only place where a reason gets words.

Pages, the API and exports word a reason when they show it. Rows hold codes, and nothing reads words
back. Only the answer kept for an Idempotency-Key holds words, for a day: it is sent again as it was sent first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from django.utils import formats
from django.utils.translation import get_language, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from matching.engine.reasons import Code, Number, Reason, reason_in

WORDS: Mapping[Code, Any] = MappingProxyType(
    {
        Code.DISTANCE: _("%(km)s km"),
        Code.COMMON_LANGUAGE: _("common language: %(languages)s"),
        Code.NO_COMMON_LANGUAGE: _("no common language"),
        Code.SHARED_SPACE: ngettext_lazy(
            "shared space, %(people)d of %(beds)d bed", "shared space, %(people)d of %(beds)d beds", "beds"
        ),
        Code.FITS_EXACTLY: _("fits the beds exactly"),
        Code.PEOPLE_IN_BEDS: ngettext_lazy(
            "%(people)d person in %(as_many_beds)s", "%(people)d people in %(as_many_beds)s", "people"
        ),
        Code.ALL_NIGHTS: ngettext_lazy("the %(nights)d night asked for", "all %(nights)d nights", "nights"),
        Code.SOME_NIGHTS: ngettext_lazy("%(nights)d of %(wanted)d night", "%(nights)d of %(wanted)d nights", "wanted"),
        Code.SAME_SPACE: _("the same space as before, for longer"),
        Code.HOST_NOT_VETTED: _("the host is not vetted"),
        Code.SPACE_NOT_LISTED: _("the space is paused or withdrawn"),
        Code.SPACE_NOT_FRESH: _("the host has not confirmed that it still stands"),
        Code.TOO_FAR: _("%(km)s km away, %(radius_km)s km wanted"),
        Code.WOMEN_HOUSEHOLDS_ONLY: _("only for households of women"),
        Code.FAMILIES_ONLY: _("only for families with a child"),
        Code.NOT_WOMEN_ONLY: _("not a women-only space"),
        Code.NO_CHILDREN: _("no children allowed"),
        Code.NO_PETS: _("no pets allowed"),
        Code.NOT_STEP_FREE: _("not step-free"),
        Code.NO_SMOKING: _("smoking is not allowed"),
        Code.SMOKING_ALLOWED: _("smoking is allowed there"),
        Code.TOO_FEW_BEDS: ngettext_lazy(
            "%(beds)d bed for %(people)d people", "%(beds)d beds for %(people)d people", "beds"
        ),
        Code.NOT_FREE: _("not free on %(first_night)s"),
        Code.TOO_FEW_NIGHTS: ngettext_lazy(
            "only %(nights)d of %(wanted)d night, at least %(min_nights)d wanted",
            "only %(nights)d of %(wanted)d nights, at least %(min_nights)d wanted",
            "wanted",
        ),
        Code.TAKEN: _("taken on some of these nights"),
        Code.DECLINED_BEFORE: _("declined before"),
        Code.CHILDREN_ALONE: _("children alone: a coordinator places them"),
        Code.NO_SPACE: _("no space may be matched at all: none is vetted, listed and fresh"),
        Code.NO_TIME: _("not looked into: the time limit was over; plan again with more time"),
        Code.NONE_WITHIN: _("no space within %(radius_km)s km"),
        Code.ALL_TAKEN: ngettext_lazy(
            "%(count)d possible within %(radius_km)s km, all taken by others",
            "%(count)d possible within %(radius_km)s km, all taken by others",
            "count",
        ),
        Code.NONE_FREE: ngettext_lazy(
            "%(count)d suitable within %(radius_km)s km, none free for %(as_many_nights)s from %(first_night)s",
            "%(count)d suitable within %(radius_km)s km, none free for %(as_many_nights)s from %(first_night)s",
            "count",
        ),
        Code.COUNT_TOO_FEW_BEDS: ngettext_lazy("%(count)d too few beds", "%(count)d too few beds", "count"),
        Code.COUNT_WOMEN_HOUSEHOLDS_ONLY: ngettext_lazy(
            "%(count)d only for households of women", "%(count)d only for households of women", "count"
        ),
        Code.COUNT_NOT_WOMEN_ONLY: ngettext_lazy("%(count)d not women-only", "%(count)d not women-only", "count"),
        Code.COUNT_NO_CHILDREN: ngettext_lazy(
            "%(count)d no children allowed", "%(count)d no children allowed", "count"
        ),
        Code.COUNT_FAMILIES_ONLY: ngettext_lazy(
            "%(count)d only for families with a child", "%(count)d only for families with a child", "count"
        ),
        Code.COUNT_NO_PETS: ngettext_lazy("%(count)d no pets allowed", "%(count)d no pets allowed", "count"),
        Code.COUNT_NOT_STEP_FREE: ngettext_lazy("%(count)d not step-free", "%(count)d not step-free", "count"),
        Code.COUNT_OTHER_SMOKING_RULE: ngettext_lazy(
            "%(count)d another smoking rule", "%(count)d another smoking rule", "count"
        ),
        Code.COUNT_NO_COMMON_LANGUAGE: ngettext_lazy(
            "%(count)d no common language", "%(count)d no common language", "count"
        ),
        Code.COUNT_DECLINED_BEFORE: ngettext_lazy("%(count)d declined before", "%(count)d declined before", "count"),
        Code.FARTHER: ngettext_lazy(
            "%(count)d free within %(radius_km)s km", "%(count)d free within %(radius_km)s km", "count"
        ),
        Code.SHORTER: ngettext_lazy(
            "%(count)d free for %(as_many_nights)s", "%(count)d free for %(as_many_nights)s", "count"
        ),
        Code.OTHER_DATES: ngettext_lazy(
            "%(count)d free from %(first_night)s", "%(count)d free from %(first_night)s", "count"
        ),
        Code.MOVE: _("possible with a move between two spaces"),
        Code.SPLIT: _("possible when split over two neighbouring spaces"),
        Code.SAID: "%(text)s",
    }
)
"""What each code says. A sentence with two numbers that decline gets the second one as a phrase of its own (`PHRASES`)."""


def words_of(reason: Reason | Any) -> str:
    """Return a reason, or the JSON that was stored for it, in the active language.

    Distances and dates are written as that language writes them. With no language active (`translation.override(None)`)
    the words are English, the dates ISO 8601, and the decimal sign is a point: so files are the same on every machine.
    """
    if not isinstance(reason, Reason):
        reason = reason_in(reason)
    plain = get_language() is None
    named = {name: _written(name, number, plain=plain) for name, number in reason.named.items()}
    named |= {name: phrase(reason.named) for name, phrase in PHRASES.get(reason.code, {}).items()}
    return str(WORDS[reason.code] % named)


def reasons_in_words(reasons: Iterable[Reason | Any]) -> list[str]:
    """Return reasons, or the JSON that was stored for them, in the active language."""
    return [words_of(reason) for reason in reasons]


def _written(name: str, number: Any, *, plain: bool) -> Any:
    if name == "languages":
        return ", ".join(number)
    if name == "km":
        return f"{number:.1f}" if plain else formats.number_format(number, 1)
    if name == "radius_km":
        return f"{number:g}" if plain else formats.number_format(f"{number:g}")
    if isinstance(number, date):
        return number.isoformat() if plain else formats.date_format(number, "j E")
    return number


def _nights(number: Any) -> str:
    return ngettext("%(nights)d night", "%(nights)d nights", number) % {"nights": number}


def _beds(number: Any) -> str:
    return ngettext("%(beds)d bed", "%(beds)d beds", number) % {"beds": number}


PHRASES: Mapping[Code, Mapping[str, Callable[[Mapping[str, Number]], str]]] = MappingProxyType(
    {
        Code.PEOPLE_IN_BEDS: {"as_many_beds": lambda named: _beds(named["beds"])},
        Code.NONE_FREE: {"as_many_nights": lambda named: _nights(named["min_nights"])},
        Code.SHORTER: {"as_many_nights": lambda named: _nights(named["nights"])},
    }
)
