"""The service as in production: gunicorn, compressed pages, static files under names that change with their content."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tests import processes


@contextmanager
def service(folder: Path) -> Iterator[str]:
    """Run the service on this test's database, without TLS; yield its address. `folder` takes its files and its log."""
    env = {
        "DEBUG": "no",
        "SECRET_KEY": settings.SECRET_KEY,
        "SHELTER_INDEX_KEY": settings.INDEX_KEY,
        "SHELTER_FIELD_KEYS": ",".join(settings.FIELD_KEYS),
        "SHELTER_STATIC_ROOT": str(folder / "static"),
        "SHELTER_HELP_CONTACT": "+7 700 000 00 00",
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
    subprocess.run(collect, cwd=processes.ROOT, env=processes.environment(**env), check=True)
    with processes.web(folder / "web.log", workers=1, threads=4, **env) as address:
        yield address
