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
        urls = {}
        if given := os.environ.get("DATABASE_URL"):
            urls["DATABASE_URL"] = given
        else:
            postgres = EmbeddedPostgres(folder, for_tests=for_tests)
            stack.callback(postgres.stop)
            if postgres.told:
                say(postgres.told)
            postgres.start()
            urls["DATABASE_URL"] = postgres.url
        if given := os.environ.get("REDIS_URL"):
            urls["REDIS_URL"] = given
        else:
            redis = EmbeddedRedis(folder)
            stack.callback(redis.stop)
            if redis.told:
                say(redis.told)
            redis.start()
            urls["REDIS_URL"] = redis.url
        yield urls


def addresses(folder: Path) -> dict[str, str]:
    """Return both URLs: of the servers that the environment names, else of those that another process started in `folder`."""
    return {
        "DATABASE_URL": os.environ.get("DATABASE_URL") or EmbeddedPostgres(folder).url,
        "REDIS_URL": os.environ.get("REDIS_URL") or EmbeddedRedis(folder).url,
    }
