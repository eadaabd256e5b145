"""Bounds of the rules. Each refusal names the rule and says which values are possible."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployment.lengths import LENGTHS

ALWAYS_TWO = "minor_alone"
"""The risk that needs two people in every deployment: one person alone may not send a child alone to a host."""


class RuleNotSensible(Exception):
    """The value is not possible for the rule `name`; the message says which values are."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class RulesChanged(Exception):
    """Somebody changed the rules after they were shown to this person."""

    message = gettext_lazy(
        "Somebody else has changed the settings since you opened this page. Your values are still here: "
        "compare them with the history below, then save again."
    )


def within_bounds(name: str, value: Any) -> Any:
    """Return `value` if it is possible for the rule `name`, else raise RuleNotSensible.

    For `together`, `value` holds every rule, and the check compares them with each other.
    """
    check = _CHECKS[name]
    if isinstance(check, tuple):
        return _between(name, value, *check)
    return check(value)


def _between(name: str, value: Any, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RuleNotSensible(
            name, _("Write a whole number from %(least)d to %(most)d.") % {"least": least, "most": most}
        )
    return value


def _answer_hours(value: Any) -> Any:
    tiers = [(int(days), int(hours)) for days, hours in value]
    if not tiers:
        raise RuleNotSensible("answer_hours", _("Write down at least one line."))
    days, hours = [tier[0] for tier in tiers], [tier[1] for tier in tiers]
    if any(each < 0 for each in days) or days != sorted(set(days)):
        raise RuleNotSensible("answer_hours", _("The days must rise from line to line, from 0 (tonight) on."))
    if not all(1 <= each <= 336 for each in hours):
        raise RuleNotSensible("answer_hours", _("Give at least 1 hour and at most 336 (two weeks)."))
    if hours != sorted(hours):
        raise RuleNotSensible("answer_hours", _("A later night cannot have less time than an earlier one."))
    return value


def _required_checks(value: Any) -> Any:
    if not value:
        raise RuleNotSensible(
            "required_checks", _("Choose at least one check: nobody may be sent to an unchecked host.")
        )
    for days in value.values():
        _between("required_checks", days, 1, 3650)
    return value


def _two_people(value: Any) -> Any:
    if ALWAYS_TWO not in value:
        raise RuleNotSensible("two_people", _("A child alone always needs two people."))
    return value


def _kept_days(value: Any) -> Any:
    for clock, days in value.items():
        if clock in LENGTHS:
            _between(f"kept_{clock}", days, LENGTHS[clock].least, LENGTHS[clock].most)
    return value


def _switch(value: Any) -> Any:
    if not isinstance(value, bool):
        raise RuleNotSensible("auto_approve", _("Switch it on or off."))
    return value


def _together(rules: dict[str, Any]) -> Any:
    if rules["fresh_answer_days"] >= rules["fresh_days"]:
        raise RuleNotSensible(
            "fresh_answer_days", _("The time to answer must be shorter than the time between two questions.")
        )
    return rules


_CHECKS: dict[str, Any] = {
    "answer_hours": _answer_hours,
    "required_checks": _required_checks,
    "fresh_days": (1, 120),
    "fresh_answer_days": (1, 30),
    "two_people": _two_people,
    "two_people_new_host": lambda value: value,
    "auto_approve": _switch,
    "auto_approve_km": (1, 500),
    "auto_approve_stays": (1, 100),
    "looks_budget": (5, 10_000),
    "page_minutes": (1, 60),
    "kept_days": _kept_days,
    "outcome_minutes": (1, 240),
    "together": _together,
}
