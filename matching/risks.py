"""What makes a match risky, so that two coordinators look instead of one."""

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
    """What bears on risk of who asks: a shelter request, or the columns of one."""

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
    """What is known of a host that bears on risk."""

    has_hosted: bool
    check_overdue: bool
    complaint: bool


def risks_of(request: Household, record: HostRecord) -> list[str]:
    """Return the risks of sending this household to a host with this record, in the order of the list above."""
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
    """Return whether two different coordinators must approve: the rules `two_people` and `..._new_host` of `policy`,
    or else of the deployment as it is now.

    Unless its leads changed them: for a child alone (that always), after a complaint, or with a check
    overdue; for the most vulnerable also when the host is new to everybody.
    """
    policy = policy or rules.current()
    if (policy.two_people | {MINOR_ALONE}) & set(risks):
        return True
    return FIRST_TIME_HOST in risks and bool(policy.two_people_new_host & set(risks))
