"""The rules of this deployment: the defaults of `shelter.settings`, changed by its lead coordinators.

Code below the doors calls `current()` each time it needs a rule. Within `read_once()` (a request, a round) the rows
are read at most once, so that one act follows one state of the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from deployment import lengths
from deployment.bounds import RulesChanged, within_bounds
from deployment.locks import Lock, hold_until_commit
from deployment.models import SettingChange
from privacy import remarks

LATER = 10_000
"""The number of days in the last line of `answer_hours`, which stands for any later night."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Every rule that a lead coordinator may change. `SettingChange.name` uses the names of these fields."""

    answer_hours: tuple[tuple[int, int], ...]
    """Hours to decide or to answer, as lines (most nights until the stay begins, hours) in rising order."""
    required_checks: Mapping[str, int]
    """The kinds of check that every host needs, with the days for which each counts."""
    fresh_days: int
    """Days after which a host is asked whether the space is still available."""
    fresh_answer_days: int
    """Days that a host has to answer that question."""
    two_people: frozenset[str]
    """Risks of which any one makes an approval need two coordinators."""
    two_people_new_host: frozenset[str]
    """Risks that need two coordinators if the host is new."""
    auto_approve: bool
    """Approve proposals without any risk at once, in the name of the lead who switched this rule on."""
    auto_approve_km: int
    """The greatest distance, in kilometres, of a proposal that is approved at once."""
    auto_approve_stays: int
    """The least number of stays that ended well with the host of a proposal that is approved at once."""
    looks_budget: int
    """People whose personal fields one coordinator may open within a day; beyond, a lead has to agree."""
    page_minutes: int
    """Minutes between two steps of paging whoever is on call, until somebody acknowledges."""
    kept_days: Mapping[str, int]
    """Days for which rows of each kind are kept, by clock (`deployment.lengths`)."""
    outcome_minutes: int
    """Minutes after which others are paged again, unless the one who acknowledged writes down what came of it."""
    auto_approve_by: int | None = None
    """The id of the lead who switched `auto_approve` on; None while it is off."""


CHANGEABLE = tuple(each.name for each in fields(Rules) if each.name != "auto_approve_by")


class _Read:
    rules: Rules | None = None


_once: ContextVar[_Read | None] = ContextVar("rules_read_once", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Read the rules at most once within the block. A nested block uses the rules of the outer block."""
    if _once.get() is not None:
        yield
        return
    token = _once.set(_Read())
    try:
        yield
    finally:
        _once.reset(token)


def current() -> Rules:
    """Return the present rules; within `read_once`, the rules as they were at the first call."""
    held = _once.get()
    if held is None:
        return _read()
    if held.rules is None:
        held.rules = _read()
    return held.rules


def defaults() -> Rules:
    """Return the rules of a deployment that has changed none of them."""
    return _rules(
        {
            "answer_hours": settings.ANSWER_HOURS,
            "required_checks": settings.REQUIRED_CHECKS,
            "fresh_days": settings.FRESH_DAYS,
            "fresh_answer_days": settings.FRESH_ANSWER_DAYS,
            "two_people": settings.TWO_PEOPLE_RISKS,
            "two_people_new_host": settings.TWO_PEOPLE_RISKS_NEW_HOST,
            "auto_approve": False,
            "auto_approve_km": 20,
            "auto_approve_stays": 2,
            "looks_budget": settings.LOOKS_BUDGET,
            "page_minutes": settings.PAGE_MINUTES,
            "kept_days": lengths.defaults(),
            "outcome_minutes": settings.OUTCOME_MINUTES,
        }
    )


def latest_change() -> int:
    """Return the id of the last change, or 0. `change` takes the id that its form had shown."""
    return SettingChange.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def change(values: Mapping[str, Any], *, by: Any, at: datetime, reason: str, seen: int) -> list[SettingChange]:
    """Write a line for each rule that differs from now, and return the lines.

    `seen` is `latest_change()` at the time when the values were shown. The door has checked the rights of `by`.
    Raises RuleNotSensible (which names the rule), or RulesChanged if somebody changed the rules since then.
    """
    with transaction.atomic():
        hold_until_commit(Lock.RULES)
        if latest_change() != seen:
            raise RulesChanged
        now = _read()
        wanted = {name: within_bounds(name, value) for name, value in values.items()}
        old = as_json(now)
        new = as_json(replace(now, **{name: _typed(name, value) for name, value in wanted.items()}))
        within_bounds("together", new)
        lines = [
            SettingChange(name=name, old=old[name], new=new[name], by=by, at=at)
            for name in CHANGEABLE
            if old[name] != new[name]
        ]
        for line in lines:
            line.remark = remarks.write(reason, at=at)
            line.save()
    held = _once.get()
    if held is not None:
        held.rules = None
    return lines


def as_json(rules: Rules) -> dict[str, Any]:
    """Return the rules as they are stored, with sorted lists, so that equal rules have equal JSON."""
    return {
        "answer_hours": [list(tier) for tier in rules.answer_hours],
        "required_checks": dict(sorted(rules.required_checks.items())),
        "fresh_days": rules.fresh_days,
        "fresh_answer_days": rules.fresh_answer_days,
        "two_people": sorted(rules.two_people),
        "two_people_new_host": sorted(rules.two_people_new_host),
        "auto_approve": rules.auto_approve,
        "auto_approve_km": rules.auto_approve_km,
        "auto_approve_stays": rules.auto_approve_stays,
        "looks_budget": rules.looks_budget,
        "page_minutes": rules.page_minutes,
        "kept_days": dict(sorted(rules.kept_days.items())),
        "outcome_minutes": rules.outcome_minutes,
    }


def _read() -> Rules:
    latest = SettingChange.objects.order_by("name", "-pk").distinct("name").values_list("name", "new", "by_id")
    rules = defaults()
    for name, value, by in latest:
        if name in CHANGEABLE:  # Skip rules that a later version dropped.
            rules = replace(rules, **{name: _typed(name, value)})
        if name == "auto_approve" and value:
            rules = replace(rules, auto_approve_by=by)
    return rules


def _rules(values: Mapping[str, Any]) -> Rules:
    return Rules(**{name: _typed(name, value) for name, value in values.items()})


def _typed(name: str, value: Any) -> Any:
    match name:
        case "answer_hours":
            return tuple((int(days), int(hours)) for days, hours in value)
        case "required_checks":
            return {str(kind): int(days) for kind, days in value.items()}
        case "kept_days":  # A clock that a later version added, or dropped again, has its default, or none.
            own = lengths.defaults()
            return own | {str(clock): int(days) for clock, days in value.items() if clock in own}
        case "two_people" | "two_people_new_host":
            return frozenset(value)
        case _:
            return value
