"""Vetting, proposing by hand, and opening personal fields, over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts import vetting
from accounts.models import Host
from matching import transitions
from matching.models import Match
from matching.states import Status
from privacy.models import AccessLog
from privacy.remarks import words_of
from tests import people
from tests.people import Person

SignIn = Callable[[Person], Client]

BY_HAND = "/admin/matching/match/by-hand/propose/"


def test_vet_a_host_needs_every_check(carla: Person, signed_in: SignIn) -> None:
    host = people.hanna(vetted=False).host
    client, page = signed_in(carla), f"/admin/accounts/host/{host.pk}"

    refused = client.post(f"{page}/standing/vetted/", follow=True)
    assert "identity seen, phone verified, rules agreed" in refused.content.decode()
    for kind in people.REQUIRED_CHECKS:
        client.post(f"{page}/check/", {"kind": kind, "passed": "yes", "note": "seen"})
    client.post(f"{page}/standing/vetted/")

    assert Host.objects.get(pk=host.pk).status == "vetted"


def test_suspend_a_host_ends_their_matches(carla: Person, amira: Person, hanna: Person, signed_in: SignIn) -> None:
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))

    signed_in(carla).post(f"/admin/accounts/host/{hanna.host.pk}/standing/suspended/", {"reason": "a complaint"})

    match.refresh_from_db()
    assert (Host.objects.get(pk=hanna.host.pk).status, match.status) == ("suspended", "cancelled")


def test_suspend_without_a_reason_changes_nothing(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    signed_in(carla).post(f"/admin/accounts/host/{hanna.host.pk}/standing/suspended/")

    assert Host.objects.get(pk=hanna.host.pk).status == "vetted"


def test_propose_by_hand_writes_a_proposal(carla: Person, amira: Person, hanna: Person, signed_in: SignIn) -> None:
    asked, offered = people.request(amira.arrival), people.space(hanna.host)
    client, page = signed_in(carla), f"/admin/matching/shelterrequest/{asked.pk}"

    ranked = client.get(f"{page}/change/").context["possible"]
    client.post(BY_HAND, {"request": str(asked.pk), "space": str(ranked[0].space.pk)})

    assert Match.objects.values_list("request", "space", "status").get() == (asked.pk, offered.pk, "proposed")


def test_propose_by_hand_is_refused_with_the_rule_in_words(
    carla: Person, amira: Person, hanna: Person, signed_in: SignIn
) -> None:
    asked = people.request(amira.arrival, pets=True)
    offered = people.space(hanna.host, pets=False)

    page = signed_in(carla).post(BY_HAND, {"request": str(asked.pk), "space": str(offered.pk)}, follow=True)

    assert [str(m) for m in page.context["messages"]] == ["no pets allowed"]
    assert not Match.objects.exists()


def test_a_child_alone_is_placed_by_hand_only(carla: Person, amira: Person, hanna: Person, signed_in: SignIn) -> None:
    asked = people.request(amira.arrival, people=1, children=1)
    offered = people.space(hanna.host)

    signed_in(carla).post(BY_HAND, {"request": str(asked.pk), "space": str(offered.pk)})

    match = Match.objects.get()
    assert (match.status, match.high_risk) == ("proposed", True)


@pytest.mark.parametrize("kind", ["shelterrequest", "space"])
def test_personal_fields_open_by_a_logged_click_only(
    kind: str, carla: Person, amira: Person, hanna: Person, signed_in: SignIn
) -> None:
    row = people.request(amira.arrival) if kind == "shelterrequest" else people.space(hanna.host)
    client, page = signed_in(carla), f"/admin/matching/{kind}/{row.pk}"
    name = "Amira Testova" if kind == "shelterrequest" else "Hanna Musterfrau"

    assert name not in client.get(f"{page}/change/").content.decode()
    for said in (
        {"field": "name"},
        {"field": "name", "why": " "},
        {"field": "name", "why": "curious"},
        {"field": "name", "why": "other", "note": " "},
        {"why": "asked"},
        {"field": "password", "why": "asked"},
    ):
        assert name not in client.post(f"{page}/open/", said).content.decode()
    assert not AccessLog.objects.exists()
    opened = client.post(f"{page}/open/", {"field": "name", "why": "asked", "note": "she called"})

    assert name in opened.content.decode()
    look = AccessLog.objects.get()
    assert (look.by, look.fields, look.reason, words_of(look)) == (carla.user, "name", "asked", "she called")


def test_each_personal_field_opens_by_its_own_tick(
    carla: Person, amira: Person, hanna: Person, signed_in: SignIn
) -> None:
    vetting.record_check(hanna.host, "reference", by=carla.user, at=timezone.now(), note="her aunt says so")
    vetting.note_call(hanna.host, "reached", by=carla.user, at=timezone.now(), note="sounds tired")
    match = people.match_in(
        Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host, directions="blue gate")
    )
    transitions.cancel(match.pk, by=hanna.user, at=timezone.now(), reason="other", note="my mother is ill")
    client = signed_in(carla)
    fields = {
        f"matching/shelterrequest/{match.request_id}": {"name": "Amira Testova", "notes": "We can climb stairs."},
        f"matching/space/{match.space_id}": {"name": "Hanna Musterfrau", "address": "Abay Avenue", "contact": "hanna@"},
        f"accounts/host/{hanna.host.pk}": {
            "name": "Hanna Musterfrau",
            "contact": "hanna@",
            "notes": "her aunt says so",
        },
        f"matching/match/{match.pk}": {"notes": "my mother is ill"},
    }

    for page, secrets in fields.items():
        closed = client.get(f"/admin/{page}/change/").content.decode()
        assert (page, [words for words in secrets.values() if words in closed]) == (page, [])
        for field, words in secrets.items():
            opened = client.post(f"/admin/{page}/open/", {"field": field, "why": "safety"}).content.decode()
            seen = [other for other, said in secrets.items() if said in opened]
            assert (page, words in opened, seen) == (page, True, [field])

    log = AccessLog.objects.order_by("pk").values_list("about__username", "fields")
    arrival, host = amira.user.username, hanna.user.username
    assert list(log) == [
        *((arrival, field) for field in ("name", "notes")),
        *((host, field) for field in ("name", "address", "contact")),
        *((host, field) for field in ("name", "contact", "notes")),
        (arrival, "notes"),
        (host, "notes"),
    ]


@pytest.mark.parametrize(
    "page",
    [
        "/admin/",
        "/admin/matching/match/",
        "/admin/matching/shelterrequest/",
        "/admin/matching/space/",
        "/admin/accounts/host/",
        "/admin/matching/matchinground/",
        "/admin/notifications/delivery/",
        "/admin/places/place/",
    ],
)
def test_every_list_opens_for_a_coordinator(
    page: str, carla: Person, amira: Person, hanna: Person, signed_in: SignIn
) -> None:
    people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))

    assert signed_in(carla).get(page).status_code == 200


def test_users_and_coordinators_are_open_to_the_superuser_only(carla: Person, signed_in: SignIn) -> None:
    client = signed_in(carla)

    assert [client.get(f"/admin/accounts/{page}/").status_code for page in ("user", "coordinator")] == [403, 403]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("host", "space", "Case {}", "match")),
        ("ru", ("хозяин", "жильё", "Заявка {}", "вариант")),
        ("kk", ("үй иесі", "баспана", "{} өтініші", "нұсқа")),
        ("uk", ("господар", "житло", "Заявка {}", "варіант")),
        ("ka", ("მასპინძელი", "ადგილი", "მოთხოვნა {}", "ვარიანტი")),
    ],
)
def test_rows_are_named_in_the_language_of_the_reader(
    carla: Person, amira: Person, hanna: Person, signed_in: SignIn, language: str, words: tuple[str, ...]
) -> None:
    match = people.proposed(people.request(amira.arrival), people.space(hanna.host))
    browser = signed_in(carla)
    lists = ("accounts/host", "matching/space", "matching/shelterrequest", "matching/match")

    pages = [browser.get(f"/admin/{each}/", headers={"accept-language": language}) for each in lists]

    ids = (match.space.host_id, str(match.space_id)[:8], amira.arrival.case_number, str(match.pk)[:8])
    called = [
        f">{word.format(pk) if '{}' in word else f'{word} {pk}'}</a>" for word, pk in zip(words, ids, strict=True)
    ]
    assert [link in page.content.decode() for link, page in zip(called, pages, strict=True)] == [True] * 4
