"""How the erasures of sheets, of persons and of people whom somebody must not meet are carried out again after a restore."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from matching import apart, erasing
from matching.importing import undoing
from matching.models import MustNotMeet, SheetImport
from privacy.erasures import again

State = SheetImport.State
OVER = (State.DROPPED, State.UNDOING, State.UNDONE)


@again("sheet_dropped")
def _drop_sheet(subject: str, at: datetime) -> bool:
    """Erase the file and the preview of a sheet that somebody decided not to take in."""
    sheet = SheetImport.objects.select_for_update(of=("self",)).filter(pk=subject).exclude(state__in=OVER).first()
    if sheet is not None:
        sheet.drop_content()
    return sheet is not None


@again("import_undone")
def _undo_import(subject: str, at: datetime) -> bool:
    """Have an import undone once more, with the rights of the coordinator who brought the sheet. Raises Refused.

    The worker takes the rows back, as it did the first time. A sheet that the copy holds before it was taken in is dropped.
    """
    sheet = SheetImport.objects.select_for_update(of=("self",)).filter(pk=subject).exclude(state__in=OVER).first()
    if sheet is None:
        return False
    if sheet.state in (State.CONFIRMED, State.DONE):
        with transaction.atomic():
            undoing.undo(sheet.pk, by=sheet.by, at=at)
    else:
        sheet.drop_content()
    return True


@again("person")
def _erase_person(subject: str, at: datetime) -> bool:
    """Erase a person once more, whatever the copy shows as live."""
    return erasing.erase_again(int(subject), at=at)


@again("must_not_meet")
def _take_back(subject: str, at: datetime) -> bool:
    """Erase what an entry said that its person has taken off their list."""
    entry = MustNotMeet.objects.select_for_update(of=("self",)).filter(pk=subject, taken_back_at=None).first()
    if entry is not None:
        apart.forget(entry, at=at)
    return entry is not None
