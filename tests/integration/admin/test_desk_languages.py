"""No page of the desk shows an English word to a person who reads another language: the tests open and read every page.

Russian, Kazakh, Ukrainian and Georgian have letters of their own, so every word in Latin letters is suspicious. Languages
in the Latin script (`LATIN`) are left out. Allowed are the words that people typed (`typed`), names that are the same in
every language, and codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from accounts import second_factor
from accounts.desk_passkeys import ADDING
from accounts.models import Authenticator, User
from matching.models import Incident, Match, ShelterRequest, Space
from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS
from matching.states import Status
from notifications.models import ContactPoint, Notification
from places.gazetteer import all_places
from places.models import Place
from shelter import translations
from tests import people
from tests.desk_pages import LOOKED_AT_NOWHERE, everything, names_of_addresses
from tests.examples import ALL_EXAMPLES
from tests.people import PASSWORD, Person

pytestmark = [pytest.mark.django_db, pytest.mark.once]

SAME_EVERYWHERE = (
    "Shanyrak",  # the name of the service
    *(
        "CSV",
        "Excel",
        "csv",
        "XLSX",
        "ODS",
        "JPEG",
        "PNG",
        "WebP",
        "UTF",
        "Windows",
        "NUL",
    ),  # kinds of files, and what they contain
    *("SMS", "Telegram", "API"),
    "English",  # The choice of languages shows each language's own name.
    *("ru", "kk", "en", "uk", "ka", "xx"),  # codes of languages, as volunteers write them in their sheets
    "docs/states.md",  # a page of the documents, named beside the settings
    *("True", "False"),  # Django's icons for yes and no: their text cannot be translated.
    *("argon2", "argon2id"),  # the algorithm of a password's hash, shown to superusers
)
"""Words that are written in Latin letters in every language."""

LATIN: frozenset[str] = frozenset()
"""Languages written in Latin letters. Their pages are not read for English: this test cannot tell it from their own words."""

IN_SHEETS = ("yes", "no", "SPACES", "REQUESTS", *SPACE_COLUMNS, *REQUEST_COLUMNS)
"""Words that the sheet format itself demands in every language; allowed only on the pages of sheets."""

UNSEEN = re.compile(r"<(script|style|code|q)\b.*?</\1>", re.DOTALL)
"""Elements that nobody reads as our sentences.

`code` holds names of a sheet's columns and of errors in the program, `q` quotes the words of a provider.
"""
READ_ALOUD = re.compile(r'\b(?:alt|title|aria-label|aria-description|placeholder|label|value)="([^"]*)"')
MASKED = re.compile(r"[^\s|]+\*{3,}")
"""The visible beginning of a masked salt or hash."""
LATIN_WORDS = re.compile(r"[A-Za-z]{2,}(?:[ ,.'-]+[A-Za-z]{2,})*")


def said_on(page: str) -> str:
    """Return the text a page shows or has read aloud: texts, titles, labels, placeholders, and words of buttons."""
    body = UNSEEN.sub(" ", page)
    body = re.sub(r'<input\b[^>]*type="(?:hidden|radio|checkbox)"[^>]*>', " ", body)
    heard = " | ".join(READ_ALOUD.findall(re.sub(r"<(?:option|button)\b[^>]*>", " ", body)))
    return re.sub(r"\s+", " ", MASKED.sub(" ", unescape(re.sub(r"<[^>]+>", " | ", body) + " | " + heard)))


# -- the words that are allowed ---------------------------------------------------------------------


def typed() -> list[str]:
    """Return the words that people typed and the numbers of rows, as they appear on pages, the longest first."""
    found = {"at home after six", "the stairs", "a busy week", "the road is shut", "call after nine", "wrong"}
    found |= {name for row in User.objects.all() for name in (row.username, row.name)}
    found |= {point.address for point in ContactPoint.objects.all()}
    found |= {f"{place.name}, {place.country}" for place in Place.objects.all()}
    found |= {words for place in Place.objects.all() for words in (place.name, place.country)}
    found |= {place.name for place in all_places() if place.country in ("KZ", "GE")}  # on the map
    for model in (Incident, Match, ShelterRequest, Space):
        for pk in model.objects.values_list("pk", flat=True):
            found |= {str(pk), str(pk)[:8]}
    found |= {space.address for space in Space.objects.all()} | {asked.notes for asked in ShelterRequest.objects.all()}
    return sorted((each for each in found if each), key=len, reverse=True)


def english_in(text: str, allowed: list[str]) -> list[str]:
    """Return the phrases in Latin letters that are not `allowed`."""
    there = "|".join(re.escape(words) for words in allowed if words in text)
    text = re.sub(rf"(?<![A-Za-z])(?:{there})(?![A-Za-z])", " ", text) if there else text
    return sorted(set(LATIN_WORDS.findall(text)))


# -- the walk ---------------------------------------------------------------------------------------

CHOSEN = "зелёные-окна-над-рекой"
"""The password that Nurlan chooses."""
SHOWN_ONCE = ("secret", "codes", "password", "address")
"""The names of codes and secrets made at random, in a page's context."""


def read(client: Client, address: str, posted: dict[str, Any] | None, allowed: list[str]) -> list[str]:
    """Return the English words on one page, either opened, or posted to and followed."""
    answer = client.get(address, follow=True) if posted is None else client.post(address, posted, follow=True)
    if not answer.headers["Content-Type"].startswith("text/html"):
        return []
    shown = [answer.context.get(name) for name in SHOWN_ONCE] if answer.context else []
    once = [str(each) for value in shown if value for each in (value if isinstance(value, list) else [value])]
    sheets = IN_SHEETS if "/sheetimport/" in address else ()
    return english_in(said_on(answer.content.decode()), [*once, *allowed, *SAME_EVERYWHERE, *sheets])


def the_door(client: Client, allowed: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Sign Carla in twice, the first time with set-up, and read every page of the door; she is signed in at the end.

    Nurlan opens his invitation, and at the end Carla adds a passkey.
    """

    def at(address: str, **posted: str) -> tuple[str, list[str]]:
        return f"{address} {sorted(posted)}", read(client, address, posted or None, allowed)

    login, code, set_up = "/admin/login/", "/admin/login/code/", "/admin/login/set-up/"
    passkey, new_passkey = reverse("admin:login_passkey"), reverse("admin:keys_passkey")
    invited = Notification.objects.filter(recipient__username="nurlan", event="invitation").latest("pk")
    invitation = reverse("admin:login_invitation", args=[invited.secret])
    now = timezone.now()
    assert client.get(invitation).status_code == client.get(passkey).status_code == 200
    yield at(invitation)
    yield at(invitation, password="12345", again="1234")
    yield at(invitation, password=CHOSEN, again=CHOSEN)
    yield at(f"{invitation}?over")
    yield at(passkey)
    yield at(passkey, answer="{}")
    yield at(login)
    yield at(login, username="", password="")
    yield at(login, username="carla", password="wrong")
    yield at(login, username="carla", password=PASSWORD)
    yield at(set_up, code="000000")
    secret = Authenticator.objects.get(user__username="carla").secret
    yield at(set_up, code=second_factor.digits_now(secret, at=now))
    yield at("/admin/logout/", now="yes")
    yield at(login, username="carla", password=PASSWORD)
    yield at(code, code="000000")
    yield at(f"{code}?recovery")
    next_step = now + timedelta(seconds=second_factor.STEP_SECONDS)
    yield at(code, code=second_factor.digits_now(secret, at=next_step))
    assert client.get("/admin/").status_code == 200
    session = client.session
    session[ADDING] = now.timestamp()  # as a code on the page of keys does
    session.save()
    assert client.get(new_passkey).status_code == 200
    yield at(new_passkey)
    yield at(new_passkey, name="", answer="{}")
    yield at(new_passkey, name="Телефон", answer="{}")


TRIED = [code for code in translations.languages() if code not in LATIN and (ALL_EXAMPLES or code in ("ru", "ka"))]
"""A sentence that nobody marked for translation is English in each of them: two are enough but in `make proof`."""


@pytest.mark.parametrize("language", TRIED)
def test_no_page_of_the_desk_has_a_word_of_english(language: str, settings: Any) -> None:
    settings.SITE_URL = "https://somewhere.example"  # Passkeys need a domain.
    with override("en"):  # A row that holds a sentence holds it in the language of its writer: the page would show it.
        there = everything(language)
        stops = there.stops()
    client, allowed = Client(headers={"accept-language": language}), typed()

    found = dict(the_door(client, allowed))
    found |= {str(stop): read(client, stop.address, stop.posted, allowed) for stop in stops}

    pages_with: dict[str, list[str]] = {}
    for where, words in found.items():
        for word in words:
            pages_with.setdefault(word, []).append(where)
    assert not pages_with, "\n".join(f"{word}: {', '.join(pages[:3])}" for word, pages in pages_with.items())


def test_every_address_of_the_desk_is_looked_at() -> None:
    looked_at = {stop.name for stop in everything("ru").stops()}

    assert looked_at | set(LOOKED_AT_NOWHERE) == names_of_addresses()
    assert looked_at & set(LOOKED_AT_NOWHERE) == set()


def test_a_word_that_is_not_translated_is_found(carla: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a column and a filter without a translation are found, in a text and in a title."""
    people.match_in(
        Status.CONFIRMED, people.request(people.amira(name="Амира").arrival), people.space(people.hanna().host)
    )
    User.objects.update(language="ru")
    client, address = people.desk_client(carla), "/admin/matching/match/"
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "ru"
    assert read(client, address, None, typed()) == []

    monkeypatch.setattr(Match._meta.get_field("people"), "verbose_name", "sleepers")
    monkeypatch.setattr(Match._meta, "verbose_name_plural", "pairings of two")

    assert read(client, address, None, typed()) == ["Pairings of two", "Sleepers"]


def test_words_are_read_wherever_they_stand() -> None:
    page = """<p title="a title">Слово<img alt="a picture"><input placeholder="type here"><input type="submit" value="Go on">
        <select><option value="unread">an option</option></select><input type="hidden" value="unread"><code>unread</code>
        <a aria-label="a label" href="/unread/">ссылка</a><script>unread</script> Telegram, Almaty</p>"""

    assert english_in(said_on(page), ["Almaty", *SAME_EVERYWHERE]) == [
        *("Go on", "an option", "label", "picture", "title", "type here"),
    ]
