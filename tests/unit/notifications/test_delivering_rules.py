"""The rules of delivery that need no database: back-off, quiet hours, Retry-After (RFC 9110), and configuration."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import httpx
import pytest

from notifications.channels.gateway import retry_after
from notifications.checks import nobody_is_told_by_the_log, transports_are_known_and_complete
from notifications.delivering import MOST_ATTEMPTS, backoff, end_of_quiet
from notifications.events import CONTEXT, EVENTS
from notifications.models import ContactPoint

# -- backing off ----------------------------------------------------------------------------------


def test_backoff_doubles_up_to_an_hour() -> None:
    assert [backoff(attempts, None, 1.0) for attempts in (1, 2, 3, 9, 10, 11, 20)] == [
        5.0,
        10.0,
        20.0,
        1280.0,
        2560.0,
        3600.0,
        3600.0,
    ]


def test_backoff_spreads_its_second_half_by_the_jitter() -> None:
    assert [backoff(3, None, jitter) for jitter in (0.0, 0.5, 1.0)] == [10.0, 15.0, 20.0]


def test_backoff_waits_at_least_as_long_as_the_provider_asked() -> None:
    assert [backoff(1, asked, 0.0) for asked in (0.0, 1.0, 120.0)] == [2.5, 2.5, 120.0]


def test_backoff_does_not_wait_for_more_than_a_day_and_its_jitter() -> None:
    assert backoff(1, 10.0**9, 0.5) == 86_400.5


def test_backoff_lets_a_message_outlive_a_provider_that_is_down_for_a_night() -> None:
    shortest = sum(backoff(attempts, None, 0.0) for attempts in range(1, MOST_ATTEMPTS))

    assert shortest > 5 * 3600


# -- quiet hours ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quiet", "at", "until"),
    [
        # Almaty was six hours ahead of UTC in 2022.
        ((22, 7), datetime(2022, 9, 26, 15, 59, tzinfo=UTC), None),
        ((22, 7), datetime(2022, 9, 26, 16, 0, tzinfo=UTC), datetime(2022, 9, 27, 1, 0, tzinfo=UTC)),
        ((22, 7), datetime(2022, 9, 26, 23, 0, tzinfo=UTC), datetime(2022, 9, 27, 1, 0, tzinfo=UTC)),
        ((22, 7), datetime(2022, 9, 27, 1, 0, tzinfo=UTC), None),
        ((13, 15), datetime(2022, 9, 26, 7, 30, tzinfo=UTC), datetime(2022, 9, 26, 9, 0, tzinfo=UTC)),
        ((13, 15), datetime(2022, 9, 26, 9, 0, tzinfo=UTC), None),
        ((13, 15), datetime(2022, 9, 26, 6, 59, tzinfo=UTC), None),
        ((8, 8), datetime(2022, 9, 26, 2, 0, tzinfo=UTC), None),
        (None, datetime(2022, 9, 26, 20, 0, tzinfo=UTC), None),
    ],
)
def test_quiet_hours_end_at_the_persons_hour(
    settings: Any, quiet: tuple[int, int] | None, at: datetime, until: datetime | None
) -> None:
    settings.TIME_ZONE = "Asia/Almaty"
    point = ContactPoint(quiet_from=time(quiet[0]), quiet_until=time(quiet[1])) if quiet else ContactPoint()

    assert end_of_quiet(point, at) == until


# -- Retry-After ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "Mon, 26 Sep 2022 12:02:00 GMT", "Date": "Mon, 26 Sep 2022 12:00:00 GMT"}, 120.0),
        ({"Retry-After": "Mon, 26 Sep 2022 11:00:00 -0000", "Date": "Mon, 26 Sep 2022 12:00:00 GMT"}, 0.0),
        ({"Retry-After": "Mon, 26 Sep 2022 12:02:00 GMT"}, None),
        ({"Retry-After": "soon", "Date": "Mon, 26 Sep 2022 12:00:00 GMT"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "9" * 400}, 999_999_999.0),
        ({}, None),
    ],
)
def test_retry_after_reads_seconds_and_dates(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Headers(headers)) == seconds


# -- the table of events, and what must be configured ---------------------------------------------


def test_no_event_needs_a_field_that_a_notification_may_not_carry() -> None:
    assert {name for event in EVENTS.values() for name in event.needs} - CONTEXT == set()


def test_every_event_that_asks_needs_the_moment_to_answer_by() -> None:
    assert {name for name, event in EVENTS.items() if event.asks} == {
        name for name, event in EVENTS.items() if "answer_by" in event.needs
    }


@pytest.mark.parametrize(
    ("transports", "url", "found"),
    [
        (["console"], "", []),
        (["email", "gateway"], "https://gateway.example/send", []),
        (["email", "pigeon"], "", ["notifications.E001"]),
        (["gateway"], "", ["notifications.E002"]),
        (["gateway"], "gateway.example/send", ["notifications.E002"]),
        (["gateway", "pigeon"], "ftp://gateway.example", ["notifications.E001", "notifications.E002"]),
    ],
)
def test_checks_name_what_is_wrong_with_the_transports(
    settings: Any, transports: list[str], url: str, found: list[str]
) -> None:
    settings.NOTIFICATION_TRANSPORTS, settings.GATEWAY_URL = transports, url

    assert [message.id for message in transports_are_known_and_complete(None)] == found


@pytest.mark.parametrize(
    ("transports", "host", "tls", "ssl", "found"),
    [
        (["email"], "smtp.example.org", True, False, []),
        (["console"], "", False, False, []),
        (["email"], "", True, False, ["notifications.E003"]),
        (["email", "gateway"], "", False, False, ["notifications.E003"]),
        (["email"], "smtp.example.org", True, True, ["notifications.E004"]),
    ],
)
def test_checks_name_what_is_wrong_with_the_mail_server(
    settings: Any, transports: list[str], host: str, tls: bool, ssl: bool, found: list[str]
) -> None:
    settings.NOTIFICATION_TRANSPORTS, settings.GATEWAY_URL = transports, "https://gateway.example/send"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = host, tls, ssl

    assert [message.id for message in transports_are_known_and_complete(None)] == found


@pytest.mark.parametrize(("transports", "found"), [(["email"], []), (["email", "console"], ["notifications.W001"])])
def test_checks_warn_of_a_deployment_that_prints_its_messages(
    settings: Any, transports: list[str], found: list[str]
) -> None:
    settings.NOTIFICATION_TRANSPORTS = transports

    assert [message.id for message in nobody_is_told_by_the_log(None)] == found
