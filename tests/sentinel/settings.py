"""The settings of the service, and what makes its processes fail on purpose and tell which files they write.

The processes of the sentinel test are started with these; everything else is as in production.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from shelter.settings import *  # noqa: F403
from shelter.settings import MIDDLEWARE, PASSWORD_HASHERS, STORAGES

PASSWORD_HASHERS = ["tests.hashers.QuickArgon2", *PASSWORD_HASHERS]
MIDDLEWARE = ["tests.sentinel.breaking.Outermost", *MIDDLEWARE, "tests.sentinel.breaking.Innermost"]
# The static files are those of the checkout, as in development: gathering them takes long, and no person is in them.
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
CELERY_IMPORTS = ["tests.sentinel.breaking"]

if _told := os.environ.get("SENTINEL_FILES_TOLD_IN"):
    _out = os.open(_told, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def _caller() -> str:
        """Return who opens the file: the first line of code that is none of tempfile's."""
        frame = sys._getframe(2)
        while frame.f_back and "tempfile" in frame.f_code.co_filename:
            frame = frame.f_back
        return f"{frame.f_code.co_filename}:{frame.f_lineno}"

    def _tell(event: str, args: tuple[Any, ...]) -> None:
        """Write down each path that this process opens for writing."""
        if event != "open" or not isinstance(args[0], (str, bytes)) or not isinstance(args[2], int):
            return
        if args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            os.write(_out, os.fsencode(f"{Path(os.fsdecode(args[0])).absolute()}\t{_caller()}\n"))

    sys.addaudithook(_tell)
