"""Undoing a whole import: what it added goes, what it changed is as before, and what cannot be undone says why.

Rows are taken back in the opposite order, each in a savepoint of its own, by the rights of whoever undoes it. What
somebody has changed since, or a decided match stands on, stays; a proposal that nobody has decided on does not stand
in the way. What was added and has been used is withdrawn and gives its key back; what nobody has used is removed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts import vetting
from accounts.contacts import take_back_update
from accounts.models import Host, HostCheck, User
from accounts.refusals import Refused
from matching import intake, queries, transitions
from matching.importing import row_by_row
from matching.importing.row_by_row import RowOutcome
from matching.importing.uploads import BATCH, BATCHES_AT_ONCE, SheetMovedOn, as_json
from matching.intake import RequestDetails, SpaceDetails
from matching.models import Match, SheetImport, SheetImportRow, ShelterRequest, Space
from matching.refusals import HasLiveMatches, NotYours, one_act
from matching.sheets import fields
from matching.sheets.fields import Field
from matching.states import HOLDS_BEDS, Status
from notifications.outbox import take_back as take_back_messages
from notifications.wakeups import wake
from places.models import Place

SheetKind, State = SheetImport.Kind, SheetImport.State
YES, NO = SheetImportRow.Undone.YES, SheetImportRow.Undone.NO

WORD_TAKEN_BACK = _("The import that vouched for this host was undone.")


class ChangedAfterImport(Refused):
    """Somebody has changed the row since the import; undoing would lose what they said."""

    code = "changed_since"
    message = _("It was changed since the import.")


class TooLongAgo(Refused):
    """What the row was before has been forgotten."""

    code = "too_long_ago"
    message = _("The import is too long ago: what was there before is forgotten.")


def undo(sheet_id: int, *, by: User, at: datetime) -> SheetImport:
    """Take back a whole import, also one that is still under way; the worker does it row by row.

    Raises NotYours, SheetMovedOn.
    """
    with one_act():
        if queries.coordinator_of(by) is None:
            raise NotYours
        sheet = SheetImport.objects.select_for_update(of=("self",)).get(pk=sheet_id)
        if not may_undo(sheet, by):
            raise NotYours
        if sheet.state not in (State.CONFIRMED, State.DONE):
            raise SheetMovedOn
        sheet.state, sheet.content, sheet.done_at = State.UNDOING, b"", sheet.done_at or at
        sheet.undo_by, sheet.undo_at = by, at
        sheet.save(update_fields=["state", "content", "done_at", "undo_by", "undo_at"])
        wake("matching.work_on_sheets")
        return sheet


def may_undo(sheet: SheetImport, by: User) -> bool:
    """Return whether `by` may undo a whole sheet: its bringer, and who covers the place of every row of it.

    Whoever shares only some of its places sees it, but cannot end the undoing of the others.
    """
    if sheet.by_id == by.pk:
        return True
    places = set(sheet.rows.order_by().values_list("place", flat=True).distinct())
    return all(queries.covers(by, place) for place in places)


def to_take_back(sheet: SheetImport) -> QuerySet[SheetImportRow]:
    """Return the rows that changed something: what an undo is about."""
    return sheet.rows.filter(Q(outcome__in=[RowOutcome.NEW, RowOutcome.CHANGED]) | Q(vouched_at__isnull=False))


def work_on_undoing(*, now: Callable[[], datetime]) -> bool:
    """Take back what is left of the imports being undone; return whether something is left after all."""
    left = False
    for sheet_id in list(SheetImport.objects.filter(state=State.UNDOING).order_by("pk").values_list("pk", flat=True)):
        left = _work_on(sheet_id, now) or left
    if left:
        wake("matching.work_on_sheets")
    return left


def _work_on(sheet_id: int, now: Callable[[], datetime]) -> bool:
    for _turn in range(BATCHES_AT_ONCE):
        with transaction.atomic():
            locked = SheetImport.objects.select_for_update(of=("self",)).filter(pk=sheet_id, state=State.UNDOING)
            sheet = locked.select_related("undo_by").first()
            if sheet is None or sheet.undo_by is None:
                return False
            rows = list(to_take_back(sheet).filter(undone="").order_by("-line")[:BATCH])
            if not rows:
                sheet.state = State.UNDONE
                sheet.save(update_fields=["state"])
                return False
            at = now()
            row_by_row.wait_for_other_imports()
            with translation.override(sheet.undo_by.language):
                for row in rows:
                    try:
                        with one_act():
                            row.kept_because = _take_back(row, sheet.kind, by=sheet.undo_by, at=at)[:300]
                        row.undone, row.before, row.changes = YES, "", ""
                    except Refused as refusal:
                        row.undone, row.kept_because = NO, str(refusal)[:300]
            SheetImportRow.objects.bulk_update(rows, ["undone", "kept_because", "before", "changes"])
    return True


# -- one row --------------------------------------------------------------------------------------


def _take_back(row: SheetImportRow, kind: str, *, by: User, at: datetime) -> str:
    """Take one row back; return what of it stays nevertheless, in words. Raises Refused when it is kept as it is."""
    if row.object_id is None:
        raise TooLongAgo
    act = _take_back_space if kind == SheetKind.SPACES else _take_back_request
    return act(row, row.object_id, by=by, at=at)


def _take_back_space(row: SheetImportRow, space_id: UUID, *, by: User, at: datetime) -> str:
    space = _locked_with_its_neighbours(space_id)
    if space is None:  # Somebody has removed it.
        return ""
    if not queries.covers(by, space.place_id):
        raise NotYours
    before = json.loads(row.before)
    host = space.host
    if row.outcome == RowOutcome.NEW:
        if _has_changed(row_by_row.details_of_space(space), before["after"]):
            raise ChangedAfterImport
        _end_proposals(space.matches.all(), at=at)
        intake.withdraw_space(space.pk, by=by, at=at)
    elif row.outcome == RowOutcome.CHANGED and before["details"] != before["after"]:
        if _has_changed(row_by_row.details_of_space(space), before["after"]):
            raise ChangedAfterImport
        intake.change_space(space.pk, _space_details(before["details"]), by=by, at=at)
    if row.vouched_at is not None:
        _take_word_back(host, row.vouched_at, by=by, at=at)
    if row.outcome != RowOutcome.NEW:
        _take_names_back(host.user, before)
        return ""
    if space.matches.exists():
        Space.objects.filter(pk=space.pk).update(external_id=None)
        return str(_("It was withdrawn: its earlier matches stay on record."))
    space.delete()
    if before["is_new_person"] and not host.spaces.exists() and not _removed(host.user, host):
        return str(_("The host stays: there is a history with them."))
    return ""


def _take_back_request(row: SheetImportRow, request_id: UUID, *, by: User, at: datetime) -> str:
    request = ShelterRequest.objects.select_related("arrival__user", "place").filter(pk=request_id).first()
    if request is None:
        return ""
    if not queries.covers(by, request.place_id):
        raise NotYours
    before = json.loads(row.before)
    if row.outcome == RowOutcome.CHANGED:
        if before["details"] != before["after"]:
            if _has_changed(row_by_row.details_of_request(request), before["after"]):
                raise ChangedAfterImport
            intake.change_request(request.pk, _request_details(before["details"]), by=by, at=at)
        _take_names_back(request.arrival.user, before)
        return ""
    if _has_changed(row_by_row.details_of_request(request), before["after"]):
        raise ChangedAfterImport
    _end_proposals(request.matches.all(), at=at)
    # Withdrawn in any case: so that whoever keeps the market in memory hears of it.
    request = transitions.withdraw_request(request.pk, by=by, at=at)
    if request.matches.exists() or request.desk_notes.exists() or not _removed(request.arrival.user, request):
        ShelterRequest.objects.filter(pk=request_id).update(external_id=None)
        return str(_("It was withdrawn: there is a history with this household."))
    return ""


def _locked_with_its_neighbours(space_id: UUID) -> Space | None:
    """Return the space, its host's other spaces locked with it: spaces come before their host, in one order."""
    host = Space.objects.filter(pk=space_id).values_list("host", flat=True).first()
    list(Space.objects.filter(host=host).order_by("pk").select_for_update().values_list("pk"))
    spaces = Space.objects.select_related("host__user", "place").prefetch_related("windows")
    return spaces.filter(pk=space_id).first()


def _end_proposals(matches: QuerySet[Match], *, at: datetime) -> None:
    """End the proposals nobody has decided on. Raises HasLiveMatches where there is more than that."""
    live = matches.filter(status__in=sorted(HOLDS_BEDS)).order_by("space_id", "pk")
    for match in live.prefetch_related("decisions"):
        decided = any(not decision.refusal for decision in match.decisions.all())
        if match.status != Status.PROPOSED or match.approved_by_id is not None or decided:
            raise HasLiveMatches
        transitions.expire(match.pk, at=at, reason="withdrawn")


def _take_word_back(host: Host, vouched_at: datetime, *, by: User, at: datetime) -> None:
    """Make a host unvetted whom only the sheet vouched for. Raises HasLiveMatches, ChangedAfterImport."""
    host.refresh_from_db(fields=["status"])
    if host.status != Host.Status.VETTED:
        return  # Suspended or refused since: that stands.
    if HostCheck.objects.filter(host=host, at__gt=vouched_at).exists():
        raise ChangedAfterImport(str(_("The host has been checked since the import.")))
    if Match.objects.filter(space__host=host, status__in=sorted(HOLDS_BEDS)).exists():
        raise HasLiveMatches
    vetting.take_word_back(host.pk, by=by, at=at, reason=str(WORD_TAKEN_BACK))


def _take_names_back(user: User, before: dict[str, Any]) -> None:
    take_back_update(user, name=before["name_after"], name_before=before["name"], points=before["new_contacts"])


def _removed(user: User, row: Host | ShelterRequest) -> bool:
    """Remove somebody who came with the import and whatever only they have; return whether that was possible."""
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


# -- what was said before -------------------------------------------------------------------------


def _has_changed(details: SpaceDetails | RequestDetails, after: dict[str, Any]) -> bool:
    """Return whether the row says something else than the import left; a field declared since then does not count."""
    now = as_json(details)
    return any(now.get(name) != value for name, value in after.items())


def _space_details(said: dict[str, Any]) -> SpaceDetails:
    return SpaceDetails(**_loaded(said, fields.SPACE))


def _request_details(said: dict[str, Any]) -> RequestDetails:
    return RequestDetails(**_loaded(said, fields.REQUEST))


def _loaded(said: dict[str, Any], declared: Sequence[Field]) -> dict[str, Any]:
    """Return what `as_json` made of details, as arguments; a field declared since then has its default."""
    values = {field.name: field.kind.load(said[field.name]) for field in declared if field.name in said}
    return values | {"place": _place(said)}


def _place(said: dict[str, Any]) -> Place | None:
    return Place.objects.get(pk=said["place"]) if said["place"] else None
