"""The common part of `import_spaces` and `import_requests`: reading the file, the progress, the report."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Generic, TypeVar, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import get_language
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from accounts.models import User
from accounts.refusals import Refused
from matching.importing import mappings
from matching.importing.exports import write_xlsx
from matching.importing.row_by_row import Imported, RowOutcome, needs_places
from matching.importing.row_by_row import RowsDone as Told
from matching.refusal_words import words_of
from matching.sheets import HeaderProblem, Reading, RequestRow, RowProblem, SpaceRow
from matching.sheets.headings import WHY, Layout
from matching.sheets.reading import NOTHING_CHOSEN, Chosen, as_written

Row = TypeVar("Row", SpaceRow, RequestRow)

WIDTH_IN_A_FILE = 160
STATUS = """

Bad rows are listed with their line, column and reason on standard error, and do not stop the good ones.
The exit status is 1 when the file could not be read at all or no row of it was good, else 0.
"""


class ImportCommand(BaseCommand, Generic[Row]):
    """Import a sheet. A subclass says how to read it and which act takes its rows in."""

    def create_parser(self, *args: Any, **options: Any) -> CommandParser:
        return super().create_parser(*args, **options, epilog=STATUS)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="the sheet: CSV, XLSX or ODS")
        parser.add_argument("--dry-run", action="store_true", help="do everything and keep nothing")
        parser.add_argument("--mapping", metavar="NAME", default="", help="the kept mapping of headings to columns")
        parser.add_argument(
            "--refused",
            type=Path,
            metavar="FILE.xlsx",
            help="write the rows that did not get in as a workbook with the reasons",
        )
        parser.add_argument("--by", metavar="USERNAME", help="the coordinator who brings the sheet")
        parser.add_argument(
            "--apply-empty",
            action="store_true",
            help="let an empty cell change beds, shared, who and children of a known row; else such a row is refused",
        )

    kind: str
    """The kind of sheet, as `SheetImport.SheetKind`."""

    @abstractmethod
    def read(self, file: Path, chosen: Chosen) -> Reading[Row]:
        """Read the file; `chosen` says what headings mean. Raises HeaderProblem, OSError."""

    @abstractmethod
    def take_in(
        self, rows: Sequence[Row], options: dict[str, Any], *, by: User | None, at: datetime, told: Told
    ) -> Imported:
        """Take the good rows in. Raises Refused if no row may be imported."""

    def handle(self, *args: Any, **options: Any) -> None:
        reading: Reading[Row] = self._read(options["file"], options["mapping"])
        by = _coordinator(options["by"])
        with self._progress() as progress:
            bar = progress.add_task(options["file"].name, total=len(reading.rows))

            def told(done: int) -> None:
                progress.update(bar, completed=done)

            try:
                imported: Imported = self.take_in(reading.rows, options, by=by, at=timezone.now(), told=told)
            except Refused as refusal:
                raise CommandError(words_of(refusal)) from refusal
        problems = sorted([*reading.problems, *imported.problems], key=lambda problem: problem.line)
        for heading, column in reading.taken:
            self.stderr.write(f"The heading “{heading}” was taken for the column {column}.")
        self._report(problems)
        if options["refused"] and problems:
            self._write_refused(options["refused"], options["file"], dict(reading.headings), problems)
        self.stdout.write(_summary(imported, problems, dry_run=options["dry_run"]))
        if problems and not any(imported.outcomes.values()):
            raise CommandError("No row got in.")

    def _read(self, file: Path, mapping: str) -> Reading[Row]:
        try:
            needs_places()
            return self.read(file, mappings.kept_mapping(self.kind, mapping).chosen if mapping else NOTHING_CHOSEN)
        except Refused as refusal:
            raise CommandError(words_of(refusal)) from refusal
        except HeaderProblem as problem:
            raise CommandError(f"{file}: {problem}") from problem
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}.") from error

    def _write_refused(self, out: Path, file: Path, chosen: Chosen, problems: Sequence[RowProblem]) -> None:
        why: dict[int, list[str]] = {}
        for each in problems:
            why.setdefault(each.line, []).append(f"{each.column}: {_worded(each.reason)}".removeprefix(": "))
        found: tuple[list[str], dict[int, list[str]]]
        found = as_written(file, Layout(mappings.columns_of(self.kind), chosen), why)
        header = [WHY.get(get_language() or "", WHY["en"]), *found[0]]
        lines = [["; ".join(why[line])] + found[1][line] for line in found[1]]
        try:
            with out.open("wb") as written:
                write_xlsx(written, header, iter(lines))
        except OSError as error:
            raise CommandError(f"{out}: {error.strerror}.") from error

    def _console(self) -> Console:
        width = None if self.stderr.isatty() else WIDTH_IN_A_FILE
        return Console(file=cast(IO[str], self.stderr._out), width=width)

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        return Progress(*columns, console=self._console(), transient=True, disable=not self.stderr.isatty())

    def _report(self, problems: Sequence[RowProblem]) -> None:
        if not problems:
            return
        table = Table("line", "column", "what stands there", "what to do", title="These rows did not get in")
        for problem in problems:
            cells = (str(problem.line), problem.column, problem.value, _worded(problem.reason))
            table.add_row(*(Text(_printable(cell)) for cell in cells))
        self._console().print(table)


def _worded(reason: object) -> str:
    return words_of(reason) if isinstance(reason, Refused) else str(reason)


def _coordinator(username: str | None) -> User | None:
    if username is None:
        return None
    user = User.objects.filter(username=username, coordinator__isnull=False, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no coordinator called {username}.")
    return user


def _printable(text: str) -> str:
    """Return `text` with its control characters replaced, because a terminal might obey them."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def _summary(imported: Imported, problems: Sequence[RowProblem], *, dry_run: bool) -> str:
    bad = len({problem.line for problem in problems})
    counts = ", ".join(f"{imported.outcomes[outcome]} {outcome}" for outcome in RowOutcome)
    return f"{counts}, {bad} not taken in.{' Nothing was kept: this was a dry run.' if dry_run else ''}"
