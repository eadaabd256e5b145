"""Give every visitor the source of the service as it runs here, as section 13 of its licence (AGPL) asks.

The archive is made of the files that run, so it is true for a modified service too. It holds only kinds of file that make
up the program: a sheet with people in it, a `.env` or a key that somebody left beside the code is never in it.
"""

from __future__ import annotations

import functools
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse

FOLDERS = (
    "accounts",
    "deployment",
    "locale",
    "matching",
    "notifications",
    "places",
    "privacy",
    "reading",
    "shelter",
    "static",
    "systemd",
    "templates",
)
ENDINGS = (".py", ".html", ".txt", ".po", ".css", ".js", ".svg", ".service", ".target")
SINGLE_FILES = (
    ".env.example",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "Caddyfile",
    "docker-compose.yml",
    "manage.py",
    "matching/sheets/letters.json",
    "places/data/additions.tsv",
    "places/data/in_languages.tsv",
    "places/data/places.tsv",
    "places/data/regions.tsv",
    "pyproject.toml",
    "requirements-dev.in",
    "requirements-dev.txt",
    "requirements-trial.in",
    "requirements-trial.txt",
    "requirements.in",
    "requirements.txt",
    "sample_data/README.md",
    "sample_data/make_sample.py",
)
"""Files beside the folders. The sheets of `sample_data` are left out: its script makes them anew, and a sheet of that name may
by then hold people."""
ARCHIVE_FOLDER = "shanyrak"
"""The folder that the archive unpacks to."""


def archive(request: HttpRequest) -> HttpResponse:
    """Answer with the archive. Nothing in it is anybody's, so it may be kept by caches."""
    response = HttpResponse(packed(), content_type="application/gzip")
    response["Content-Disposition"] = f'attachment; filename="{ARCHIVE_FOLDER}.tar.gz"'
    response["Cache-Control"] = "public, max-age=3600"
    return response


@functools.cache
def packed() -> bytes:
    """Return the archive. It is packed once for each process, because the code of a running process does not change."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for path in files(Path(settings.BASE_DIR)):
            tar.add(
                path,
                arcname=f"{ARCHIVE_FOLDER}/{path.relative_to(settings.BASE_DIR)}",
                recursive=False,
                filter=_without_owner,
            )
    return out.getvalue()


def files(root: Path) -> Iterator[Path]:
    """Yield the files of the program below `root`, in the order of their names. No link is followed."""
    for name in SINGLE_FILES:
        if (root / name).is_file():
            yield root / name
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in ENDINGS and path.is_file() and not path.is_symlink():
                yield path


def _without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Keep the operator's account names to the machine."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
