"""Who has which right at the coordinators' desk, and the acts that give and take rights; each leaves a line of history.

A coordinator acts in their places, a lead coordinator in all of them, and names the others; an auditor looks
at everything of their places but personal fields, and changes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Authenticator, Coordinator, CoordinatorEvent, User
from accounts.refusals import Refused
from places.models import Place

EXPORT_PERSONAL = "accounts.export_personal"
Change = CoordinatorEvent.What
Role = Coordinator.Role


class NotLead(Refused):
    """Only a lead coordinator, or whoever runs the deployment (a superuser), gives and takes rights."""

    code = "not_lead"
    message = _("Only a lead coordinator may do this.")


class NotOneself(Refused):
    """Nobody changes their own rights: so a lead is always left, and two people know of every change."""

    code = "not_oneself"
    message = _("Ask another lead coordinator: nobody changes their own rights.")


class NameTaken(Refused):
    """Somebody signs in with this name already."""

    code = "name_taken"
    message = _("Somebody has this user name already. Choose another one.")


class NoPlaces(Refused):
    """A coordinator without places could see nothing."""

    code = "no_places"
    message = _("Choose at least one place, or all places.")


# -- who may what ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do at the desk: the templates' and the doors' short form of a Coordinator row."""

    may_act: bool = False
    """Move matches, vet, import: whatever changes something of their places."""
    is_lead: bool = False
    """Change the deployment's settings."""
    may_name: bool = False
    """Name coordinators."""
    may_audit: bool = False
    """Read who did what and who looked at whom."""
    reads_only: bool = False


def desk_of(user: User) -> Coordinator | None:
    """Return what `user` is at the desk, an auditor as well, or None; one who left (`is_active` false) is nothing."""
    return getattr(user, "coordinator", None) if user.is_active else None


def coordinator_of(user: User) -> Coordinator | None:
    """Return the coordinator `user` is, one who may act; an auditor is none."""
    row = desk_of(user)
    return None if row is None or row.role == Role.AUDITOR else row


def rights_of(user: object) -> Rights:
    """Return what `user` (or somebody nobody knows) may do."""
    if not isinstance(user, User) or not user.is_active:
        return Rights()
    row = desk_of(user)
    role = row.role if row else None
    lead = role == Role.LEAD
    return Rights(
        may_act=coordinator_of(user) is not None,
        is_lead=lead,
        may_name=lead or user.is_superuser,
        may_audit=lead or role == Role.AUDITOR,
        reads_only=role == Role.AUDITOR,
    )


def may_export_personal(user: User) -> bool:
    """Return whether `user` may take names, contacts, addresses and notes out in bulk: a lead, or a coordinator
    with the permission `accounts.export_personal`. An auditor never.

    Not one of the `Rights`, which every page asks for: this one costs two queries.
    """
    row = coordinator_of(user)
    return row is not None and (row.role == Role.LEAD or user.has_perm(EXPORT_PERSONAL))


# -- giving and taking rights ---------------------------------------------------------------------


EVERYWHERE = "all places"
"""What a line of history says instead of a list of places."""
ALL_PLACES = _("all places")


@dataclass(frozen=True, slots=True)
class Granted:
    """Which rights a coordinator is to have: a role, and where (a lead: everywhere)."""

    role: str
    all_places: bool = False
    places: Sequence[Place] = ()

    def in_words(self) -> str:
        """Return the rights as a line of history keeps them; `rights_in_words` puts them into the reader's language."""
        where = EVERYWHERE if self.everywhere else ", ".join(sorted(place.name for place in self.places))
        return f"{self.role}: {where}"[:500]

    @property
    def everywhere(self) -> bool:
        return self.all_places or self.role == Role.LEAD


def rights_in_words(kept: str) -> str:
    """Return what a line of history says of somebody's rights, in the reader's language; "" for ""."""
    role, _colon, where = kept.partition(": ")
    roles: dict[str, Any] = dict(Role.choices)
    return f"{roles[role]}: {ALL_PLACES if where == EVERYWHERE else where}" if role in roles else kept


def granted_to(row: Coordinator) -> Granted:
    """Return the rights of this coordinator now."""
    return Granted(role=row.role, all_places=row.all_places, places=tuple(row.places.all()))


def name_coordinator(
    username: str, granted: Granted, *, by: User, at: datetime, name: str = "", language: str = "ru"
) -> tuple[Coordinator, str]:
    """Make a coordinator who signs in as `username`; return it and its first password, which is not kept.

    Raises NotLead, NameTaken, NoPlaces.
    """
    _may_name(by)
    _has_places(granted)
    password = _new_password()
    try:
        with transaction.atomic():
            user = User.objects.create_user(username, password, name=name, language=language, is_staff=True)
    except IntegrityError:
        raise NameTaken from None
    with transaction.atomic():
        row = Coordinator.objects.create(user=user, role=granted.role, all_places=granted.everywhere)
        row.places.set(() if granted.everywhere else granted.places)
        note(user, Change.NAMED, became=granted.in_words(), by=by, at=at)
    return row, password


def change_rights(coordinator_id: int, granted: Granted, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Give a coordinator another role or other places. Raises NotLead, NotOneself, NoPlaces."""
    _has_places(granted)
    with transaction.atomic():
        row = _other(coordinator_id, by)
        before = granted_to(row).in_words()
        row.role, row.all_places = granted.role, granted.everywhere
        row.save(update_fields=["role", "all_places"])
        row.places.set(() if granted.everywhere else granted.places)
        note(
            row.user, Change.RIGHTS_CHANGED, was=before, became=granted_to(row).in_words(), by=by, at=at, reason=reason
        )
        return row


def send_away(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """End a coordinator's access at once, sessions and tokens included. Raises NotLead, NotOneself."""
    return _set_active(coordinator_id, False, Change.LEFT, by=by, at=at, reason=reason)


def let_back(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Let a coordinator who left in again. Raises NotLead, NotOneself."""
    return _set_active(coordinator_id, True, Change.RETURNED, by=by, at=at, reason=reason)


def give_password(coordinator_id: int, *, by: User, at: datetime, reason: str) -> tuple[Coordinator, str]:
    """Give a coordinator a new password, shown once; it ends their sessions. Raises NotLead, NotOneself."""
    with transaction.atomic():
        row = _other(coordinator_id, by)
        password = _new_password()
        row.user.set_password(password)
        row.user.save(update_fields=["password"])
        note(row.user, Change.PASSWORD_GIVEN, by=by, at=at, reason=reason)
        return row, password


def remove_second_factor(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Take a lost second factor away; it ends their sessions, and the next sign-in sets up a new one.

    Raises NotLead, NotOneself.
    """
    with transaction.atomic():
        row = _other(coordinator_id, by)
        Authenticator.objects.filter(user=row.user).delete()
        note(row.user, Change.SECOND_FACTOR_REMOVED, by=by, at=at, reason=reason)
        return row


def permit_export(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Let a coordinator export names, contacts, addresses and notes of their places. Raises NotLead, NotOneself."""
    return _set_export(coordinator_id, True, Change.EXPORT_PERMITTED, by=by, at=at, reason=reason)


def forbid_export(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Take back what `permit_export` gave; a lead may by their role all the same. Raises NotLead, NotOneself."""
    return _set_export(coordinator_id, False, Change.EXPORT_FORBIDDEN, by=by, at=at, reason=reason)


def _set_export(coordinator_id: int, may: bool, what: str, *, by: User, at: datetime, reason: str) -> Coordinator:
    app, codename = EXPORT_PERSONAL.split(".")
    permission = Permission.objects.get(content_type__app_label=app, codename=codename)
    with transaction.atomic():
        row = _other(coordinator_id, by)
        given = row.user.user_permissions
        (given.add if may else given.remove)(permission)
        note(row.user, what, by=by, at=at, reason=reason)
        return row


def note(
    about: User, what: str, *, by: User | None, at: datetime, was: str = "", became: str = "", reason: str = ""
) -> None:
    """Write one line of history of a coordinator's rights and keys."""
    CoordinatorEvent.objects.create(about=about, what=what, was=was, became=became, reason=reason, by=by, at=at)


def _set_active(coordinator_id: int, active: bool, what: str, *, by: User, at: datetime, reason: str) -> Coordinator:
    with transaction.atomic():
        row = _other(coordinator_id, by)
        row.user.is_active = active
        row.user.save(update_fields=["is_active"])
        note(row.user, what, by=by, at=at, reason=reason)
        return row


def _may_name(by: User) -> None:
    if not rights_of(by).may_name:
        raise NotLead


def _other(coordinator_id: int, by: User) -> Coordinator:
    _may_name(by)
    row = Coordinator.objects.select_for_update(of=("self",)).select_related("user").get(pk=coordinator_id)
    if row.user_id == by.pk:
        raise NotOneself
    return row


def _has_places(granted: Granted) -> None:
    if not granted.everywhere and not granted.places:
        raise NoPlaces


def _new_password() -> str:
    """Return 20 letters and digits that cannot be mistaken for each other (about 99 bits), in groups of five."""
    letters = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(20))
    return "-".join(letters[start : start + 5] for start in range(0, 20, 5))
