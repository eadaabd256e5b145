"""One written contact means the same behind every door: the sheets, and the pages, the desk and the API."""

from __future__ import annotations

import pytest

from accounts.contacts import UnreadableContact, read_contact
from matching.sheets import cells
from matching.sheets.cells import CellProblem

KAZAKH, RUSSIAN, GEORGIAN, UKRAINIAN = "+77015550101", "+79165550301", "+995555123456", "+380501234567"

PHONES = {
    "+77015550101": KAZAKH,
    "+7 (701) 555-01-01": KAZAKH,
    "(+7) 701 555 01 01": KAZAKH,
    "8 701 555 01 01": KAZAKH,
    "87015550101": KAZAKH,
    "7 701 555 01 01": KAZAKH,
    "77015550101.0": KAZAKH,
    "tel:+77015550101": KAZAKH,
    "Тел.: 8 (701) 555 01 01": KAZAKH,
    "８７０１５５５０１０１": KAZAKH,
    "\u200b+7\u00a0701\u00a0555\u00a001\u00a001\ufeff": KAZAKH,
    "007 701 555 01 01": KAZAKH,
    "8 10 7 701 555 01 01": KAZAKH,
    "79165550301": RUSSIAN,
    "7 916 555 03 01": RUSSIAN,
    "8 916 555-03-01": RUSSIAN,
    "00 995 555 12 34 56": GEORGIAN,
    "995555123456": GEORGIAN,
    "810 995 555 12 34 56": GEORGIAN,
    "380 50 123 45 67": UKRAINIAN,
}
UNKNOWN_COUNTRY = ["050 123 45 67", "555 12 34 56", "701 555 01 01", "90 123 45 67", "2-61-23-45"]
NO_PHONES = [
    "12345",
    "+7701555010",
    "8 201 555 01 01",
    "+7 701 555 01 01 +7 701 555 01 02",
    "8,70156E+10",
    "ask Marina",
]

EMAILS = {
    "Marina@Example.org": "marina@example.org",
    "\u200bmarina@example.org": "marina@example.org",
    "mailto:marina@example.org": "marina@example.org",
    "Marina M. <marina@example.org>": "marina@example.org",
    "marina @ example.org.": "marina@example.org",
    "no@mail.ru": "no@mail.ru",
}
NO_EMAILS = ["marina@", "a@b@c.org", "a@b.org, c@d.org", "marina@example.org extra", "marina@example", ".m@example.org"]

FILLERS = [
    "none", "None.", "нет", "НЕТ", "-", "—", "n/a", "жоқ", "немає", "არა", "не знаю", "без телефона",
    "0000000000", "+0000000", "8 000 000 00 00", "+7 000 000 00 00", "1111111111", "1234567890",
]  # fmt: skip
EMAIL_FILLERS = ["no@no.no", "none@none.com", "нет", "x@x.xx", "test@test.org"]
TELEGRAMS = {
    "@hanna_m": "@hanna_m",
    "hanna_m": "@hanna_m",
    "https://t.me/hanna_m": "@hanna_m",
    "＠hanna_m": "@hanna_m",
    "none": "",
    "@none": "",
    "нет": "",
}


def in_a_sheet(text: str) -> str:
    read = cells.email if "@" in text or "＠" in text else cells.phone
    try:
        return read(text)
    except CellProblem as problem:
        return problem.sentence.code


def on_a_page(text: str) -> str:
    try:
        return read_contact(text)[1]
    except UnreadableContact as refusal:
        return "" if refusal.sentence == "filler" else refusal.sentence or "phone"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        *PHONES.items(),
        *EMAILS.items(),
        *((text, "phone_country") for text in UNKNOWN_COUNTRY),
        *((text, "phone") for text in NO_PHONES),
        *((text, "email") for text in NO_EMAILS),
        *((text, "") for text in (*FILLERS, *EMAIL_FILLERS)),
    ],
)
def test_a_contact_means_the_same_behind_every_door(text: str, meaning: str) -> None:
    assert (in_a_sheet(text), on_a_page(text)) == (meaning, meaning)


@pytest.mark.parametrize(("text", "name"), TELEGRAMS.items())
def test_a_telegram_name_is_read_as_meant(text: str, name: str) -> None:
    assert cells.telegram(text) == name
