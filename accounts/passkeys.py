"""Passkeys of coordinators (W3C Web Authentication, Level 3). The library `webauthn` checks what a device signs.

A passkey belongs to one domain, so a copied page on another domain gets nothing from it. Without a domain (SITE_URL names
an address), and in a browser without scripts, password and six digits are the way in.
"""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import webauthn
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.coordinators import CoordinatorChange, note
from accounts.models import Passkey, User
from accounts.refusals import Refused

NAME = "Shanyrak"
MOST_PASSKEYS = 10


class WrongPasskey(Refused):
    """What the device signed is not valid: another passkey, another site, or a page that was open for too long."""

    code = "wrong_passkey"
    message = _("This passkey is not valid here. Try again, or sign in with your password.")


def possible() -> bool:
    """Return whether this deployment can have passkeys: its address has a domain, and HTTPS unless it is localhost."""
    parts = urlsplit(settings.SITE_URL)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return bool(host) and (parts.scheme == "https" or host == "localhost")
    return False


def _domain() -> str:
    return urlsplit(settings.SITE_URL).hostname or ""


# -- adding and removing --------------------------------------------------------------------------


def options_to_add(user: User) -> tuple[str, bytes]:
    """Return what a browser needs to make a passkey (JSON), and the challenge that it must sign."""
    options = webauthn.generate_registration_options(
        rp_id=_domain(),
        rp_name=NAME,
        user_name=user.username,
        user_id=str(user.pk).encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=bytes(each.credential_id)) for each in Passkey.objects.filter(user=user)
        ],
    )
    return webauthn.options_to_json(options), options.challenge


def add(user: User, answer: str, *, challenge: bytes, name: str, at: datetime) -> Passkey:
    """Keep the passkey that a browser has made. Raises WrongPasskey."""
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_domain(),
            expected_origin=settings.SITE_URL,
            require_user_verification=True,
        )
    except WebAuthnException:
        raise WrongPasskey from None
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        known = Passkey.objects.filter(credential_id=made.credential_id).exists()
        if known or Passkey.objects.filter(user=user).count() >= MOST_PASSKEYS:
            raise WrongPasskey
        row = Passkey.objects.create(
            user=user,
            name=name,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            created_at=at,
        )
        note(user, CoordinatorChange.PASSKEY_ADDED, by=user, at=at)
    return row


def remove(user: User, passkey_id: int, *, at: datetime) -> None:
    """Remove one of the user's passkeys; every session and token of the user ends with it."""
    with transaction.atomic():
        if Passkey.objects.filter(user=user, pk=passkey_id).delete()[0]:
            note(user, CoordinatorChange.PASSKEY_REMOVED, by=user, at=at)


# -- signing in -----------------------------------------------------------------------------------


def options_to_sign_in() -> tuple[str, bytes]:
    """Return what a browser needs to use a passkey (JSON), and the challenge that it must sign. They name nobody."""
    options = webauthn.generate_authentication_options(
        rp_id=_domain(), user_verification=UserVerificationRequirement.REQUIRED
    )
    return webauthn.options_to_json(options), options.challenge


def prove(answer: str, *, challenge: bytes, at: datetime) -> Passkey:
    """Return the passkey, with its user, that signed the challenge. Raises WrongPasskey."""
    try:
        credential = parse_authentication_credential_json(answer)
        with transaction.atomic():
            row = (
                Passkey.objects.select_for_update(of=("self",))
                .select_related("user")
                .filter(credential_id=base64url_to_bytes(credential.id), confirmed=True)
                .filter(user__is_active=True, user__is_staff=True)
                .first()
            )
            if row is None:
                raise WrongPasskey
            signed = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=_domain(),
                expected_origin=settings.SITE_URL,
                credential_public_key=bytes(row.public_key),
                credential_current_sign_count=row.sign_count,
                require_user_verification=True,
            )
            row.sign_count, row.used_at = signed.new_sign_count, at
            row.save(update_fields=["sign_count", "used_at"])
    except WebAuthnException:
        raise WrongPasskey from None
    return row
