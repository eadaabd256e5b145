"""The risks of a match. Some of them need the approval of two coordinators instead of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from deployment import rules
from deployment.rules import Rules

MINOR = "minor_in_household"
MINOR_ALONE = "minor_alone"
LONE_WOMAN = "lone_woman"
FIRST_TIME_HOST = "first_time_host"
CHECK_OVERDUE = "check_overdue"
EARLIER_COMPLAINT = "earlier_complaint"

RISKS = (MINOR, MINOR_ALONE, LONE_WOMAN, FIRST_TIME_HOST, CHECK_OVERDUE, EARLIER_COMPLAINT)


class Household(Protocol):
    """The facts about a household that risks depend on: a `ShelterRequest`, or a row with the same columns."""

    @property
    def people(self) -> int: ...
    @property
    def children(self) -> int: ...
    @property
    def all_women(self) -> bool: ...
    @property
    def is_minor_alone(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class HostRecord:
    """The facts about a host that risks depend on."""

    has_hosted: bool
    check_overdue: bool
    complaint: bool


def risks_of(request: Household, record: HostRecord) -> list[str]:
    """Return the risks of sending this household to a host with this record, in the order of RISKS."""
    found = {
        MINOR: request.children > 0,
        MINOR_ALONE: request.is_minor_alone,
        LONE_WOMAN: request.people == 1 and request.all_women,
        FIRST_TIME_HOST: not record.has_hosted,
        CHECK_OVERDUE: record.check_overdue,
        EARLIER_COMPLAINT: record.complaint,
    }
    return [risk for risk, present in found.items() if present]


def is_high(risks: list[str], policy: Rules | None = None) -> bool:
    """Return whether two different coordinators must approve a match with these risks.

    The rules `two_people` and `two_people_new_host` of `policy` decide, by default those of the deployment now. A child
    alone always needs two. Unless the leads changed the rules, two are also needed after a complaint, with an overdue check,
    and for the most vulnerable with a host who has not hosted before.
    """
    policy = policy or rules.current()
    if (policy.two_people | {MINOR_ALONE}) & set(risks):
        return True
    return FIRST_TIME_HOST in risks and bool(policy.two_people_new_host & set(risks))
