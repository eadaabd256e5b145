"""One reader hears what people write for a place: sure where it has one meaning, and asking where it has several."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from places.earth import distance_km
from places.gazetteer import KnownPlace, all_places, directory
from places.hearing import LONGEST_READ, ONE_PLACE_KM, heard_in_files, noted, unmistakable
from places.names import SPELT_IN, key_of
from places.regions import described

LANGUAGES = ("en", *SPELT_IN)


def meant(text: str) -> tuple[str, str] | None:
    place = heard_in_files(text).one
    return (place.name, place.region) if place else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Аксу, Акмолинская область", ("Aksu", "KZ.03")),
        ("Аксу Акмолинская обл.", ("Aksu", "KZ.03")),
        ("Акмолинская область, Аксу", ("Aksu", "KZ.03")),
        ("Ақсу, Ақмола облысы", ("Aksu", "KZ.03")),
        ("Аксу, Акмолинська область", ("Aksu", "KZ.03")),
        ("აკსუ, აკმოლის ოლქი", ("Aksu", "KZ.03")),
        ("Aksu (Pavlodar Region)", ("Aksu", "KZ.11")),
        ("Аксу, Павлодар", ("Aksu", "KZ.11")),
        ("Аксу (Степногорск)", ("Aksu", "KZ.03")),
        ("Каракуль, Узбекистан", ("Karakul’", "UZ.02")),
        ("Казахстан, Алматы", ("Almaty", "KZ.02")),
        ("Almaty Kazakhstan", ("Almaty", "KZ.02")),
        ("Алматы, Алматинская область", ("Almaty", "KZ.02")),
        ("Шымкент ЮКО", ("Shymkent", "KZ.1537272")),
        ("Семей, ВКО", ("Semey", "KZ.12510143")),
        ("Петропавловск СКО", ("Petropavl", "KZ.16")),
        ("Уральск/Орал", ("Oral", "KZ.07")),
        ("Нур-Султан (Астана)", ("Astana", "KZ.05")),
        ("Aлмaты", ("Almaty", "KZ.02")),  # with two Latin letters
        ("Актау", ("Aktau", "KZ.09")),
        ("КПП Сырым", ("Syrym", "KZ.07")),
        ("Ларс, граница", ("Verkhny Lars", "GE.69")),
    ],
)
def test_text_with_one_meaning_is_heard(text: str, expected: tuple[str, str]) -> None:
    assert meant(text) == expected


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("Аксу", ["KZ.11", "KZ.10", "KZ.03"]),
        ("Аксу, РК", ["KZ.11", "KZ.10", "KZ.03"]),
        ("Алматы, Узбекистан", ["KZ.02"]),
        ("Павлодар, Экибастуз", ["KZ.11", "KZ.11"]),
        ("Абай", ["KZ.12", "KZ.10"]),
    ],
)
def test_text_with_several_meanings_is_asked(text: str, regions: list[str]) -> None:
    heard = heard_in_files(text)

    assert (heard.sure, heard.exact, [place.region for place in heard.places]) == (False, True, regions)


@pytest.mark.parametrize("text", ["Алмата", "Алмты", "Almatu", "Алмата, Казахстан", "ალმატი", "Алмати́", "АЛМААТЫ"])
def test_slip_gets_a_short_list_with_the_place_first(text: str) -> None:
    heard = heard_in_files(text)

    assert (heard.places[0].name, len(heard.places) <= 10) == ("Almaty", True)


@pytest.mark.parametrize("text", ["не знаю", "I don't know where I am", "білмеймін", "не знаю де я", "არ ვიცი სად ვარ"])
def test_who_is_lost_is_heard(text: str) -> None:
    assert (heard_in_files(text).lost, heard_in_files(text).sure) == (True, False)


@pytest.mark.parametrize("text", ["граница", "на границе", "border", "шекара", "кордон", "საზღვარი"])
def test_border_means_its_crossings(text: str) -> None:
    assert {place.kind for place in heard_in_files(text).places} == {"crossing"}


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("Almaty or Taldykorgan", ["Taldykorgan"]),
        ("Алматы или Талдыкорган", ["Taldykorgan"]),
        ("Алматы немесе Талдықорған", ["Taldykorgan"]),
        ("Алмати або Талдикорган", ["Taldykorgan"]),
        ("Алматы; Талдыкорган", ["Taldykorgan"]),
        ("Алматы / Almaty", []),
    ],
)
def test_second_place_is_left_for_the_coordinator(text: str, others: list[str]) -> None:
    heard = heard_in_files(text)

    assert (heard.one and heard.one.name, [place.name for place in heard.others], heard.left) == (
        "Almaty",
        others,
        bool(others),
    )


def near(one: KnownPlace, other: KnownPlace) -> bool:
    return distance_km(one.lat, one.lon, other.lat, other.lon) <= ONE_PLACE_KM


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_name_a_place_are_never_heard_as_another(language: str) -> None:
    asked = 0
    for place in all_places():
        alike = [each for each in directory().named(key_of(place.called(language))) if each != place]
        heard = heard_in_files(described([place, *alike], language, all_places())[0])
        asked += not heard.sure
        assert heard.places
        assert not heard.sure or near(heard.places[0], place), (language, place, heard.places[0])
    print(f"{language}: {asked} of {len(all_places())} places are asked for although their region is named")


def test_name_in_an_export_is_heard_as_its_place_or_asked() -> None:
    for place in all_places():
        heard = heard_in_files(unmistakable(place))
        assert not heard.sure or near(heard.places[0], place), place


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    heard = heard_in_files(text)

    assert not heard.sure or heard.exact
    assert len(heard.written) <= LONGEST_READ + 1


def test_note_is_kept_once() -> None:
    once = noted("With a pram.", "Almaty or Oral")

    assert (once, noted(once, "Almaty or Oral")) == ("With a pram.\n📍 Almaty or Oral", once)


@pytest.mark.parametrize("language", SPELT_IN)
def test_every_place_has_a_name_in_every_language(language: str) -> None:
    assert [place.name for place in all_places() if not dict(zip(SPELT_IN, place.spelt, strict=True))[language]] == []
