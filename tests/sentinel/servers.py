"""A service of its own in one folder: PostgreSQL, Redis that writes everything down, two providers, and every process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from shelter.running import commands, process, programs
from shelter.running.postgres import EmbeddedPostgres
from shelter.running.state import socket_dir
from tests.processes import BIN, ROOT, free_port, wait_for
from tests.standins.gateway import TOKEN, Gateway

KEYS = {
    "SECRET_KEY": "sentinel-secret-key-of-more-than-fifty-characters-0123456789",
    "SHELTER_FIELD_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "SHELTER_INDEX_KEY": "sentinel-index-key-0123456789",
}


@dataclass(frozen=True)
class Service:
    """What runs: the address of its pages, the environment of its processes, and the providers."""

    folder: Path
    site: str
    env: dict[str, str]
    gateway: Gateway


def environment(folder: Path, database: str, broker: str, gateway: Gateway, port: int) -> dict[str, str]:
    """Return the environment of a production service; only HTTPS is off, since nobody has a certificate here."""
    return {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")},
        **KEYS,
        "DJANGO_SETTINGS_MODULE": "tests.sentinel.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": database,
        "REDIS_URL": broker,
        "SHELTER_HTTPS": "no",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "SHELTER_SITE_URL": f"http://127.0.0.1:{port}",
        "SHELTER_STATIC_ROOT": str(folder / "static"),
        "SHELTER_BEAT_FILE": str(folder / "beat"),
        "SHELTER_TRUSTED_PROXIES": "1",
        "SHELTER_EMERGENCY_CONTACT": "+77009990000",
        "SHELTER_TRANSPORTS": "gateway",
        "SHELTER_GATEWAY_URL": gateway.url,
        "SHELTER_GATEWAY_TOKEN": TOKEN,
        "SHELTER_GATEWAY_TIMEOUT_SECONDS": "1",
        "SHELTER_SWEEP_SECONDS": "1",
        "SHELTER_LOG_LEVEL": "DEBUG",
        "PORT": str(port),
        "WEB_WORKERS": "2",
        "WEB_THREADS": "4",
        "TMPDIR": str(folder / "tmp"),
        "SENTINEL_FILES_TOLD_IN": str(folder / "written"),
    }


@contextmanager
def servers(folder: Path) -> Iterator[Service]:
    """Run what the service stands on, with its tables; the folder keeps what all of them have left behind."""
    for name in ("static", "tmp", "logs", "redis"):
        (folder / name).mkdir()
    with ExitStack() as stack:
        # As in production, except that nothing waits for the disk: every page and every piece of the WAL is written all the same.
        postgres = EmbeddedPostgres(folder, for_tests=True)
        stack.callback(postgres.stop)
        postgres.start()
        broker = stack.enter_context(_redis(folder))
        gateway = stack.enter_context(Echoing())
        env = environment(folder, postgres.url, broker, gateway, free_port())
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=env, check=True)
        yield Service(folder, env["SHELTER_SITE_URL"], env, gateway)


@contextmanager
def processes(of: Service) -> Iterator[None]:
    """Run web, worker and beat."""
    folder, env = of.folder, of.env
    with ExitStack() as stack:
        celery = ["celery", "--app", "shelter"]
        for name, words in {
            "web": commands.WEB,
            "worker": [*celery, "worker", "--loglevel", "DEBUG", "--concurrency", "2"],
            "beat": [*celery, "beat", "--loglevel", "DEBUG"],
        }.items():
            stack.enter_context(_running(words, folder / "logs" / f"{name}.log", env))
        wait_for(lambda: _listens(int(env["PORT"])), what="gunicorn")
        wait_for(lambda: "ready." in (folder / "logs" / "worker.log").read_text(), what="the worker")
        yield


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _running(words: list[str], log: Path, env: dict[str, str]) -> Iterator[None]:
    with log.open("ab") as out:
        child = process.start([sys.executable, BIN / words[0], *words[1:]], env=env, output=out, cwd=ROOT)
    try:
        yield
    finally:
        process.stop(child)


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    """Run Redis as docker-compose.yml does: with every command that writes in a file, which no rewriting shortens."""
    socket_path = socket_dir(folder / "redis", os.geteuid()) / "redis.sock"
    child = process.start(
        [
            *(programs.redis_server(programs.redis()), "--port", "0", "--unixsocket", socket_path),
            *("--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--save", "", "--dir", folder / "redis"),
        ],
        output=(folder / "logs" / "redis.log").open("ab"),  # type: ignore[arg-type]
    )
    client = redis.Redis(unix_socket_path=str(socket_path))

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    try:
        wait_for(answers, what="Redis")
        yield f"unix://{socket_path}"
    finally:
        process.stop(child)


class Echoing(Gateway):
    """A provider that repeats the address it was given in everything it says: in its ids, its refusals and its faults."""

    def receive(self, request: Any) -> Any:
        answer, _message_id = super().receive(request)
        to, text = request.body["to"], request.body["text"]
        body = {"error": f"cannot reach {to}: {text}", "to": to}
        return type(answer)(**{**answer.__dict__, "body": body}), f"sms-{to}"
