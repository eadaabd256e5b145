"""What the tables of people, their keys and their checks keep (`privacy.kept`)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import Q

from accounts.models import CodeRequest, SignIn
from privacy.kept import by_user, codes_only, kept
from privacy.sessions import holds

KEYS = "It is a key or the mark of one, and no use to anybody but the service."


def _no_name(row: Any, _at: datetime) -> str:
    return f"erased-{row.pk}"


kept(
    "accounts.User",
    about=lambda user_id: Q(pk=user_id),
    clock="ended_cases",
    empties={
        "name": "",
        "username": _no_name,
        "password": lambda _row, _at: make_password(None),
        "is_active": False,
        "is_staff": False,
        "is_superuser": False,
        "last_login": None,
        "erased_at": lambda row, at: row.erased_at or at,
    },
    guarded=True,  # A new password ends every session and token.
    shows=("username", "name", "language", "created_at", "last_login"),
)
kept(
    "accounts.Host",
    about=by_user("user"),
    clock="hosts_gone",
    empties={"refusal_reason": ""},
    shows=("status", "created_at"),
)
kept(
    "accounts.HostCheck",
    about=by_user("host__user"),
    clock="words_beside_histories",
    empties={"note": "", "said": codes_only("said")},
    guarded=True,
    shows=("kind", "passed", "at", "valid_until"),
)
kept(
    "accounts.HostEvidence",
    about=by_user("host__user"),
    clock="evidence",
    empties={"picture": b"", "removed_at": lambda row, at: row.removed_at or at},
    guarded=True,
    shows=("kind", "at", "removed_at"),
)
kept(
    "accounts.HostCall",
    about=by_user("host__user"),
    clock="words_beside_histories",
    words_beside=True,
    shows=("outcome", "at"),
)
kept(
    "accounts.HostEvent",
    about=by_user("host__user"),
    clock="words_beside_histories",
    words_beside=True,
    empties={"said": codes_only("said")},
    shows=("from_status", "to_status", "at"),
)
kept(
    "accounts.Arrival",
    clock="ended_cases",
    about=by_user("user"),
    no_erasure="it has no words; the case number is the name of its user, and goes with it",
    shows=("created_at",),
)
kept(
    "accounts.Coordinator",
    about=by_user("user"),
    clock="coordinators_gone",
    no_erasure="a role and places; the histories of others need to know in which role somebody acted",
    shows=("role", "all_places", "confirmed_at"),
)
kept(
    "accounts.CoordinatorEvent",
    about=by_user("about"),
    clock="words_beside_histories",
    words_beside=True,
    empties={"was": codes_only("was"), "became": codes_only("became")},
    shows=("what", "at"),
)
kept(
    "accounts.Authenticator",
    about=by_user("user"),
    clock="second_factors",
    deletes=True,
    no_download=KEYS,
)
kept("accounts.Passkey", about=by_user("user"), clock="second_factors", deletes=True, shows=("name", "created_at"))
kept(
    "accounts.RecoveryCode",
    about=by_user("authenticator__user"),
    clock="second_factors",
    deletes=True,
    no_download=KEYS,
)
kept("accounts.OneTimeCode", about=by_user("user"), clock="used_codes", deletes=True, no_download=KEYS)
kept(
    "accounts.AccessToken",
    about=by_user("user"),
    clock="old_tokens",
    deletes=True,
    shows=("name", "scope", "created_at", "expires_at", "last_used_at"),
)
kept(
    "accounts.SignIn",
    about=by_user("user"),
    clock="old_sign_ins",
    deletes=True,
    shows=("way", "began_at", "seen_at"),
)
kept("accounts.Invitation", about=by_user("user"), clock="old_invitations", deletes=True, no_download=KEYS)


def _code_requests(_user_id: int, marks: Collection[str], _at: datetime) -> int:
    found = [row.pk for row in CodeRequest.objects.all() if row.address in marks]
    return CodeRequest.objects.filter(pk__in=found).delete()[0]


kept(
    "accounts.CodeRequest",
    clock="requests_for_codes",
    elsewhere=_code_requests,
    no_download="An address that somebody typed; nobody knows whether it is anybody's.",
)


def _sessions(user_id: int, marks: Collection[str], _at: datetime) -> int:
    """End the sessions of the person, and those in which a browser keeps what only this person could have typed."""
    mine = set(SignIn.objects.filter(user=user_id).values_list("session_key", flat=True))
    if marks:
        mine |= {row.pk for row in Session.objects.iterator() if holds(SessionStore().decode(row.session_data), marks)}
    return Session.objects.filter(pk__in=mine).delete()[0]


kept(
    "sessions.Session",
    clock="ended_sessions",
    elsewhere=_sessions,
    no_download="What somebody is just typing into this browser is on the page where they type it.",
)


def _log_entries(user_id: int, _marks: Collection[str], _at: datetime) -> int:
    about = Q(content_type__app_label="accounts", content_type__model="user", object_id=str(user_id))
    return LogEntry.objects.filter(Q(user=user_id) | about).delete()[0]


kept(
    "admin.LogEntry",
    clock="words_beside_histories",
    elsewhere=_log_entries,
    no_download="Only a superuser's own changes leave such a line.",
)


# -- apps beside this one that know people as users only ------------------------------------------------

kept(
    "places.PlaceChange",
    no_clock="the history of a place is about the place",
    no_erasure="it names the lead who acted by an id, which leads to nobody after an erasure",
    no_download="it is about a place",
)

kept(
    "deployment.SettingChange",
    no_clock="the history of the rules holds their present values",
    no_erasure="it names the lead who acted by an id, which leads to nobody after an erasure",
    no_download="it is about a rule",
)
