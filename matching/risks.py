"""The risks of a match, as a table. Some of them need the approval of two coordinators instead of one.

docs/states.md has the same table with the reason of each row; a test compares the two, and the desk shows it to leads.
What a household did not say is judged like the most careful of the answers that it might have given. So nobody comes into
a lower tier by saying nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from deployment import rules
from deployment.rules import Rules

MINOR = "minor_in_household"
MINOR_ALONE = "minor_alone"
LONE_WOMAN = "lone_woman"
TWO_WOMEN = "two_women"
NOT_SAID = "not_said"
FIRST_TIME_HOST = "first_time_host"
CHECK_OVERDUE = "check_overdue"
EARLIER_COMPLAINT = "earlier_complaint"

ALL_WOMEN, MIXED_HOUSEHOLD = "women", "mixed"
"""The two answers of a household (`ShelterRequest.Composition`) that say who comes. All others leave it open."""

FEW_WOMEN = 2
"""So many people or fewer are more at risk with a host whom nobody has stayed with."""


class Household(Protocol):
    """The facts about a household that risks depend on: a `ShelterRequest`, or a row with the same columns."""

    @property
    def people(self) -> int: ...
    @property
    def children(self) -> int: ...
    @property
    def composition(self) -> str: ...
    @property
    def is_minor_alone(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class HostRecord:
    """The facts about a host that risks depend on. `has_hosted`: see `matching.queries.stays_that_count`."""

    has_hosted: bool
    check_overdue: bool
    complaint: bool


@dataclass(frozen=True, slots=True)
class Coming:
    """The people of a household who come to one host: all of them, or some if the household is split."""

    household: Household
    people: int

    @property
    def few_women(self) -> bool:
        return self.people <= FEW_WOMEN and self.household.composition == ALL_WOMEN

    @property
    def may_be_few_women(self) -> bool:
        """Return whether one or two women may come. Nobody says who of a mixed household comes to which host."""
        said = self.household.composition == ALL_WOMEN or (
            self.household.composition == MIXED_HOUSEHOLD and self.people == self.household.people
        )
        return self.people <= FEW_WOMEN and not said


class About(StrEnum):
    """The side that a risk is about."""

    HOUSEHOLD = "household"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One row of the table: a risk, the side that it is about, and whether it is there."""

    risk: str
    about: About
    is_there: Callable[[Coming, HostRecord], bool]


TABLE = (
    RiskRow(MINOR, About.HOUSEHOLD, lambda coming, _host: coming.household.children > 0),
    RiskRow(MINOR_ALONE, About.HOUSEHOLD, lambda coming, _host: coming.household.is_minor_alone),
    RiskRow(LONE_WOMAN, About.HOUSEHOLD, lambda coming, _host: coming.few_women and coming.people == 1),
    RiskRow(TWO_WOMEN, About.HOUSEHOLD, lambda coming, _host: coming.few_women and coming.people == 2),
    RiskRow(NOT_SAID, About.HOUSEHOLD, lambda coming, _host: coming.may_be_few_women),
    RiskRow(FIRST_TIME_HOST, About.HOST, lambda _coming, host: not host.has_hosted),
    RiskRow(CHECK_OVERDUE, About.HOST, lambda _coming, host: host.check_overdue),
    RiskRow(EARLIER_COMPLAINT, About.HOST, lambda _coming, host: host.complaint),
)

RISKS = tuple(row.risk for row in TABLE)


def risks_of(request: Household, record: HostRecord, *, people: int) -> list[str]:
    """Return the risks of sending `people` of this household to a host with this record, in the order of RISKS."""
    coming = Coming(request, people)
    return [row.risk for row in TABLE if row.is_there(coming, record)]


class Approvals(StrEnum):
    """When a risk needs two coordinators."""

    ALWAYS = "always"
    NEW_HOST = "new host"
    ONE = ""


def approvals_for(risk: str, policy: Rules) -> Approvals:
    """Return when this risk needs two coordinators under the rules `policy`. A child alone always needs them."""
    if risk in policy.two_people | {MINOR_ALONE}:
        return Approvals.ALWAYS
    return Approvals.NEW_HOST if risk in policy.two_people_new_host else Approvals.ONE


def is_high(risks: list[str], policy: Rules | None = None) -> bool:
    """Return whether two different coordinators must approve a match with these risks.

    The rules `two_people` and `two_people_new_host` of `policy` decide, by default those of the deployment now. A child
    alone always needs two. Unless the leads changed the rules, two are also needed after a complaint, with an overdue check,
    and for the most vulnerable with a host who has not hosted before.
    """
    policy = policy or rules.current()
    needed = {approvals_for(risk, policy) for risk in risks}
    return Approvals.ALWAYS in needed or (FIRST_TIME_HOST in risks and Approvals.NEW_HOST in needed)
