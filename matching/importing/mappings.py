"""What the headings of files mean: the columns of each kind of sheet, and mappings that coordinators keep under a name."""

from __future__ import annotations

import json
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.refusals import Refused
from matching import queries
from matching.models import ColumnMapping, SheetImport
from matching.refusals import NotYours, one_act
from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS, HeaderProblem
from matching.sheets.columns import POINTS, SPACE_SHEET
from matching.sheets.columns import request as request_columns
from matching.sheets.decoding import first_lines
from matching.sheets.headings import WHY, is_of_a_person, labels
from matching.sheets.reading import Chosen
from privacy.fields import blind_index


class UnknownMapping(Refused):
    """No mapping of this kind is kept under this name."""

    code = "unknown_mapping"
    message = _("No mapping is kept under this name. Known: %(known)s.")


class MappingNameTaken(Refused):
    """Another mapping is kept under this name."""

    code = "mapping_name_taken"
    message = _("A mapping with other headings is kept under this name. Choose another name, or remove that one first.")


class NoHeader(Refused):
    """The line of the headings has a contact of a person in it."""

    code = "headings_of_a_person"
    message = _("The first line has a phone number or an e-mail address in it. Write the headings above it.")


def columns_of(kind: str) -> tuple[str, ...]:
    """Return the columns that a heading of this kind of sheet may mean."""
    return (*(SPACE_COLUMNS if kind == SheetImport.SheetKind.SPACES else REQUEST_COLUMNS), *POINTS)


def needed_columns(kind: str) -> list[str]:
    """Return the columns without which a sheet of this kind cannot be read, apart from the place or its point."""
    sheet = SPACE_SHEET if kind == SheetImport.SheetKind.SPACES else request_columns(timezone.get_default_timezone())
    return [name for name, column in sheet.items() if column.needed]


def mappings(kind: str = "") -> list[ColumnMapping]:
    """Return the kept mappings by name, of this kind only if it is given."""
    found = ColumnMapping.objects.all()
    return sorted(found.filter(kind=kind) if kind else found, key=lambda each: each.name)


def kept_mapping(kind: str, name: str) -> ColumnMapping:
    """Return the mapping of this name. Raises UnknownMapping, which lists the known ones."""
    found = ColumnMapping.objects.filter(kind=kind, name=" ".join(name.split())).first()
    if found is None:
        raise UnknownMapping(known=", ".join(each.name for each in mappings(kind)) or "–")
    return found


def mapping_for(kind: str, content: bytes) -> ColumnMapping | None:
    """Return the mapping whose headings are exactly those of this file, apart from a column of reasons that we added."""
    kept = {tuple(each.chosen): each for each in reversed(mappings(kind))}
    if not kept:
        return None
    try:
        for cells in first_lines(content):
            found = labels(cells)
            bare = found[1:] if found and found[0].lower() in WHY.values() else found
            if tuple(bare) in kept:
                return kept[tuple(bare)]
    except HeaderProblem:
        pass
    return None


def remove_mapping(mapping_id: int, *, by: User) -> None:
    """Forget a mapping. Sheets that were read by it stay as they are. Raises NotYours."""
    if queries.coordinator_of(by) is None:
        raise NotYours
    with one_act():
        ColumnMapping.objects.filter(pk=mapping_id).delete()


def keep(name: str, kind: str, chosen: Chosen, *, at: datetime) -> None:
    """Keep the meanings of headings under a name, or other meanings of the same headings. Raises MappingNameTaken, NoHeader."""
    if any(is_of_a_person(label) for label in chosen):
        raise NoHeader
    columns = {label: meaning for label, meaning in chosen.items() if label.lower() not in WHY.values()}
    said = json.dumps(list(columns.items()))
    locked = ColumnMapping.objects.select_for_update()
    kept = locked.filter(name=name).first()
    if kept is None:  # Somebody else may keep one of this name at this moment.
        new = {"name": name, "kind": kind, "columns": said, "kept_at": at}
        kept, _made = locked.get_or_create(name_index=blind_index(name), defaults=new)
    if (kept.kind, list(kept.chosen)) != (kind, list(columns)):
        raise MappingNameTaken
    kept.columns, kept.kept_at = said, at
    kept.save(update_fields=["columns", "kept_at"])
