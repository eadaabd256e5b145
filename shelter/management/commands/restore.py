"""Restore an encrypted copy into an empty database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shelter.backups import copies, programs, sealing
from shelter.backups.stores import CopyStore, NoStore


class Command(BaseCommand):
    help = (
        "Restore a copy that `backup` made into the empty database of DATABASE_URL, and carry out later erasures again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="the copy; without it, the newest")
        parser.add_argument("--from", dest="source", default=settings.BACKUP_TO, help="a folder, or s3://bucket/prefix")
        parser.add_argument("--identity", type=Path, metavar="FILE", help="the file with the private key")
        parser.add_argument("--list", action="store_true", help="name the complete copies, and do nothing")

    def handle(self, *args: Any, name: str, source: str, identity: Path | None, list: bool, **options: Any) -> None:
        os.umask(0o077)
        try:
            store = CopyStore(source)
            if list:
                for each in copies.copies(store):
                    self.stdout.write(each)
                return
            if identity is None:
                raise CommandError("Give the file with the private key: --identity FILE.")
            restored = copies.restore(store, name, by=sealing.identities(identity), at=timezone.now())
        except (sealing.CannotSeal, sealing.NotOurs, copies.CannotRestore, programs.Failed, NoStore) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"{restored.name}: {restored.rows:,} rows restored and compared with its manifest. "
            f"Rows erased again: {restored.erased}."
        )
        if restored.failed:
            raise CommandError(
                f"{len(restored.failed)} erasures could not be carried out again; the log above says why. "
                "Do not open the service before they are: "
                + ", ".join(f"{entry.kind} {entry.subject}" for entry in restored.failed)
            )
