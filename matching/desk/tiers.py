"""The table of risks under the rules of this deployment, and the live matches that are in another tier than they were."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from deployment.rules import Rules, read_once
from matching import queries
from matching.models import Match
from matching.risks import TABLE, About, Approvals, approvals_for, is_high, risks_of
from matching.states import HOLDS_BEDS

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Tier:
    """One row of the table: a risk, the side that it is about, and when two coordinators must approve."""

    risk: str
    about: About
    approvals: Approvals


def tiers(policy: Rules) -> list[Tier]:
    """Return the table of risks under the rules `policy`."""
    return [Tier(row.risk, row.about, approvals_for(row.risk, policy)) for row in TABLE]


@dataclass(frozen=True, slots=True)
class Changed:
    """The number of live matches with this status whose tier differs: noted as high-risk, or high-risk by today's table."""

    status: str
    noted_high: bool
    is_high: bool
    matches: int


@read_once()
def changed_tiers(today: date) -> list[Changed]:
    """Count the live matches that the table puts into another tier than the one that was noted with them.

    A proposal is judged anew at its first approval. A later match stays as it is: this only says how many there are.
    """
    live = Match.objects.filter(status__in=sorted(HOLDS_BEDS)).select_related("request", "space")
    counts: Counter[tuple[str, bool, bool]] = Counter()
    ids = list(live.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        matches = list(
            live.defer("request__notes", "space__address", "space__directions").filter(
                pk__in=ids[start : start + AT_ONCE]
            )
        )
        records = queries.records_of({match.space.host_id for match in matches}, today)
        for match in matches:
            now = is_high(risks_of(match.request, records[match.space.host_id], people=match.people))
            if now != match.high_risk:
                key = (match.status, match.high_risk, now)
                counts[key] += 1
    return [Changed(*key, matches=number) for key, number in sorted(counts.items())]
