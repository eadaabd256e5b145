"""Write an encrypted copy of the database into a folder or an S3-like store."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shelter.backups import copies, programs, sealing
from shelter.backups.stores import CopyStore, NoStore


class Command(BaseCommand):
    help = "Write an encrypted copy of the database and the register of erasures, and remove old copies."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", default=settings.BACKUP_TO, help="a folder, or s3://bucket/prefix")
        parser.add_argument(
            "--keep-days", type=int, default=settings.BACKUP_KEEP_DAYS, help="days for which copies are kept"
        )
        parser.add_argument(
            "--every",
            type=int,
            metavar="HOURS",
            help="write a copy only where the newest is older; the register in any case",
        )
        parser.add_argument(
            "--register", action="store_true", help="write the register of erasures only; takes a second"
        )
        parser.add_argument("--new-key", type=Path, metavar="FILE", help="make a private key, and print its public key")

    def handle(
        self,
        *args: Any,
        to: str,
        keep_days: int,
        every: int | None,
        register: bool,
        new_key: Path | None,
        **options: Any,
    ) -> None:
        os.umask(0o077)
        try:
            if new_key:
                self.stdout.write(sealing.new_key(new_key))
                return
            keys = sealing.recipients(settings.BACKUP_RECIPIENTS)
            store = CopyStore(to)
            at = timezone.now()
            if register or (every is not None and copies.has_younger(store, timedelta(hours=every), at=at)):
                lines = copies.write_register(store, to=keys, at=at)
                self.stdout.write(f"The register of erasures is written: {lines} lines.")
                return
            made = copies.make(store, to=keys, keep=timedelta(days=keep_days), at=at)
        except (sealing.CannotSeal, programs.Failed, NoStore) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"{made.name}: {made.rows:,} rows, {made.bytes:,} bytes encrypted. Old files removed: {made.removed}."
        )
