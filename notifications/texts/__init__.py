"""The words of every notification in every language: one SMS, and a longer form for e-mail and pages.

A table in Python for each language rather than gettext catalogs: a text is looked up by event and by
the recipient's language, not the reader's; it needs no compiling; and a test holds every cell of it
against the rules (one SMS of 70 UCS-2 units, no name, no address, no telling word).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils import formats, timezone, translation

from notifications.events import EVENTS

TABLES = {code: import_module(f"notifications.texts.{code}") for code, _name in settings.LANGUAGES}
"""The words by language: a language of the settings without a file in this folder does not start."""
SMS_UNITS = 70
PAGES = {"arrival": "/case/", "host": "/", "coordinator": "/admin/", "both": "/"}
"""Where the recipient of an event reads on. No word of a link may tell more than the text does."""


@dataclass(frozen=True, slots=True)
class Text:
    """One notification in one language. `body` is several lines; `sms` says the same in at most SMS_UNITS."""

    subject: str
    body: str
    sms: str


def render(event: str, language: str, context: Mapping[str, Any], *, one_tap: str = "") -> Text:
    """Return the words of `event` in `language` (an unknown one: in LANGUAGE_CODE), dates written its way.

    `one_tap` is the link that answers what is asked; it stands in the body only, an SMS has no room for it.
    `context` may hold first_night and last_day (ISO dates), answer_by (ISO moment), case_number and code.
    Raises KeyError for an event without words.
    """
    table = TABLES.get(language, TABLES[settings.LANGUAGE_CODE])
    words, about = table.EVENTS[event], EVENTS[event]
    with translation.override(table.LANGUAGE):
        moment = _moment(context.get("answer_by"))
        case, code = _grouped(context.get("case_number", "")), context.get("code", "")
        first, last = _day(context.get("first_night")), _day(context.get("last_day"))
        short = {"case": case, "code": code, "by": formats.date_format(moment, table.SHORT_MOMENT) if moment else ""}
        long = short | {"by": formats.date_format(moment, table.MOMENT) if moment else ""}
    if table.LANGUAGE == "kk":  # Django writes Kazakh months with a capital, as only a headline does.
        long["by"], first, last = long["by"].lower(), first.lower(), last.lower()
    page = settings.SITE_URL + PAGES[about.recipient]
    lines = [words.body.format(**long)]
    if first and last:
        lines.append(table.DATES.format(first=first, last=last))
    if about.asks:
        lines.append(table.ANSWER_BY.format(**long))
    if about.asks and one_tap:
        lines.append(table.ONE_TAP.format(url=one_tap))
    if not about.carries_code:  # A link beside a code is what a thief would send.
        lines.append(table.PAGE.format(url=page))
    sms = words.sms.format(**short)
    return Text(
        subject=table.CODE_SUBJECT if about.carries_code else sms,
        body="\n\n".join(lines),
        sms=sms if about.carries_code else _with_link(sms, page),
    )


def ucs2_units(text: str) -> int:
    """Return how many of an SMS's 70 units `text` takes."""
    return len(text.encode("utf-16-le")) // 2


def _with_link(sms: str, page: str) -> str:
    linked = f"{sms} {page}"
    return linked if ucs2_units(linked) <= SMS_UNITS else sms


def _grouped(digits: str) -> str:
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def _day(iso: str | None) -> str:
    return formats.date_format(date.fromisoformat(iso), "j E") if iso else ""


def _moment(iso: str | None) -> datetime | None:
    return timezone.localtime(datetime.fromisoformat(iso), timezone.get_default_timezone()) if iso else None
