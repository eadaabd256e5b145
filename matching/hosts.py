"""The acts on a host's standing: vet, refuse, keep, suspend, and what each means for the host's spaces and matches."""

from __future__ import annotations

from datetime import datetime

from accounts import vetting
from accounts.models import Host, User
from matching import due, messages, queries, transitions
from matching.models import Space
from matching.refusals import NotYours, one_act


def vet(host_id: int, *, by: User, at: datetime) -> Host:
    """Vet a host, whose listed spaces can be matched from now on.

    Raises NotYours when `by` is no coordinator of the host's places, ChecksMissing, or WrongStanding.
    """
    check_may_judge(host_id, by)
    with one_act():
        host = vetting.vet(host_id, by=by, at=at)
        due.note(at, spaces=Space.objects.filter(host=host_id).values_list("pk", flat=True))
        return host


def refuse(host_id: int, *, by: User, at: datetime, reason: str = "") -> Host:
    """Ask for the refusal of an unvetted host; the second of two people to ask refuses the host.

    Raises NotYours when `by` is no coordinator of the host's places, WrongStanding, or SecondPersonRefuses.
    """
    check_may_judge(host_id, by)
    with one_act():
        return vetting.refuse(host_id, by=by, at=at, reason=reason)


def keep_unrefused(host_id: int, *, by: User, at: datetime, reason: str = "") -> Host:
    """Take back a refusal that one person asked for. Raises NotYours, or WrongStanding when there is none."""
    check_may_judge(host_id, by)
    with one_act():
        return vetting.keep_unrefused(host_id, by=by, at=at, reason=reason)


def suspend(host_id: int, *, by: User, at: datetime, reason: str) -> Host:
    """Suspend a vetted host; in the same transaction end their matches that have not begun, and freeze the stays that have.

    The host, the coordinators and each household that knew of its match are told. Raises NotYours when `by` is no
    coordinator of the host's places, WrongStanding when the host is not vetted.
    """
    check_may_judge(host_id, by)
    with one_act():
        # Lock the spaces before the host, as a proposal's trigger does: in the other order the two could deadlock.
        list(Space.objects.filter(host=host_id).order_by("pk").select_for_update().values_list("pk"))
        host = vetting.suspend(host_id, by=by, at=at, reason=reason)
        stays = transitions.end_matches_of(host, by=by, at=at)
        messages.host_suspended(host, stays, at=at)
        return host


def check_may_judge(host_id: int, by: User) -> None:
    """Raise NotYours unless `by` coordinates a place of the host and has a part in what concerns them: nobody vets themself."""
    if queries.coordinator_of(by) is None:
        raise NotYours
    host = queries.hosts_visible_to(by).filter(pk=host_id).first()
    if host is None or queries.keeps_out_of(by, host.user_id):
        raise NotYours
