"""Approving proposals without risk and without a click, where a lead coordinator has switched that on; off by default.

The approval is made in the name of that lead, and the history says so. It stops by itself when the lead leaves or loses
the rights. The policy is a part of `deployment.rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from accounts.coordinators import rights_of
from accounts.models import User
from accounts.refusals import Refused
from deployment import rules
from deployment.rules import Rules
from matching import queries, transitions
from matching.deadlines import local_date
from matching.models import Claim, Match, PendingDecision
from matching.states import Status
from places.earth import distance_km

LOOK_FIRST = timedelta(minutes=5)
"""How long a new proposal is left to the coordinators at the desk."""


def approve_what_may_be(*, at: datetime) -> int:
    """Approve every proposal that the policy lets through, each as one act; return how many.

    Several workers may do so at once: the second finds that the match has moved on.
    """
    policy = rules.current()
    lead = in_whose_name(policy)
    if lead is None:
        return 0
    limits = {"km": policy.auto_approve_km, "stays": policy.auto_approve_stays}
    return sum(_approved(match, lead, at, limits) for match in let_through(policy, at=at))


def in_whose_name(policy: Rules) -> User | None:
    """Return the lead who switched the policy on, if it is on and they are still a lead; else None."""
    if not policy.auto_approve or policy.auto_approve_by is None:
        return None
    lead = User.objects.filter(pk=policy.auto_approve_by).select_related("coordinator").first()
    return lead if rights_of(lead).is_lead else None


def let_through(policy: Rules, *, at: datetime) -> list[Match]:
    """Return the proposals that the policy lets through: no risk, no child, near, and a host with stays that ended well."""
    near_enough = [
        match
        for match in _without_risk(at).select_related("request", "space")
        if distance_km(match.request.latitude, match.request.longitude, match.space.latitude, match.space.longitude)
        <= policy.auto_approve_km
    ]
    stays = queries.stays_that_count(local_date(at))
    hosts = {match.space.host_id for match in near_enough}
    ended_well: dict[int, int] = {}
    for host_id in stays.filter(space__host__in=hosts).values_list("space__host", flat=True):
        ended_well[host_id] = ended_well.get(host_id, 0) + 1
    return [match for match in near_enough if ended_well.get(match.space.host_id, 0) >= policy.auto_approve_stays]


def _without_risk(at: datetime) -> QuerySet[Match]:
    """Return the proposals without a risk, a child, a claim, a decision or a hold, oldest first."""
    decided = PendingDecision.objects.filter(match=OuterRef("pk"))
    claimed = Claim.objects.filter(request=OuterRef("request"), until__gt=at)
    return Match.objects.filter(
        ~Exists(decided),
        ~Exists(claimed),
        status=Status.PROPOSED,
        high_risk=False,
        risks=[],
        request__children=0,
        approved_by=None,
        frozen_at=None,
        created_at__lte=at - LOOK_FIRST,
    ).order_by("created_at", "pk")


def _approved(match: Match, lead: User, at: datetime, limits: Mapping[str, int]) -> bool:
    try:
        transitions.approve_by_policy(match.pk, by=lead, at=at, limits=limits)
    except Refused:
        return False  # It has moved on, or became risky meanwhile: a person decides.
    return True
