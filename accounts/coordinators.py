"""The rights at the coordinators' desk, and the acts that give and take them. Each act writes a line of history.

A coordinator acts in their places. A lead coordinator acts in all places and names the other coordinators. An auditor
reads everything of their places except personal fields, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Coordinator, CoordinatorEvent, User
from accounts.refusals import Refused
from places.models import Place
from privacy import remarks

EXPORT_PERSONAL = "accounts.export_personal"
CoordinatorChange = CoordinatorEvent.CoordinatorChange
DeskRole = Coordinator.Role


class NotLead(Refused):
    """Only a lead coordinator or a superuser (the operator of the deployment) gives and takes rights."""

    code = "not_lead"
    message = _("Only a lead coordinator may do this.")


class NotOneself(Refused):
    """Nobody changes their own rights, so that one lead is always left and two people know of every change."""

    code = "not_oneself"
    message = _("Ask another lead coordinator: nobody changes their own rights.")


class NameTaken(Refused):
    """This user name belongs to somebody else."""

    code = "name_taken"
    message = _("Somebody has this user name already. Choose another one.")


class NotConfirmedYet(Refused):
    """The account is new, or was reset to a contact that a lead typed, and no second lead has confirmed it."""

    code = "not_confirmed_yet"
    message = _(
        "This needs two people, and your account is not confirmed yet. Ask a lead who did not invite you to confirm it."
    )


class NoPlaces(Refused):
    """A coordinator needs a place: without one they would see nothing."""

    code = "no_places"
    message = _("Choose at least one place, or all places.")


# -- rights ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of one person at the desk: a short form of the Coordinator row, for templates and doors."""

    may_act: bool = False
    """May change the data of their places: move matches, vet, import."""
    is_lead: bool = False
    """May change the deployment's settings."""
    may_name: bool = False
    """May name coordinators and change their rights."""
    may_audit: bool = False
    """May read the history of acts and of looks at personal fields."""
    reads_only: bool = False
    """May change nothing: an auditor."""


def desk_of(user: User) -> Coordinator | None:
    """Return the user's Coordinator row of any role, or None. A user without access (`is_active` false) gets None."""
    return getattr(user, "coordinator", None) if user.is_active else None


def coordinator_of(user: User) -> Coordinator | None:
    """Return the user's Coordinator row if the role may act, else None: an auditor may not."""
    row = desk_of(user)
    return None if row is None or row.role == DeskRole.AUDITOR else row


def check_counts_as_one_of_two(user: User) -> None:
    """Raise NotConfirmedYet unless a second lead has confirmed the account of `user`.

    Every act that needs two people asks here for both of them: otherwise a lead could name the other one.
    """
    row = coordinator_of(user)
    if row is None or row.confirmed_at is None:
        raise NotConfirmedYet


def rights_of(user: object) -> Rights:
    """Return the rights of `user`; an anonymous visitor has none."""
    if not isinstance(user, User) or not user.is_active:
        return Rights()
    row = desk_of(user)
    role = row.role if row else None
    lead = role == DeskRole.LEAD
    return Rights(
        may_act=coordinator_of(user) is not None,
        is_lead=lead,
        may_name=lead or user.is_superuser,
        may_audit=lead or role == DeskRole.AUDITOR,
        reads_only=role == DeskRole.AUDITOR,
    )


def may_export_personal(user: User) -> bool:
    """Return whether `user` may export names, contacts, addresses and notes.

    A lead may, and so may a coordinator with the permission `accounts.export_personal`; an auditor never may. The
    answer costs two queries, so it is not one of the `Rights`, which every page asks for.
    """
    row = coordinator_of(user)
    return row is not None and (row.role == DeskRole.LEAD or user.has_perm(EXPORT_PERSONAL))


# -- giving and taking rights ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Granted:
    """The rights to give to a coordinator: a role and its places. A lead has all places."""

    role: str
    all_places: bool = False
    places: Sequence[Place] = ()

    @property
    def value(self) -> dict[str, Any]:
        """The rights as a line of history keeps them, without words: `matching.admin.line_words` words them."""
        names = [] if self.everywhere else sorted(place.name for place in self.places)
        return {"role": str(self.role), "all_places": self.everywhere, "places": names}

    @property
    def everywhere(self) -> bool:
        return self.all_places or self.role == DeskRole.LEAD


def granted_to(row: Coordinator) -> Granted:
    """Return the present rights of this coordinator."""
    return Granted(role=row.role, all_places=row.all_places, places=tuple(row.places.all()))


def change_rights(coordinator_id: int, granted: Granted, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Give a coordinator another role or other places. Raises NotLead, NotOneself, NoPlaces."""
    check_places(granted)
    with transaction.atomic():
        row = other(coordinator_id, by)
        before = granted_to(row).value
        row.role, row.all_places = granted.role, granted.everywhere
        row.save(update_fields=["role", "all_places"])
        row.places.set(() if granted.everywhere else granted.places)
        note(
            row.user,
            CoordinatorChange.RIGHTS_CHANGED,
            was=before,
            became=granted_to(row).value,
            by=by,
            at=at,
            reason=reason,
        )
        return row


def send_away(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """End a coordinator's access at once, with their sessions and tokens. Raises NotLead, NotOneself."""
    return _set_active(coordinator_id, False, CoordinatorChange.LEFT, by=by, at=at, reason=reason)


def let_back(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Restore the access of a coordinator who left. Raises NotLead, NotOneself."""
    return _set_active(coordinator_id, True, CoordinatorChange.RETURNED, by=by, at=at, reason=reason)


def permit_export(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Permit a coordinator to export the personal fields of their places. Raises NotLead, NotOneself."""
    return _set_export(coordinator_id, True, CoordinatorChange.EXPORT_PERMITTED, by=by, at=at, reason=reason)


def forbid_export(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Withdraw what `permit_export` gave; a lead may still export, by their role. Raises NotLead, NotOneself."""
    return _set_export(coordinator_id, False, CoordinatorChange.EXPORT_FORBIDDEN, by=by, at=at, reason=reason)


def allow_more_looks(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Let a coordinator open as many people again within the next day.

    It takes two people. Raises NotLead, NotOneself, and NotConfirmedYet for an account that does not count as one of two.
    """
    check_may_name(by)
    check_counts_as_one_of_two(by)
    with transaction.atomic():
        row = other(coordinator_id, by)
        note(row.user, CoordinatorChange.LOOKS_ALLOWED, by=by, at=at, reason=reason)
        return row


def _set_export(coordinator_id: int, may: bool, what: str, *, by: User, at: datetime, reason: str) -> Coordinator:
    app, codename = EXPORT_PERSONAL.split(".")
    permission = Permission.objects.get(content_type__app_label=app, codename=codename)
    with transaction.atomic():
        row = other(coordinator_id, by)
        given = row.user.user_permissions
        (given.add if may else given.remove)(permission)
        note(row.user, what, by=by, at=at, reason=reason)
        return row


def note(
    about: User,
    what: str,
    *,
    by: User | None,
    at: datetime,
    was: Mapping[str, Any] | None = None,
    became: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write one line of history about a coordinator's rights or keys; `was` and `became` are values of `Granted`."""
    remark = remarks.write(reason, at=at)
    CoordinatorEvent.objects.create(about=about, what=what, was=was, became=became, remark=remark, by=by, at=at)


def _set_active(coordinator_id: int, active: bool, what: str, *, by: User, at: datetime, reason: str) -> Coordinator:
    with transaction.atomic():
        row = other(coordinator_id, by)
        row.user.is_active = active
        row.user.save(update_fields=["is_active"])
        note(row.user, what, by=by, at=at, reason=reason)
        return row


def check_may_name(by: User) -> None:
    """Raise NotLead for anybody who may not name coordinators."""
    if not rights_of(by).may_name:
        raise NotLead


def other(coordinator_id: int, by: User) -> Coordinator:
    """Return the locked row of another coordinator, whom `by` may change. Raises NotLead, NotOneself."""
    check_may_name(by)
    row = Coordinator.objects.select_for_update(of=("self",)).select_related("user").get(pk=coordinator_id)
    if row.user_id == by.pk:
        raise NotOneself
    return row


def check_places(granted: Granted) -> None:
    """Raise NoPlaces for rights that reach no place."""
    if not granted.everywhere and not granted.places:
        raise NoPlaces
