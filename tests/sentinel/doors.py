"""Every address of the service with sentinels in every part of a request, by everybody; and every failure at every place."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from django.urls import URLPattern, URLResolver, get_resolver

from shelter.celery import app
from tests.processes import wait_for
from tests.sentinel import words
from tests.sentinel.acts import Cast
from tests.sentinel.breaking import FAILURES, HEADER
from tests.sentinel.visitor import ONE_USE, Visitor

ENDS_THE_SESSION = ("sign-out", "logout", "leave/", "/end/", "sessions/", "tokens/", "password")
TAKES_AWAY = ("undo-all", "delivery/again/")
"""Acts on everything at once, after which less would be there to be searched."""
STOCK = re.compile(r"/admin/\w+/\w+/(<path:object_id>/((history|delete)/)?|add/)$")
"""Django's own pages, which are the same for every model; each model's list and change page are called."""
FIELDS = re.compile(r'name="(\w+)"')
NAMES = (
    *(
        "name",
        "contact",
        "to",
        "code",
        "case_number",
        "secret",
        "address",
        "directions",
        "notes",
        "note",
        "reason",
        "reach",
    ),
    *(
        "happened",
        "place",
        "q",
        "next",
        "username",
        "password",
        "file_name",
        "text",
        "search",
        "language",
        "why",
        "field",
    ),
    *(
        "request",
        "space",
        "seen",
        "act",
        "kind",
        "form",
        "token",
        "key",
        "contact_1",
        "first_night",
        "people",
        "beds",
        "windows",
    ),
)
HEADERS = (
    "Accept-Language",
    "Referer",
    "Origin",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "X-Requested-With",
    "Cookie2",
    "Host2",
)


def routes() -> list[str]:
    return [f"/{route}" for route in _routes(get_resolver().url_patterns)]


def _routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns, route)
        elif isinstance(each, URLPattern) and route not in ("source.tar.gz", "styleguide/"):
            yield route


def at(route: str, sentinel: str) -> str:
    """Return the address of a route, with the sentinel for every argument that takes a text."""

    def filled(found: re.Match[str]) -> str:
        kind = found[1] or ""
        if kind == "uuid:":
            return "5f0c7b9e-3d4b-4ac5-9d41-0d7b3a4b8f11"
        if kind == "int:":
            return words.PHONE.strip("+")[:18]
        return words.PHONE.strip("+") if kind == "slug:" else quote(sentinel, safe="")

    there = re.sub(r"<(\w+:)?\w+>|\(\?P<\w+>(?:[^()]|\([^()]*\))*\)", filled, route)
    return there.translate({ord("^"): "", ord("$"): ""})


def ascii_only(text: str) -> str:
    return text if text.isascii() else quote(text)


def sweep(all_of: Cast) -> None:
    """Ask and post at every address, each with another kind of sentinel, by somebody of every role."""
    callers = [
        (all_of.visitor(), PAGES),
        (all_of.visitor(), API),
        (all_of.visitor(all_of.amira), PAGES),
        (all_of.visitor(all_of.hanna), PAGES),
        (all_of.visitor(all_of.lena), DESK),
        (all_of.visitor(all_of.amira, token=True), API),
        (all_of.visitor(all_of.carla, token=True), API),
    ]
    statuses: set[int] = set()
    with ThreadPoolExecutor(len(callers)) as threads:
        for found in threads.map(lambda each: _all_doors(*each), callers):
            statuses |= found
    # The doors were reached: pages, forms that are refused, strangers and wrong methods.
    assert {200, 400, 403, 404, 405, 422} <= statuses, statuses


API, DESK, PAGES = "/api/", "/admin/", "/"


def _part_of(route: str) -> str:
    return next(part for part in (API, DESK, PAGES) if route.startswith(part))


def _all_doors(caller: Visitor, part: str) -> set[int]:
    kinds, seen = cycle(words.TYPED.values()), set()
    signed_in = bool(caller.token or caller.http.cookies)
    caller.get("/need/people/")
    for route in routes():
        if _part_of(route) != part:
            continue
        if (signed_in and any(part in route for part in (*ENDS_THE_SESSION, *TAKES_AWAY))) or STOCK.match(route):
            continue
        sentinel = next(kinds)
        address, typed = at(route, sentinel), dict.fromkeys(NAMES, sentinel)
        headers = dict.fromkeys(HEADERS, ascii_only(sentinel))
        asked = caller.http.get(
            address, params={"q": sentinel, "next": sentinel}, headers=caller.headers | headers, follow_redirects=False
        )
        typed |= dict.fromkeys(FIELDS.findall(asked.text), sentinel)
        typed.pop("csrfmiddlewaretoken", None)
        if part == API:
            said = caller.http.post(address, json=typed, headers=caller.headers | headers, follow_redirects=False)
        else:
            own = {"X-CSRFToken": caller.http.cookies.get("csrftoken", ""), **caller.headers}
            said = caller.http.post(
                address, data=typed, headers=headers | own | {"Origin": _origin(caller)}, follow_redirects=False
            )
        seen |= {asked.status_code, said.status_code}
    return seen


def _origin(caller: Visitor) -> str:
    return str(caller.http.base_url).rstrip("/")


# -- failures --------------------------------------------------------------------------------------------------------


def break_everything(all_of: Cast) -> None:
    """Fail in each way, in the first middleware and in the view, at a page, the desk and the API; then in tasks."""
    person, desk = all_of.visitor(all_of.amira), all_of.visitor(all_of.lena)
    program = all_of.visitor(all_of.amira, token=True)
    seen = set()
    for failure in FAILURES:
        for place in ("first", "view"):
            head = {HEADER: f"{place}: {failure}"}
            for visitor, address in (
                (person, "/case/"),
                (desk, "/admin/matching/space/"),
                (program, "/api/v1/requests/"),
            ):
                said = visitor.post(f"{address}?q={quote(words.NAME)}", words.TYPED, **head)
                seen.add(said.status_code)
    assert seen >= {400, 500, 503}, seen
    _forged(all_of)
    _not_http(all_of)
    _tasks(all_of)


def _forged(all_of: Cast) -> None:
    """What Django calls suspicious: another host, another origin, a form without a token."""
    with httpx.Client(base_url=all_of.service.site, timeout=120, limits=ONE_USE) as client:
        for sentinel in words.TYPED.values():
            host = re.sub(r"[^a-z0-9.]", "", sentinel.lower()) or "x"
            assert client.get("/", headers={"Host": f"{host}.{words.EMAIL.partition('@')[2]}"}).status_code == 400
            headers = {"Origin": f"http://{host}", "Referer": f"http://{host}/{quote(sentinel)}"}
            assert client.post("/case/", data={"secret": sentinel}, headers=headers).status_code == 403
            client.post(
                f"/{quote(sentinel)}/",
                content=b'{"a": ' + sentinel.encode(),
                headers={"Content-Type": "application/json"},
            )
            client.request("BREW", f"/case/?{quote(sentinel)}")


def _not_http(all_of: Cast) -> None:
    """What gunicorn refuses before Django sees it."""
    site = urlsplit(all_of.service.site)
    for said in (
        f"GET /{words.PHONE} {words.EMAIL} HTTP/9.9\r\n\r\n",
        f"{words.NAME} / HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\n{words.NAME}: {words.NOTE}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: {words.PHONE}\r\n\r\n",
        f"POST /{words.EMAIL} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{words.ADDRESS}\r\n",
        f"GET /{'x' * 9000}{words.PHONE} HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with socket.create_connection((site.hostname or "", site.port or 80), timeout=5) as line:
            line.sendall(said.encode())
            with contextlib.suppress(TimeoutError, ConnectionError):
                line.recv(4096)


def _tasks(all_of: Cast) -> None:
    """Tasks that read a name and fail with it, and one that nobody knows."""
    log = all_of.service.folder / "logs" / "worker.log"
    for failure in (*FAILURES, "retry", "print"):
        app.send_task("sentinel.fail", args=[failure, all_of.amira.user.pk])
    app.send_task("sentinel.nobody_knows_this", args=[1])
    wait_for(
        lambda: log.read_text().count("raised unexpected") >= len(FAILURES) + 1,
        what="the failures of tasks",
        seconds=30,
    )
    wait_for(lambda: "sentinel.nobody_knows_this" in log.read_text(), what="an unknown task", seconds=30)
