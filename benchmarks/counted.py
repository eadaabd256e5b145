"""The service's settings with a middleware that counts calls, for benchmarks on the real pages of a real server.

Each call writes one line of JSON to the file SHELTER_COUNTED: method, path, status, number of queries, milliseconds of wall
clock, and milliseconds of the server's processor without the database. Compare the latter if other work runs on the machine.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

from shelter.settings import *  # noqa: F403
from shelter.settings import MIDDLEWARE as ALL_OF_IT


class CountQueries:
    """Counts the queries of each call and measures its time inside the server."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response
        self.log = open(os.environ["SHELTER_COUNTED"], "a", buffering=1, encoding="utf-8")  # noqa: SIM115

    def __call__(self, request: Any) -> Any:
        from django.db import connection

        counted = 0

        def count(execute: Any, *args: Any) -> Any:
            nonlocal counted
            counted += 1
            return execute(*args)

        began, spent = time.perf_counter(), time.thread_time()
        with connection.execute_wrapper(count):
            response = self.get_response(request)
        line = {
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "queries": counted,
            "ms": (time.perf_counter() - began) * 1000,
            "cpu_ms": (time.thread_time() - spent) * 1000,
        }
        self.log.write(json.dumps(line) + "\n")
        return response


# Measure as in production: with DEBUG, Django keeps a copy of every query for its error page.
DEBUG = False
MIDDLEWARE = ["benchmarks.counted.CountQueries", *ALL_OF_IT]
