"""The deployment's rules: leads' changes to the defaults. The history holds the rules' values, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from deployment import rules
from deployment.bounds import RuleNotSensible, RulesChanged
from deployment.models import SettingChange
from matching import transitions
from matching.deadlines import answer_by
from matching.risks import is_high
from privacy.retention import clocks
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


def change(by: Person, *, seen: int | None = None, **values: Any) -> list[SettingChange]:
    return rules.change(
        values,
        by=by.user,
        at=timezone.now(),
        reason="a busy week",
        seen=rules.latest_change() if seen is None else seen,
    )


def test_without_a_change_the_defaults_hold(settings: Any) -> None:
    settings.FRESH_DAYS, settings.REQUIRED_CHECKS = 9, {"home_visit": 30}

    assert (rules.current().fresh_days, rules.current().required_checks) == (9, {"home_visit": 30})
    assert (rules.current().auto_approve, rules.current().auto_approve_by) == (False, None)


def test_change_holds_from_then_on_and_its_author_is_in_the_history(lena: Person) -> None:
    change(lena, fresh_days=7, auto_approve_km=20)
    change(lena, fresh_days=8)

    assert rules.current().fresh_days == 8
    lines = SettingChange.objects.order_by("pk").values_list("name", "old", "new", "by", "remark__text")
    assert list(lines) == [
        ("fresh_days", 14, 7, lena.user.pk, "a busy week"),
        ("fresh_days", 7, 8, lena.user.pk, "a busy week"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("fresh_days", 0, "from 1 to 120"),
        ("fresh_days", 3, "time to answer must be shorter"),
        ("fresh_answer_days", 14, "time to answer must be shorter"),
        ("answer_hours", [], "at least one line"),
        ("answer_hours", [(1, 6), (0, 3)], "must rise"),
        ("answer_hours", [(1, 6), (1, 8)], "must rise"),
        ("answer_hours", [(-1, 6)], "must rise"),
        ("answer_hours", [(0, 0)], "at least 1 hour"),
        ("answer_hours", [(0, 337)], "at most 336"),
        ("answer_hours", [(0, 6), (1, 3)], "less time than an earlier"),
        ("required_checks", {}, "at least one check"),
        ("required_checks", {"reference": 0}, "from 1 to 3650"),
        ("two_people", ["check_overdue"], "always needs two people"),
        ("auto_approve", "yes", "on or off"),
        ("auto_approve_km", 501, "from 1 to 500"),
        ("auto_approve_stays", 0, "from 1 to 100"),
        ("looks_budget", 4, "from 5 to 10000"),
        ("page_minutes", 0, "from 1 to 60"),
        ("kept_days", {"looks": 1}, "from 180 to 3650"),
        ("kept_days", {"looks": 900, "old_messages": 731}, "from 7 to 730"),
        ("outcome_minutes", 241, "from 1 to 240"),
    ],
)
def test_value_that_makes_no_sense_is_refused_by_name(lena: Person, name: str, value: Any, says: str) -> None:
    with pytest.raises(RuleNotSensible, match=says) as refusal:
        change(lena, **{name: value})

    named = {"time to answer": "fresh_answer_days", "180 to": "kept_looks", "730": "kept_old_messages"}
    assert refusal.value.name == next((field for words, field in named.items() if words in says), name)
    assert not SettingChange.objects.exists()


def test_a_clock_runs_for_as_long_as_the_lead_says_and_a_clock_of_no_version_is_passed_over(lena: Person) -> None:
    change(lena, kept_days={"looks": 900})
    SettingChange.objects.create(
        name="kept_days",
        old={},
        new={"looks": 400, "letters": 3},
        by=lena.user,
        at=timezone.now(),
    )

    assert rules.current().kept_days == rules.defaults().kept_days | {"looks": 400}
    assert clocks()["looks"].length() == timedelta(days=400)
    assert clocks()["old_messages"].length() == timedelta(days=90)


def test_second_of_two_leads_is_told(lena: Person) -> None:
    seen = rules.latest_change()
    change(lena, fresh_days=7)

    with pytest.raises(RulesChanged):
        change(lena, seen=seen, fresh_days=8)

    assert rules.current().fresh_days == 7


@pytest.mark.parametrize(
    "sql", ["UPDATE deployment_settingchange SET new = '1'", "DELETE FROM deployment_settingchange"]
)
def test_history_is_append_only(lena: Person, sql: str) -> None:
    change(lena, fresh_days=7)

    with pytest.raises(DatabaseError, match="update or delete"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert rules.current().fresh_days == 7


def test_within_one_request_or_round_rules_are_read_once(
    lena: Person, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(1), rules.read_once():
        first = rules.current()
        with rules.read_once():
            assert rules.current() is first
    with django_assert_num_queries(0), rules.read_once():
        pass
    with rules.read_once():
        before = rules.current().fresh_days
        change(lena, fresh_days=7)
        assert (before, rules.current().fresh_days) == (14, 7)


# -- the parts of the service that follow the rules -------------------------------------------------


def test_deadlines_follow_the_rules(lena: Person) -> None:
    now = timezone.now()
    before = answer_by(tonight(), now) - now

    change(lena, answer_hours=[(0, 1), (3, 5), (10_000, 24)])

    after = [answer_by(tonight(days), now) - now for days in (0, 1, 3, 4, 400)]
    assert before == timedelta(hours=3)
    assert after == [timedelta(hours=hours) for hours in (1, 5, 5, 24, 24)]


def test_risks_that_need_two_follow_the_rules(lena: Person) -> None:
    cases = (["minor_alone"], ["check_overdue"], ["lone_woman"], ["lone_woman", "first_time_host"], ["first_time_host"])
    before = [is_high(risks) for risks in cases]

    change(lena, two_people=["minor_alone", "lone_woman"], two_people_new_host=[])

    assert before == [True, True, False, True, False]
    assert [is_high(risks) for risks in cases] == [True, False, True, True, False]


def test_a_child_alone_needs_two_even_if_the_history_said_otherwise(lena: Person) -> None:
    SettingChange.objects.create(name="two_people", old=[], new=[], by=lena.user, at=timezone.now())

    assert is_high(["minor_alone"])


def test_freshness_follows_the_rules(lena: Person, hanna: Person) -> None:
    change(lena, fresh_days=5)

    space = people.space(hanna.host)

    assert (space.fresh_until - timezone.now()).days == 4


def test_checks_of_a_host_follow_the_rules(lena: Person, carla: Person) -> None:
    hanna = people.hanna()  # vetted under the defaults
    from accounts import vetting

    assert vetting.missing_checks(hanna.host, tonight()) == []
    change(lena, required_checks={"identity_seen": 365, "home_visit": 90})

    assert vetting.missing_checks(hanna.host, tonight()) == ["home_visit"]
    check = vetting.record_check(hanna.host, "home_visit", by=carla.user, at=timezone.now())
    assert (check.valid_until - tonight()).days == 90
    assert vetting.missing_checks(hanna.host, tonight()) == []


def test_a_proposal_after_the_change_has_the_new_deadline(lena: Person, amira: Person, hanna: Person) -> None:
    change(lena, answer_hours=[(10_000, 2)])
    now = timezone.now()

    match = people.proposed(people.request(amira.arrival), people.space(hanna.host), at=now)
    transitions.approve(match.pk, by=people.carla().user, at=now)

    match.refresh_from_db()
    assert match.due_at == now + timedelta(hours=2)
