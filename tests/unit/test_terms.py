"""One word for one thing in all four catalogs and in the messages: the table of docs/translating.md, held by every string.

A row is an English word, with what a translation of a string with that word must hold, and what no such string may hold.
Stems are written so that every case and number of the word matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings

from notifications.texts import TABLES
from shelter import translations

LANGUAGES = ("ru", "kk", "uk", "ka")


class Said(NamedTuple):
    """One string in English and in another language; `where` names it in a failure."""

    where: str
    english: str
    translated: str


class Term(NamedTuple):
    """An English word, as a pattern, and by language a pattern that must be there and one that must not."""

    english: str
    allowed: dict[str, str]
    forbidden: dict[str, str]


TERMS = {
    "pause (of a space)": Term(
        r"\bpaus(e|es|ed)\b(?! (a stay|for now|our|keeps|keep))",
        {"ru": r"пауз", "kk": r"уақытша ұсын|үзіліс", "uk": r"пауз", "ka": r"შესვენებ"},
        {"ru": r"приостан|останов", "kk": r"тоқта|кідір|шеттет", "uk": r"призупин|зупин", "ka": r"შეჩერ|გაჩერ|შეასვენ"},
    ),
    "on hold (of a match)": Term(
        r"\bon hold\b",
        {"ru": r"приостан", "kk": r"кідір", "uk": r"призупин", "ka": r"შეჩერ|შევაჩერ"},
        {"ru": r"(?<!при)остановлен|пауз", "kk": r"тоқта", "uk": r"(?<!при)зупинен|пауз", "ka": r"შესვენ"},
    ),
    "suspended (of a host)": Term(
        r"\bsuspen(d|ded|sion)\b",
        {"ru": r"отстран", "kk": r"шеттет", "uk": r"відсторон", "ka": r"ჩამოშორ"},
        {
            "ru": r"приостановлен(?!ы|о\b)|пауз",
            "kk": r"тоқта",
            "uk": r"призупинен(?!і|о\b)|пауз",
            "ka": r"შესვენ|შეჩერ",
        },
    ),
    "cancelled": Term(
        r"^(?!We stop looking).*\bcancelled\b",
        {
            "ru": r"отмен",
            "kk": r"күші жой|күші жоқ|күшін жой|болдырм|болмайтын бол|бас тарт",
            "uk": r"скасов|скасув",
            "ka": r"გაუქმ|გააუქმ",
        },
        {"ru": r"останов", "kk": r"тоқтат", "uk": r"зупин", "ka": r"ჩერ"},
    ),
    "case number": Term(
        r"\bcase numbers?\b",
        {
            "ru": r"номер\w*( своей)? заяв",
            "kk": r"өтініш нөмір",
            "uk": r"номер\w*( своєї)? заяв",
            "ka": r"მოთხოვნის ნომ",
        },
        {"ru": r"\bдел[оа]\b", "kk": r"\bіс(тің)? нөмір", "uk": r"справ", "ka": r"საქმის"},
    ),
    "secret": Term(
        r"^(?!Send case_number).*\bsecrets?\b",
        {"ru": r"секретн\w* код", "kk": r"құпия код", "uk": r"секретн\w* код", "ka": r"საიდუმლო კოდ"},
        {"ru": r"\bтайн", "kk": r"құпия сөз", "uk": r"таємн", "ka": r"პაროლ"},
    ),
    "coordinator": Term(
        r"\bcoordinators?\b",
        {"ru": r"координатор", "kk": r"үйлестіруші", "uk": r"координатор", "ka": r"კოორდინატორ"},
        {"ru": r"куратор", "kk": r"координатор", "uk": r"куратор", "ka": r"კურატორ"},
    ),
    "service (ours)": Term(
        r"\b(this|the) service\b",
        {"ru": r"сервис", "kk": r"қызмет", "uk": r"сервіс", "ka": r"სერვის"},
        {"ru": r"служб", "kk": r"сервис", "uk": r"служб", "ka": r"სამსახურ"},
    ),
    "bed": Term(
        r"\bbeds?\b",
        {"ru": r"спальн|кроват", "kk": r"төсек", "uk": r"спальн|ліж", "ka": r"საწოლ"},
        {},
    ),
    "place (of the gazetteer)": Term(
        r"\bgazetteer\b|\bplaces? (is|are) (changed|added|not in)|^(Add|Close) (a|this) place$|^[Aa]ll places$|^Places$"
        r"|\bWe do not know this place|\bis not one of yours",
        {
            "ru": r"населённ\w+ пункт|справочник",
            "kk": r"елді мекен|анықтамалық",
            "uk": r"населен\w+ пункт|довідник",
            "ka": r"დასახლებ|ცნობარ",
        },
        {"ru": r"\bмест(о|а|ом|у|е|ам|ах)?\b", "kk": r"\bжер", "uk": r"\bмісц", "ka": r"(?<!უკვე ჩაწერილი )ადგილ"},
    ),
}

DOCUMENTED = {
    "pause (of a space)": "pause, paused",
    "on hold (of a match)": "on hold",
    "suspended (of a host)": "suspended",
    "cancelled": "to cancel",
    "case number": "case number",
    "secret": "secret",
    "coordinator": "coordinator",
    "service (ours)": "service (ours)",
    "bed": "beds",
    "place (of the gazetteer)": "place (of the gazetteer)",
}
"""The row of docs/translating.md for each term."""

NEVER = {
    "ru": r"\bдело\b|\b(номер|карточка) дела\b|\bбронь|\bгост(ь|я|и|ей)\b|\bкейс",
    "kk": r"\bіс(тің|і)? нөмір|\bқонақ|\bбронь",
    "uk": r"\bсправ[аиу]\b|\bвідкрийте справу|\bгост(я|і|ей)\b|\bбронюв",
    "ka": r"საქმის ნომ|\bსტუმარ|შეასვენ",
}
"""What no string says of anything: a case is no criminal case, nobody is a guest or books, and a pause carries no coffin."""


def strings(language: str) -> Iterator[Said]:
    """Yield every form of every string of the catalog, and every message."""
    for message in translations._messages(translations._read(translations.own_file(language), language)):
        english = " / ".join(translations._said(message))
        for words in translations._translated(message):
            yield Said("catalog", english, words)
    for event, words in TABLES[language].TEXTS.items():
        for part in words._fields:
            yield Said(f"{event}.{part}", getattr(TABLES["en"].TEXTS[event], part), getattr(words, part))


def strays(term: Term, language: str, said: Said) -> bool:
    """Return whether a string that says the English word says another one than the settled one in `language`."""
    if re.search(term.english, said.english) is None:
        return False
    if re.search(term.allowed[language], said.translated, re.IGNORECASE) is None:
        return True
    if sum(re.search(each.english, said.english) is not None for each in TERMS.values()) > 1:
        return False  # What one of its words must not be, the other may.
    forbidden = term.forbidden.get(language)
    return forbidden is not None and re.search(forbidden, said.translated, re.IGNORECASE) is not None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TERMS)
def test_one_word_stands_for_one_thing(name: str, language: str) -> None:
    assert [said for said in strings(language) if strays(TERMS[name], language, said)] == []


@pytest.mark.parametrize("name", TERMS)
def test_every_term_is_said_somewhere(name: str) -> None:
    assert len([said for said in strings("ru") if re.search(TERMS[name].english, said.english)]) >= 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_string_says_a_word_that_misleads(language: str) -> None:
    found = [said for said in strings(language) if re.search(NEVER[language], said.translated, re.IGNORECASE)]

    assert found == []


@pytest.mark.parametrize(
    ("name", "language", "translated"),
    [
        ("on hold (of a match)", "ru", "Этот вариант остановлен."),
        ("on hold (of a match)", "kk", "Бұл нұсқа тоқтатылды."),
        ("suspended (of a host)", "ru", "хозяин приостановлен"),
        ("pause (of a space)", "ka", "შეასვენეთ ადგილი"),
        ("case number", "ru", "номер дела"),
        ("case number", "uk", "номер справи"),
        ("place (of the gazetteer)", "ru", "Все места"),
        ("service (ours)", "uk", "сама служба"),
    ],
)
def test_a_stray_word_is_found(name: str, language: str, translated: str) -> None:
    english = {
        "on hold (of a match)": "This match is on hold.",
        "suspended (of a host)": "a host is suspended",
        "pause (of a space)": "Pause the space",
        "case number": "the case number",
        "place (of the gazetteer)": "All places",
        "service (ours)": "the service itself",
    }[name]

    assert strays(
        TERMS[name], language, Said("here", english.lower() if name.startswith("pause") else english, translated)
    )


def test_the_table_for_translators_says_the_settled_words() -> None:
    """Each term has its row in docs/translating.md, and each of its cells holds an allowed word."""
    table = (Path(settings.BASE_DIR) / "docs/translating.md").read_text(encoding="utf-8").partition("## The terms")[2]
    rows = {
        cells[0]: dict(zip(("ru", "kk", "uk", "ka"), cells[1:], strict=True))
        for line in table.splitlines()
        if line.startswith("| ")
        for cells in [[cell.strip() for cell in line.strip("| ").split(" | ")]]
    }

    assert [
        (name, language)
        for name, row in DOCUMENTED.items()
        for language in LANGUAGES
        if re.search(TERMS[name].allowed[language], rows[row][language], re.IGNORECASE) is None
    ] == []
