"""Redis in trouble: a port without a server, a server that accepts and never answers, a Redis that freezes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from shelter.running import programs


class SilentServer:
    """A context manager: a server that accepts every connection and never answers. `connections` counts them."""

    def __init__(self) -> None:
        self.connections = 0
        self._kept: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._kept.append(connection)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in self._kept:
            connection.close()


class OwnRedis:
    """A context manager: a real Redis only for this test, which can be frozen and thawed."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.socket_path = Path(self._folder.name) / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket_path}"

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket_path), socket_timeout=5)

    def freeze(self) -> None:
        """Stop the process: connections stay open, and no command is answered."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the process go on."""
        os.kill(self._process.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [
                programs.redis_server(programs.redis()),
                *("--port", "0", "--unixsocket", str(self.socket_path), "--save", "", "--dir", self._folder.name),
            ],
            stdout=subprocess.DEVNULL,
        )
        for _ in range(300):
            try:
                self.client().ping()
                return self
            except redis.ConnectionError:
                time.sleep(0.1)
        raise AssertionError("Redis did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.thaw()
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


def refused_url() -> str:
    """Return the URL of a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"redis://127.0.0.1:{probe.getsockname()[1]}/0"
