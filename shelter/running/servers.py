"""The servers a trial or a test run needs: those of DATABASE_URL and REDIS_URL, else embedded ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from shelter.running.postgres import EmbeddedPostgres
from shelter.running.redis import EmbeddedRedis


@contextmanager
def servers(folder: Path, *, for_tests: bool = False) -> Iterator[dict[str, str]]:
    """Start what is not given by the environment, yield both URLs, stop what was started."""
    with ExitStack() as stack:
        urls = {}
        if given := os.environ.get("DATABASE_URL"):
            urls["DATABASE_URL"] = given
        else:
            postgres = EmbeddedPostgres(folder, for_tests=for_tests)
            stack.callback(postgres.stop)
            postgres.start()
            urls["DATABASE_URL"] = postgres.url
        if given := os.environ.get("REDIS_URL"):
            urls["REDIS_URL"] = given
        else:
            redis = EmbeddedRedis(folder)
            stack.callback(redis.stop)
            redis.start()
            urls["REDIS_URL"] = redis.url
        yield urls


def addresses(folder: Path) -> dict[str, str]:
    """Return both URLs of the servers that another process has started in `folder`, or that are given."""
    return {
        "DATABASE_URL": os.environ.get("DATABASE_URL") or EmbeddedPostgres(folder).url,
        "REDIS_URL": os.environ.get("REDIS_URL") or EmbeddedRedis(folder).url,
    }
