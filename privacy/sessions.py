"""Texts that a visitor's session keeps, sealed. A session is a row of the database; its browser knows its key only."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

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


def holds(content: Mapping[str, Any], marks: Collection[str]) -> bool:
    """Return whether a session's content holds one of these texts, plain or sealed, however digits are grouped in it."""
    for key, value in content.items():
        text = str(value)
        if isinstance(value, str) and ciphertext.is_sealed(value):
            try:
                text = ciphertext.open_text(value, purpose=purpose_of(key))
            except ciphertext.DoesNotOpen:
                continue
        if said_in(text, marks):
            return True
    return False


def said_in(text: str, marks: Collection[str]) -> bool:
    """Return whether one of the marks (an address, a case number) stands in the text. Spaces and signs between digits are
    passed over, since a browser keeps a number as it was typed.
    """
    joined = re.sub(r"(?<=[\d+])[\s().-]+(?=\d)", "", text)
    return any(mark in text or mark in joined for mark in marks if mark)
