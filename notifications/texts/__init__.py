"""The words of every notification in every language: one SMS, and a longer text for e-mail and pages.

Each language has a table in Python rather than a gettext catalog. A text is looked up by event and by the recipient's
language, not the reader's; the tables need no compiling; and a test checks every cell against the rules (one SMS of 70
UCS-2 units, no name, no address, no word that tells a stranger what the message is about).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils import formats, timezone, translation

from notifications.events import EVENTS, Event

TABLES = {code: import_module(f"notifications.texts.{code}") for code, _name in settings.LANGUAGES}
"""The table of each language. The service does not start if a language of the settings has no file in this folder."""
SMS_UNITS = 70
RECIPIENT_PAGES = {"arrival": "/case/", "host": "/", "coordinator": "/admin/", "both": "/"}
"""The page to which a message links, by recipient. The words of a link may reveal no more than the text does."""


@dataclass(frozen=True, slots=True)
class MessageText:
    """One notification in one language. `body` has several lines; `sms` says the same in at most SMS_UNITS."""

    subject: str
    body: str
    sms: str


def render(event: str, language: str, context: Mapping[str, Any], *, one_tap: str = "") -> MessageText:
    """Return the words of `event` in `language`, with dates in the form of that language.

    An unknown language is replaced by LANGUAGE_CODE. `one_tap` is the link that answers the question of the event; only
    the body holds it, because an SMS has no room. `context` may hold first_night and last_day (ISO 8601 dates),
    answer_by (ISO 8601 moment), case_number, code, and incident (its id, for coordinators only). Raises KeyError for an
    event without words.
    """
    table = TABLES.get(language, TABLES[settings.LANGUAGE_CODE])
    words, about = table.TEXTS[event], EVENTS[event]
    with translation.override(table.LANGUAGE):
        moment = _moment(context.get("answer_by"))
        case, code = _grouped(context.get("case_number", "")), context.get("code", "")
        code = f"{settings.SITE_URL}{about.opens}{code}/" if about.opens else code
        first, last = _day(context.get("first_night")), _day(context.get("last_day"))
        short = {"case": case, "code": code, "by": formats.date_format(moment, table.SHORT_MOMENT) if moment else ""}
        long = short | {"by": formats.date_format(moment, table.MOMENT) if moment else ""}
    if table.LANGUAGE == "kk":  # Django writes Kazakh months with a capital letter, which is wrong within a sentence.
        long["by"], first, last = long["by"].lower(), first.lower(), last.lower()
    page = settings.SITE_URL + RECIPIENT_PAGES[about.recipient]
    lines = [words.body.format(**long)]
    if first and last:
        lines.append(table.DATES.format(first=first, last=last))
    if about.asks:
        lines.append(table.ANSWER_BY.format(**long))
    if about.asks and one_tap:
        lines.append(table.ONE_TAP.format(url=one_tap))
    if (
        not about.carries_code
    ):  # People must not learn to trust a message with both a code and a link: thieves send those.
        lines.append(table.PAGE.format(url=page + _path_of(context)))
    sms = words.sms.format(**short)
    return MessageText(
        subject=_subject(words.sms, sms, table.CODE_SUBJECT, about),
        body="\n\n".join(lines),
        sms=sms if about.carries_code else _with_link(sms, page),
    )


def _subject(words: str, sms: str, of_code: str, about: Event) -> str:
    """Return the subject of a mail. A mail's list of subjects is no place for a code or a link."""
    if about.opens:
        return words.partition("{code}")[0].strip(" :")
    return of_code if about.carries_code else sms


def ucs2_units(text: str) -> int:
    """Return the length of `text` in UCS-2 units; an SMS holds SMS_UNITS."""
    return len(text.encode("utf-16-le")) // 2


def _path_of(context: Mapping[str, Any]) -> str:
    """Return the rest of a link of the desk: to the incident that the message is about, or ""."""
    return f"matching/incident/{context['incident']}/change/" if context.get("incident") else ""


def _with_link(sms: str, page: str) -> str:
    linked = f"{sms} {page}"
    return linked if ucs2_units(linked) <= SMS_UNITS else sms


def _grouped(digits: str) -> str:
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def _day(iso: str | None) -> str:
    return formats.date_format(date.fromisoformat(iso), "j E") if iso else ""


def _moment(iso: str | None) -> datetime | None:
    return timezone.localtime(datetime.fromisoformat(iso), timezone.get_default_timezone()) if iso else None
