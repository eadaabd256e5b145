"""Drafts: the answers a person has given so far, stored on the server at every Continue until they are sent.

A draft is stored in the visitor's session, which is a row of the database. The draft of a person with a case is stored
with the case, so that number and secret find it from another phone. Drafts hold phone numbers and addresses, so both
places store them encrypted.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict

from accounts.models import Arrival
from matching.models import KeptDraft
from matching.web.visitors import arrival_of
from privacy import sessions

NEED_DRAFT = "need"
KEPT_CASE = "kept_case"
"""The session's key for the case to which its draft was moved."""


class Store(Protocol):
    """The store of one draft. `load` returns "" if there is none."""

    def load(self) -> str: ...
    def keep(self, text: str) -> None: ...
    def clear(self) -> None: ...


@dataclass(frozen=True, slots=True)
class InSession:
    """The draft of a visitor without a case, stored in the session."""

    session: SessionBase
    name: str

    def load(self) -> str:
        return sessions.kept(self.session, f"draft_{self.name}")

    def keep(self, text: str) -> None:
        sessions.keep(self.session, f"draft_{self.name}", text)

    def clear(self) -> None:
        self.session.pop(f"draft_{self.name}", None)


@dataclass(frozen=True, slots=True)
class WithCase:
    """The draft of a person with a case, stored with the case."""

    arrival: Arrival

    def load(self) -> str:
        kept = KeptDraft.objects.filter(arrival=self.arrival).first()
        return kept.content if kept else ""

    def keep(self, text: str) -> None:
        KeptDraft.objects.update_or_create(arrival=self.arrival, defaults={"content": text})

    def clear(self) -> None:
        KeptDraft.objects.filter(arrival=self.arrival).delete()


class Draft:
    """The answers to one flow of questions, by the question's name, as they were typed.

    Every draft has its own `token`: a form with another token belongs to a draft that is gone. `facts` holds the notes
    of the flow itself (a code was sent, a case was opened).
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = store.load()
        content = json.loads(kept) if kept else {}
        self.is_kept = bool(kept)
        self.token: str = content.get("token") or secrets.token_urlsafe(16)
        self.answers: dict[str, dict[str, list[str]]] = content.get("answers", {})
        self.facts: dict[str, Any] = content.get("facts", {})

    def begin(self) -> None:
        """Store the empty draft, so that the browser gets its cookie before it sends the first answer."""
        if not self.is_kept:
            self._save()

    def answer(self, question: str) -> MultiValueDict[str, str] | None:
        """Return the answer to `question` as data for its form, or None."""
        kept = self.answers.get(question)
        return MultiValueDict(kept) if kept is not None else None

    def keep(self, question: str, answer: Mapping[str, list[str]]) -> None:
        """Store one answer."""
        self.answers[question] = dict(answer)
        self._save()

    def note(self, **facts: Any) -> None:
        """Store notes of the flow itself."""
        self.facts |= facts
        self._save()

    def finish(self, **facts: Any) -> None:
        """Forget every answer, since they are sent; keep only `facts` and the token."""
        self.answers, self.facts = {}, facts
        self._save()

    def forget(self) -> None:
        """Forget the answers and the facts, and delete the stored draft."""
        self._store.clear()
        self.answers, self.facts, self.is_kept = {}, {}, False

    def move_to(self, store: Store) -> None:
        """Move the draft to another store."""
        self._store.clear()
        self._store = store
        self._save()

    def _save(self) -> None:
        self._store.keep(json.dumps({"token": self.token, "answers": self.answers, "facts": self.facts}))
        self.is_kept = True


def case_of(request: HttpRequest) -> Arrival | None:
    """Return the case of this visitor's draft, or None: the case they signed in to, or the one that keeps their draft."""
    if arrival := arrival_of(request):
        return arrival
    kept = request.session.get(KEPT_CASE)
    if kept is None:
        return None
    mine = Arrival.objects.select_related("user").filter(pk=kept[0], user__sign_in_version=kept[1])
    return mine.filter(kept_draft__isnull=False).first()


def keep_case(request: HttpRequest, arrival: Arrival) -> None:
    """Let this session go on with the draft of a case, until the case gets a new secret."""
    request.session[KEPT_CASE] = [arrival.pk, arrival.user.sign_in_version]


def draft_of(request: HttpRequest, name: str) -> Draft:
    """Return the visitor's draft of a flow."""
    arrival = case_of(request) if name == NEED_DRAFT else None
    return Draft(WithCase(arrival) if arrival else InSession(request.session, name))


@contextmanager
def sent_once(request: HttpRequest, name: str) -> Iterator[Draft]:
    """Yield the draft while nobody else can send it: a second tap waits here and then finds the draft finished.

    The session's row is locked and read again. The row of a draft with a case is locked too, because another phone may
    send the draft. The block's writes and the draft's end are committed in one transaction. If the session has ended
    meanwhile (signing in changes its key), the draft is empty and nothing is written to the session, so that the
    browser keeps the cookie of the answer that ended it.
    """
    with transaction.atomic():
        key = request.session.session_key
        if not (key and Session.objects.select_for_update().filter(session_key=key).exists()):
            yield Draft(InSession(SessionStore(), name))
            return
        request.session = SessionStore(key)
        if name == NEED_DRAFT and (arrival := case_of(request)):
            list(KeptDraft.objects.select_for_update().filter(arrival=arrival))
        yield draft_of(request, name)
        if request.session.modified:
            request.session.save()
