"""Texts that a visitor's session keeps, sealed. A session is a row of the database; its browser knows its key only."""

from __future__ import annotations

from django.contrib.sessions.backends.base import SessionBase
from django.db import connection

from privacy import ciphertext


def purpose_of(key: str) -> str:
    """Return the purpose for which the text under a session's `key` is sealed."""
    return f"session: {key}"


def keep(session: SessionBase, key: str, text: str) -> None:
    """Keep `text` in the session, sealed. Raises ImproperlyConfigured without a key."""
    session[key] = ciphertext.seal_text(text, purpose=purpose_of(key))


def kept(session: SessionBase, key: str) -> str:
    """Return the text that the session keeps under `key`; "" for none, or for one whose key is gone."""
    token = session.get(key, "")
    try:
        if token and not ciphertext.is_sealed(token):
            return ciphertext.open_old(token, connection).decode()
        return ciphertext.open_text(token, purpose=purpose_of(key))
    except ciphertext.DoesNotOpen:
        return ""
