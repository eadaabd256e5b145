"""The servers of a trial or a test run: those of DATABASE_URL and REDIS_URL, else servers of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from shelter.running.postgres import EmbeddedPostgres
from shelter.running.redis import EmbeddedRedis


@contextmanager
def servers(
    folder: Path, *, for_tests: bool = False, say: Callable[[str], None] = lambda words: None
) -> Iterator[dict[str, str]]:
    """Start each server that the environment does not name, yield both URLs, and stop the servers that were started.

    `say` is told of each server that does not come from a wheel. Raises `programs.NotHere` where there is none.
    """
    with ExitStack() as stack:
        urls = named()
        if not is_named("DATABASE_URL"):
            postgres = EmbeddedPostgres(folder, for_tests=for_tests)
            stack.callback(postgres.stop)
            if postgres.told:
                say(postgres.told)
            postgres.start()
            urls["DATABASE_URL"] = postgres.url
        if not is_named("REDIS_URL"):
            redis = EmbeddedRedis(folder)
            stack.callback(redis.stop)
            if redis.told:
                say(redis.told)
            redis.start()
            urls["REDIS_URL"] = redis.url
        yield urls


def addresses(folder: Path) -> dict[str, str]:
    """Return both URLs: of the servers that the environment names, else of those that another process started in `folder`."""
    urls = named()
    if not is_named("DATABASE_URL"):
        urls["DATABASE_URL"] = EmbeddedPostgres(folder).url
    if not is_named("REDIS_URL"):
        urls["REDIS_URL"] = EmbeddedRedis(folder).url
    return urls


def named() -> dict[str, str]:
    """Return the URLs that the environment gives. One that stands in a file is left there: the processes read it themselves."""
    return {name: url for name in ("DATABASE_URL", "REDIS_URL") if (url := os.environ.get(name))}


def is_named(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))
