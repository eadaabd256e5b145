"""A host's standing: the checks on record, and the moves between unvetted, vetted, refused and suspended.

The last check of each kind counts: a host who passed in spring and failed today has failed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.coordinators import check_counts_as_one_of_two
from accounts.models import Host, HostCall, HostCheck, HostEvent, User
from accounts.refusals import Refused
from deployment import rules
from notifications.outbox import tell
from privacy import remarks

VETTING_MOVES = {
    ("unvetted", "vetted"),
    ("unvetted", "refused"),
    ("vetted", "suspended"),
    # A suspension or a refusal may be lifted; `vet` asks for the checks again.
    ("suspended", "vetted"),
    ("refused", "vetted"),
    # The import of a sheet, whose hosts a coordinator had vouched for, is undone (`take_word_back`).
    ("vetted", "unvetted"),
}

OTHER_KINDS_DAYS = 365
"""Days that a check counts if this deployment does not require its kind."""


class WrongStanding(Refused):
    """The host's standing does not allow this move."""

    code = "wrong_standing"
    sentences = {
        "move": _("A host who is %(now)s cannot become %(to)s."),
        "no_refusal_asked": _("Nobody has asked to refuse this host."),
    }

    @classmethod
    def worded(cls, numbers: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: Host.Status(status).label for name, status in numbers.items()}


class ChecksMissing(Refused):
    """A required check of the host is missing or no longer valid, so the host cannot be vetted."""

    code = "checks_missing"
    message = _("Put these checks on record first: %(checks)s.")

    @classmethod
    def worded(cls, numbers: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"checks": ", ".join(str(HostCheck.CheckKind(kind).label) for kind in numbers["checks"])}


class SecondPersonRefuses(Refused):
    """The coordinator who asked for a refusal cannot second it."""

    code = "second_person_refuses"
    message = _("You have asked for this refusal already: another coordinator must refuse too.")


# -- checks ---------------------------------------------------------------------------------------


def required_checks() -> Mapping[str, int]:
    """Return the kinds of check that every host needs in this deployment, with the days for which each counts."""
    return rules.current().required_checks


def record_check(
    host: Host,
    kind: str,
    *,
    by: User,
    at: datetime,
    passed: bool = True,
    note: str = "",
    said: Mapping[str, Any] | None = None,
    valid_days: int | None = None,
) -> HostCheck:
    """Put one check on record, valid for `valid_days`.

    The default is the deployment's number of days for this kind, else OTHER_KINDS_DAYS. `note` is typed by the
    coordinator; `said` is a code of the act that records the check.
    """
    days = valid_days if valid_days is not None else required_checks().get(kind, OTHER_KINDS_DAYS)
    return HostCheck.objects.create(
        host=host,
        kind=kind,
        passed=passed,
        by=by,
        at=at,
        note=note,
        said=said,
        valid_until=timezone.localtime(at).date() + timedelta(days=days),
    )


def latest_checks() -> QuerySet[HostCheck]:
    """Return the last check of each host and required kind: the checks that count."""
    later = HostCheck.objects.filter(host=OuterRef("host"), kind=OuterRef("kind"), at__gt=OuterRef("at"))
    same_moment = HostCheck.objects.filter(
        host=OuterRef("host"), kind=OuterRef("kind"), at=OuterRef("at"), pk__gt=OuterRef("pk")
    )
    required = HostCheck.objects.filter(kind__in=list(required_checks())).order_by()
    return required.filter(~Exists(later), ~Exists(same_moment))


class CheckState(StrEnum):
    """The state of one required check of one host."""

    PASSED = "passed"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    FAILED = "failed"
    MISSING = "missing"


COUNTS = frozenset({CheckState.PASSED, CheckState.EXPIRING})
"""States in which a check lets a host be vetted."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a host's checklist: a required kind, its state, and the check that gives the state (None: missing)."""

    kind: str
    state: CheckState
    check: HostCheck | None = None

    @property
    def words(self) -> str:
        return str(HostCheck.CheckKind(self.kind).label)


def state_of(check: HostCheck | None, today: date) -> CheckState:
    """Return the state of a required kind of check, given the last check of that kind (None: there is none)."""
    if check is None:
        return CheckState.MISSING
    if not check.passed:
        return CheckState.FAILED
    if check.valid_until < today:
        return CheckState.EXPIRED
    return CheckState.EXPIRING if check.valid_until < recheck_before(today) else CheckState.PASSED


def recheck_before(today: date) -> date:
    """Return the first day of expiry that is far enough off: a check that ends before it should be renewed now."""
    return today + timedelta(days=settings.RECHECK_DAYS)


def checklists(host_ids: Collection[int], today: date) -> dict[int, list[Item]]:
    """Return the checklist of each host by id, in the deployment's order of kinds. One query serves all hosts."""
    required = list(required_checks())  # read once, so that every host is measured by the same list
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
    """Return the required kinds of check that `host` lacks, has failed, or passed too long ago."""
    return [item.kind for item in checklist(host, today) if item.state not in COUNTS]


def with_every_check(host_ids: Collection[int], today: date) -> set[int]:
    """Return those of these hosts who passed every required check and whose checks are valid.

    A round asks this about every host it proposes, so the rule of `state_of` is written here in SQL: one query, and no
    object for each check.
    """
    required = len(required_checks())
    counting = latest_checks().filter(host__in=host_ids, passed=True, valid_until__gte=today)
    counts = dict(counting.values_list("host").annotate(kinds=Count("kind", distinct=True)))
    return {host_id for host_id in host_ids if counts.get(host_id, 0) == required}


# -- calls ----------------------------------------------------------------------------------------


def note_call(host: Host, outcome: str, *, by: User, at: datetime, note: str = "") -> HostCall:
    """Put one call to the host on record: the coordinator, the outcome and a note. Raises ValueError for no outcome."""
    came_of_it = HostCall.Outcome(outcome)
    with transaction.atomic():
        remark = remarks.write(note, at=at)
        return HostCall.objects.create(host=host, outcome=came_of_it, remark=remark, by=by, at=at)


# -- standing -------------------------------------------------------------------------------------


def vet(host_id: int, *, by: User, at: datetime) -> Host:
    """Vet a host, so that they can be matched, and drop a refusal that was asked for and the no of a sheet.

    Raises ChecksMissing, which names the checks, or WrongStanding.
    """
    host = _locked(host_id)
    if missing := missing_checks(host, timezone.localtime(at).date()):
        raise ChecksMissing(checks=missing)
    _forget_refusal(host)
    if host.said_no_at is not None:
        host.said_no_at = None
        host.save(update_fields=["said_no_at"])
    _write(host, Host.Status.VETTED, by=by, at=at)
    tell(host.user, "host_vetted", at=at, key=f"host_vetted:{host.pk}:{at.isoformat()}")
    return host


def refuse(host_id: int, *, by: User, at: datetime, reason: str = "") -> Host:
    """Refuse an unvetted host, in two calls by two people: the first asks for the refusal, the second carries it out.

    Raises WrongStanding, or SecondPersonRefuses if the same person asks twice.
    """
    check_counts_as_one_of_two(by)
    host = _locked(host_id)
    _check_move(host, Host.Status.REFUSED)
    if host.refusal_by_id is None:
        host.refusal_by, host.refusal_reason = by, reason
        host.save(update_fields=["refusal_by", "refusal_reason"])
        _note(host, host.status, by=by, at=at, reason=reason, said={"code": "refusal_asked"})
        return host
    if host.refusal_by_id == by.pk:
        raise SecondPersonRefuses
    reason = reason or host.refusal_reason
    host.refusal_seconded_by, host.refusal_reason = by, ""  # The line of history has the reason from now on.
    host.save(update_fields=["refusal_seconded_by", "refusal_reason"])
    _write(host, Host.Status.REFUSED, by=by, at=at, reason=reason)
    tell(host.user, "host_refused", at=at, key=f"host_refused:{host.pk}:{at.isoformat()}")
    return host


def keep_unrefused(host_id: int, *, by: User, at: datetime, reason: str = "") -> Host:
    """Take back a refusal that nobody has seconded yet. Raises WrongStanding if nobody has asked for one."""
    host = _locked(host_id)
    if host.status != Host.Status.UNVETTED or host.refusal_by_id is None:
        raise WrongStanding("no_refusal_asked")
    _forget_refusal(host)
    _note(host, host.status, by=by, at=at, reason=reason, said={"code": "refusal_taken_back"})
    return host


def suspend(host_id: int, *, by: User, at: datetime, reason: str) -> Host:
    """Suspend a vetted host. `matching.hosts.suspend` calls this and freezes the host's matches. Raises WrongStanding."""
    host = _locked(host_id)
    _write(host, Host.Status.SUSPENDED, by=by, at=at, reason=reason)
    return host


def keep_the_no(host: Host, *, at: datetime) -> None:
    """Note that a sheet says that this host has not been vetted; do nothing unless the host is unvetted.

    No later sheet overrules it, whoever vouches for that one. Who vets the host at the desk does.
    """
    # One statement: a coordinator may vet the host at this moment, and their word counts.
    if Host.objects.filter(pk=host.pk, status=Host.Status.UNVETTED, said_no_at=None).update(said_no_at=at):
        host.said_no_at = at


def take_word_back(host_id: int, *, by: User, at: datetime, said: Mapping[str, Any]) -> Host:
    """Make a vetted host unvetted, for a coordinator who vouched for the host by mistake; `said` is the code of the act.

    Puts a failed check of each required kind on record. The caller makes sure that no match depends on the host.
    Raises WrongStanding.
    """
    host = _locked(host_id)
    for kind in required_checks():
        record_check(host, kind, by=by, at=at, passed=False, said=said)
    _write(host, Host.Status.UNVETTED, by=by, at=at, said=said)
    return host


def _locked(host_id: int) -> Host:
    return Host.objects.select_for_update(of=("self",)).select_related("user").get(pk=host_id)


def _forget_refusal(host: Host) -> None:
    host.refusal_by = host.refusal_seconded_by = None
    host.refusal_reason = ""
    host.save(update_fields=["refusal_by", "refusal_seconded_by", "refusal_reason"])


def _check_move(host: Host, to: str) -> None:
    if (host.status, to) not in VETTING_MOVES:
        raise WrongStanding("move", now=str(host.status), to=str(to))


def _write(
    host: Host, to: str, *, by: User, at: datetime, reason: str = "", said: Mapping[str, Any] | None = None
) -> None:
    _check_move(host, to)
    _note(host, to, by=by, at=at, reason=reason, said=said)
    host.status = to
    host.save(update_fields=["status"])


def _note(host: Host, to: str, *, by: User, at: datetime, reason: str, said: Mapping[str, Any] | None = None) -> None:
    remark = remarks.write(reason, at=at)
    HostEvent.objects.create(host=host, from_status=host.status, to_status=to, by=by, at=at, remark=remark, said=said)
