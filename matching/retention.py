"""What is kept for how long of drafts, imported sheets, answers of the API and notes of changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Length

from matching.models import (
    Flag,
    IdempotencyKey,
    IncidentNote,
    IncidentReport,
    KeptApart,
    KeptDraft,
    MatchingChange,
    MustNotMeet,
    OnCallShift,
    SheetImport,
    SheetImportRow,
    WaitingChange,
)
from privacy.retention import kept_for

ANSWER_KEPT = timedelta(days=1)
"""How long a creating POST of the API that comes again gets the answer it got before."""

PREVIEW_KEPT = timedelta(days=1)
"""How long a sheet waits for somebody to confirm it."""

UNDO_KEPT = timedelta(days=30)
"""How long an import can be undone. Until then its rows hold what was there before."""

INCIDENT_TEXTS_KEPT = timedelta(days=90)
"""How long the words of an incident are kept after two people closed it."""

SHIFTS_KEPT = timedelta(days=90)
"""How long hours on call are kept after a lead took them off the rota: by then it is clear who was called when."""

LOOKED_AT_KEPT = timedelta(days=30)
"""How long coordinators can read what a change that was applied, refused or taken back had wanted."""

FLAGS_KEPT = timedelta(days=90)
"""How long a flag at which somebody has looked can be compared with a new one."""

TAKEN_BACK_KEPT = timedelta(days=30)
"""How long an entry that was taken off a list of people not to be met is counted, so that nobody tries contact after contact."""

CHANGES_KEPT = timedelta(hours=12)
"""Twice as long as any worker goes without reading which requests and spaces have changed (`matching.worker.placing`)."""


@kept_for(lambda: timedelta(days=settings.DRAFT_DAYS), "unsent_answers")
def _forget_drafts(before: datetime) -> int:
    """Erase the drafts that lie with a case (`matching.web.drafts`) and that nobody has touched.

    The case stays: with its number and secret one can ask anew. A draft that is being sent is locked, and waited for.
    """
    return KeptDraft.objects.filter(kept_at__lt=before).delete()[0]


@kept_for(ANSWER_KEPT, "api_answers")
def _forget_answers(before: datetime) -> int:
    """Erase the answers kept under an Idempotency-Key; one that a call is just using is left for the next run."""
    old = IdempotencyKey.objects.filter(created_at__lte=before).select_for_update(skip_locked=True)
    return IdempotencyKey.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]


@kept_for(PREVIEW_KEPT, "sheets_not_confirmed")
def _forget_previews(before: datetime) -> int:
    """Drop the sheets that were looked through and that nobody confirmed; return how many sheets."""
    previews = SheetImport.objects.filter(state=SheetImport.State.PREVIEWED, received_at__lt=before)
    sheets = list(previews.select_for_update(skip_locked=True))
    for sheet in sheets:
        drop_content(sheet)
    return len(sheets)


@kept_for(UNDO_KEPT, "imports_before_and_after")
def _forget_what_rows_said(before: datetime) -> int:
    """Erase what the rows of an import changed, which an undo needs; return how many imports."""
    old = SheetImportRow.objects.filter(object_id__isnull=False, sheet__done_at__lt=before)
    sheets = set(old.values_list("sheet", flat=True))
    old.update(object_id=None, before="", changes="")
    return len(sheets)


@kept_for(LOOKED_AT_KEPT, "changes_decided_on")
def _forget_what_was_wanted(before: datetime) -> int:
    """Erase what a decided change wanted; what kind of change it was, who decided and when stay."""
    decided = WaitingChange.objects.filter(decided_at__lt=before, erased=False)
    return decided.update(wanted="", erased=True)


@kept_for(FLAGS_KEPT, "flags_looked_at")
def _forget_flags(before: datetime) -> int:
    """Erase the flags at which a coordinator has looked."""
    return Flag.objects.filter(looked_at__lt=before).delete()[0]


@kept_for(TAKEN_BACK_KEPT, "not_to_be_met")
def _forget_who_was_named(before: datetime) -> int:
    """Erase the entries that were taken off their lists; their text went at once."""
    return MustNotMeet.objects.filter(taken_back_at__lt=before).delete()[0]


@kept_for(CHANGES_KEPT, "notes_of_changes")
def _forget_changes(before: datetime) -> int:
    """Erase the notes by which a worker knows what to read again."""
    return MatchingChange.objects.filter(at__lt=before).delete()[0]


@kept_for(INCIDENT_TEXTS_KEPT, "texts_of_incidents")
def _forget_what_was_told(before: datetime) -> int:
    """Erase the numbers and words of incidents that were closed, and the coordinators' notes; the codes stay."""
    told = IncidentReport.objects.filter(incident__closed_at__lt=before)
    reports = told.annotate(written=Length("reach") + Length("happened")).filter(written__gt=0)
    notes = IncidentNote.objects.filter(incident__closed_at__lt=before)
    apart = KeptApart.objects.filter(taken_back_at__lt=before).annotate(written=Length("reason")).filter(written__gt=0)
    return reports.update(reach="", happened="") + notes.delete()[0] + apart.update(reason="")


@kept_for(SHIFTS_KEPT, "hours_on_call")
def _forget_shifts(before: datetime) -> int:
    """Erase the hours on call that a lead has taken off the rota."""
    return OnCallShift.objects.filter(ended_at__lt=before).delete()[0]


def drop_content(sheet: SheetImport) -> None:
    """Erase the file and the rows of a locked sheet that is not to be taken in, within the caller's act."""
    sheet.rows.all().delete()
    sheet.state, sheet.content = SheetImport.State.DROPPED, b""
    sheet.save(update_fields=["state", "content"])
