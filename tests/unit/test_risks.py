"""The table of risks: every composition × number of people × record of the host, against a table written by hand."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from deployment import rules
from matching import risks
from matching.risks import HostRecord, is_high, risks_of

COMPOSITIONS = ("", "unsaid", "women", "mixed")
NEW, KNOWN = HostRecord(False, False, False), HostRecord(True, False, False)
RECORDS = [HostRecord(*each) for each in itertools.product((False, True), repeat=3)]


@dataclass(frozen=True)
class Asked:
    people: int
    composition: str
    children: int = 0

    @property
    def is_minor_alone(self) -> bool:
        return self.children == self.people


HOUSEHOLDS = [
    Asked(people, composition, children)
    for people in (1, 2, 3, 5)
    for children in range(min(people, 2) + 1)
    for composition in COMPOSITIONS
]

OF_THE_HOUSEHOLD = {
    # (composition, people who come, the whole household comes)
    **{("women", 1, whole): ["lone_woman"] for whole in (True, False)},
    **{("women", 2, whole): ["two_women"] for whole in (True, False)},
    **{(said, few, whole): ["not_said"] for said in ("", "unsaid") for few in (1, 2) for whole in (True, False)},
    **{("mixed", few, False): ["not_said"] for few in (1, 2)},
}
"""What follows from who they are; any other household has none of these risks."""


def by_hand(asked: Asked, record: HostRecord, people: int) -> list[str]:
    return [
        *(["minor_in_household"] if asked.children else []),
        *(["minor_alone"] if asked.is_minor_alone else []),
        *OF_THE_HOUSEHOLD.get((asked.composition, people, people == asked.people), []),
        *(["first_time_host"] if not record.has_hosted else []),
        *(["check_overdue"] if record.check_overdue else []),
        *(["earlier_complaint"] if record.complaint else []),
    ]


CASES = [(asked, record, people) for asked in HOUSEHOLDS for record in RECORDS for people in range(1, asked.people + 1)]


def test_every_household_with_every_host_has_the_risks_of_the_table() -> None:
    found = [risks_of(asked, record, people=people) for asked, record, people in CASES]

    assert found == [by_hand(*case) for case in CASES]


@pytest.mark.parametrize("taken_away", risks.RISKS)
def test_a_row_that_is_taken_away_is_noticed(taken_away: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(risks, "TABLE", tuple(row for row in risks.TABLE if row.risk != taken_away))

    assert [risks_of(asked, record, people=people) for asked, record, people in CASES] != [
        by_hand(*case) for case in CASES
    ]


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("people", [1, 2, 3, 5])
def test_nobody_comes_into_a_lower_tier_by_saying_nothing(people: int, record: HostRecord) -> None:
    policy = rules.defaults()

    def high(composition: str) -> bool:
        return is_high(risks_of(Asked(people, composition), record, people=people), policy)

    careful = high("women") or high("mixed")
    assert (high(""), high("unsaid")) == (careful, careful)


def test_high_with_a_new_host_and_low_with_a_known_one() -> None:
    policy = rules.defaults()
    tiers = {
        (composition, people): tuple(
            is_high(risks_of(Asked(people, composition), record, people=people), policy) for record in (NEW, KNOWN)
        )
        for composition in COMPOSITIONS
        for people in (1, 2, 3)
    }

    assert tiers == {
        **{(composition, 3): (False, False) for composition in COMPOSITIONS},
        **{(composition, few): (True, False) for composition in ("", "unsaid", "women") for few in (1, 2)},
        **{("mixed", few): (False, False) for few in (1, 2)},
    }
