"""Rows of a sheet that have to be looked through together, because what one of them does decides what another does."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from accounts.contacts import every_index_of
from matching.models import ShelterRequest, Space
from matching.sheets import RequestRow, SpaceRow
from matching.sheets.columns import CONTACTS
from notifications.models import ContactPoint
from reading.keys import unwritten

SheetRow = SpaceRow | RequestRow


def together(rows: Sequence[SheetRow], known: Mapping[str, Space | ShelterRequest]) -> list[list[int]]:
    """Return the lines of the rows in groups, each in the order of its first line.

    Rows are in one group if they share a key, a contact, or a person whom the service knows by them; or if they are linked
    by other rows that do. `known` has the stored rows by the keys of the sheet.
    """
    people = _people_reached(rows)
    marks = {row.line: set(_marks(row, known, people)) for row in rows}
    return _linked(marks)


def batches(groups: Iterable[Sequence[int]], size: int) -> Iterator[list[int]]:
    """Join the groups one after another into batches of at least `size` lines; the last one may be smaller."""
    batch: list[int] = []
    for group in groups:
        batch += group
        if len(batch) >= size:
            yield sorted(batch)
            batch = []
    if batch:
        yield sorted(batch)


def _marks(
    row: SheetRow, known: Mapping[str, Space | ShelterRequest], people: Mapping[str, Collection[int]]
) -> Iterable[Hashable]:
    """Yield all that another row may share with this one."""
    yield "key", unwritten(row.key)
    for index in _contact_indexes(row):
        yield "contact", index
        for user_id in people.get(index, ()):
            yield "person", user_id
    there = known.get(row.key)
    if there is not None:
        yield "person", (there.host.user_id if isinstance(there, Space) else there.arrival.user_id)


def _contact_indexes(row: SheetRow) -> list[str]:
    """Return every index under which a contact of the row may stand."""
    written = ((channel, getattr(row, column)) for channel, column in CONTACTS.items())
    return list(chain.from_iterable(every_index_of(channel, address) for channel, address in written if address))


def _people_reached(rows: Sequence[SheetRow]) -> dict[str, list[int]]:
    """Return the ids of the users whom the contacts of the rows reach, by the index of the contact."""
    indexes = [index for row in rows for index in _contact_indexes(row)]
    reached: dict[str, list[int]] = {}
    points = ContactPoint.objects.filter(address_index__in=indexes)
    for index, user_id in points.values_list("address_index", "user_id"):
        reached.setdefault(index, []).append(user_id)
    return reached


def _linked(marks: Mapping[int, Collection[Hashable]]) -> list[list[int]]:
    """Return the lines in groups that share a mark: connected components, each found by walking from its first line."""
    lines_with: dict[Hashable, list[int]] = {}
    for line, own in marks.items():
        for mark in own:
            lines_with.setdefault(mark, []).append(line)
    groups: list[list[int]] = []
    seen: set[int] = set()
    for first in sorted(marks):
        if first in seen:
            continue
        seen.add(first)
        group = [first]
        for line in group:  # It grows while it is walked.
            for mark in marks[line]:
                for other in lines_with.pop(mark, ()):
                    if other not in seen:
                        seen.add(other)
                        group.append(other)
        groups.append(sorted(group))
    return groups
