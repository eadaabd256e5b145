"""Take in REQUESTS.csv: register the need of every good row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts.models import User
from matching.importing.row_by_row import Imported, RowsDone, take_in_requests
from matching.management.importing import ImportCommand
from matching.sheets import Reading, RequestRow, read_requests
from matching.sheets.reading import Chosen
from places import queries as places


class Command(ImportCommand[RequestRow]):
    kind = "requests"
    help = "Take in the shelter requests of a sheet; request_id is the key, and the same sheet twice changes nothing."

    def read(self, file: Path, chosen: Chosen) -> Reading[RequestRow]:
        return read_requests(file, find_place=places.heard, chosen=chosen, zone=timezone.get_current_timezone())

    def take_in(
        self, rows: Sequence[RequestRow], options: dict[str, Any], *, by: User | None, at: datetime, told: RowsDone
    ) -> Imported:
        return take_in_requests(
            rows, by=by, at=at, apply_empty=options["apply_empty"], dry_run=options["dry_run"], progress=told
        )
