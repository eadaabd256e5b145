"""How long persons are kept after their last use, and rows of requests, matches, incidents, sheets and the desk."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import DateField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import Length

from accounts.models import CoordinatorEvent, SignIn, User
from deployment.lengths import days_of
from matching import erasing
from matching.limits import ANSWER_KEPT, CHANGES_KEPT, TAKEN_BACK_KEPT
from matching.models import (
    Claim,
    Flag,
    IdempotencyKey,
    Incident,
    IncidentEvent,
    IncidentNote,
    IncidentPage,
    IncidentReport,
    KeptApart,
    KeptDraft,
    Match,
    MatchEvent,
    MatchingChange,
    MatchingRound,
    MustNotMeet,
    OnCallShift,
    PendingDecision,
    SheetImport,
    SheetImportRow,
    ShelterRequest,
    Space,
    WaitingChange,
)
from matching.states import HOLDS_BEDS
from notifications.models import Delivery, Notification
from privacy import remarks
from privacy.kept import past_guards
from privacy.retention import kept_for

PREVIEW_KEPT = timedelta(days=1)
"""How long a sheet waits for somebody to confirm it."""

PERSONS_AT_ONCE = 200
"""Persons whom one run of a clock erases; the next run goes on."""


# -- persons ----------------------------------------------------------------------------------------


@kept_for(days_of("ended_cases"), "ended_cases")
def _forget_cases(before: datetime) -> int:
    """Erase the arrivals who asked for nothing, stayed nowhere and signed in nowhere since `before`."""
    last_day = ExpressionWrapper(F("first_night") + F("nights"), output_field=DateField())
    asked = ShelterRequest.objects.filter(arrival__user=OuterRef("pk")).annotate(last=last_day)
    late = asked.filter(Q(last__gte=before.date()) | Q(registered_at__gte=before) | Q(withdrawn_at__gte=before))
    cases = _unseen(before).filter(arrival__created_at__lt=before, host=None, coordinator=None)
    return _erase(cases.filter(~Exists(late)), at=before + days_of("ended_cases")())


@kept_for(days_of("hosts_gone"), "hosts_gone")
def _forget_hosts(before: datetime) -> int:
    """Erase the hosts whose word on every space ran out, who had nobody staying and signed in nowhere, since `before`."""
    fresh = Space.objects.filter(host__user=OuterRef("pk")).filter(
        Q(fresh_until__gte=before) | Q(created_at__gte=before)
    )
    hosts = _unseen(before).filter(host__created_at__lt=before, coordinator=None, arrival=None)
    return _erase(hosts.filter(~Exists(fresh)), at=before + days_of("hosts_gone")())


@kept_for(days_of("coordinators_gone"), "coordinators_gone")
def _forget_coordinators(before: datetime) -> int:
    """Erase the coordinators who left before `before`."""
    since = CoordinatorEvent.objects.filter(about=OuterRef("pk"), at__gte=before)
    gone = User.objects.filter(erased_at=None, is_active=False, coordinator__isnull=False, host=None, arrival=None)
    return _erase(gone.filter(~Exists(since), created_at__lt=before), at=before + days_of("coordinators_gone")())


def _unseen(before: datetime) -> QuerySet[User]:
    """Return the persons who are not erased, have no live match or one since `before`, and were seen nowhere since then."""
    match = Match.objects.filter(Q(request__arrival__user=OuterRef("pk")) | Q(space__host__user=OuterRef("pk")))
    late = match.filter(Q(last_day__gte=before.date()) | Q(status__in=sorted(HOLDS_BEDS)))
    seen = SignIn.objects.filter(user=OuterRef("pk"), seen_at__gte=before)
    return User.objects.filter(~Exists(late), ~Exists(seen), erased_at=None)


def _erase(persons: QuerySet[User], *, at: datetime) -> int:
    ids = list(persons.order_by("pk").values_list("pk", flat=True)[:PERSONS_AT_ONCE])
    return sum(erasing.erase_old(user_id, at=at) for user_id in ids)


# -- rows -------------------------------------------------------------------------------------------


@kept_for(days_of("unsent_answers"), "unsent_answers")
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
    """Drop the sheets that nobody confirmed, looked through or not; return how many sheets."""
    previews = SheetImport.objects.filter(state__in=SheetImport.WAITING, received_at__lt=before)
    sheets = list(previews.select_for_update(skip_locked=True))
    for sheet in sheets:
        sheet.drop_content()
    return len(sheets)


@kept_for(days_of("imports_before_and_after"), "imports_before_and_after")
def _forget_what_rows_said(before: datetime) -> int:
    """Erase what the rows of an import changed, which an undo needs; return how many imports."""
    old = SheetImportRow.objects.filter(object_id__isnull=False, sheet__done_at__lt=before)
    sheets = set(old.values_list("sheet", flat=True))
    old.update(object_id=None, before="", changes="")
    return len(sheets)


@kept_for(days_of("changes_decided_on"), "changes_decided_on")
def _forget_what_was_wanted(before: datetime) -> int:
    """Erase what a decided change wanted; what kind of change it was, who decided and when stay."""
    decided = WaitingChange.objects.filter(decided_at__lt=before, erased=False)
    return decided.update(wanted="", erased=True)


@kept_for(days_of("flags_looked_at"), "flags_looked_at")
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


@kept_for(days_of("texts_of_incidents"), "texts_of_incidents")
def _forget_what_was_told(before: datetime) -> int:
    """Erase the numbers and words of incidents that were closed, and the coordinators' notes; the codes stay."""
    told = IncidentReport.objects.filter(incident__closed_at__lt=before)
    reports = told.annotate(written=Length("reach") + Length("happened")).filter(written__gt=0)
    notes = IncidentNote.objects.filter(incident__closed_at__lt=before)
    apart = KeptApart.objects.filter(taken_back_at__lt=before).annotate(written=Length("reason")).filter(written__gt=0)
    return reports.update(reach="", happened="") + notes.delete()[0] + apart.update(reason="")


@kept_for(days_of("hours_on_call"), "hours_on_call")
def _forget_shifts(before: datetime) -> int:
    """Erase the hours on call that a lead has taken off the rota."""
    return OnCallShift.objects.filter(ended_at__lt=before).delete()[0]


@kept_for(days_of("incidents"), "incidents")
def _forget_incidents(before: datetime) -> int:
    """Erase the incidents that two people closed before `before`, with their logs and pages."""
    old = list(Incident.objects.filter(closed_at__lt=before).values_list("pk", flat=True))
    with past_guards(IncidentEvent, IncidentPage):
        for rows in (IncidentEvent, IncidentPage, IncidentReport, IncidentNote):
            rows.objects.filter(incident__in=old).delete()
    Incident.objects.filter(pk__in=old).delete()
    return len(old)


@kept_for(days_of("kept_apart"), "kept_apart")
def _forget_pairs(before: datetime) -> int:
    """Erase the pairs of persons kept apart since before `before`."""
    return KeptApart.objects.filter(at__lt=before).delete()[0]


@kept_for(days_of("words_of_matches"), "words_of_matches")
def _forget_words_of_matches(before: datetime) -> int:
    """Erase the words beside the histories of matches from before `before`; the lines and their codes stay."""
    return remarks.forget([MatchEvent], before=before)


@kept_for(timedelta(days=1), "claims")
def _forget_claims(before: datetime) -> int:
    """Erase the claims on households that ended before `before`."""
    return Claim.objects.filter(until__lt=before).delete()[0]


@kept_for(timedelta(days=30), "decisions")
def _forget_decisions(before: datetime) -> int:
    """Erase the decisions that could not be carried out and that their coordinator has not put away since `before`."""
    return PendingDecision.objects.filter(decided_at__lt=before).exclude(refusal="").delete()[0]


@kept_for(days_of("old_sheets"), "old_sheets")
def _forget_sheets(before: datetime) -> int:
    """Erase the sheets brought before `before`, with their rows; what was taken in stays."""
    over = [SheetImport.State.DONE, SheetImport.State.UNDONE, SheetImport.State.DROPPED]
    return SheetImport.objects.filter(received_at__lt=before, state__in=over).delete()[1].get("matching.SheetImport", 0)


@kept_for(days_of("rounds"), "rounds")
def _forget_rounds(before: datetime) -> int:
    """Erase the rounds of matching finished before `before`, with their regions and prices; the last one stays."""
    last = MatchingRound.objects.order_by("-started_at").values("pk")[:1]
    old = MatchingRound.objects.filter(finished_at__lt=before).exclude(pk__in=last)
    return old.delete()[1].get("matching.MatchingRound", 0)


@kept_for(days_of("old_messages"), "old_messages")
def _forget_messages(before: datetime) -> int:
    """Erase the messages from before `before`, but those still on their way and the pages of incidents."""
    page = IncidentPage.objects.filter(notification=OuterRef("pk"))
    on_its_way = Delivery.objects.filter(
        notification=OuterRef("pk"), status__in=[Delivery.Status.WAITING, Delivery.Status.SENDING]
    )
    old = Notification.objects.filter(~Exists(page), ~Exists(on_its_way), created_at__lt=before)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:10_000])
    Delivery.objects.filter(notification__in=ids).delete()
    return Notification.objects.filter(pk__in=ids).delete()[0]
