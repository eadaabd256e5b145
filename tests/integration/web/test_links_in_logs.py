"""A one-tap link answers for whoever has it, so no line of a log holds one: Django's, gunicorn's, or the proxy's."""

from __future__ import annotations

import importlib
import logging
import logging.config
import re
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as service
from django.test import Client
from gunicorn.config import Config
from gunicorn.glogging import Logger

from notifications.taps import link_to
from shelter import gunicorn_conf
from shelter.logs import WithoutPeople, without_links
from tests import people
from tests.people import Person
from tests.unit.documents import ROOT

TOKEN = "12.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP-"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (f"Not Found: /t/{TOKEN}/", "Not Found: /t/…/"),
        (
            f"GET https://shelter.example.org/t/{TOKEN}/accept/?x=1 410",
            "GET https://shelter.example.org/t/…/accept/?x=1 410",
        ),
        (f"two: /t/{TOKEN} '/t/{TOKEN}'", "two: /t/… '/t/…'"),
        ("/need/people/ and /static/t.css", "/need/people/ and /static/t.css"),
    ],
)
def test_token_is_left_out_and_nothing_else(line: str, kept: str) -> None:
    assert without_links(line) == kept


def lines_of(formatter: logging.Formatter, act: Any) -> str:
    """Return what `act` logs, in the lines of this formatter."""
    out = StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    try:
        act()
    finally:
        logging.getLogger().removeHandler(handler)
    return out.getvalue()


def formatter_of_the_service() -> logging.Formatter:
    logging.config.dictConfig({**service.LOGGING, "root": {"level": "INFO"}})
    form = dict(service.LOGGING["formatters"]["plain"])
    module, _dot, name = form.pop("()").rpartition(".")
    made: logging.Formatter = getattr(importlib.import_module(module), name)(form["format"], style=form["style"])
    return made


@pytest.mark.django_db
@pytest.mark.parametrize("plain", [False, True])
def test_no_failing_link_stands_in_django_s_log(
    plain: bool, hanna: Person, amira: Person, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every answer that Django logs: unknown, over, wrong method, and a failure. Plain lines are the negative control."""
    match = people.proposed(people.request(amira.arrival), people.space(hanna.host))
    note = hanna.user.notifications.first()
    link = link_to(note) if note else f"{service.SITE_URL}/t/{TOKEN}/"
    address = link.removeprefix(service.SITE_URL)
    client = Client(raise_request_exception=False)

    def call() -> None:
        client.get(f"/t/{TOKEN}/")
        client.put(address)
        client.post(f"{address}accept/")
        monkeypatch.setattr("matching.web.tap.taps", None)
        client.get(address)

    said = lines_of(logging.Formatter("{message}", style="{") if plain else formatter_of_the_service(), call)

    assert match is not None
    assert "/t/" in said
    found = re.findall(r"/t/([^/…\s]+)/", said)
    assert bool(found) == plain


def test_gunicorn_writes_no_link_and_no_line_for_a_request(capfd: pytest.CaptureFixture[str]) -> None:
    assert gunicorn_conf.accesslog is None
    assert issubclass(gunicorn_conf.Log, Logger)
    log = gunicorn_conf.Log(Config())
    try:
        raise ValueError(f"no view for /t/{TOKEN}/")
    except ValueError:
        log.exception("Error handling request %s", f"/t/{TOKEN}/")
    finally:
        for handler in log.error_log.handlers:
            assert isinstance(handler.formatter, WithoutPeople)
            handler.flush()

    said = capfd.readouterr().err
    assert "Error handling request /t/…/" in said
    assert TOKEN not in said


def test_proxy_leaves_requests_out_of_its_lines_and_keeps_no_log_of_them() -> None:
    """Caddy logs requests only where a site says `log`; in lines on failures the request is a field."""
    text = (ROOT / "Caddyfile").read_text()
    settings_of_all, site = text.split("{$SHELTER_HOST}")

    assert re.search(r"fields \{\s*request delete\s*\}", settings_of_all)
    assert not re.search(r"^\s*log\b", site, re.M)
