"""Take in SPACES.csv: list the space of every good row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.models import User
from matching.importing.row_by_row import Imported, RowsDone, take_in_spaces
from matching.management.importing import ImportCommand
from matching.sheets import Reading, SpaceRow, read_spaces
from matching.sheets.reading import Chosen
from places import queries as places


class Command(ImportCommand[SpaceRow]):
    kind = "spaces"
    help = "Take in the spaces of a sheet; space_id is the key, and the same sheet twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--trust-vetted",
            action="store_true",
            help="vet the hosts whose column vetted says yes, on the word of the coordinator named by --by",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["trust_vetted"] and not options["by"]:
            raise CommandError("--trust-vetted needs --by USERNAME: somebody must vouch for these hosts.")
        super().handle(*args, **options)

    def read(self, file: Path, chosen: Chosen) -> Reading[SpaceRow]:
        return read_spaces(file, find_place=places.heard, chosen=chosen)

    def take_in(
        self, rows: Sequence[SpaceRow], options: dict[str, Any], *, by: User | None, at: datetime, told: RowsDone
    ) -> Imported:
        return take_in_spaces(
            rows,
            by=by,
            at=at,
            trust_vetted=options["trust_vetted"],
            apply_empty=options["apply_empty"],
            dry_run=options["dry_run"],
            progress=told,
        )
