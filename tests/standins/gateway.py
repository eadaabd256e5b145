"""A real HTTP gateway in its own thread, which answers as a test tells it to and remembers the messages it took.

    with Gateway() as gateway:
        gateway.will_answer(broken(), stalled(takes=True), rate_limited("120"))
        ...
        assert gateway.taken == {key: {"channel": "sms", "to": ..., "subject": ..., "text": ..., ...}}

It knows idempotency keys as a good provider does. A key that it has taken is answered with the same id, and the message
is not taken again; a key that comes back with other words is a conflict. Requests beyond the script are taken.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

TOKEN = "gateway-token"
SAFETY_SECONDS = 30.0
"""The longest wait for an event that must happen: after it a test fails instead of hanging."""


@dataclass(frozen=True)
class Answer:
    """One scripted answer; with `takes` the message is taken even if the caller never receives the answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    takes: bool = True
    stalls: bool = False
    cuts: bool = False
    drips: bool = False


def taken() -> Answer:
    """The message is taken and given an id."""
    return Answer()


def broken(status: int = 500) -> Answer:
    """The gateway has a fault of its own."""
    return Answer(status, takes=False)


def rate_limited(retry_after: str | None) -> Answer:
    """Too many messages: status 429, with this Retry-After if given."""
    return Answer(429, {"Retry-After": retry_after} if retry_after is not None else {}, takes=False)


def refused(status: int = 400, **body: Any) -> Answer:
    """The message can never be taken."""
    return Answer(status, body=body, takes=False)


def stalled(*, takes: bool = False) -> Answer:
    """No answer before `release()`."""
    return Answer(takes=takes, stalls=True)


def cut(*, takes: bool = False) -> Answer:
    """The connection is closed instead of an answer."""
    return Answer(takes=takes, cuts=True)


def dripping() -> Answer:
    """The message is taken, but the answer's body comes one byte at a time and never ends."""
    return Answer(drips=True)


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    key: str
    authorization: str
    body: dict[str, Any]


class _Server(ThreadingHTTPServer):
    # A queue of five, the default, would cut off some of many callers at once; only `cut()` may do that.
    request_queue_size = 128


class Gateway:
    """The stand-in; a context manager. Tests may read it while it serves."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.taken: dict[str, dict[str, Any]] = {}
        self.conflicts: list[Request] = []
        self._script: deque[Answer] = deque()
        self._always: Answer = taken()
        self._change = threading.Condition()
        self._released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        """The address to which messages are posted."""
        return f"http://127.0.0.1:{self._server.server_port}/messages"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make a process of the service send every message here."""
        return {
            "SHELTER_TRANSPORTS": "gateway",
            "SHELTER_GATEWAY_URL": self.url,
            "SHELTER_GATEWAY_TOKEN": TOKEN,
        }

    def will_answer(self, *answers: Answer) -> None:
        """Answer the next requests with these answers, in this order."""
        with self._change:
            self._script.extend(answers)

    def always_answers(self, answer: Answer) -> None:
        """Answer every request beyond the script with this answer, instead of taking it."""
        with self._change:
            self._always = answer

    def release(self) -> None:
        """Let every stalled request go on."""
        self._released.set()

    def wait_for_requests(self, count: int) -> None:
        """Return once this many requests have arrived; fail if they do not arrive in time."""
        with self._change:
            assert self._change.wait_for(lambda: len(self.requests) >= count, timeout=SAFETY_SECONDS), (
                f"{len(self.requests)} requests came, {count} were expected"
            )

    def receive(self, request: Request) -> tuple[Answer, str]:
        """Note a request; return the answer to it and the id of its message. The server calls this."""
        with self._change:
            self.requests.append(request)
            answer = self._script.popleft() if self._script else self._always
            if answer.takes and self.taken.setdefault(request.key, request.body) != request.body:
                self.conflicts.append(request)
                answer = Answer(409, takes=False)
            self._change.notify_all()
        if answer.stalls:
            self._released.wait(SAFETY_SECONDS)
        return answer, f"message-{request.key[:8]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            key = self.headers.get("Idempotency-Key", "")
            request = Request(key, self.headers.get("Authorization", ""), json.loads(raw))
            answer, message_id = gateway.receive(request)
            try:
                self._answer(answer, {"id": message_id} if answer.takes else dict(answer.body))
            except OSError:
                self.close_connection = True  # The caller has hung up, as after a time-out.

        def _answer(self, answer: Answer, body: dict[str, Any]) -> None:
            if answer.cuts:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            payload = json.dumps(body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(10_000 if answer.drips else len(payload)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            while answer.drips and not gateway._released.is_set():
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.02)
            self.wfile.write(payload)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing: tests read `requests`."""

    return Handler
