"""The settings page: leads change settings to values that make sense, auditors read, and no typing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from deployment import lengths, rules
from deployment.models import SettingChange
from tests import people
from tests.integration.admin.settings_page import settings_as_they_are
from tests.people import Person

SignIn = Callable[[Person], Client]
PAGE = "/admin/deployment/settingchange/settings/"


def save(client: Client, **changes: Any) -> Any:
    return client.post(PAGE, settings_as_they_are(**changes), follow=True, headers={"accept-language": "en"})


def alerts(page: Any) -> list[str]:
    return [" ".join(each.split()) for each in re.findall(r'role="alert"[^>]*>([^<]*)<', page.content.decode())]


def changed() -> list[tuple[Any, ...]]:
    return list(SettingChange.objects.order_by("pk").values_list("name", "old", "new"))


def test_form_sent_back_as_it_is_changes_nothing(lena: Person, signed_in: SignIn) -> None:
    page = save(signed_in(lena))

    assert ([str(message) for message in page.context["messages"]], changed()) == (
        ["Nothing was different; nothing is changed."],
        [],
    )


def test_lead_changes_every_rule(lena: Person, signed_in: SignIn) -> None:
    page = save(
        signed_in(lena),
        days_1=0,
        hours_1=1,
        days_2="",
        hours_2="",
        check_home_visit="on",
        valid_home_visit=90,
        check_rules_agreed=None,
        fresh_days=7,
        fresh_answer_days=2,
        two_people=["lone_woman"],
        two_people_new_host=["minor_in_household"],
        auto_approve="on",
        auto_approve_km=5,
        auto_approve_stays=3,
        looks_budget=50,
        page_minutes=7,
        kept_looks=900,
        outcome_minutes=20,
    )

    assert alerts(page) == []
    now = rules.current()
    assert now == rules.Rules(
        answer_hours=((0, 1), (7, 24), (10_000, 48)),
        required_checks={"identity_seen": 365, "phone_verified": 365, "home_visit": 90},
        fresh_days=7,
        fresh_answer_days=2,
        two_people=frozenset({"lone_woman", "minor_alone"}),
        two_people_new_host=frozenset({"minor_in_household"}),
        auto_approve=True,
        auto_approve_km=5,
        auto_approve_stays=3,
        looks_budget=50,
        page_minutes=7,
        kept_days=lengths.defaults() | {"looks": 900},
        outcome_minutes=20,
        auto_approve_by=lena.user.pk,
    )
    assert len(changed()) == 13
    assert "Switched on by lena." in page.content.decode()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"fresh_days": 0}, "Write a whole number from 1 to 120."),
        ({"kept_looks": 179}, "Write a whole number from 180 to 3650."),
        ({"fresh_days": "often"}, "Enter a whole number."),
        ({"days_1": 5}, "The days must rise from line to line, from 0 (tonight) on."),
        ({"hours_1": ""}, "Fill in both the days and the hours, or neither."),
        ({"hours_later": ""}, "This field is required."),
        ({"check_home_visit": "on", "valid_home_visit": ""}, "For how many days does this check count?"),
        (
            {"check_identity_seen": None, "check_phone_verified": None, "check_rules_agreed": None},
            "Choose at least one check: nobody may be sent to an unchecked host.",
        ),
        ({"two_people": ["flying"]}, "Select a valid choice. flying is not one of the available choices."),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_value_that_makes_no_sense_is_refused_and_nothing_typed_is_lost(
    lena: Person, signed_in: SignIn, wrong: dict[str, Any], says: str
) -> None:
    page = save(signed_in(lena), fresh_answer_days=5, **wrong)

    assert alerts(page) == ["Nothing is changed yet. Look at the lines marked below.", says]
    assert page.context["form"]["fresh_answer_days"].value() == "5"
    assert changed() == []


def test_second_of_two_leads_is_told_keeps_what_was_typed_and_can_save(lena: Person, signed_in: SignIn) -> None:
    client, typed = signed_in(lena), settings_as_they_are(fresh_days=9)
    other = people.carla("lara", role="lead")
    rules.change({"fresh_days": 7}, by=other.user, at=timezone.now(), reason="x", seen=0)

    page = client.post(PAGE, typed, headers={"accept-language": "en"})
    form = page.context["form"]

    assert len(alerts(page)) == 1
    assert alerts(page)[0].startswith("Somebody else has changed the settings")
    assert (form["fresh_days"].value(), rules.current().fresh_days) == ("9", 7)
    client.post(PAGE, {**typed, "seen": form["seen"].value()})
    assert rules.current().fresh_days == 9


def test_auditor_reads_and_has_no_form(adil: Person, signed_in: SignIn) -> None:
    page = signed_in(adil).get(PAGE, headers={"accept-language": "en"}).content.decode()

    assert "up to 0 days ahead: 3 h; up to 1 days ahead: 6 h" in page
    assert 'name="fresh_days"' not in page


def test_history_reads_in_words(lena: Person, signed_in: SignIn) -> None:
    client = signed_in(lena)
    save(client, check_home_visit="on", valid_home_visit=90, auto_approve="on")

    page = client.get("/admin/deployment/settingchange/", headers={"accept-language": "en"}).content.decode()

    for words in ("Checks of every host", "home visit: 90 days", "a busy week"):
        assert words in page
