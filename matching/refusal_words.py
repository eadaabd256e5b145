"""Refusals in words, in the language that is active: the rules of the engine, and the problems of a sheet, among them.

A wing raises a refusal as a value, and a row keeps it as JSON. Only a door calls these functions, for the person who reads.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from accounts.refusals import Refused, words_of_value
from matching.reason_words import reasons_in_words
from matching.refusals import RuleForbids, SheetUnreadable
from matching.sheets.sentences import SHEET_SENTENCES, Sentence
from places.models import Place
from places.queries import labels
from reading.signs import Unreadable

OF_A_SHEET = "sheet:"
"""The beginning of a code in `SheetImportRow.problems` that belongs to a sentence about a sheet."""


def words_of(refusal: Refused) -> str:
    """Return a refusal in the active language, with the rules or the problems of a sheet that it carries."""
    match refusal:
        case RuleForbids(reasons=reasons) if reasons:
            return "; ".join(reasons_in_words(reasons))
        case SheetUnreadable(problems=problems) if problems:
            return " ".join(map(of_sentence, problems))
    return str(refusal)


def of_value(value: Any) -> str:
    """Return the words for a problem of a sheet's row, or for a reason to keep it, given the value that the row holds."""
    match value:
        case {"code": str(code), **given} if code.startswith(OF_A_SHEET):
            name, numbers = code.removeprefix(OF_A_SHEET), {str(key): each for key, each in given.items()}
        case _:
            return words_of_value(value)
    if name not in SHEET_SENTENCES or any(isinstance(each, dict | list) for each in numbers.values()):
        return str(Refused.message)  # of a later version that was rolled back, or damaged
    words = gettext(SHEET_SENTENCES[name])
    numbers = _named(numbers)
    try:
        return words % numbers if "%(" in words else words
    except KeyError:
        return str(Refused.message)


def of_sentence(sentence: Sentence) -> str:
    """Return a sentence about a cell of a sheet in the active language."""
    words = gettext(SHEET_SENTENCES[sentence.code])
    return words % _named(sentence.values) if sentence.values else words


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a sentence with its places in the reader's language."""
    numbers = [int(number) for number in str(values.get("place_numbers", "")).split() if number.lstrip("-").isdecimal()]
    if not numbers:
        return values
    rows = {row.geoname_id: row for row in Place.objects.filter(geoname_id__in=numbers)}
    if len(rows) < len(set(numbers)):
        return values
    return values | {"places": "; ".join(labels(rows[number] for number in numbers))}


def of_unreadable(unreadable: Unreadable) -> str:
    """Return in the active language what to write instead of a text that means no value of its kind."""
    return of_sentence(Sentence(unreadable.code, **unreadable.values))
