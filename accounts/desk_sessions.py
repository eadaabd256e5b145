"""A coordinator's session: it begins when both factors are proved, and ends by itself when it is idle or old.

The session keeps times as whole seconds since 1970. The limits are `settings.IDLE_MINUTES` and `SESSION_HOURS`.
"""

from __future__ import annotations

from datetime import datetime

import django_otp
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest

from accounts import sign_ins
from accounts.coordinators import CoordinatorChange, note
from accounts.models import Authenticator, Passkey, SignIn, User

SEEN, SINCE = "desk_seen", "desk_since"
EVERY = 60
"""Seconds between two notes of the last click, so that not every page costs a write."""


def enter(request: HttpRequest, user: User, device: Authenticator | Passkey, *, at: datetime) -> None:
    """Begin a session of `user`, who has proved password and second factor, or a passkey."""
    way = SignIn.Way.PASSKEY if isinstance(device, Passkey) else SignIn.Way.DESK
    sign_ins.begin(request, user, way, at=at)
    django_otp.login(request, device)
    now = int(at.timestamp())
    request.session[SEEN] = request.session[SINCE] = now
    # The row expires SESSION_HOURS after the last note of a click, later than `end_if_idle` ends the session, so that
    # a page can still say why the session ended.
    request.session.set_expiry(settings.SESSION_HOURS * 3600)
    note(user, CoordinatorChange.SIGNED_IN, by=user, at=at)


def verified(request: HttpRequest) -> bool:
    """Return whether the user has proved a second factor in this session."""
    user = request.user
    return isinstance(user, User) and user.is_active and bool(getattr(user, "otp_device", None))


def end_if_idle(request: HttpRequest, *, at: datetime) -> bool:
    """End a verified session that was idle for too long or began too long ago; return whether it was ended."""
    if django_otp.DEVICE_ID_SESSION_KEY not in request.session:
        return False
    now = int(at.timestamp())
    seen, since = request.session.get(SEEN, 0), request.session.get(SINCE, 0)
    if now - seen > settings.IDLE_MINUTES * 60 or now - since > settings.SESSION_HOURS * 3600:
        logout(request)
        return True
    if now - seen >= EVERY:
        request.session[SEEN] = now
    return False
