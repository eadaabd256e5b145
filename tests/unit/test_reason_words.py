"""Every reason of the engine has words in every language, with all its numbers, and no code reads the words back."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils.translation import override

from matching.engine.reasons import NUMBERS, Code, Number, Reason, as_json_text, reason_in
from matching.reason_words import WORDS, reasons_in_words, words_of

LANGUAGES = [code for code, _name in settings.LANGUAGES]
TIMES = (0, 1, 2, 5, 21)
SPOKEN = ("kk", "ru")


def reason(code: Code, times: int) -> Reason:
    """Return a reason of this code whose numbers are `times`, each in the type that its name demands."""
    special: dict[str, Number] = {
        "km": times + 0.5,
        "radius_km": times + 0.25,
        "first_night": date(2026, 11, 30) + timedelta(days=times),
        "languages": SPOKEN,
        "text": "somebody said so once",
    }
    return Reason(code, tuple(special.get(name, times) for name in NUMBERS[code]))


def test_every_code_has_words_and_names_its_numbers() -> None:
    assert set(WORDS) == set(Code) == set(NUMBERS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", list(Code))
def test_words_hold_every_number(code: Code, language: str) -> None:
    for times in TIMES:
        one = reason(code, times)
        with override(language):
            words = words_of(one)

        for name in NUMBERS[code]:
            sign = "." if language == "en" else ","
            shown = {
                "km": f"{times}{sign}5",
                "radius_km": f"{times}{sign}25",
                "first_night": str((date(2026, 11, 30) + timedelta(days=times)).day),
                "languages": "kk, ru",
                "text": "somebody said so once",
            }.get(name, str(times))
            assert shown in re.findall(r"[\d.,]*\d|kk, ru|somebody.*", words), (words, name)
        assert "%" not in words
        assert words == words.strip()


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
@pytest.mark.parametrize("code", [code for code in Code if code is not Code.SAID])
def test_words_of_other_languages_hold_no_english(code: Code, language: str) -> None:
    for times in TIMES:
        with override(language):
            words = words_of(reason(code, times)).replace("kk, ru", "")
        with override("en"):
            assert words != words_of(reason(code, times))

        assert re.findall("[A-Za-z]+", words) == []


@pytest.mark.parametrize(
    ("code", "numbers", "language", "words"),
    [
        (Code.ALL_NIGHTS, (1,), "ru", "весь срок: 1 ночь"),
        (Code.ALL_NIGHTS, (2,), "ru", "весь срок: 2 ночи"),
        (Code.ALL_NIGHTS, (5,), "ru", "весь срок: 5 ночей"),
        (Code.ALL_NIGHTS, (21,), "ru", "весь срок: 21 ночь"),
        (Code.PEOPLE_IN_BEDS, (2, 5), "ru", "2 человека на 5 спальных мест"),
        (Code.PEOPLE_IN_BEDS, (1, 21), "uk", "1 людина на 21 спальне місце"),
        (Code.SOME_NIGHTS, (3, 21), "uk", "3 з 21 ночі"),
        (Code.SHORTER, (5, 2), "uk", "вільне житло на 2 ночі: 5"),
        (Code.FARTHER, (3, 37.5), "kk", "37,5 км ішіндегі бос баспана: 3"),
        (Code.FARTHER, (3, 40.0), "ka", "თავისუფალი ადგილი 40 კმ-ის ფარგლებში: 3"),
        (Code.OTHER_DATES, (2, date(2026, 9, 28)), "ru", "свободное жильё с 28 сентября: 2"),
        (Code.OTHER_DATES, (2, date(2026, 9, 28)), "en", "2 free from 28 September"),
        (Code.SHORTER, (1, 1), "en", "1 free for 1 night"),
        (
            Code.NONE_FREE,
            (1, 20.0, 1, date(2026, 9, 28)),
            "en",
            "1 suitable within 20 km, none free for 1 night from 28 September",
        ),
    ],
)
def test_words_decline(code: Code, numbers: tuple[Number, ...], language: str, words: str) -> None:
    with override(language):
        assert words_of(Reason(code, numbers)) == words


def test_words_are_plain_english_where_no_language_is_active() -> None:
    with override(None):
        assert reasons_in_words(
            [
                Reason(Code.DISTANCE, (1234.5,)),
                Reason(Code.OTHER_DATES, (2, date(2026, 9, 28))),
                Reason(Code.ALL_NIGHTS, (5,)),
            ]
        ) == ["1234.5 km", "2 free from 2026-09-28", "all 5 nights"]


@pytest.mark.parametrize("code", list(Code))
def test_json_of_a_reason_is_read_back(code: Code) -> None:
    one = reason(code, 21)

    assert reason_in(one.as_json()) == one
    assert as_json_text([one, one]).count(f'"code": "{code.value}"') == 2


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("a sentence of long ago", "a sentence of long ago"),
        ({"code": "of_a_later_version", "count": 2}, '{"code": "of_a_later_version", "count": 2}'),
        ({"code": "farther"}, '{"code": "farther"}'),
        ({"code": "not_free", "first_night": "tonight"}, '{"code": "not_free", "first_night": "tonight"}'),
        (None, "null"),
    ],
)
def test_unknown_stored_reason_is_shown_as_it_is(stored: Any, words: str) -> None:
    assert words_of(stored) == words


def test_code_that_handles_reasons_never_searches_in_their_text() -> None:
    """A changed word must not break a filter, so code tells reasons apart by their codes."""
    root = Path(settings.BASE_DIR)
    sources = [
        path
        for folder in ("matching", "benchmarks")
        for path in (root / folder).rglob("*.py")
        if "migrations" not in path.parts
    ]
    handling = [
        path for path in sources if re.search(r"reason_words|engine\.reasons|left_over_reasons", path.read_text())
    ]

    assert len(handling) > 10
    assert [
        str(path.relative_to(root))
        for path in handling
        if re.search(r"^import re$|^from re import|__i?regex|__i?contains=\"|Cast\(", path.read_text(), re.MULTILINE)
    ] == []
