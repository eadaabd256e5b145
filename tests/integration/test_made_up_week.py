"""The benchmarks write rows of their own. This test notices a migration that would stop them, for they run rarely."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.engine_weeks import country
from benchmarks.service_rows import write_week
from matching import due
from matching.deadlines import local_date
from matching.models import Match, MatchEvent, ShelterRequest, Space
from matching.worker import matchmaking
from tests import people

pytestmark = pytest.mark.django_db


def filled(needs: int, offers: int) -> None:
    for town in ("Almaty", "Oral"):
        people.place(town)
    write_week(*country(needs, offers, seed=1), at=timezone.now(), today=local_date(timezone.now()))
    with transaction.atomic():
        due.note(timezone.now())


def test_made_up_week_is_written_and_planned() -> None:
    filled(60, 60)
    assert (ShelterRequest.objects.count(), Space.objects.count()) == (60, 60)

    (done,) = matchmaking.match_open_requests(now=timezone.now).rounds

    assert done.proposals == Match.objects.count() == MatchEvent.objects.count()
    assert done.proposals > 10


def test_writing_a_round_asks_for_the_rules_once_a_transaction() -> None:
    filled(60, 60)

    with CaptureQueriesContext(connection) as asked:
        matchmaking.match_open_requests(now=timezone.now)

    asks = [query["sql"] for query in asked if query["sql"].startswith("SELECT")]
    assert len([sql for sql in asks if "deployment_settingchange" in sql]) == 1
