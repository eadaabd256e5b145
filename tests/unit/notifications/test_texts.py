"""Every message in every language is complete, fits one SMS, and tells a stranger nothing."""

from __future__ import annotations

import re
from string import Formatter
from typing import Any

import pytest

from notifications.events import EVENTS
from notifications.texts import SMS_UNITS, TABLES, render, ucs2_units

# The longest value of each field: two-digit days, the month with the longest name, a whole case number.
FULL = {
    "case_number": "48217730",
    "code": "482177",
    "first_night": "2022-09-26",
    "last_day": "2022-12-31",
    "answer_by": "2022-09-26T12:00:00+00:00",
}
EVERY_TEXT = [(event, language) for event in EVENTS for language in TABLES]

TELLING_WORDS = {
    "en": r"shelter|refug|asylum|migra|\bhosts?\b|guest|\bbeds?\b|\bhomes?\b|\bstay|\bnights?\b|roof|\bchild|russia",
    "ru": r"приют|убежищ|беженц|мигрант|хозя|хост|гост[ьяею]|крова|ноч[ьиле]|жиль|прожив|ребён|ребен|росси",
    "uk": r"притул|біжен|мігрант|господар|хост|гост[яіею]|ліжк|\bніч\b|\bночі|житл|прожив|дитин|росі",
    "kk": r"баспана|босқын|көші|үй иесі|қонақ|төсек|\bтүн|тұрғын|бала|ресей",
    "ka": r"თავშესაფ|ლტოლვილ|მიგრანტ|მასპინძ|სტუმ|საწოლ|(?<!სა)ღამ|საცხოვრებ|ბავშვ|რუსეთ",
}


@pytest.fixture(autouse=True)
def _the_site(settings: Any) -> None:
    settings.SITE_URL = "https://somewhere.example"
    settings.TIME_ZONE = "Asia/Almaty"


def test_every_language_has_words_for_exactly_the_events_there_are() -> None:
    assert {language: set(table.TEXTS) for language, table in TABLES.items()} == {
        language: set(EVENTS) for language in TABLES
    }


def test_the_languages_are_those_of_the_service(settings: Any) -> None:
    assert set(TABLES) == {code for code, _name in settings.LANGUAGES}


@pytest.mark.parametrize(("event", "language"), EVERY_TEXT)
def test_render_fills_one_sms_at_most(event: str, language: str) -> None:
    text = render(event, language, FULL)

    assert 10 < ucs2_units(text.sms) <= SMS_UNITS


@pytest.mark.parametrize(("event", "language"), EVERY_TEXT)
def test_render_leaves_no_placeholder_open(event: str, language: str) -> None:
    text = render(event, language, FULL)

    assert [part for part in (text.subject, text.body, text.sms) if not part or re.search(r"[{}]|None", part)] == []


@pytest.mark.parametrize(("event", "language"), EVERY_TEXT)
def test_render_tells_a_stranger_nothing(event: str, language: str) -> None:
    text = render(event, language, FULL)

    assert re.findall(TELLING_WORDS[language], f"{text.subject}\n{text.body}\n{text.sms}".lower()) == []


@pytest.mark.parametrize(
    ("language", "telling"),
    [
        ("en", "a bed for the night"),
        ("ru", "приют на две ночи"),
        ("uk", "притулок на ніч"),
        ("kk", "бір түнге баспана"),
        ("ka", "თავშესაფარი ერთი ღამით"),
    ],
)
def test_the_telling_words_are_found_where_they_stand(language: str, telling: str) -> None:
    assert len(re.findall(TELLING_WORDS[language], telling)) == 2


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_uses_the_same_fields_in_every_language(event: str) -> None:
    def fields(template: str) -> set[str]:
        return {name for _text, name, _spec, _conversion in Formatter().parse(template) if name}

    used = {language: [fields(part) for part in table.TEXTS[event]] for language, table in TABLES.items()}

    assert used == dict.fromkeys(TABLES, used["en"])


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "en",
            [
                "From the evening of 26 September to the morning of 31 December.",
                "Please answer by 26 September, 18:00.",
            ],
        ),
        ("ru", ["С вечера 26 сентября до утра 31 декабря.", "Ответьте, пожалуйста, до 26 сентября, 18:00."]),
        ("uk", ["З вечора 26 вересня до ранку 31 грудня.", "Будь ласка, дайте відповідь до 26 вересня, 18:00."]),
        ("kk", ["26 қыркүйек күні кештен 31 желтоқсан күні таңға дейін.", "Жауап беру мерзімі: 26 қыркүйек, 18:00."]),
        ("ka", ["პერიოდი: 26 სექტემბერი (საღამო) – 31 დეკემბერი (დილა).", "პასუხის ბოლო ვადა: 26 სექტემბერი, 18:00."]),
    ],
)
def test_render_writes_dates_the_way_of_the_language(language: str, lines: list[str]) -> None:
    assert render("host_asked", language, FULL).body.split("\n\n")[1:3] == lines


@pytest.mark.parametrize(
    ("language", "short"),
    [
        ("en", "26 Sep, 18:00"),
        ("ru", "26.09, 18:00"),
        ("uk", "26.09, 18:00"),
        ("kk", "26.09, 18:00"),
        ("ka", "26.09, 18:00"),
    ],
)
def test_render_names_the_deadline_in_the_sms(language: str, short: str) -> None:
    assert (
        short in render("host_asked", language, FULL).sms,
        short in render("arrival_asked", language, FULL).sms,
    ) == (
        True,
        True,
    )


@pytest.mark.parametrize(
    ("event", "page"),
    [
        ("host_asked", "https://somewhere.example/"),
        ("arrival_asked", "https://somewhere.example/case/"),
        ("proposals_waiting", "https://somewhere.example/admin/"),
        ("match_frozen", "https://somewhere.example/"),
    ],
)
def test_render_points_to_the_page_of_the_recipient(event: str, page: str) -> None:
    assert render(event, "en", FULL).body.split("\n\n")[-1] == f"Your page: {page}"


def test_render_links_in_the_sms_where_it_fits(settings: Any) -> None:
    settings.SITE_URL = "https://s.kz"

    texts = [render(event, "en", FULL).sms for event in ("host_checked_in", "host_asked")]

    assert texts == [
        "All began as planned. Thank you! https://s.kz/",
        "There is a question for you. Please answer by 26 Sep, 18:00.",
    ]


@pytest.mark.parametrize("language", TABLES)
def test_render_keeps_a_code_out_of_the_subject_and_links_away_from_it(language: str) -> None:
    text = render("sign_in_code", language, FULL)

    assert ("482177" in text.sms, "482177" in text.body, "482177" in text.subject) == (True, True, False)
    assert re.findall(r"https?:", text.sms + text.body) == []


def test_render_leaves_the_dates_out_where_there_are_none() -> None:
    text = render("host_vetted", "en", {})

    assert text.body.split("\n\n")[1:] == ["Your page: https://somewhere.example/"]


def test_render_falls_back_to_the_language_of_the_service(settings: Any) -> None:
    settings.LANGUAGE_CODE = "uk"

    assert render("host_vetted", "tlh", {}) == render("host_vetted", "uk", {})


def test_render_refuses_an_event_without_words() -> None:
    with pytest.raises(KeyError):
        render("weather_report", "en", {})


def test_ucs2_units_count_the_units_of_an_sms() -> None:
    assert [ucs2_units(text) for text in ("Алматы", "თბილისი", "ok 👍")] == [6, 7, 5]
