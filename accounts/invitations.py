"""Naming coordinators and resetting how they sign in: by a link to the person's own contact, never by a lead.

Nobody but the person sees their password or second factor. A new account is nobody's second person until a lead who did
not invite it has confirmed it. So is an account that was reset to a contact that a lead typed.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import user_names
from accounts.contacts import add_contact_point, read_contact
from accounts.coordinators import (
    CoordinatorChange,
    Granted,
    NameTaken,
    NotConfirmedYet,
    check_counts_as_one_of_two,
    check_may_name,
    check_places,
    note,
    other,
    rights_of,
)
from accounts.models import Authenticator, Coordinator, Invitation, Passkey, User
from accounts.refusals import Refused
from notifications.models import ContactPoint
from notifications.outbox import tell

VALID_FOR = timedelta(days=3)
FIRST_LEADS = 2
"""Leads that the operator's command makes: two, since each of them confirms whom the other invites."""


class InvitationOver(Refused):
    """The link is unknown, used, withdrawn or too old."""

    code = "invitation_over"
    message = _("This link is not valid any more. Ask a lead coordinator to send you another one.")


class AnotherLeadConfirms(Refused):
    """The lead who invited somebody does not confirm them."""

    code = "another_lead_confirms"
    message = _("You invited this person: another lead coordinator has to confirm them.")


class LeadsThere(Refused):
    """Two confirmed leads are there: they name the others."""

    code = "leads_there"
    message = _("There are two lead coordinators already. They invite the others at the desk.")


# -- inviting -------------------------------------------------------------------------------------


def name_coordinator(
    username: str, granted: Granted, *, contact: str, by: User, at: datetime, name: str = "", language: str = "ru"
) -> Coordinator:
    """Create a coordinator who signs in as `username`, and send an invitation to `contact`, their own phone or e-mail.

    Raises NotLead, NameTaken, UserNameTells, NoPlaces, UnreadableContact.
    """
    check_may_name(by)
    check_places(granted)
    channel, address = read_contact(contact)
    with transaction.atomic():
        row = _new(username, granted, name=name, language=language)
        row.invited_by = by
        row.save(update_fields=["invited_by"])
        note(row.user, CoordinatorChange.NAMED, became=granted.value, by=by, at=at)
        _invite(row.user, add_contact_point(row.user, channel, address, preferred=True), by=by, at=at)
    return row


def make_first_lead(username: str, *, contact: str, at: datetime, language: str = "ru") -> Coordinator:
    """Create one of the first two leads, confirmed, and send an invitation. For the operator's command.

    Raises LeadsThere, NameTaken, UserNameTells, UnreadableContact.
    """
    channel, address = read_contact(contact)
    granted = Granted(Coordinator.Role.LEAD)
    with transaction.atomic():
        leads = Coordinator.objects.filter(role=Coordinator.Role.LEAD, user__is_active=True)
        if leads.exclude(confirmed_at=None).count() >= FIRST_LEADS:
            raise LeadsThere
        row = _new(username, granted, name="", language=language)
        row.confirmed_at = at
        row.save(update_fields=["confirmed_at"])
        note(row.user, CoordinatorChange.NAMED, became=granted.value, by=None, at=at)
        _invite(row.user, add_contact_point(row.user, channel, address, preferred=True), by=None, at=at)
    return row


def reset_sign_in(coordinator_id: int, *, by: User, at: datetime, reason: str, contact: str = "") -> Coordinator:
    """End a coordinator's password, second factor, sessions and tokens, and invite them to choose new ones.

    The link goes to a contact that they have verified themself, whatever `contact` says. Somebody without one gets it at
    `contact`, and their account has to be confirmed again. Raises NotLead, NotOneself, UnreadableContact.
    """
    with transaction.atomic():
        row = other(coordinator_id, by)
        point = row.user.contact_points.exclude(verified_at=None).order_by("-preferred", "pk").first()
        if point is None:
            channel, address = read_contact(contact)
            point = add_contact_point(row.user, channel, address)
            row.invited_by, row.confirmed_by, row.confirmed_at = by, None, None
            row.save(update_fields=["invited_by", "confirmed_by", "confirmed_at"])
        row.user.set_unusable_password()
        row.user.save(update_fields=["password"])
        Authenticator.objects.filter(user=row.user).delete()
        Passkey.objects.filter(user=row.user).delete()
        note(row.user, CoordinatorChange.INVITED_AGAIN, by=by, at=at, reason=reason)
        _invite(row.user, point, by=by, at=at)
        return row


def _new(username: str, granted: Granted, *, name: str, language: str) -> Coordinator:
    user_names.check(username, name)
    try:
        with transaction.atomic():
            user = User.objects.create_user(username, None, name=name, language=language, is_staff=True)
    except IntegrityError:
        raise NameTaken from None
    row = Coordinator.objects.create(user=user, role=granted.role, all_places=granted.everywhere)
    row.places.set(() if granted.everywhere else granted.places)
    return row


def _invite(user: User, point: ContactPoint, *, by: User | None, at: datetime) -> None:
    """Send a link to `point`; an earlier link stops working."""
    Invitation.objects.filter(user=user, used_at=None, withdrawn_at=None).update(withdrawn_at=at)
    token = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    row = Invitation.objects.create(
        user=user, contact_point=point, token_hash=_hash(token), made_by=by, made_at=at, expires_at=at + VALID_FOR
    )
    tell(
        user,
        "invitation",
        at=at,
        key=f"invitation:{row.pk}",
        contact_point=point,
        secret=token,
        expires_at=row.expires_at,
    )


# -- using a link ---------------------------------------------------------------------------------


def invited_by_link(token: str, *, at: datetime) -> User:
    """Return the user whom a link invites. Raises InvitationOver."""
    return _open(token, at).user


def accept(token: str, password: str, *, at: datetime) -> User:
    """Use a link: give its user the password that they chose. The second factor is set up at the first sign-in.

    The caller has checked the password (`django.contrib.auth.password_validation`). Raises InvitationOver.
    """
    with transaction.atomic():
        row = _open(token, at, lock=True)
        row.used_at = at
        row.save(update_fields=["used_at"])
        row.user.set_password(password)
        row.user.save(update_fields=["password"])
        ContactPoint.objects.filter(pk=row.contact_point_id, verified_at=None).update(verified_at=at)
        note(row.user, CoordinatorChange.INVITATION_USED, by=row.user, at=at)
        return row.user


def _open(token: str, at: datetime, *, lock: bool = False) -> Invitation:
    rows = Invitation.objects.select_related("user").filter(
        token_hash=_hash(token), used_at=None, withdrawn_at=None, expires_at__gt=at, user__is_active=True
    )
    row = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if row is None:
        raise InvitationOver
    return row


def _hash(token: str) -> str:
    # A fast hash is enough: 80 random bits cannot be guessed before the link ends.
    return hashlib.sha256(token.lower().encode()).hexdigest()


# -- confirming -----------------------------------------------------------------------------------


def confirm(coordinator_id: int, *, by: User, at: datetime, reason: str) -> Coordinator:
    """Let an account count as one of two people, as a confirmed lead who did not invite it.

    Raises NotLead, NotOneself, NotConfirmedYet (for `by`), AnotherLeadConfirms.
    """
    with transaction.atomic():
        row = other(coordinator_id, by)
        if not rights_of(by).is_lead:
            raise NotConfirmedYet
        check_counts_as_one_of_two(by)
        if row.invited_by_id == by.pk:
            raise AnotherLeadConfirms
        if row.confirmed_at is None:
            row.confirmed_by, row.confirmed_at = by, at
            row.save(update_fields=["confirmed_by", "confirmed_at"])
            note(row.user, CoordinatorChange.CONFIRMED, by=by, at=at, reason=reason)
        return row
