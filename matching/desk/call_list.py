"""The list of hosts to call today, the figures of their checks, and reminders of checks that run out soon."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts import vetting
from accounts.models import Host, HostCall, HostCheck, HostEvent, User
from accounts.vetting import CheckState, Item
from matching import messages, queries
from matching.deadlines import local_date
from matching.models import Incident, Match, MatchEvent, Space
from matching.refusals import one_act
from matching.states import Act, Status

CALLS_SHOWN = 50
"""The most hosts on one page for each reason. The counts cover all hosts."""

SOON = timedelta(hours=2)
"""A host whose answer is due within this time is called before the answer is overdue."""
SILENT_DAYS = 3
"""Days for which a host stays on the list after a match expired without their answer."""
RECHECKS_AT_ONCE = 500


class ReasonToCall(StrEnum):
    """Why a host should be called, the most pressing reason first.

    For BROKEN_OFF and SUSPENDED the host was promised a call: the reason stands until a coordinator has reached the host.
    """

    NO_ANSWER = "no_answer"
    BROKEN_OFF = "broken_off"
    SUSPENDED = "suspended"
    UNVETTED = "unvetted"
    CHECK = "check"
    STALE = "stale"


@dataclass(slots=True)
class Call:
    """One host to call: the reasons with their dates, the host's checklist and spaces, and the last call to them."""

    host: Host
    reasons: list[tuple[ReasonToCall, datetime]]
    items: list[Item] = field(default_factory=list)
    spaces: list[Space] = field(default_factory=list)
    last: HostCall | None = None

    @property
    def lacking(self) -> list[Item]:
        return [item for item in self.items if item.state is not CheckState.PASSED]


@dataclass(frozen=True, slots=True)
class CallList:
    """The `calls` in the order in which to make them, at most CALLS_SHOWN for each reason. `counts` covers all hosts."""

    calls: list[Call]
    counts: dict[ReasonToCall, int]
    called_today: int


def to_call(user: User, at: datetime, only: ReasonToCall | None = None) -> CallList:
    """Return the hosts to call today in the places of `user`, a coordinator or auditor.

    Leave out hosts who were called today already. With `only`, list the hosts for that reason alone.
    """
    hosts = queries.hosts_visible_to(user).filter(user__erased_at=None).exclude(status=Host.Status.MERGED)
    today = HostCall.objects.filter(host=OuterRef("pk"), at__gte=_midnight(at))
    waiting = {why: _of(why, Host.objects.filter(pk__in=hosts.values("pk")), at) for why in ReasonToCall}
    waiting = {why: found.filter(~Exists(today)) for why, found in waiting.items()}
    reasons: dict[int, list[tuple[ReasonToCall, datetime]]] = {}
    for why in [only] if only else ReasonToCall:
        for host_id, since in waiting[why].order_by("since", "pk").values_list("pk", "since")[:CALLS_SHOWN]:
            reasons.setdefault(host_id, []).append((why, since))
    return CallList(
        calls=_calls(reasons, at),
        counts={why: found.count() for why, found in waiting.items()},
        called_today=hosts.filter(Exists(today)).count(),
    )


def _of(why: ReasonToCall, hosts: QuerySet[Host], at: datetime) -> QuerySet[Any]:
    """Return the hosts to call for one reason, each with the moment `since` when the reason began."""
    match why:
        case ReasonToCall.NO_ANSWER:
            silent = Match.objects.filter(host_accepted_at=None, frozen_at=None)
            ended = MatchEvent.objects.filter(
                match=OuterRef("pk"), act=Act.EXPIRE, reason="no_answer", at__gte=at - timedelta(days=SILENT_DAYS)
            )
            asked = silent.filter(
                Q(status=Status.APPROVED, due_at__lte=at + SOON) | Q(Exists(ended), status=Status.EXPIRED)
            ).exclude(approved_by=None)
            with_silence = hosts.filter(status=Host.Status.VETTED, spaces__matches__in=asked)
            return with_silence.annotate(since=Max("spaces__matches__created_at"))
        case ReasonToCall.BROKEN_OFF:
            # Whoever looks after an open incident decides when to speak with the host; the call is due once it is closed.
            open_ones = Incident.objects.filter(match=OuterRef("match"), closed_at=None)
            ends = MatchEvent.objects.filter(~Exists(open_ones), act=Act.BREAK_OFF).order_by("-at")
            with_ends = hosts.filter(pk__in=Match.objects.filter(status=Status.BROKEN_OFF).values("space__host"))
            return _unreached(with_ends, ends.filter(match__space__host=OuterRef("pk")))
        case ReasonToCall.SUSPENDED:
            suspensions = HostEvent.objects.filter(host=OuterRef("pk"), to_status=Host.Status.SUSPENDED).order_by("-at")
            return _unreached(hosts.filter(status=Host.Status.SUSPENDED), suspensions)
        case ReasonToCall.UNVETTED:
            return hosts.filter(status=Host.Status.UNVETTED).annotate(since=F("created_at"))
        case ReasonToCall.CHECK:
            soon = vetting.latest_checks().filter(passed=True, valid_until__lt=vetting.recheck_before(local_date(at)))
            of_vetted = hosts.filter(status=Host.Status.VETTED, checks__in=soon)
            return of_vetted.annotate(since=Max("checks__at"))
        case ReasonToCall.STALE:
            stale = Q(spaces__status=Space.Status.LISTED, spaces__fresh_until__lte=at)
            return hosts.filter(stale, status=Host.Status.VETTED).annotate(since=Max("spaces__fresh_until"))


def _unreached(hosts: QuerySet[Host], events: QuerySet[Any]) -> QuerySet[Any]:
    """Return the hosts with one of `events` (the latest first), since which no coordinator has reached them by telephone."""
    since = hosts.annotate(since=Subquery(events.values("at")[:1])).filter(since__isnull=False)
    reached = HostCall.objects.filter(host=OuterRef("pk"), outcome=HostCall.Outcome.REACHED, at__gte=OuterRef("since"))
    return since.filter(~Exists(reached))


def is_to_be_called(host: Host, why: ReasonToCall, *, at: datetime) -> bool:
    """Return whether `host` stands on the list for this reason, as a page that promises the host a call asks."""
    return _of(why, Host.objects.filter(pk=host.pk), at).exists()


def _calls(reasons: dict[int, list[tuple[ReasonToCall, datetime]]], at: datetime) -> list[Call]:
    order = list(ReasonToCall)
    rows = Host.objects.select_related("user", "refusal_by").in_bulk(list(reasons))
    lists = vetting.checklists(list(reasons), local_date(at))
    spaces = _by_host(Space.objects.filter(host__in=reasons).exclude(status=Space.Status.WITHDRAWN))
    last = {
        call.host_id: call
        for call in HostCall.objects.filter(host__in=reasons)
        .order_by("host", "-at", "-pk")
        .distinct("host")
        .select_related("by")
    }
    calls = [
        Call(rows[host_id], found, lists[host_id], spaces.get(host_id, []), last.get(host_id))
        for host_id, found in reasons.items()
    ]
    return sorted(calls, key=lambda call: (order.index(call.reasons[0][0]), call.reasons[0][1], call.host.pk))


def _by_host(spaces: QuerySet[Space]) -> dict[int, list[Space]]:
    found: dict[int, list[Space]] = {}
    for space in spaces.select_related("place").defer("address").order_by("created_at"):
        found.setdefault(space.host_id, []).append(space)
    return found


def _midnight(at: datetime) -> datetime:
    return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)


# -- refusals that need a second person -----------------------------------------------------------


def refusals_to_second(user: User) -> QuerySet[Host]:
    """Return the hosts whom one coordinator wants to refuse and a second coordinator has not refused yet."""
    asked = queries.hosts_visible_to(user).filter(status=Host.Status.UNVETTED, refusal_by__isnull=False)
    return asked.select_related("user", "refusal_by").order_by("pk")


# -- figures --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figures:
    """The number of hosts in each state of one required check, among the hosts of one standing."""

    kind: str
    words: str
    status: str
    counts: dict[CheckState, int]


def figures(user: User, at: datetime) -> list[Figures]:
    """Return figures of each required check, for vetted and then for unvetted hosts in the places of `user`."""
    hosts = Host.objects.filter(pk__in=queries.hosts_visible_to(user).values("pk"), user__erased_at=None)
    today = local_date(at)
    good = Q(passed=True)
    soon = Q(valid_until__lt=vetting.recheck_before(today))
    over = Q(valid_until__lt=today)
    states = {
        CheckState.PASSED: good & ~soon,
        CheckState.EXPIRING: good & soon & ~over,
        CheckState.EXPIRED: good & over,
        CheckState.FAILED: Q(passed=False),
    }
    counted = (
        vetting.latest_checks()
        .filter(host__in=hosts)
        .values("kind", "host__status")
        .annotate(**{f"n_{state}": Count("pk", filter=condition) for state, condition in states.items()})
    )
    by_key = {(row["kind"], row["host__status"]): row for row in counted}
    totals = dict(hosts.order_by().values_list("status").annotate(Count("pk")))
    found = []
    for status in (Host.Status.VETTED, Host.Status.UNVETTED):
        for kind in vetting.required_checks():
            row: Mapping[str, Any] = by_key.get((kind, status.value), {})
            counts: dict[CheckState, int] = {state: row.get(f"n_{state}", 0) for state in states}
            counts[CheckState.MISSING] = totals.get(status.value, 0) - sum(counts.values())
            found.append(Figures(kind, str(HostCheck.CheckKind(kind).label), str(status.label), counts))
    return found


# -- reminders ------------------------------------------------------------------------------------


def ask_for_rechecks(*, at: datetime) -> int:
    """Tell vetted hosts and their coordinators once of each check that runs out soon; return how many checks are new."""
    soon = vetting.latest_checks().filter(
        passed=True,
        valid_until__lt=vetting.recheck_before(local_date(at)),
        host__status=Host.Status.VETTED,
        host__user__erased_at=None,
    )
    checks = list(soon.select_related("host__user").defer("note").order_by("valid_until", "pk"))
    return sum(_ask(checks[start : start + RECHECKS_AT_ONCE], at) for start in range(0, len(checks), RECHECKS_AT_ONCE))


def _ask(checks: Collection[HostCheck], at: datetime) -> int:
    with one_act():
        return messages.checks_run_out(list(checks), at=at)
