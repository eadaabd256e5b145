"""One typed text means one value, or is refused, behind every door: the sheets, the pages, the desk's phone page, the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from django import forms
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers

from accounts.contacts import UnreadableContact, read_contact
from matching.admin.on_behalf import AskForm, OfferForm, OnBehalfForm
from matching.api.serializers import RequestDetailsSerializer, SpaceDetailsSerializer, WindowSerializer
from matching.sheets import cells
from matching.sheets.cells import CellProblem
from matching.sheets.columns import SPACE_SHEET, request
from matching.web.need_forms import WhenForm
from matching.web.offer_forms import BedsForm

Read = Callable[[str], Any]

REFUSED = "refused"


def _or_refused(read: Read, *errors: type[Exception]) -> Read:
    def meaning(text: str) -> Any:
        try:
            return read(text)
        except errors:
            return REFUSED

    return meaning


def a_cell(name: str) -> Read:
    column = request(UTC).get(name) or SPACE_SHEET[name]
    return _or_refused(column.read, CellProblem)


def a_form(form: type[forms.BaseForm], name: str) -> Read:
    return _or_refused(form.base_fields[name].clean, forms.ValidationError)


def an_api(serializer: type[serializers.Serializer[Any]], name: str) -> Read:
    return _or_refused(serializer().fields[name].run_validation, serializers.ValidationError)


def spoken_at_the_desk(text: str) -> Any:
    form = OnBehalfForm.__new__(OnBehalfForm)
    form.cleaned_data = {"languages": text}
    return frozenset(form.clean_languages())


def spoken_to_the_api(text: str) -> Any:
    listed = SpaceDetailsSerializer().fields["languages"]
    return frozenset(listed.run_validation(text.replace(",", " ").split()))


DOORS: dict[str, dict[str, Read]] = {
    "day": {
        "sheet": a_cell("first_night"),
        "page": a_form(WhenForm, "date"),
        "desk, request": a_form(AskForm, "first_night"),
        "desk, offer": a_form(OfferForm, "last_day"),
        "API, request": an_api(RequestDetailsSerializer, "first_night"),
        "API, window": an_api(WindowSerializer, "last_day"),
    },
    "nights": {
        "sheet": a_cell("nights"),
        "page": a_form(WhenForm, "nights"),
        "desk": a_form(AskForm, "nights"),
        "API": an_api(RequestDetailsSerializer, "nights"),
    },
    "beds": {
        "sheet": a_cell("beds"),
        "page": a_form(BedsForm, "beds"),
        "desk": a_form(OfferForm, "beds"),
        "API": an_api(SpaceDetailsSerializer, "beds"),
    },
    "km": {
        "sheet": a_cell("radius_km"),
        "desk": a_form(AskForm, "radius_km"),
        "API": an_api(RequestDetailsSerializer, "radius_km"),
    },
    "yes or no": {
        "sheet": a_cell("shared"),
        "sheet of requests": a_cell("may_move"),
        "API": an_api(SpaceDetailsSerializer, "shared"),
    },
    "languages": {
        "sheet": a_cell("languages"),
        "desk": _or_refused(spoken_at_the_desk, forms.ValidationError),
        "API": _or_refused(spoken_to_the_api, serializers.ValidationError),
    },
    "contact": {
        "sheet": _or_refused(lambda text: (cells.email if "@" in text else cells.phone)(text) or REFUSED, CellProblem),
        "pages, desk and API": _or_refused(lambda text: read_contact(text)[1], UnreadableContact),
    },
}
"""The readers behind each door. Pages and the desk tick a box for yes and no, which is no text.

The API leaves bounds, such as the most beds, to `matching.intake`, so they are not compared here."""


def meanings(kind: str, text: str) -> dict[str, Any]:
    return {door: read(text) for door, read in DOORS[kind].items()}


def everywhere(kind: str, value: Any) -> dict[str, Any]:
    return dict.fromkeys(DOORS[kind], value)


MARCH_28 = date(2027, 3, 28)

TABLE: dict[str, dict[str, Any]] = {
    "day": {
        **dict.fromkeys(
            (
                *("2027-03-28", "28/03/2027", "28.03.2027", "28.3.27", "03/28/2027", "28-03-2027", "2027/03/28"),
                *("2027-03-28T00:00:00Z", "2027-03-28 00:00:00", "28.03.2027 0:00", "28.03.2027 г.", "28 03 2027"),
                *("28 марта 2027", "28 марта 2027 г.", "28 March 2027", "March 28, 2027", "28-Mar-2027"),
                *("28 наурыз 2027", "28 березня 2027 р.", "28 მარტი 2027"),
                *("２８.０３.２０２７", "\u200b28.03.2027\ufeff", "28.\u00a003.\u00a02027"),
            ),
            MARCH_28,
        ),
        **dict.fromkeys(
            ("03/04/2027", "3-4-27", "2027-02-30", "31.09.2027", "0202-09-28", "27.9.202", "some day", "27", "28 mbr 2027"),
            REFUSED,
        ),
        "03.04.2027": date(2027, 4, 3),
        "04/04/2027": date(2027, 4, 4),
    },
    "nights": {
        **dict.fromkeys(
            (
                *("7", "7.0", "7,0", "+7", " 7 ", "７", "\u200b7", "7\u00a0дней", "7 дней", "7 дн.", "7 nights"),
                *("7 суток", "7 ночей", "7 түн", "7 ночі", "7 ღამე", "nights: 7", "7 days"),
            ),
            7,
        ),
        **dict.fromkeys(("2 weeks", "2 недели", "7-8", "7 or 8", "7.5", "seven", "less than 7"), REFUSED),
    },
    "beds": {
        **dict.fromkeys(("3", "3.0", "3 места", "3 beds", "мест: 3"), 3),
        **dict.fromkeys(("спальных мест: 3", "3 кісі", "3 или 4", "три"), REFUSED),
    },
    "km": {
        **dict.fromkeys(("20", "20.0", "20,0", "20 km", "20 км", "２０"), 20.0),
        **dict.fromkeys(("20-30", "far", "20 miles", "nan", "inf"), REFUSED),
    },
    "yes or no": {
        **dict.fromkeys(("yes", "YES", "да", "Да.", "ИСТИНА", "ІСТИНА", "TRUE", "1", "1.0", "иә", "так", "კი", "ｙｅｓ"), True),
        **dict.fromkeys(("no", "нет", "ЛОЖЬ", "ХИБНІСТЬ", "FALSE", "0", "0.0", "жоқ", "ні", "არა", "\u200bno"), False),
        **dict.fromkeys(("perhaps", "2", "да нет"), REFUSED),
    },
    "languages": {
        "ru kk": frozenset({"ru", "kk"}),
        "RU, kz": frozenset({"ru", "kk"}),
        "русский, қазақша": frozenset({"ru", "kk"}),
        "rus": frozenset({"ru"}),
        "klingon": REFUSED,
    },
    "contact": {
        **dict.fromkeys(("77000000902.0", "8 700 000 09 02", "tel:+7 700 000-09-02", "\u200b+77000000902"), "+77000000902"),
        **dict.fromkeys(("79161234567", "7 916 123 45 67", "8 916 123-45-67"), "+79161234567"),
        **dict.fromkeys(("8 707 123 45 67", "007 707 123 45 67"), "+77071234567"),
        "00 995 555 12 34 56": "+995555123456",
        "mailto:Name@Example.org": "name@example.org",
        **dict.fromkeys(("050 123 45 67", "none", "нет", "0000000000", "no@no.no", "8,70156E+10"), REFUSED),
    },
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "meant"), [(k, t, m) for k, texts in TABLE.items() for t, m in texts.items()])
def test_a_text_means_the_same_behind_every_door(kind: str, text: str, meant: Any) -> None:
    assert meanings(kind, text) == everywhere(kind, meant)


def test_table_tries_every_kind_and_every_kind_has_a_refusal() -> None:
    assert {kind: REFUSED in texts.values() for kind, texts in TABLE.items()} == dict.fromkeys(DOORS, True)


# -- variants whose meaning is known ----------------------------------------------------------------

INVISIBLE = st.sampled_from(["", "\u200b", "\ufeff", "\u200e", "\u2060", "\u00ad"])
SPACE = st.sampled_from([" ", "\u00a0", "\u202f", "  "])
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@st.composite
def disguised(draw: st.DrawFn, text: str) -> str:
    """Return the text as a copy or a program leaves it."""
    text = text.replace(" ", draw(SPACE))
    if draw(st.booleans()):
        text = text.translate(FULL_WIDTH)
    place = draw(st.integers(0, len(text)))
    return draw(INVISIBLE) + text[:place] + draw(INVISIBLE) + text[place:] + draw(INVISIBLE)


DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))
STYLES = st.sampled_from(
    [
        "%Y-%m-%d",
        "%d.%m.%Y",
        "%Y/%m/%d",
        "%d %B %Y",
        "%B %d, %Y",
        "%Y-%m-%dT00:00:00Z",
        "%d.%m.%Y 00:00:00",
        "%d.%m.%Y г.",
    ]
)


@given(data=st.data(), day=DAYS, style=STYLES)
def test_every_form_of_a_day_is_that_day(data: st.DataObject, day: date, style: str) -> None:
    assert meanings("day", data.draw(disguised(day.strftime(style)))) == everywhere("day", day)


@given(data=st.data(), day=DAYS)
def test_slashes_are_read_only_where_one_day_fits(data: st.DataObject, day: date) -> None:
    one_fits = day.day > 12 or day.day == day.month

    found = meanings("day", data.draw(disguised(day.strftime("%d/%m/%Y"))))

    assert found == everywhere("day", day if one_fits else REFUSED)


COUNTED_FORMS = st.sampled_from(
    ["{}", "{}.0", "{},0", "{} дней", "{} nights", "{} ночей", "nights: {}", "{} түн", "{} днів"]
)


@given(data=st.data(), nights=st.integers(1, 730), form=COUNTED_FORMS)
def test_every_form_of_a_number_is_that_number(data: st.DataObject, nights: int, form: str) -> None:
    assert meanings("nights", data.draw(disguised(form.format(nights)))) == everywhere("nights", nights)


@given(
    data=st.data(), word=st.sampled_from([("да", True), ("ИСТИНА", True), ("1.0", True), ("ні", False), ("0", False)])
)
def test_every_form_of_an_answer_is_that_answer(data: st.DataObject, word: tuple[str, bool]) -> None:
    assert meanings("yes or no", data.draw(disguised(word[0]))) == everywhere("yes or no", word[1])


NUMBERS = st.integers(0, 9999999).map(lambda rest: f"+7701{rest:07}").filter(lambda number: len(set(number[2:])) > 1)
PHONE_FORMS = st.sampled_from(["+7 {} {}", "8 {} {}", "8 ({}) {}", "7{}{}", "7{}{}.0", "00 7 {} {}", "tel:+7{}{}"])


@given(data=st.data(), number=NUMBERS, form=PHONE_FORMS)
def test_every_form_of_a_phone_is_that_phone(data: st.DataObject, number: str, form: str) -> None:
    written = data.draw(disguised(form.format(number[2:5], number[5:])))

    assert meanings("contact", written) == everywhere("contact", number)


@given(
    data=st.data(),
    first=DAYS.filter(lambda day: day.year < 2099),
    nights=st.integers(1, 700),
    between=st.sampled_from(["/", " / ", " - ", "–", " по ", "..", " to "]),
    style=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y"]),
)
def test_windows_are_read_with_and_without_spaces(
    data: st.DataObject, first: date, nights: int, between: str, style: str
) -> None:
    last = first + timedelta(days=nights)
    written = first.strftime(style) + between + last.strftime(style)

    assert a_cell("windows")(data.draw(disguised(written))) == ((first, last),)
