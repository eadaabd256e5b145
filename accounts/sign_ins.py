"""Sessions of the pages and of the desk: beginning one, finding its user, showing and ending them.

The browser's session holds the number of its SignIn row. Without a row that counts, a session belongs to nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth import login
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import HttpRequest

from accounts import tokens
from accounts.coordinators import CoordinatorChange, note, rights_of
from accounts.models import AccessToken, SignIn, User

SIGN_IN = "sign_in"
SEEN_EVERY = timedelta(minutes=10)
"""Time between two notes of the last click, so that not every page costs a write."""


# -- one session ----------------------------------------------------------------------------------


def begin(request: HttpRequest, user: User, way: str, *, at: datetime) -> SignIn:
    """Begin a session of `user`, as read when their keys were proved in this `way` (SignIn.Way)."""
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return register(request.session, user, way, at=at)


def register(session: SessionBase, user: User, way: str, *, at: datetime) -> SignIn:
    """Write the row of a session that Django has begun, and its number into the session."""
    row = SignIn.objects.create(
        user=user,
        way=way,
        version=user.sign_in_version,
        session_key=session.session_key or "",
        began_at=at,
        seen_at=at,
    )
    session[SIGN_IN] = row.pk
    return row


def go_on(request: HttpRequest, user: User, *, at: datetime) -> User:
    """Let this session go on after its own user changed their keys, which ended all others. Return the user as stored."""
    before = SignIn.objects.get(pk=request.session[SIGN_IN])
    user = User.objects.get(pk=user.pk)
    begin(request, user, before.way, at=at)
    request.user = user
    return user


def user_of(session: SessionBase, *, at: datetime) -> User | None:
    """Return the user of a session, or None: nobody has signed in, or the session's row does not count any more."""
    number = session.get(SIGN_IN)
    if number is None:
        return None
    row = _counting().select_related("user").filter(pk=number).first()
    if row is None:
        return None
    if at - row.seen_at > SEEN_EVERY:
        SignIn.objects.filter(pk=row.pk).update(seen_at=at)
    return row.user


def _counting() -> QuerySet[SignIn]:
    return SignIn.objects.filter(revoked_at=None, version=F("user__sign_in_version"), user__is_active=True)


# -- all of them ----------------------------------------------------------------------------------


def open_sessions(user: User, *, at: datetime) -> QuerySet[SignIn]:
    """Return the sessions of `user` that are open at `at`, the newest first."""
    there = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=at)
    return _counting().filter(Exists(there), user=user)


def open_tokens(user: User, *, at: datetime) -> QuerySet[AccessToken]:
    """Return the tokens of `user` that are valid at `at`, the newest first."""
    return tokens.valid(at=at).filter(user=user)


def of_person(user: User, session: SessionBase, *, at: datetime) -> dict[str, object]:
    """Return what a page shows of `user`: open sessions, valid tokens, and which session is the visitor's own."""
    return {
        "sessions": open_sessions(user, at=at),
        "tokens": open_tokens(user, at=at),
        "here": session.get(SIGN_IN),
    }


def visible_to(user: User) -> QuerySet[SignIn]:
    """Return the sessions that `user` may list and end: their own, and for a lead coordinator everybody's."""
    return SignIn.objects.all() if rights_of(user).is_lead else SignIn.objects.filter(user=user)


def end_session(row: SignIn, *, by: User, at: datetime) -> None:
    """End a session now, with every token made in it. A second call changes nothing."""
    with transaction.atomic():
        if SignIn.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=at):
            AccessToken.objects.filter(sign_in=row, revoked_at=None).update(revoked_at=at)
            Session.objects.filter(session_key=row.session_key).delete()
            _tell_history(row.user, by, at)


def end_token(row: AccessToken, *, by: User, at: datetime) -> None:
    """End a token now, with every token that it made. A second call changes nothing."""
    with transaction.atomic():
        if row.revoked_at is None:
            tokens.revoke(row, at=at)
            _tell_history(row.user, by, at)


def end_all(user: User, *, by: User, at: datetime) -> None:
    """End every session and every token of `user` now."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(sign_in_version=F("sign_in_version") + 1)
        keys = SignIn.objects.filter(user=user).values("session_key")
        Session.objects.filter(session_key__in=keys).delete()
        _tell_history(user, by, at)


def _tell_history(about: User, by: User, at: datetime) -> None:
    """Write a line where somebody ends what is another's."""
    if about.pk != by.pk:
        note(about, CoordinatorChange.SESSIONS_ENDED, by=by, at=at)
