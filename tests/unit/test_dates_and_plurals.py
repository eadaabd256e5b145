"""Dates, hours, numbers and plurals as people of each language write them, word for word."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django import forms
from django.template import Context, Template
from django.utils import formats
from django.utils.translation import ngettext, override

A_TUESDAY = date(2022, 9, 27)
AN_EVENING = datetime(2022, 9, 27, 18, 5, tzinfo=UTC)

NIGHTS = {
    "en": ["1 night", "2 nights", "5 nights", "11 nights", "21 nights", "22 nights", "112 nights"],
    "ru": ["1 ночь", "2 ночи", "5 ночей", "11 ночей", "21 ночь", "22 ночи", "112 ночей"],
    "uk": ["1 ніч", "2 ночі", "5 ночей", "11 ночей", "21 ніч", "22 ночі", "112 ночей"],
    "kk": ["1 түн", "2 түн", "5 түн", "11 түн", "21 түн", "22 түн", "112 түн"],
    "ka": ["1 ღამე", "2 ღამე", "5 ღამე", "11 ღამე", "21 ღამე", "22 ღამე", "112 ღამე"],
}
BEDS = {
    "en": ["Almaty, 1 bed", "Almaty, 3 beds", "Almaty, 5 beds"],
    "ru": ["Almaty, 1 спальное место", "Almaty, 3 спальных места", "Almaty, 5 спальных мест"],
    "uk": ["Almaty, 1 спальне місце", "Almaty, 3 спальні місця", "Almaty, 5 спальних місць"],
    "kk": ["Almaty, 1 төсек орын", "Almaty, 3 төсек орын", "Almaty, 5 төсек орын"],
    "ka": ["Almaty, 1 საწოლი", "Almaty, 3 საწოლი", "Almaty, 5 საწოლი"],
}
DATES = {
    "en": ["27 September", "27 September 2022", "September 2022", "Tue", "18:05"],
    "ru": ["27 сентября", "27 сентября 2022", "Сентябрь 2022", "Вт", "18:05"],
    "uk": ["27 вересня", "27 вересня 2022", "Вересень 2022", "Вт", "18:05"],
    "kk": ["27 қыркүйек", "27 қыркүйек 2022", "Қыркүйек 2022", "Сс", "18:05"],
    "ka": ["27 სექტემბერი", "27 სექტემბერი 2022", "სექტემბერი 2022", "სამ", "18:05"],
}
"""The formats that the pages use; the last one is Django's TIME_FORMAT, for lists in the admin."""

languages = pytest.mark.parametrize("language", sorted(DATES))


@languages
def test_nights_are_counted_in_words(language: str) -> None:
    with override(language):
        said = [
            ngettext("%(counter)s night", "%(counter)s nights", count) % {"counter": count}
            for count in (1, 2, 5, 11, 21, 22, 112)
        ]

    assert said == NIGHTS[language]


@languages
def test_template_counts_beds_in_words(language: str) -> None:
    template = Template(
        "{% load i18n %}{% blocktranslate count beds=beds with place=place %}{{ place }}, {{ beds }} bed"
        "{% plural %}{{ place }}, {{ beds }} beds{% endblocktranslate %}"
    )

    with override(language):
        said = [template.render(Context({"beds": beds, "place": "Almaty"})) for beds in (1, 3, 5)]

    assert said == BEDS[language]


@languages
def test_dates_are_written_as_the_language_writes_them(language: str) -> None:
    with override(language):
        said = [formats.date_format(A_TUESDAY, pattern) for pattern in ("j E", "j E Y", "F Y", "D")]
        said.append(formats.time_format(AN_EVENING, "TIME_FORMAT"))

    assert said == DATES[language]


@languages
def test_week_begins_on_monday(language: str) -> None:
    with override(language):
        assert formats.get_format("FIRST_DAY_OF_WEEK") == 1


@languages
@pytest.mark.parametrize("written", ["04.03.2023", "2023-03-04"])
def test_day_is_never_read_as_a_month(language: str, written: str) -> None:
    with override(language):
        assert forms.DateField().clean(written) == date(2023, 3, 4)


@languages
def test_half_a_kilometre_has_the_comma_of_the_language(language: str) -> None:
    with override(language):
        said = formats.localize(2.5)

    assert said == ("2.5" if language == "en" else "2,5")
