"""A real SMTP server (aiosmtpd) in its own thread, which answers as a test tells it to and keeps its mail."""

from __future__ import annotations

import asyncio
import email
import socket
from collections import deque
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """The stand-in; a context manager. `mails` holds the messages taken, in order."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self._recipient_answers: deque[str] = deque()
        self._data_answers: deque[str] = deque()
        self._stall = False
        self._controller = Controller(self, hostname="127.0.0.1", port=_free_port(), ready_timeout=30)

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make a process of the service send its e-mail here."""
        return {"SHELTER_TRANSPORTS": "email", "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(self.port)}

    def will_answer_recipient(self, *answers: str) -> None:
        """Answer the next RCPT commands with these lines, for instance `550 no such person`."""
        self._recipient_answers.extend(answers)

    def will_answer_data(self, *answers: str) -> None:
        """Answer the next messages with these lines, for instance `451 try later`; the messages are not taken."""
        self._data_answers.extend(answers)

    def stall(self) -> None:
        """Answer no message from now on."""
        self._stall = True

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        if self._recipient_answers:
            return self._recipient_answers.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        while self._stall:
            await asyncio.sleep(0.05)
        if self._data_answers:
            return self._data_answers.popleft()
        assert isinstance(envelope.content, bytes)
        self.mails.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 taken"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stall = False
        self._controller.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
