"""A host's standing: the checks on record, and the moves unvetted, vetted, refused and suspended.

Of each kind of check the last one on record counts: whoever passed in spring and failed today has failed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Host, HostCall, HostCheck, HostEvent, User
from accounts.refusals import ChecksMissing, Refused
from deployment import rules
from notifications.outbox import tell

MOVES = {
    ("unvetted", "vetted"),
    ("unvetted", "refused"),
    ("vetted", "suspended"),
    # A second look may lift a suspension or a refusal; the checks are asked for again.
    ("suspended", "vetted"),
    ("refused", "vetted"),
    # Whoever vouched for a whole sheet takes their word back with it (`take_word_back`).
    ("vetted", "unvetted"),
}

OTHER_KINDS_DAYS = 365
"""How long a check counts that this deployment does not require."""


class WrongStanding(Refused):
    """The host's standing does not allow this move."""

    code = "wrong_standing"


class SecondPersonRefuses(Refused):
    """Whoever asked for a refusal cannot be the one who seconds it."""

    code = "second_person_refuses"
    message = gettext_lazy("You have asked for this refusal already: another coordinator must refuse too.")


# -- checks ---------------------------------------------------------------------------------------


def required_checks() -> Mapping[str, int]:
    """Return the kinds of check this deployment asks of every host, and for how many days each counts."""
    return rules.current().required_checks


def record_check(
    host: Host, kind: str, *, by: User, at: datetime, passed: bool = True, note: str = "", valid_days: int | None = None
) -> HostCheck:
    """Put one check on record, valid for `valid_days` (default: the deployment's for this kind, else a year)."""
    days = valid_days if valid_days is not None else required_checks().get(kind, OTHER_KINDS_DAYS)
    return HostCheck.objects.create(
        host=host,
        kind=kind,
        passed=passed,
        by=by,
        at=at,
        note=note,
        valid_until=timezone.localtime(at).date() + timedelta(days=days),
    )


def latest_checks() -> QuerySet[HostCheck]:
    """Return the required checks that count: of each host and kind the last one on record."""
    later = HostCheck.objects.filter(host=OuterRef("host"), kind=OuterRef("kind"), at__gt=OuterRef("at"))
    same_moment = HostCheck.objects.filter(
        host=OuterRef("host"), kind=OuterRef("kind"), at=OuterRef("at"), pk__gt=OuterRef("pk")
    )
    required = HostCheck.objects.filter(kind__in=list(required_checks())).order_by()
    return required.filter(~Exists(later), ~Exists(same_moment))


class CheckState(StrEnum):
    """How one required check of one host stands."""

    PASSED = "passed"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    FAILED = "failed"
    MISSING = "missing"


COUNTS = frozenset({CheckState.PASSED, CheckState.EXPIRING})
"""In these a check lets a host be vetted."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a host's checklist: a required kind, how it stands, and the check it is known from (None: missing)."""

    kind: str
    state: CheckState
    check: HostCheck | None = None

    @property
    def words(self) -> str:
        return str(HostCheck.Kind(self.kind).label)


def state_of(check: HostCheck | None, today: date) -> CheckState:
    """Return how a required check stands that `check` was the last one of."""
    if check is None:
        return CheckState.MISSING
    if not check.passed:
        return CheckState.FAILED
    if check.valid_until < today:
        return CheckState.EXPIRED
    return CheckState.EXPIRING if check.valid_until < recheck_before(today) else CheckState.PASSED


def recheck_before(today: date) -> date:
    """Return the day before which a check runs out soon enough to be renewed now."""
    return today + timedelta(days=settings.RECHECK_DAYS)


def checklists(host_ids: Collection[int], today: date) -> dict[int, list[Item]]:
    """Return the checklist of each host, in the deployment's order of kinds; one query whatever their number."""
    required = list(required_checks())  # asked once: every host is measured by the same list
    known: dict[tuple[int, str], HostCheck] = {
        (check.host_id, check.kind): check
        for check in latest_checks().filter(host__in=host_ids).defer("note").select_related("by")
    }
    return {
        host_id: [
            Item(kind, state_of(known.get((host_id, kind)), today), known.get((host_id, kind))) for kind in required
        ]
        for host_id in host_ids
    }


def checklist(host: Host, today: date) -> list[Item]:
    """Return the checklist of one host."""
    return checklists([host.pk], today)[host.pk]


def missing_checks(host: Host, today: date) -> list[str]:
    """Return the required kinds of check that `host` has not passed or that are no longer valid."""
    return [item.kind for item in checklist(host, today) if item.state not in COUNTS]


def with_every_check(host_ids: Collection[int], today: date) -> set[int]:
    """Return which of these hosts have every required check on record and valid: one query, no object for each check.

    A round asks this of everybody it proposes; `state_of` is the rule that this says in SQL.
    """
    required = len(required_checks())
    counting = latest_checks().filter(host__in=host_ids, passed=True, valid_until__gte=today)
    counts = dict(counting.values_list("host").annotate(kinds=Count("kind", distinct=True)))
    return {host_id for host_id in host_ids if counts.get(host_id, 0) == required}


# -- calls ----------------------------------------------------------------------------------------


def note_call(host: Host, outcome: str, *, by: User, at: datetime, note: str = "") -> HostCall:
    """Put on record that a coordinator called the host, and what came of it."""
    return HostCall.objects.create(host=host, outcome=HostCall.Outcome(outcome), note=note, by=by, at=at)


# -- standing -------------------------------------------------------------------------------------


def vet(host_id: int, *, by: User, at: datetime) -> Host:
    """Let a host be matched; a refusal somebody asked for is off. Raises ChecksMissing (naming them) or WrongStanding."""
    host = _locked(host_id)
    if missing := missing_checks(host, timezone.localtime(at).date()):
        words = dict(HostCheck.Kind.choices)
        raise ChecksMissing(
            _("Put these checks on record first: %(checks)s.") % {"checks": ", ".join(str(words[k]) for k in missing)}
        )
    _forget_refusal(host)
    _write(host, Host.Status.VETTED, by=by, at=at)
    tell(host.user, "host_vetted", at=at, key=f"host_vetted:{host.pk}:{at.isoformat()}")
    return host


def refuse(host_id: int, *, by: User, at: datetime, reason: str = "") -> Host:
    """Refuse an unvetted host: the first call asks for it and notes the `reason`, the second, by somebody else, does it.

    Raises WrongStanding, and SecondPersonRefuses when the same person asks twice.
    """
    host = _locked(host_id)
    _check_move(host, Host.Status.REFUSED)
    if host.refusal_by_id is None:
        host.refusal_by, host.refusal_reason = by, reason
        host.save(update_fields=["refusal_by", "refusal_reason"])
        _note(host, host.status, by=by, at=at, reason=_first(reason))
        return host
    if host.refusal_by_id == by.pk:
        raise SecondPersonRefuses
    host.refusal_seconded_by = by
    host.save(update_fields=["refusal_seconded_by"])
    _write(host, Host.Status.REFUSED, by=by, at=at, reason=reason or host.refusal_reason)
    tell(host.user, "host_refused", at=at, key=f"host_refused:{host.pk}:{at.isoformat()}")
    return host


def keep_unrefused(host_id: int, *, by: User, at: datetime, reason: str = "") -> Host:
    """Take back a refusal that was asked for and not seconded yet. Raises WrongStanding when there is none."""
    host = _locked(host_id)
    if host.status != Host.Status.UNVETTED or host.refusal_by_id is None:
        raise WrongStanding(_("Nobody has asked to refuse this host."))
    _forget_refusal(host)
    _note(host, host.status, by=by, at=at, reason=reason or _("the refusal asked for was taken back"))
    return host


def suspend(host_id: int, *, by: User, at: datetime, reason: str) -> Host:
    """Suspend a vetted host; `matching.hosts.suspend` is the act that also freezes the matches.

    Raises WrongStanding.
    """
    host = _locked(host_id)
    _write(host, Host.Status.SUSPENDED, by=by, at=at, reason=reason)
    return host


def take_word_back(host_id: int, *, by: User, at: datetime, reason: str) -> Host:
    """Make a vetted host unvetted again, each required check failed on record: who vouched for them was mistaken.

    Raises WrongStanding. Whether matches stand on the host is the caller's to ask.
    """
    host = _locked(host_id)
    for kind in required_checks():
        record_check(host, kind, by=by, at=at, passed=False, note=reason)
    _write(host, Host.Status.UNVETTED, by=by, at=at, reason=reason)
    return host


def _first(reason: str) -> str:
    words = _("asks to refuse: %(reason)s") % {"reason": reason}
    return words[:200]


def _locked(host_id: int) -> Host:
    return Host.objects.select_for_update(of=("self",)).select_related("user").get(pk=host_id)


def _forget_refusal(host: Host) -> None:
    host.refusal_by = host.refusal_seconded_by = None
    host.refusal_reason = ""
    host.save(update_fields=["refusal_by", "refusal_seconded_by", "refusal_reason"])


def _check_move(host: Host, to: str) -> None:
    if (host.status, to) not in MOVES:
        raise WrongStanding(
            _("A host who is %(now)s cannot become %(to)s.")
            % {"now": host.get_status_display(), "to": str(dict(Host.Status.choices)[Host.Status(to)])}
        )


def _write(host: Host, to: str, *, by: User, at: datetime, reason: str = "") -> None:
    _check_move(host, to)
    _note(host, to, by=by, at=at, reason=reason)
    host.status = to
    host.save(update_fields=["status"])


def _note(host: Host, to: str, *, by: User, at: datetime, reason: str) -> None:
    HostEvent.objects.create(host=host, from_status=host.status, to_status=to, by=by, at=at, reason=reason[:200])
