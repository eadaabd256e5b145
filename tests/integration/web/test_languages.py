"""No page says anything in English to a person who reads another language: the tests crawl and read every page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils.translation import override

from matching.models import Match
from matching.states import Status
from shelter import translations
from tests import people
from tests.integration.web.walks import answer_need, answer_offer, latest_code, send
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.once]
OTHERS = translations.languages()

# -- reading ----------------------------------------------------------------------------------------

READ_ALOUD = re.compile(r'\b(?:alt|title|aria-label|placeholder|content)="([^"]*)"')
ANYTHING_FILLED_IN = re.compile(r"%\(\w+\)\w|\{\w*\}")
THREE_LATIN_WORDS = re.compile(r"\b[A-Za-z]{2,}(?:[ ,;:.]+[A-Za-z]{2,}){2,}")
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")


def said_on(page: str) -> str:
    """Return the text that a page shows or has read aloud, without the markup and without sections in another language."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    if own := re.search(r'<html lang="(\w+)"', body):  # The sheet to hang up speaks all languages at once.
        body = re.sub(rf'<section lang="(?!{own[1]}")\w+">.*?</section>', " ", body, flags=re.S)
    heard = " | ".join(READ_ALOUD.findall(body))
    shown = re.sub(r"<[^>]+>", " | ", body)
    return re.sub(r"\s+", " ", unescape(f"{shown} | {heard}"))


@cache
def english() -> list[str]:
    """Return our English strings of more than three words, cut into pieces at their placeholders."""
    pieces = set()
    for message in translations._messages(translations.own_strings()):
        for words in translations._said(message):
            pieces |= {re.sub(r"\s+", " ", piece).strip() for piece in ANYTHING_FILLED_IN.split(words)}
    return sorted(piece for piece in pieces if len(piece.split()) > 3)


def untranslated(text: str, pieces: list[str]) -> list[str]:
    return [piece for piece in pieces if piece in text]


def crawl(client: Client, start: str, within: str = "/") -> Iterator[tuple[str, str]]:
    """Yield (address, text) of `start` and of every page under `within` that it links to, each kind of page once."""
    ahead, seen = [start], {IDENTIFIER.sub("0", start)}
    while ahead:
        address = ahead.pop(0)
        response = client.get(address, follow=True)
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            continue
        page = _page(response)
        yield address, said_on(page)
        for link in re.findall(r'<a\b[^>]*\shref="([^"#]+)', page):
            path = urlsplit(urljoin(response.request["PATH_INFO"], unescape(link)))
            kind = IDENTIFIER.sub("0", path.path)
            ours = (
                not path.netloc and kind.startswith(within) and not re.search(r"^/(static|api)/|sign-out|logout", kind)
            )
            if ours and kind not in seen:
                seen.add(kind)
                ahead.append(path.path)


def _page(response: HttpResponse) -> str:
    return response.content.decode()


def browser(language: str) -> Client:
    return Client(headers={"accept-language": language})


# -- the pages --------------------------------------------------------------------------------------


def pages_for_strangers(language: str) -> Iterator[tuple[str, str]]:
    """Yield the public pages, every question answered badly and then well, and the pages for faults."""
    yield from crawl(browser(language), "/")
    yield from crawl(browser(language), "/case/")
    yield from crawl(browser(language), "/host/sign-in/")
    for walk in (_need_walked(language), _offer_walked(language)):
        yield from ((response.request["PATH_INFO"], said_on(_page(response))) for response in walk)
    templates = Path(settings.BASE_DIR, "templates")
    for name in sorted(path.name for path in templates.glob("*.html") if re.match(r"\d{3}|maintenance", path.name)):
        with override(language):
            yield name, said_on(render_to_string(name, {}, request=RequestFactory().get("/")))


def _need_walked(language: str) -> Iterator[HttpResponse]:
    client = browser(language)
    check = answer_need(client, reach={"contact": "", "name": "", "notes": ""})
    yield check
    yield from _answered_badly(client, "need", check)
    yield send(client, check)
    yield client.post("/need/done/", follow=True)


def _offer_walked(language: str) -> Iterator[HttpResponse]:
    client = browser(language)
    check = answer_offer(client)
    yield check
    yield from _answered_badly(client, "offer", check)
    yield send(client, check)
    yield client.post("/offer/code/", {"code": "12"}, follow=True)


def _answered_badly(client: Client, name: str, check: HttpResponse) -> Iterator[HttpResponse]:
    """Yield each question answered with nothing, and with values that make no sense."""
    for address in sorted(set(re.findall(rf'href="(/{name}/[a-z]+/)[^"]*"', _page(check)))):
        form = re.findall(r'name="(\w+)"', _page(client.get(address)))
        for typed in ("", "-7", "1,2,3,4,5,6,7,8,9"):
            yield client.post(address, {field: typed for field in form if field != "csrfmiddlewaretoken"})


def pages_of_matches(language: str) -> Iterator[tuple[str, str]]:
    """Yield the pages of an arrival and a host for a match in every status, with every act that each may do."""
    for status in [*Status, None]:
        arrival = people.amira(language=language)
        host = people.hanna(language=language, contact=f"hanna-{status}@example.org")
        if status is None:
            people.request(arrival.arrival)
            people.space(host.host)
        else:
            match = people.match_since_yesterday(status, arrival.arrival, host.host)
        for person, start in ((arrival, "/case/"), (host, "/host/")):
            client = browser(language)
            client.force_login(person.user)
            yield from crawl(client, start, within=start)
            if status == Status.CONFIRMED:
                opened = client.post(f"{start}match/{match.pk}/contact/", follow=True)
                yield f"{start}match/{match.pk}/contact/", said_on(_page(opened))


@pytest.mark.parametrize("language", OTHERS)
def test_no_page_for_strangers_says_anything_in_english(language: str) -> None:
    pieces = english()
    read = list(pages_for_strangers(language))

    assert [(where, untranslated(text, pieces)) for where, text in read if untranslated(text, pieces)] == []
    assert [(where, latin) for where, text in read for latin in THREE_LATIN_WORDS.findall(text)] == []
    assert {"/", "/need/", "/offer/", "/case/", "/need/check/", "/offer/check/", "404.html"} <= {w for w, _ in read}


@pytest.mark.parametrize("language", OTHERS)
def test_no_page_of_a_match_says_anything_in_english(language: str) -> None:
    pieces = english()
    read = list(pages_of_matches(language))

    assert [(where, untranslated(text, pieces)) for where, text in read if untranslated(text, pieces)] == []
    assert [(where, latin) for where, text in read for latin in THREE_LATIN_WORDS.findall(text)] == []
    assert {"/case/match/0/decline/", "/case/match/0/contact/", "/host/match/0/no_show/", "/host/match/0/contact/"} <= {
        IDENTIFIER.sub("0", where) for where, _text in read
    }


@pytest.mark.parametrize("language", OTHERS)
def test_no_page_of_the_admin_says_anything_of_ours_in_english(
    language: str, carla: Person, signed_in: Callable[[Person], Client]
) -> None:
    pieces = english()
    for status in (Status.PROPOSED, Status.CONFIRMED):
        host = people.hanna(contact=f"hanna-{status}@example.org")
        people.match_in(status, people.request(people.amira().arrival), people.space(host.host))
    carla.user.language = language
    carla.user.save(update_fields=["language"])
    client = signed_in(carla)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

    read = list(crawl(client, "/admin/", within="/admin/"))

    assert [(where, untranslated(text, pieces)) for where, text in read if untranslated(text, pieces)] == []
    shown = [IDENTIFIER.sub("0", where) for where, _text in read]
    assert f"/admin/matching/match/{IDENTIFIER.sub('0', str(Match.objects.latest('pk').pk))}/change/" in shown


@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_each_language_is_offered_by_its_own_name(language: str) -> None:
    page = _page(browser(language).get("/"))

    offered = re.findall(r'name="language" value="(\w\w)"[^>]*>([^<]+)<', page)
    assert [(code, name.strip()) for code, name in offered] == settings.LANGUAGES


def test_english_that_is_left_is_found() -> None:
    """The negative control: the English pages contain our English."""
    pieces = english()
    read = dict(pages_for_strangers("en"))

    assert untranslated(read["/"], pieces) != []
    assert THREE_LATIN_WORDS.findall(read["/"]) != []
    assert untranslated(read["404.html"], pieces) != []


@pytest.mark.parametrize("language", OTHERS)
def test_code_is_asked_for_in_the_language_of_the_page(language: str) -> None:
    host = people.hanna(language=language)
    client = browser(language)
    client.post("/host/sign-in/", {"contact": host.contact}, follow=True)

    page = said_on(_page(client.post("/host/code/", {"code": "000000"}, follow=True)))

    assert untranslated(page, english()) == []
    assert latest_code(host.user.pk) not in page


@pytest.mark.parametrize(
    ("asked", "read"), [("en", "en"), ("ka-GE,en;q=0.5", "ka"), ("fr", "uk"), ("*", "uk"), ("", "uk")]
)
def test_pages_stay_in_the_language_of_the_browser_after_signing_in(asked: str, read: str) -> None:
    """The language of an account that came by a sheet was guessed; it counts where the browser asks for none of ours."""
    amira = people.amira(language="uk")
    client = Client(headers={"accept-language": asked} if asked else {})
    client.force_login(amira.user)

    pages = [client.get("/case/").content.decode() for _again in range(2)]

    assert [re.search(r'<html lang="(\w+)"', page)[1] for page in pages] == [read, read]  # type: ignore[index]
