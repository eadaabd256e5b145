"""Merging two hosts that are one person: `stays` takes over the rows of `goes`, who can no longer sign in."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import AccessToken, Host, HostCheck, HostEvent, HostEvidence, User
from accounts.refusals import Refused
from notifications.models import ContactPoint, Notification
from privacy import remarks

DECIDED_AGAINST = (Host.Status.SUSPENDED, Host.Status.REFUSED)


class CannotMerge(Refused):
    """The two rows are the same, or merging would lose a decision about one of them; the sentence says which."""

    code = "cannot_merge"
    sentences = {
        "host_itself": _("A host cannot be merged with themself."),
        "merged": _("One of the two is merged already."),
        "decided_against": _(
            "One of the two hosts is suspended or refused, or somebody has asked to refuse them. Decide on that first."
        ),
        "said_no": _(
            "A sheet says that one of the two has not been vetted, and the other one is. Vet that one first, or part them."
        ),
        "itself": _("It cannot be merged with itself."),
        "two_hosts": _("They are of two hosts. If these are one person, merge the hosts first."),
        "withdrawn": _("One of the two is withdrawn already."),
    }


class KeepTheOther(Refused):
    """The merge is possible only the other way round."""

    code = "keep_the_other"
    sentences = {
        "vetted": _("Keep the vetted host: matches may depend on it."),
        "account": _("Keep this host: the same person also signs in with this account for something else."),
        "has_match": _("Keep the one that has a match."),
    }


def merge_hosts(goes_id: int, stays_id: int, *, by: User, at: datetime, reason: str) -> dict[str, int]:
    """Give the contact points, checks, evidence and messages of host `goes_id` to host `stays_id`.

    Returns how many rows of each went over. The host who stays keeps their standing, and their name if they have one.
    Runs in the caller's transaction, which has locked the spaces of both and moves them. Raises CannotMerge,
    KeepTheOther.
    """
    locked = Host.objects.select_for_update(of=("self",)).select_related("user").order_by("pk")
    hosts = {host.pk: host for host in locked.filter(pk__in=[goes_id, stays_id])}
    if len(hosts) < 2:
        raise CannotMerge("host_itself")
    goes, stays = hosts[goes_id], hosts[stays_id]
    _check(goes, stays)
    moved = {
        "contact_points": _move_contact_points(goes.user, stays.user),
        "checks": HostCheck.objects.filter(host=goes).update(host=stays),
        "evidence": HostEvidence.objects.filter(host=goes).update(host=stays),
        "messages": Notification.objects.filter(recipient=goes.user).update(recipient=stays.user),
    }
    if not stays.user.name and goes.user.name:
        stays.user.name = goes.user.name
        stays.user.save(update_fields=["name"])
    if goes.said_no_at and not stays.said_no_at:
        stays.said_no_at = goes.said_no_at
        stays.save(update_fields=["said_no_at"])
    goes.user.is_active = False
    goes.user.save(update_fields=["is_active"])
    AccessToken.objects.filter(user=goes.user, revoked_at=None).update(revoked_at=at)
    Host.objects.filter(merged_into=goes).update(merged_into=stays)
    remark = remarks.write(reason, at=at)
    HostEvent.objects.bulk_create(
        [
            HostEvent(host=goes, from_status=goes.status, to_status=Host.Status.MERGED, by=by, at=at, remark=remark),
            HostEvent(
                host=stays,
                from_status=stays.status,
                to_status=stays.status,
                by=by,
                at=at,
                said={"code": "merged", "number": goes.pk},
            ),
        ]
    )
    goes.status, goes.merged_into = Host.Status.MERGED, stays
    goes.save(update_fields=["status", "merged_into"])
    return moved


def _check(goes: Host, stays: Host) -> None:
    if Host.Status.MERGED in (goes.status, stays.status):
        raise CannotMerge("merged")
    if any(host.status in DECIDED_AGAINST or host.refusal_by_id is not None for host in (goes, stays)):
        raise CannotMerge("decided_against")
    if Host.Status.VETTED in (goes.status, stays.status) and (goes.said_no_at or stays.said_no_at):
        raise CannotMerge("said_no")
    if goes.status == Host.Status.VETTED and stays.status != Host.Status.VETTED:
        raise KeepTheOther("vetted")
    if goes.user.is_staff or hasattr(goes.user, "arrival"):
        raise KeepTheOther("account")


def _move_contact_points(goes: User, stays: User) -> int:
    """Move the contact points that `stays` lacks; return how many. The others find nobody, as `goes` loses access."""
    known = {(point.channel, point.address_index) for point in stays.contact_points.all()}
    new = [point.pk for point in goes.contact_points.all() if (point.channel, point.address_index) not in known]
    return ContactPoint.objects.filter(pk__in=new).update(user=stays, preferred=False)
