"""What a person has answered so far: kept on the server at every Continue, encrypted, until it is sent.

A draft lies in the visitor's session, which is a row of the database. A phone number or an address
in it is as personal as anywhere else, so the whole draft is ciphertext there.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict

from privacy.fields import decrypt, encrypt


class Draft:
    """The answers to one flow of questions, by the question's name, just as they were typed.

    `token` is the draft's own: a form that carries another one belongs to a draft that is gone.
    `facts` holds what the flow itself notes (a code was sent, a case was opened).
    """

    def __init__(self, session: SessionBase, name: str) -> None:
        self._session, self._key = session, f"draft_{name}"
        kept = session.get(self._key)
        content = json.loads(decrypt(kept)) if kept else {}
        self.token: str = content.get("token") or secrets.token_urlsafe(16)
        self.answers: dict[str, dict[str, list[str]]] = content.get("answers", {})
        self.facts: dict[str, Any] = content.get("facts", {})

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
        self._session.pop(self._key, None)

    def _save(self) -> None:
        content = {"token": self.token, "answers": self.answers, "facts": self.facts}
        self._session[self._key] = encrypt(json.dumps(content))


@contextmanager
def sent_once(request: HttpRequest, name: str) -> Iterator[Draft]:
    """Yield the draft while nobody else sends it: a double tap waits here and then finds it finished.

    The session's row is locked and read again, and what is written is committed with the draft's end
    in one transaction. Of a session that has ended meanwhile (signing in changes its key) the draft is
    empty, and nothing is written to it: the browser keeps the cookie of the answer that ended it.
    """
    with transaction.atomic():
        key = request.session.session_key
        if not (key and Session.objects.select_for_update().filter(session_key=key).exists()):
            yield Draft(SessionStore(), name)
            return
        request.session = SessionStore(key)
        yield Draft(request.session, name)
        if request.session.modified:
            request.session.save()
