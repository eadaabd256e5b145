"""What a person has answered so far: kept on the server at every Continue, encrypted, until it is sent.

A draft lies in the visitor's session, which is a row of the database; of somebody who has a case it lies
with the case, so that number and secret find it from another phone. A phone number or an address in it is
as personal as anywhere else, so the whole draft is ciphertext in both.
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
from privacy.fields import decrypt, encrypt

NEED = "need"
KEPT_CASE = "kept_case"
"""Where a session notes the case its draft was moved to."""


class Store(Protocol):
    """Where the text of one draft lies; "" where there is none."""

    def load(self) -> str: ...
    def keep(self, text: str) -> None: ...
    def clear(self) -> None: ...


@dataclass(frozen=True, slots=True)
class InSession:
    """The draft of somebody nobody knows."""

    session: SessionBase
    name: str

    def load(self) -> str:
        return decrypt(self.session.get(f"draft_{self.name}", ""))

    def keep(self, text: str) -> None:
        self.session[f"draft_{self.name}"] = encrypt(text)

    def clear(self) -> None:
        self.session.pop(f"draft_{self.name}", None)


@dataclass(frozen=True, slots=True)
class WithCase:
    """The draft of somebody with a case."""

    arrival: Arrival

    def load(self) -> str:
        kept = KeptDraft.objects.filter(arrival=self.arrival).first()
        return kept.content if kept else ""

    def keep(self, text: str) -> None:
        KeptDraft.objects.update_or_create(arrival=self.arrival, defaults={"content": text})

    def clear(self) -> None:
        KeptDraft.objects.filter(arrival=self.arrival).delete()


class Draft:
    """The answers to one flow of questions, by the question's name, just as they were typed.

    `token` is the draft's own: a form that carries another one belongs to a draft that is gone.
    `facts` holds what the flow itself notes (a code was sent, a case was opened).
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
        """Keep the empty draft, so that the browser has its cookie before the first answer can be lost."""
        if not self.is_kept:
            self._save()

    def answer(self, question: str) -> MultiValueDict[str, str] | None:
        """Return what was answered to `question`, as a form reads it, or None."""
        kept = self.answers.get(question)
        return MultiValueDict(kept) if kept is not None else None

    def keep(self, question: str, answer: Mapping[str, list[str]]) -> None:
        """Keep one answer."""
        self.answers[question] = dict(answer)
        self._save()

    def note(self, **facts: Any) -> None:
        """Keep what the flow itself wants to remember."""
        self.facts |= facts
        self._save()

    def finish(self, **facts: Any) -> None:
        """Forget every answer, which has been sent now, and remember only `facts` and the token."""
        self.answers, self.facts = {}, facts
        self._save()

    def forget(self) -> None:
        """Forget all of it."""
        self._store.clear()
        self.answers, self.facts, self.is_kept = {}, {}, False

    def move_to(self, store: Store) -> None:
        """Keep the draft somewhere else from now on."""
        self._store.clear()
        self._store = store
        self._save()

    def _save(self) -> None:
        self._store.keep(json.dumps({"token": self.token, "answers": self.answers, "facts": self.facts}))
        self.is_kept = True


def case_of(request: HttpRequest) -> Arrival | None:
    """Return whose case this visitor's request for shelter belongs to: the one signed in to, or the one just opened here."""
    if arrival := arrival_of(request):
        return arrival
    kept = request.session.get(KEPT_CASE)
    return Arrival.objects.select_related("user").filter(pk=kept, kept_draft__isnull=False).first() if kept else None


def draft_of(request: HttpRequest, name: str) -> Draft:
    """Return the visitor's draft of a flow."""
    arrival = case_of(request) if name == NEED else None
    return Draft(WithCase(arrival) if arrival else InSession(request.session, name))


@contextmanager
def sent_once(request: HttpRequest, name: str) -> Iterator[Draft]:
    """Yield the draft while nobody else sends it: a double tap waits here and then finds it finished.

    The session's row is locked and read again, then the row of a draft that lies with a case (another phone may
    send it too), and what is written is committed with the draft's end in one transaction. Of a session that has
    ended meanwhile (signing in changes its key) the draft is empty, and nothing is written to it: the browser
    keeps the cookie of the answer that ended it.
    """
    with transaction.atomic():
        key = request.session.session_key
        if not (key and Session.objects.select_for_update().filter(session_key=key).exists()):
            yield Draft(InSession(SessionStore(), name))
            return
        request.session = SessionStore(key)
        if name == NEED and (arrival := case_of(request)):
            list(KeptDraft.objects.select_for_update().filter(arrival=arrival))
        yield draft_of(request, name)
        if request.session.modified:
            request.session.save()
