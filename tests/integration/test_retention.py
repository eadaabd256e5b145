"""Answers that were never sent are erased when nobody has come back to them; everything else stays."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Arrival
from matching import tasks
from matching.models import KeptDraft, ShelterRequest
from matching.retention import forget_unsent_answers
from tests import people
from tests.integration.web.walks import NEED_ANSWERS, ask_for_shelter

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(client: Client) -> Client:
    """A browser whose answers lie with a case."""
    client.post("/need/people/", NEED_ANSWERS["people"])
    client.post("/need/keep/")
    return client


def days_later(days: float) -> dict[str, Any]:
    return {"at": timezone.now() + timedelta(days=days)}


@pytest.mark.parametrize(("days", "left"), [(29.9, 1), (30.1, 0)])
def test_draft_of_a_case_is_erased_after_its_days(kept: Client, settings: Any, days: float, left: int) -> None:
    settings.DRAFT_DAYS = 30

    forget_unsent_answers(**days_later(days))

    assert (KeptDraft.objects.count(), Arrival.objects.count()) == (left, 1)


def test_days_are_counted_from_the_last_answer(kept: Client, settings: Any) -> None:
    settings.DRAFT_DAYS = 30
    KeptDraft.objects.update(kept_at=timezone.now() - timedelta(days=29))
    kept.post("/need/children/", {"ages": "7"})

    forget_unsent_answers(**days_later(2))

    assert KeptDraft.objects.count() == 1


def test_case_whose_draft_was_erased_asks_anew(kept: Client) -> None:
    shown = kept.get("/need/keep/").context
    forget_unsent_answers(**days_later(31))

    other = Client(headers={"accept-language": "en"})
    case = other.post("/case/", {"case_number": shown["case_number"], "secret": shown["secret"]}, follow=True)

    assert (case.context["has_draft"], case.context["may_ask"]) == (False, True)


@pytest.mark.parametrize(("days", "left"), [(13.9, 1), (14.1, 0)])
def test_answers_in_a_session_go_with_it(client: Client, days: float, left: int) -> None:
    client.post("/need/people/", NEED_ANSWERS["people"])

    forget_unsent_answers(**days_later(days))

    assert Session.objects.count() == left


def test_what_was_sent_stays(client: Client) -> None:
    people.place()
    ask_for_shelter(client)

    forget_unsent_answers(**days_later(400))

    assert (ShelterRequest.objects.count(), Arrival.objects.count()) == (1, 1)


@pytest.mark.parametrize("door", ["task", "sweep"])
def test_worker_and_cron_erase_what_is_due_and_do_no_harm_twice(kept: Client, settings: Any, door: str) -> None:
    settings.DRAFT_DAYS = 30
    KeptDraft.objects.update(kept_at=timezone.now() - timedelta(days=31))

    for _twice in range(2):
        tasks.apply_retention() if door == "task" else call_command("sweep", stdout=StringIO())

    assert KeptDraft.objects.count() == 0


def test_page_says_for_how_long(kept: Client, settings: Any) -> None:
    settings.DRAFT_DAYS = 21

    words = kept.get("/need/keep/").content.decode()

    assert "We keep the answers for 21 days after the last one, and then erase them." in words
