"""Undo a whole import: remove what it added, restore what it changed, and say why a row has to stay.

Rows are taken back in reverse order, each in a savepoint of its own, with the rights of the coordinator who undoes the
import. A row stays if somebody has changed it since, or if it has a match that somebody decided on. Proposals that
nobody has decided on end. A new row is removed if nobody has used it. Otherwise it is withdrawn and its key becomes free.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import vetting
from accounts.contacts import take_back_update
from accounts.models import Host, HostCheck, User
from accounts.refusals import Refused
from matching import intake, queries, transitions, waiting
from matching.importing import row_by_row
from matching.importing.row_by_row import ROWS_A_TRANSACTION, RowOutcome
from matching.importing.uploads import BATCHES_AT_ONCE, SheetKind, SheetMovedOn, SheetState, as_json
from matching.intake import RequestDetails, SpaceDetails
from matching.models import Match, SheetImport, SheetImportRow, ShelterRequest, Space, WaitingChange
from matching.refusals import HasLiveMatches, NotYours, one_act
from matching.sheets import fields
from matching.sheets.fields import Field
from matching.states import HOLDS_BEDS, Status
from notifications.outbox import take_back as take_back_messages
from notifications.wakeups import wake
from places.models import Place
from privacy import erasures

IS_UNDONE, IS_KEPT = SheetImportRow.Undone.YES, SheetImportRow.Undone.NO


class ChangedAfterImport(Refused):
    """Somebody has changed the row since the import; undoing would lose their change."""

    code = "changed_since"
    message = _("It was changed since the import.")
    sentences = {"host_checked": _("The host has been checked since the import.")}


class PartlyKept(Refused):
    """The row is taken back, but its person or its history stays; the sentence says what. It is returned, not raised."""

    code = "partly_kept"
    sentences = {
        "space_withdrawn": _("It was withdrawn: its earlier matches stay on record."),
        "look_first": _("What was there before waits until a coordinator has looked at it."),
        "host_stays": _("The host stays: there is a history with them."),
        "request_withdrawn": _("It was withdrawn: there is a history with this household."),
    }


class TooLongAgo(Refused):
    """The record of the row before the import has been deleted."""

    code = "too_long_ago"
    message = _("The import is too long ago: what was there before is forgotten.")


def undo(sheet_id: int, *, by: User, at: datetime) -> SheetImport:
    """Ask the worker to undo a whole import, row by row; the import may still be under way.

    Raises NotYours, SheetMovedOn.
    """
    with one_act():
        if queries.coordinator_of(by) is None:
            raise NotYours
        sheet = SheetImport.objects.select_for_update(of=("self",)).get(pk=sheet_id)
        if not may_undo(sheet, by):
            raise NotYours
        if sheet.state not in (SheetState.CONFIRMED, SheetState.DONE):
            raise SheetMovedOn
        sheet.state, sheet.content, sheet.columns = SheetState.UNDOING, b"", ""
        sheet.done_at = sheet.done_at or at
        sheet.undo_by, sheet.undo_at = by, at
        sheet.save(update_fields=["state", "content", "columns", "done_at", "undo_by", "undo_at"])
        erasures.note("import_undone", sheet.pk, at=at)
        wake("matching.work_on_sheets")
        return sheet


def may_undo(sheet: SheetImport, by: User) -> bool:
    """Return whether `by` may undo a whole sheet: `by` brought it, or covers the places of all its rows.

    A coordinator who covers only some of its places sees the sheet but may not undo it.
    """
    if sheet.by_id == by.pk:
        return True
    places = set(sheet.rows.order_by().values_list("place", flat=True).distinct())
    return all(queries.covers(by, place) for place in places)


def to_take_back(sheet: SheetImport) -> QuerySet[SheetImportRow]:
    """Return the rows that changed something and must be taken back."""
    return sheet.rows.filter(Q(outcome__in=[RowOutcome.NEW, RowOutcome.CHANGED]) | Q(vouched_at__isnull=False))


def work_on_undoing(*, now: Callable[[], datetime]) -> bool:
    """Take back rows of the imports that are being undone; return whether rows are left."""
    left = False
    for sheet_id in list(
        SheetImport.objects.filter(state=SheetState.UNDOING).order_by("pk").values_list("pk", flat=True)
    ):
        left = _work_on(sheet_id, now) or left
    if left:
        wake("matching.work_on_sheets")
    return left


def _work_on(sheet_id: int, now: Callable[[], datetime]) -> bool:
    for _turn in range(BATCHES_AT_ONCE):
        with transaction.atomic():
            locked = SheetImport.objects.select_for_update(of=("self",)).filter(pk=sheet_id, state=SheetState.UNDOING)
            sheet = locked.select_related("undo_by").first()
            if sheet is None or sheet.undo_by is None:
                return False
            rows = list(to_take_back(sheet).filter(undone="").order_by("-line")[:ROWS_A_TRANSACTION])
            if not rows:
                sheet.state = SheetState.UNDONE
                sheet.save(update_fields=["state"])
                return False
            at = now()
            row_by_row.wait_for_other_imports()
            for row in rows:
                try:
                    with one_act():
                        kept = _take_back(row, sheet.kind, by=sheet.undo_by, at=at)
                    row.undone, row.before, row.changes = IS_UNDONE, "", ""
                    row.kept_because = kept.value if kept else None
                except Refused as refusal:
                    row.undone, row.kept_because = IS_KEPT, refusal.value
            SheetImportRow.objects.bulk_update(rows, ["undone", "kept_because", "before", "changes"])
    return True


# -- one row --------------------------------------------------------------------------------------


def _take_back(row: SheetImportRow, kind: str, *, by: User, at: datetime) -> PartlyKept | None:
    """Take one row back. Return what stays of it, or None. Raises Refused if all of it stays."""
    if row.object_id is None:
        raise TooLongAgo
    act = _take_back_space if kind == SheetKind.SPACES else _take_back_request
    return act(row, row.object_id, by=by, at=at)


def _take_back_space(row: SheetImportRow, space_id: UUID, *, by: User, at: datetime) -> PartlyKept | None:
    space = _locked_with_its_neighbours(space_id)
    if space is None:  # Somebody has removed it.
        return None
    if not queries.may_act_for(by, space):
        raise NotYours
    before = json.loads(row.before)
    host, stays = space.host, None
    _take_changes_back(host, before, by=by, at=at)
    if row.outcome == RowOutcome.NEW:
        if _has_changed(row_by_row.details_of_space(space), before["after"]):
            raise ChangedAfterImport
        _end_proposals(space.matches.all(), at=at)
        intake.withdraw_space(space.pk, by=by, at=at)
    elif row.outcome == RowOutcome.CHANGED and before["details"] != before["after"]:
        if _has_changed(row_by_row.details_of_space(space), before["after"]):
            raise ChangedAfterImport
        _space, waits = intake.change_space(
            space.pk, _space_details(space, before["details"]), by=by, at=at, may_be_over=True
        )
        stays = None if waits is None else PartlyKept("look_first")
    if row.vouched_at is not None:
        _take_word_back(host, row.vouched_at, by=by, at=at)
    if row.outcome != RowOutcome.NEW:
        _take_names_back(host.user, before)
        return stays
    if space.matches.exists():
        Space.objects.filter(pk=space.pk).update(external_id=None, external_index="")
        return PartlyKept("space_withdrawn")
    space.delete()
    if before["is_new_person"] and not host.spaces.exists() and not _removed(host.user, host):
        return PartlyKept("host_stays")
    return None


def _take_back_request(row: SheetImportRow, request_id: UUID, *, by: User, at: datetime) -> PartlyKept | None:
    request = ShelterRequest.objects.select_related("arrival__user", "place").filter(pk=request_id).first()
    if request is None:
        return None
    if not queries.may_act_for(by, request):
        raise NotYours
    before = json.loads(row.before)
    if row.outcome == RowOutcome.CHANGED:
        if before["details"] != before["after"]:
            if _has_changed(row_by_row.details_of_request(request), before["after"]):
                raise ChangedAfterImport
            intake.change_request(request.pk, _request_details(request, before["details"]), by=by, at=at)
        _take_names_back(request.arrival.user, before)
        return None
    if _has_changed(row_by_row.details_of_request(request), before["after"]):
        raise ChangedAfterImport
    _end_proposals(request.matches.all(), at=at)
    # Withdraw the request even if it is removed next: the placer, which keeps the market in memory, must hear of it.
    request = transitions.withdraw_request(request.pk, by=by, at=at)
    if request.matches.exists() or request.desk_notes.exists() or not _removed(request.arrival.user, request):
        ShelterRequest.objects.filter(pk=request_id).update(external_id=None, external_index="")
        return PartlyKept("request_withdrawn")
    return None


def _locked_with_its_neighbours(space_id: UUID) -> Space | None:
    """Lock the host's spaces in id order and return this one. Spaces are locked before hosts."""
    host = Space.objects.filter(pk=space_id).values_list("host", flat=True).first()
    list(Space.objects.filter(host=host).order_by("pk").select_for_update().values_list("pk"))
    spaces = Space.objects.select_related("host__user", "place").prefetch_related("windows")
    return spaces.filter(pk=space_id).first()


def _end_proposals(matches: QuerySet[Match], *, at: datetime) -> None:
    """End the proposals that nobody has decided on. Raises HasLiveMatches if another match is live."""
    live = matches.filter(status__in=sorted(HOLDS_BEDS)).order_by("space_id", "pk")
    for match in live.prefetch_related("decisions"):
        decided = any(not decision.refusal for decision in match.decisions.all())
        if match.status != Status.PROPOSED or match.approved_by_id is not None or decided:
            raise HasLiveMatches
        transitions.expire(match.pk, at=at, reason="withdrawn")


def _take_changes_back(host: Host, before: dict[str, Any], *, by: User, at: datetime) -> None:
    """End the changes that wait because of this row alone. One that somebody added to since then stays."""
    for pk, asked_at in before.get("waits", []):
        there = WaitingChange.objects.filter(pk=pk, host=host, outcome=waiting.ChangeOutcome.WAITING)
        change = waiting.locked(there.filter(asked_at=datetime.fromisoformat(asked_at)).first())
        if change is not None and change.outcome == waiting.ChangeOutcome.WAITING:
            waiting.end(change, waiting.ChangeOutcome.TAKEN_BACK, by=by, at=at)


def _take_word_back(host: Host, vouched_at: datetime, *, by: User, at: datetime) -> None:
    """Set a host back to unvetted if only the sheet vouched for them. Raises HasLiveMatches, ChangedAfterImport."""
    host.refresh_from_db(fields=["status"])
    if host.status != Host.Status.VETTED:
        return  # A later suspension or refusal stays.
    if HostCheck.objects.filter(host=host, at__gt=vouched_at).exists():
        raise ChangedAfterImport("host_checked")
    if Match.objects.filter(space__host=host, status__in=sorted(HOLDS_BEDS)).exists():
        raise HasLiveMatches
    vetting.take_word_back(host.pk, by=by, at=at, said={"code": "import_undone"})


def _take_names_back(user: User, before: dict[str, Any]) -> None:
    take_back_update(user, name=before["name_after"], name_before=before["name"], points=before["new_contacts"])


def _removed(user: User, row: Host | ShelterRequest) -> bool:
    """Remove a person who came with the import, and their rows; return False if their history forbids it."""
    take_back_messages(user)
    try:
        with transaction.atomic():
            if isinstance(row, ShelterRequest):
                arrival = row.arrival
                row.delete()
                arrival.delete()
            else:
                row.delete()
            user.contact_points.all().delete()
            user.delete()
    except ProtectedError:
        return False
    return True


# -- the details before and after the import -------------------------------------------------------------------------


def _has_changed(details: SpaceDetails | RequestDetails, after: dict[str, Any]) -> bool:
    """Return whether the row differs from what the import wrote. Fields that were added to the lists since do not count."""
    now = as_json(details)
    return any(now.get(name) != value for name, value in after.items())


def _space_details(space: Space, said: dict[str, Any]) -> SpaceDetails:
    return replace(row_by_row.details_of_space(space), **_loaded(said, fields.SPACE))


def _request_details(request: ShelterRequest, said: dict[str, Any]) -> RequestDetails:
    return replace(row_by_row.details_of_request(request), **_loaded(said, fields.REQUEST))


def _loaded(said: dict[str, Any], declared: Sequence[Field]) -> dict[str, Any]:
    """Return the details in JSON that `as_json` made. Fields that were added to the lists since are not in it."""
    values = {field.name: field.kind.load(said[field.name]) for field in declared if field.name in said}
    return values | {"place": _place(said)}


def _place(said: dict[str, Any]) -> Place | None:
    return Place.objects.get(pk=said["place"]) if said["place"] else None
