"""A host's standing: the checks on record, and the moves unvetted, vetted, refused and suspended."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Host, HostCheck, HostEvent, User
from accounts.refusals import ChecksMissing, Refused
from notifications.outbox import tell

MOVES = {
    ("unvetted", "vetted"),
    ("unvetted", "refused"),
    ("vetted", "suspended"),
    # A second look may lift a suspension or a refusal; the checks are asked for again.
    ("suspended", "vetted"),
    ("refused", "vetted"),
}


class WrongStanding(Refused):
    """The host's standing does not allow this move."""

    code = "wrong_standing"


def record_check(
    host: Host, kind: str, *, by: User, at: datetime, passed: bool = True, note: str = "", valid_days: int | None = None
) -> HostCheck:
    """Put one check on record, valid for `valid_days` (default: the deployment's for this kind, else a year)."""
    days = valid_days if valid_days is not None else settings.REQUIRED_CHECKS.get(kind, 365)
    return HostCheck.objects.create(
        host=host,
        kind=kind,
        passed=passed,
        by=by,
        at=at,
        note=note,
        valid_until=timezone.localtime(at).date() + timedelta(days=days),
    )


def missing_checks(host: Host, today: date) -> list[str]:
    """Return the required kinds of check that `host` has not passed or that are no longer valid."""
    valid = set(host.checks.filter(passed=True, valid_until__gte=today).values_list("kind", flat=True))
    return [kind for kind in settings.REQUIRED_CHECKS if kind not in valid]


def vet(host_id: int, *, by: User, at: datetime) -> Host:
    """Let a host be matched. Raises ChecksMissing (naming them) or WrongStanding."""
    host = Host.objects.select_for_update(of=("self",)).select_related("user").get(pk=host_id)
    if missing := missing_checks(host, timezone.localtime(at).date()):
        words = dict(HostCheck.Kind.choices)
        raise ChecksMissing(
            _("Put these checks on record first: %(checks)s.") % {"checks": ", ".join(str(words[k]) for k in missing)}
        )
    _write(host, Host.Status.VETTED, by=by, at=at)
    tell(host.user, "host_vetted", at=at, key=f"host_vetted:{host.pk}:{at.isoformat()}")
    return host


def refuse(host_id: int, *, by: User, at: datetime, reason: str) -> Host:
    """Refuse an unvetted host. Raises WrongStanding."""
    host = Host.objects.select_for_update(of=("self",)).select_related("user").get(pk=host_id)
    _write(host, Host.Status.REFUSED, by=by, at=at, reason=reason)
    tell(host.user, "host_refused", at=at, key=f"host_refused:{host.pk}:{at.isoformat()}")
    return host


def suspend(host_id: int, *, by: User, at: datetime, reason: str) -> Host:
    """Suspend a vetted host; `matching.transitions.suspend_host` is the act that also freezes the matches.

    Raises WrongStanding.
    """
    host = Host.objects.select_for_update(of=("self",)).select_related("user").get(pk=host_id)
    _write(host, Host.Status.SUSPENDED, by=by, at=at, reason=reason)
    return host


def _write(host: Host, to: str, *, by: User, at: datetime, reason: str = "") -> None:
    if (host.status, to) not in MOVES:
        raise WrongStanding(
            _("A host who is %(now)s cannot become %(to)s.")
            % {"now": host.get_status_display(), "to": str(dict(Host.Status.choices)[Host.Status(to)])}
        )
    HostEvent.objects.create(host=host, from_status=host.status, to_status=to, by=by, at=at, reason=reason)
    host.status = to
    host.save(update_fields=["status"])
