"""What makes a match risky, so that two coordinators look instead of one."""

from __future__ import annotations

from dataclasses import dataclass

from matching.models import ShelterRequest

MINOR = "minor_in_household"
MINOR_ALONE = "minor_alone"
LONE_WOMAN = "lone_woman"
FIRST_TIME_HOST = "first_time_host"
CHECK_OVERDUE = "check_overdue"
EARLIER_COMPLAINT = "earlier_complaint"


@dataclass(frozen=True, slots=True)
class HostRecord:
    """What is known of a host that bears on risk."""

    has_hosted: bool
    check_overdue: bool
    complaint: bool


def risks_of(request: ShelterRequest, record: HostRecord) -> list[str]:
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


def is_high(risks: list[str]) -> bool:
    """Return whether two different coordinators must approve.

    Always for a child alone, after a complaint, or with a check overdue; for the most vulnerable
    also when the host is new to everybody.
    """
    if {MINOR_ALONE, CHECK_OVERDUE, EARLIER_COMPLAINT} & set(risks):
        return True
    return FIRST_TIME_HOST in risks and bool({MINOR, LONE_WOMAN} & set(risks))
