"""Import a sheet at the desk: a coordinator brings it, a worker previews it, the coordinator confirms, the worker imports.

The preview is exact: it calls the same acts as the import, and rolls them back together with those of every row that
decides about the same person or key.
A sheet that waits for a worker is a row with a state. Each of its rows without an outcome is still to be imported. Any
worker continues where the last one stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.refusals import Refused
from matching import queries
from matching.deadlines import local_date
from matching.importing import mappings, row_by_row, together
from matching.importing.row_by_row import ROWS_A_TRANSACTION, RefusedByDatabase, RowOutcome, RowsCalled, Taken
from matching.limits import LONGEST_NAME
from matching.models import SheetImport, SheetImportRow, Space
from matching.refusals import NotYours, SheetUnreadable, one_act
from matching.sheets import (
    HeaderProblem,
    Reading,
    RowProblem,
    read_requests,
    read_spaces,
)
from matching.sheets.columns import PERSONAL
from matching.sheets.decoding import guessed_lines, text_in
from matching.sheets.headings import IGNORE, NOTE, Layout, is_of_a_person
from matching.sheets.reading import NOTHING_CHOSEN, Chosen, as_written
from matching.sheets.sentences import Sentence
from matching.table_statistics import refresh_table_statistics
from notifications.wakeups import wake
from places.models import Place
from places.queries import heard
from privacy import erasures
from privacy.sessions import said_in

SheetKind, SheetState = SheetImport.SheetKind, SheetImport.State

ROW_REFUSED = "refused"
"""The outcome of a refused row; `RowOutcome` has the other outcomes."""

MOST_SHEET_BYTES = 8 * 1024 * 1024
MOST_ROWS = 5_000
BATCHES_AT_ONCE = 10
"""After this many batches a worker ends its turn and asks to be woken again, so that other jobs are not kept waiting."""

GUESSED_LINES, GUESSED_SIGNS = 3, 200
"""Lines of the file that its bringer sees, and characters of each."""

NOT_SHOWN = PERSONAL | {"contact", "directions"}
"""Columns whose contents no preview shows; `contact` stands for all contacts of a person."""


class OtherPlace(Refused):
    """A row lies in a place of another coordinator."""

    code = "other_place"
    message = _("This place is not one of yours: a coordinator of that place has to import this row.")


class SheetTooLarge(Refused):
    """The file is larger than a page can show."""

    code = "sheet_too_large"
    message = _("This sheet is too large for this page: at most 8 MB and 5,000 rows. Cut it into several.")


class SheetMovedOn(Refused):
    """Somebody has confirmed, dropped or undone this sheet already, or it is not ready for it yet."""

    code = "sheet_moved_on"
    message = _("This is not possible now: the sheet has moved on. Look at its present state.")


# -- bringing and confirming ----------------------------------------------------------------------


def receive(kind: str, content: bytes, *, file_name: str, by: User, at: datetime, mapping: str = "") -> SheetImport:
    """Keep a sheet until a worker previews it. Bad rows are noted at once.

    The headings are read by the kept `mapping` of this name, or else by the one that is kept for exactly these headings.
    If the columns of a header cannot all be told, the sheet waits for its bringer to say what each heading means.

    Raises SheetUnreadable, SheetTooLarge, UnknownMapping, GazetteerNotLoaded, NotYours.
    """
    if queries.coordinator_of(by) is None:
        raise NotYours
    if len(content) > MOST_SHEET_BYTES:
        raise SheetTooLarge
    row_by_row.needs_places()
    known = mappings.kept_mapping(kind, mapping) if mapping else mappings.mapping_for(kind, content)
    sheet = SheetImport(
        kind=kind,
        content=content,
        file_name=file_name[:200],
        mapping=known.name if known else "",
        by=by,
        received_at=at,
    )
    try:
        reading = _read(kind, content, known.chosen if known else NOTHING_CHOSEN)
    except SheetUnreadable as unreadable:
        if not _may_be_asked(kind, unreadable.headings):
            raise
        columns = mappings.columns_of(kind)
        sheet.state = SheetState.ASKED
        sheet.columns = json.dumps([[label, name if name in columns else ""] for label, name in unreadable.headings])
        with one_act():
            sheet.save()
            return sheet
    with one_act():
        _fill(sheet, reading)
        return sheet


def correct(sheet_id: int, meanings: Sequence[str], *, keep_as: str = "", by: User, at: datetime) -> SheetImport:
    """Read a sheet that waits anew, with the meaning that its bringer chose for each heading; a worker previews it again.

    A meaning is a column, IGNORE or NOTE; "" is no choice and is refused. With `keep_as` the choices are kept as a mapping
    of this name.

    Raises NotYours, SheetMovedOn, SheetUnreadable, SheetTooLarge, MappingNameTaken, NoHeader.
    """
    with one_act():
        sheet = _locked(sheet_id)
        _may_decide(sheet, by)
        headings = [label for label, _meaning in sheet.what_means_what]
        if sheet.state not in (SheetState.ASKED, SheetState.PREVIEWED) or len(headings) != len(meanings):
            raise SheetMovedOn
        columns = mappings.columns_of(sheet.kind)
        allowed = {*columns, IGNORE, *([NOTE] if "notes" in columns else [])}
        open_still = [label for label, chosen in zip(headings, meanings, strict=True) if chosen not in allowed]
        if open_still:
            raise SheetUnreadable([Sentence("columns_not_chosen", columns=", ".join(open_still))])
        chosen = dict(zip(headings, meanings, strict=True))
        reading = _read(sheet.kind, bytes(sheet.content), chosen)
        name = " ".join(keep_as.split())[:LONGEST_NAME]
        if name:
            mappings.keep(name, sheet.kind, chosen, at=at)
        sheet.mapping = name
        sheet.rows.all().delete()
        sheet.state = SheetState.RECEIVED
        _fill(sheet, reading)
        return sheet


def _fill(sheet: SheetImport, reading: Reading[Any]) -> None:
    """Keep a sheet with a row for each line, and wake a worker for its preview. Raises SheetTooLarge."""
    if len(reading.rows) > MOST_ROWS:
        raise SheetTooLarge
    places = row_by_row.places_of(reading.rows)
    good = {row.line: row for row in reading.rows}
    bad = _by_line(reading.problems)
    sheet.row_count = len(good) + len(bad)
    sheet.headings = reading.taken
    sheet.columns = json.dumps(reading.headings)
    sheet.save()
    SheetImportRow.objects.bulk_create(
        [SheetImportRow(sheet=sheet, line=line, key=row.key, place=places[line]) for line, row in good.items()]
        + [
            SheetImportRow(
                sheet=sheet, line=line, foreseen=ROW_REFUSED, outcome=ROW_REFUSED, problems=_as_text(problems)
            )
            for line, problems in bad.items()
        ],
        batch_size=1000,
    )
    wake("matching.work_on_sheets")


def _may_be_asked(kind: str, headings: Sequence[tuple[str, str]]) -> bool:
    """Return whether this looks like a header whose columns somebody can tell, and not like the row of a person."""
    columns = mappings.columns_of(kind)
    return any(name in columns for _label, name in headings) and not any(is_of_a_person(label) for label, _ in headings)


def confirm(sheet_id: int, *, trust_vetted: bool, by: User, at: datetime) -> SheetImport:
    """Confirm a previewed sheet; with `trust_vetted` its bringer vouches for the column `vetted`.

    Only the coordinator who brought the sheet may confirm it: its rows are entered in their name.
    Raises NotYours, SheetMovedOn.
    """
    with one_act():
        sheet = _locked(sheet_id)
        _may_decide(sheet, by)
        if sheet.state != SheetState.PREVIEWED:
            raise SheetMovedOn
        sheet.state, sheet.confirmed_at = SheetState.CONFIRMED, at
        sheet.trust_vetted = trust_vetted and sheet.kind == SheetKind.SPACES
        sheet.save(update_fields=["state", "confirmed_at", "trust_vetted"])
        wake("matching.work_on_sheets")
        return sheet


def drop(sheet_id: int, *, by: User, at: datetime) -> SheetImport:
    """Delete the content of a sheet that nobody wants to import. Raises NotYours, SheetMovedOn."""
    with one_act():
        sheet = _locked(sheet_id)
        _may_decide(sheet, by)
        if sheet.state not in SheetImport.WAITING:
            raise SheetMovedOn
        sheet.drop_content()
        erasures.note("sheet_dropped", sheet.pk, at=at)
        return sheet


def names(sheet: SheetImport, marks: Collection[str]) -> bool:
    """Return whether one of these texts, addresses or case numbers of one person, stands in a sheet that waits."""
    content = bytes(sheet.content)
    read = (content.decode(encoding, "ignore") for encoding in ("utf-8", "utf-16", "cp1251"))
    return said_in(text_in(content), marks) or any(said_in(text, marks) for text in read)


def lines_of(sheet: SheetImport, *, by: User) -> list[str]:
    """Return a few lines of a previewed sheet whose encoding was guessed, for its bringer alone; else none.

    A person sees whether its names are readable. Where nothing was guessed, no page shows what is personal.
    """
    if sheet.by_id != by.pk or sheet.state != SheetState.PREVIEWED:
        return []
    return [line[:GUESSED_SIGNS] for line in guessed_lines(bytes(sheet.content), GUESSED_LINES)]


def refused_rows(sheet: SheetImport, *, by: User, why: dict[int, str]) -> tuple[list[str], list[list[str]]]:
    """Return the headings and the rows of these lines as they were written, with the reasons in front, for a workbook.

    The file is forgotten when it has been taken in, so only its bringer has this, and only before. Raises NotYours, SheetMovedOn.
    """
    _may_decide(sheet, by)
    if sheet.state != SheetState.PREVIEWED:
        raise SheetMovedOn
    layout = Layout(mappings.columns_of(sheet.kind), dict(sheet.what_means_what))
    header, rows = as_written(bytes(sheet.content), layout, why)
    return header, [[why[line], *cells] for line, cells in rows.items()]


def _locked(sheet_id: int) -> SheetImport:
    return SheetImport.objects.select_for_update(of=("self",)).select_related("by").get(pk=sheet_id)


def _may_decide(sheet: SheetImport, by: User) -> None:
    if sheet.by_id != by.pk or queries.coordinator_of(by) is None:
        raise NotYours


# -- the worker's part ----------------------------------------------------------------------------


def work_on_sheets(*, now: Callable[[], datetime]) -> bool:
    """Preview the sheets brought and import the sheets confirmed, oldest first; return whether rows are left."""
    waiting = SheetImport.objects.filter(state__in=[SheetState.RECEIVED, SheetState.CONFIRMED]).order_by("pk")
    left = False
    for sheet_id, state in list(waiting.values_list("pk", "state")):
        work = look_through if state == SheetState.RECEIVED else take_in
        left = work(sheet_id, now=now) or left
    if left:
        wake("matching.work_on_sheets")
    return left


def look_through(sheet_id: int, *, now: Callable[[], datetime]) -> bool:
    """Preview what each row would do, until the turn ends; return whether rows are left.

    Every row is imported, and rolled back with the rows of its batch: a batch has all rows that decide about each other
    (`together`). So nobody waits for a stored row longer than a batch takes, and another worker goes on where this one ended.
    """
    work: _Work | None = None
    for _turn in range(BATCHES_AT_ONCE):
        with transaction.atomic():
            sheet = _taken_up(sheet_id, SheetState.RECEIVED)
            if sheet is None:
                return False
            left = {row.line: row for row in sheet.rows.filter(outcome="", foreseen="")}
            if not left:
                sheet.state = SheetState.PREVIEWED
                sheet.save(update_fields=["state"])
                return False
            if work is None or work.sheet.columns != sheet.columns:  # Its bringer may have said anew what they mean.
                work = _Work.of(sheet)
            rows = [left[line] for line in work.next_together(left)]
            row_by_row.wait_for_other_imports()
            with transaction.atomic():
                for row, taken, problem in work.done(rows, at=now(), vouch=True):
                    row.foreseen = taken.outcome if taken else ROW_REFUSED
                    row.problems = _as_text([problem] if problem else [])
                    row.changes = json.dumps(_changes(taken, work.good[row.line].empty)) if taken else ""
                    row.would_vouch = bool(taken and taken.vouched)
                    # Whose row it is says who may see it. What a new row made is rolled back.
                    row.object_id = taken.row.pk if taken and taken.outcome != RowOutcome.NEW else None
                transaction.set_rollback(True)
            SheetImportRow.objects.bulk_update(rows, ["foreseen", "problems", "changes", "would_vouch", "object_id"])
    return True


def take_in(sheet_id: int, *, now: Callable[[], datetime]) -> bool:
    """Import rows, a hundred to a transaction, until the turn ends; return whether rows are left."""
    work: _Work | None = None
    for _turn in range(BATCHES_AT_ONCE):
        refresh_table_statistics()
        with transaction.atomic():
            sheet = _taken_up(sheet_id, SheetState.CONFIRMED)
            if sheet is None:
                return False
            rows = list(sheet.rows.filter(outcome="").order_by("line")[:ROWS_A_TRANSACTION])
            at = now()
            if not rows:
                sheet.state, sheet.content, sheet.columns, sheet.done_at = SheetState.DONE, b"", "", at
                sheet.save(update_fields=["state", "content", "columns", "done_at"])
                return False
            work = work or _Work.of(sheet)
            row_by_row.wait_for_other_imports()
            for row, taken, problem in work.done(rows, at=at, vouch=sheet.trust_vetted):
                row.outcome = taken.outcome if taken else ROW_REFUSED
                row.problems = _as_text([problem] if problem else [])
                row.changes = json.dumps(_changes(taken, work.good[row.line].empty)) if taken else ""
                row.object_id = taken.row.pk if taken else None
                if taken and (taken.outcome != RowOutcome.UNCHANGED or taken.vouched):
                    row.before = json.dumps(_to_take_back(taken))
                    row.vouched_at = at if taken.vouched else None
            SheetImportRow.objects.bulk_update(
                rows, ["outcome", "problems", "changes", "object_id", "before", "vouched_at"]
            )
    return True


def _taken_up(sheet_id: int, state: str) -> SheetImport | None:
    """Lock and return the sheet if it is still in this state. A second worker waits for the first and then sees its result."""
    sheets = SheetImport.objects.select_for_update(of=("self",)).select_related("by")
    return sheets.filter(pk=sheet_id, state=state).first()


@dataclass
class _Work:
    """A sheet that was read again from its content, and the acts for its rows."""

    sheet: SheetImport
    good: dict[int, Any]
    places: dict[int, Place | None]
    waiting: Iterator[list[int]] | None = None
    """The batches of the preview that are still to come."""

    @classmethod
    def of(cls, sheet: SheetImport) -> _Work:
        rows = _read(sheet.kind, bytes(sheet.content), dict(sheet.what_means_what)).rows
        return cls(sheet, {row.line: row for row in rows}, row_by_row.places_of(rows))

    def next_together(self, left: Collection[int]) -> list[int]:
        """Return the lines of the next batch among those `left`: whole groups of rows that decide about each other."""
        if self.waiting is None:
            rows = [row for line, row in sorted(self.good.items()) if line in left]
            groups = together.together(rows, self._called([row.key for row in rows]))
            self.waiting = together.batches(groups, ROWS_A_TRANSACTION)
        # Another worker may have had some of them meanwhile.
        return next(lines for batch in self.waiting if (lines := [line for line in batch if line in left]))

    def _called(self, keys: list[str]) -> RowsCalled[Any]:
        return (row_by_row.spaces_called if self.sheet.kind == SheetKind.SPACES else row_by_row.requests_called)(keys)

    def done(
        self, rows: Sequence[SheetImportRow], *, at: datetime, vouch: bool
    ) -> list[tuple[SheetImportRow, Taken | None, RowProblem | None]]:
        """Return, for each row, its result, or the refusal."""
        return list(self._done(rows, at=at, vouch=vouch))

    def _done(
        self, rows: Sequence[SheetImportRow], *, at: datetime, vouch: bool
    ) -> Iterator[tuple[SheetImportRow, Taken | None, RowProblem | None]]:
        by, known = self.sheet.by, self._called([row.key for row in rows])
        act: Callable[..., Taken] = row_by_row.take_in_request
        if self.sheet.kind == SheetKind.SPACES:
            over = row_by_row.of_another_time(list(self.good.values()), local_date(at))
            act = partial(row_by_row.take_in_space, vouch=vouch, over=over)
        for row in rows:
            try:
                with one_act():
                    if queries.coordinator_of(by) is None:
                        raise NotYours
                    taken = act(self.good[row.line], self.places[row.line], known.meant(row.key), by=by, at=at)
                yield row, taken, None
            except NotYours:
                yield row, None, RowProblem(row.line, "", "", OtherPlace())
            except Refused as refusal:
                yield row, None, replace(row_by_row.problem_of(self.good[row.line], refusal), value="")
            except (IntegrityError, DataError):
                yield row, None, RowProblem(row.line, "", "", RefusedByDatabase())


def _read(kind: str, content: bytes, chosen: Chosen) -> Reading[Any]:
    try:
        if kind == SheetKind.SPACES:
            return read_spaces(content, find_place=heard, chosen=chosen)
        return read_requests(content, find_place=heard, zone=timezone.get_default_timezone(), chosen=chosen)
    except HeaderProblem as problem:
        raise SheetUnreadable(problem.sentences, headings=problem.headings) from problem


def _by_line(problems: Iterable[RowProblem]) -> dict[int, list[RowProblem]]:
    found: dict[int, list[RowProblem]] = {}
    for problem in problems:
        found.setdefault(problem.line, []).append(problem)
    return found


def _as_text(problems: Iterable[RowProblem]) -> str:
    """Return the column and the reason of each problem as JSON. The bad cell is left out: its bringer has the file.

    A reason is kept as a code with values, and `matching.refusal_words` puts it into each reader's language.
    """
    listed = [[problem.column, _as_value(problem.reason)] for problem in problems]
    return json.dumps(listed) if listed else ""


def _as_value(reason: object) -> dict[str, Any]:
    match reason:
        case Sentence(code=code, values=values):
            return {"code": f"sheet:{code}", **values}
        case Refused(value=value):
            return value
    raise TypeError(reason)


# -- what a row changes, and what it was before ---------------------------------------------------


def _changes(taken: Taken, empty: Collection[str]) -> list[list[Any]]:
    """Return [column, before, after] for each column that a known row changes; personal columns without their contents.

    A fourth value, True, says that it was an empty cell that changed it.
    """
    if taken.before is None or taken.after is None:
        return []
    changed: list[list[Any]] = []
    if taken.person.name != taken.name_before:
        changed.append(["host" if isinstance(taken.row, Space) else "name", None, None])
    if taken.new_contacts:
        changed.append(["contact", None, None])
    if taken.waits:
        changed.append(["waits", None, None])
    old, new = as_json(taken.before), as_json(taken.after)
    different = [column for column in old if old[column] != new[column]]
    changed += [[each, None, None] if each in NOT_SHOWN else [each, old[each], new[each]] for each in different]
    return [[*each, True] if each[0] in empty else each for each in changed]


def _to_take_back(taken: Taken) -> dict[str, Any]:
    return {
        "details": as_json(taken.before) if taken.before else None,
        "after": as_json(taken.after) if taken.after else None,
        "name": taken.name_before,
        "name_after": taken.person.name,
        "is_new_person": taken.is_new_person,
        "new_contacts": list(taken.new_contacts),
        "waits": [[pk, at.isoformat()] for pk, at in taken.waits],
    }


def as_json(details: Any) -> dict[str, Any]:
    """Return SpaceDetails or RequestDetails as JSON values; the place as its primary key."""
    assert is_dataclass(details)
    return {field.name: _plain(getattr(details, field.name)) for field in fields(details)}


def _plain(value: Any) -> Any:
    match value:
        case Place():
            return value.pk
        case date():
            return value.isoformat()
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value
