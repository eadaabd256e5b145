"""Rows whose time is over are erased by their clock, in every app; everything else stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import invitations, tokens
from accounts.models import AccessToken, Arrival, Invitation, SignIn, User
from matching import tasks
from matching.models import IdempotencyKey, KeptDraft, ShelterRequest
from privacy import retention
from privacy.retention import forget_what_is_old
from tests import people
from tests.integration.api.conftest import request_body
from tests.integration.web.walks import NEED_ANSWERS, ask_for_shelter
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(client: Client) -> Client:
    """A browser whose answers are kept with a case."""
    client.post("/need/people/", NEED_ANSWERS["people"])
    client.post("/need/keep/")
    return client


def days_later(days: float) -> dict[str, Any]:
    return {"at": timezone.now() + timedelta(days=days)}


@pytest.mark.parametrize(("days", "left"), [(29.9, 1), (30.1, 0)])
def test_draft_of_a_case_is_erased_after_its_days(kept: Client, settings: Any, days: float, left: int) -> None:
    settings.DRAFT_DAYS = 30

    forget_what_is_old(**days_later(days))

    assert (KeptDraft.objects.count(), Arrival.objects.count()) == (left, 1)


def test_days_are_counted_from_the_last_answer(kept: Client, settings: Any) -> None:
    settings.DRAFT_DAYS = 30
    KeptDraft.objects.update(kept_at=timezone.now() - timedelta(days=29))
    kept.post("/need/children/", {"ages": "7"})

    forget_what_is_old(**days_later(2))

    assert KeptDraft.objects.count() == 1


def test_case_whose_draft_was_erased_asks_anew(kept: Client) -> None:
    shown = kept.get("/need/keep/").context
    forget_what_is_old(**days_later(31))

    other = Client(headers={"accept-language": "en"})
    case = other.post("/case/", {"case_number": shown["case_number"], "secret": shown["secret"]}, follow=True)

    assert (case.context["has_draft"], case.context["may_ask"]) == (False, True)


@pytest.mark.parametrize(("days", "left"), [(13.9, 1), (14.1, 0)])
def test_answers_in_a_session_go_with_it(client: Client, days: float, left: int) -> None:
    client.post("/need/people/", NEED_ANSWERS["people"])

    forget_what_is_old(**days_later(days))

    assert Session.objects.count() == left


def test_sent_request_stays_until_the_case_has_ended_for_a_year(client: Client) -> None:
    people.place()
    ask_for_shelter(client)

    forget_what_is_old(**days_later(360))

    assert (ShelterRequest.objects.count(), Arrival.objects.filter(user__erased_at=None).count()) == (1, 1)


@pytest.mark.parametrize("door", ["task", "sweep"])
def test_worker_and_cron_erase_what_is_due_and_do_no_harm_twice(kept: Client, settings: Any, door: str) -> None:
    settings.DRAFT_DAYS = 30
    KeptDraft.objects.update(kept_at=timezone.now() - timedelta(days=31))

    for _twice in range(2):
        tasks.apply_retention() if door == "task" else call_command("sweep", stdout=StringIO())

    assert KeptDraft.objects.count() == 0


# -- the clocks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "left"), [(23.9, 1), (24.1, 0)])
def test_answer_of_the_api_is_erased_after_a_day(hours: float, left: int) -> None:
    key = {"idempotency-key": str(uuid4())}
    APIClient().post("/api/v1/requests/", request_body(), format="json", headers=key)

    forget_what_is_old(**days_later(hours / 24))

    assert IdempotencyKey.objects.count() == left


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> dict[str, retention.Clock]:
    """Replace the registered clocks by those of this test."""
    own: dict[str, retention.Clock] = {}
    monkeypatch.setattr(retention, "_clocks", own)
    return own


def test_clock_that_fails_stops_no_other_and_keeps_nothing(
    clocks: dict[str, retention.Clock], hanna: Person, caplog: pytest.LogCaptureFixture
) -> None:
    ran = []

    @retention.kept_for(timedelta(days=1), "breaks")
    def _break(before: datetime) -> int:
        User.objects.filter(pk=hanna.user.pk).update(name="half done")
        raise RuntimeError("out of order")

    @retention.kept_for(timedelta(days=2), "works")
    def _work(before: datetime) -> int:
        ran.append(before)
        return 3

    now = timezone.now()
    erased = forget_what_is_old(at=now)

    assert (erased, ran) == ({"works": 3}, [now - timedelta(days=2)])
    assert User.objects.get(pk=hanna.user.pk).name == hanna.user.name
    assert "The clock breaks failed" in caplog.text


def test_duration_from_a_setting_is_read_at_each_run(clocks: dict[str, retention.Clock], settings: Any) -> None:
    ran = []

    @retention.kept_for(lambda: timedelta(days=settings.DRAFT_DAYS), "drafts")
    def _work(before: datetime) -> int:
        ran.append(before)
        return 0

    now = timezone.now()
    for settings.DRAFT_DAYS in (30, 7):
        forget_what_is_old(at=now)

    assert ran == [now - timedelta(days=30), now - timedelta(days=7)]


def test_two_clocks_of_one_name_are_refused(clocks: dict[str, retention.Clock]) -> None:
    register = retention.kept_for(timedelta(days=1), "twice")
    register(lambda before: 0)

    with pytest.raises(ValueError, match="twice"):
        register(lambda before: 0)


def test_page_says_how_long_answers_are_kept(kept: Client, settings: Any) -> None:
    settings.DRAFT_DAYS = 21

    words = kept.get("/need/keep/").content.decode()

    assert "We keep the answers for 21 days after the last one, and then erase them." in words


@pytest.mark.parametrize(("day", "kept_rows"), [(89.9, 1), (90.1, 0)])
def test_old_sign_ins_are_erased_with_the_tokens_made_in_them(day: float, kept_rows: int, amira: Person) -> None:
    row = SignIn.objects.create(
        user=amira.user, way="case", version=0, session_key="gone", began_at=timezone.now(), seen_at=timezone.now()
    )
    tokens.issue(amira.user, name="x", scope="read", days=0, at=timezone.now(), sign_in_id=row.pk)

    forget_what_is_old(**days_later(day))

    assert (SignIn.objects.count(), AccessToken.objects.count()) == (kept_rows, kept_rows)


def test_sign_in_stays_while_its_session_or_a_token_of_it_does(amira: Person) -> None:
    client = Client()
    client.force_login(amira.user)
    row = SignIn.objects.get()
    Session.objects.update(expire_date=timezone.now() + timedelta(days=400))
    SignIn.objects.create(
        user=amira.user, way="case", version=0, session_key="gone", began_at=row.began_at, seen_at=row.seen_at
    )
    other = SignIn.objects.exclude(pk=row.pk).get()
    tokens.issue(amira.user, name="x", scope="read", days=200, at=timezone.now(), sign_in_id=other.pk)

    forget_what_is_old(**days_later(100))

    assert SignIn.objects.count() == 2


@pytest.mark.parametrize(("day", "kept_rows"), [(92.9, 1), (93.1, 0)])
def test_old_invitations_are_erased(day: float, kept_rows: int) -> None:
    invitations.make_first_lead("lead", contact="lead@example.org", at=timezone.now())

    forget_what_is_old(**days_later(day))

    assert Invitation.objects.count() == kept_rows
