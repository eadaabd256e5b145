"""Somebody at the real site, by HTTP: with cookies, with a sentinel as user agent, and from a sentinel address."""

from __future__ import annotations

import re
from itertools import cycle
from typing import Any

import httpx

from tests.sentinel.words import AGENT, IPV4, IPV6

SOURCES = cycle((IPV4, IPV6))

ONE_USE = httpx.Limits(max_keepalive_connections=0)
"""The server closes a connection on which nothing came for two seconds; a request sent at that moment would be lost."""


class Visitor:
    """A browser, or with `token` a program at the API."""

    def __init__(self, site: str, *, session: str = "", token: str = "") -> None:
        self.http = httpx.Client(base_url=site, follow_redirects=True, timeout=120, limits=ONE_USE)
        self.token = token
        if session:
            self.http.cookies["sessionid"] = session

    @property
    def headers(self) -> dict[str, str]:
        said = {"User-Agent": AGENT, "X-Forwarded-For": next(SOURCES), "Accept-Language": "en"}
        return said | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(path, params=query or None, headers=self.headers)

    def post(
        self, path: str, fields: dict[str, Any] | None = None, *, files: Any = None, **headers: str
    ) -> httpx.Response:
        """Post a form; the token of the form is the cookie's, as in any browser."""
        if "csrftoken" not in self.http.cookies:
            self.get("/need/people/")
        own = {"X-CSRFToken": self.http.cookies.get("csrftoken", ""), "Referer": f"{self.http.base_url}{path}"}
        return self.http.post(path, data=fields or {}, files=files, headers=self.headers | own | headers)

    def send(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Post JSON to the API."""
        return self.http.post(path, json=body, headers=self.headers | headers)

    def answer(self, flow: str, questions: list[Any], answers: dict[str, dict[str, Any]]) -> httpx.Response:
        """Answer the questions of a flow, in the order in which the pages ask them; return the page with all answers."""
        response = self.get(f"/{flow}/{questions[0].name}/")
        for _each in questions:
            here = response.url.path
            if here.endswith("/check/"):
                break
            response = self.post(here, answers[here.split("/")[2]])
        assert response.url.path.endswith("/check/"), (response.url, response.text[-3000:])
        found = re.search(r'name="token" value="([^"]+)"', response.text)
        assert found
        return self.post(response.url.path, {"token": found[1]})
