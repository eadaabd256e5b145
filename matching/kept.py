"""What the tables of requests, spaces, matches and the desk keep of people (`privacy.kept`).

Histories keep their codes: places, nights and beds are counted from them, and they lead to nobody once names, contacts
and words are gone. Words that the other side of a match wrote about it stay theirs until their clock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.models import User
from matching import queries
from matching.importing import uploads
from matching.models import IdempotencyKey, MatchEvent, PairVerdict, SheetImport, SheetImportRow, ShelterRequest, Space
from matching.states import Role, Status
from privacy import erasures
from privacy.kept import AboutPerson, by_user, codes_only, kept
from privacy.sessions import said_in

ONLY_CODES = "it has codes and times only, which lead to nobody after an erasure"
OF_THE_SERVICE = "it is the service's own note of work, and names no person"
UNSEEN = "Notes between coordinators, which may speak of others too. Ask a coordinator to read yours to you."
NEVER_SHOWN = (
    "Whether the other side of a match did not feel safe is never shown to a side, so the file holds nothing of it."
)

SIDES = ("request__arrival__user", "space__host__user")


def of_match(before: str = "") -> AboutPerson:
    """Return the condition that the person is a side of the match to which the path `before` leads."""
    return by_user(*(f"{before}{side}" for side in SIDES))


def _coarse(name: str) -> Any:
    """Return a value for `empties`: the latitude or longitude of the place instead of the point near a home."""

    def value(row: Any, _at: datetime) -> float:
        return float(getattr(row.place, name)) if row.place is not None else float(round(getattr(row, name)))

    return value


def _shown_matches(user_id: int) -> Q:
    user = User.objects.get(pk=user_id)
    mine = queries.matches_visible_to(user).filter(of_match()(user_id)).exclude(status=Status.PROPOSED)
    return Q(pk__in=mine.values("pk"))


kept(
    "matching.ShelterRequest",
    about=by_user("arrival__user"),
    clock="ended_cases",
    empties={
        "notes": "",
        "external_id": None,
        "external_index": "",
        "children_ages": [],
        "left_over_reasons": [],
        "latitude": _coarse("latitude"),
        "longitude": _coarse("longitude"),
    },
    shows=(
        *("place", "radius_km", "people", "children", "children_ages", "composition", "first_night", "nights"),
        *("min_nights", "pets", "step_free", "women_only", "smoking", "languages", "urgency", "may_move", "may_split"),
        *("notes", "registered_at", "withdrawn_at"),
    ),
)
kept(
    "matching.Space",
    about=by_user("host__user"),
    clock="hosts_gone",
    empties={
        "address": "",
        "address_index": "",
        "directions": "",
        "external_id": None,
        "external_index": "",
        "latitude": _coarse("latitude"),
        "longitude": _coarse("longitude"),
    },
    shows=(
        *("status", "place", "address", "directions", "beds", "others", "shared", "max_nights", "who", "children"),
        *("pets", "smoking", "step_free", "languages", "fresh_until", "created_at"),
    ),
)
kept(
    "matching.SpaceWindow",
    about=by_user("space__host__user"),
    clock="hosts_gone",
    no_erasure=ONLY_CODES,
    shows=("first_night", "last_day"),
)
kept(
    "matching.Match",
    about=of_match(),
    clock="ended_cases",
    no_erasure=ONLY_CODES,
    shown_of=_shown_matches,
    shows=("status", "first_night", "last_day", "people", "leg"),
)
kept(
    "matching.MatchEvent",
    about=MatchEvent.is_about,
    clock="words_of_matches",
    words_beside=True,
    shown_of=by_user("by"),
    shows=("act", "from_status", "to_status", "reason", "remark", "at"),
)
kept("matching.PendingDecision", about=of_match("match__"), clock="decisions", deletes=True, no_download=UNSEEN)
kept(
    "matching.Claim",
    about=by_user("request__arrival__user", "by"),
    clock="claims",
    deletes=True,
    no_download="It says which coordinator works on a household for some minutes.",
)
kept(
    "matching.DeskNote",
    about=by_user("request__arrival__user"),
    clock="words_beside_histories",
    words_beside=True,
    empties={"said": codes_only("said")},
    no_download=UNSEEN,
)
kept(
    "matching.DeskEvent",
    about=by_user("request__arrival__user"),
    no_clock="it stays with the request, which its clock empties",
    no_erasure=ONLY_CODES,
    no_download="It says which coordinator worked on a household.",
)
kept(
    "matching.KeptDraft",
    about=by_user("arrival__user"),
    clock="unsent_answers",
    deletes=True,
    shows=("content", "kept_at"),
)
kept(
    "matching.Flag",
    about=by_user("about"),
    clock="flags_looked_at",
    deletes=True,
    no_download="A warning to coordinators that warns nobody else.",
)
kept(
    "matching.KeptApart",
    about=by_user("arrival__user", "host__user"),
    clock="kept_apart",
    empties={"reason": ""},  # The two numbers stay: they protect the other one.
    no_download=NEVER_SHOWN,
)
kept(
    "matching.MustNotMeet",
    about=by_user("by"),
    clock="not_to_be_met",
    deletes=True,
    shows=("channel", "said", "at", "taken_back_at"),
)
kept(
    "matching.MustNotMeetFound",
    about=by_user("entry__by"),
    clock="not_to_be_met",
    deletes=True,
    no_download="Whether somebody on the list is known here is told to nobody.",
)
kept("matching.Incident", about=of_match("match__"), clock="incidents", no_erasure=ONLY_CODES, no_download=NEVER_SHOWN)


def _own_reports(user_id: int) -> Q:
    """Return the condition for what this person's side said, itself or to a coordinator."""
    as_arrival = Q(role=Role.ARRIVAL, incident__match__request__arrival__user=user_id)
    return as_arrival | Q(role=Role.HOST, incident__match__space__host__user=user_id) | Q(by=user_id)


kept(
    "matching.IncidentReport",
    about=_own_reports,
    clock="texts_of_incidents",
    empties={"reach": "", "happened": ""},
    shows=("role", "how", "at", "reach", "happened", "promised_at"),
)
kept(
    "matching.IncidentNote",
    about=of_match("incident__match__"),
    clock="texts_of_incidents",
    no_erasure="coordinators' words about an incident protect its other side, and go 90 days after two people closed it",
    no_download=NEVER_SHOWN,
)
kept(
    "matching.IncidentEvent",
    about=of_match("incident__match__"),
    clock="incidents",
    no_erasure=ONLY_CODES,
    no_download=NEVER_SHOWN,
)
kept(
    "matching.IncidentPage",
    about=by_user("recipient"),
    clock="incidents",
    no_erasure=ONLY_CODES,
    no_download=NEVER_SHOWN,
)
kept(
    "matching.OnCallShift",
    about=by_user("user"),
    clock="hours_on_call",
    deletes=True,
    shows=("all_places", "hours", "made_at", "ended_at"),
)
kept(
    "matching.WaitingChange",
    about=by_user("host__user"),
    clock="changes_decided_on",
    empties={"wanted": "", "erased": True},
    guarded=True,
    shows=("kinds", "wanted", "asked_at", "outcome", "decided_at"),
)


kept(
    "matching.PairVerdict",
    about=PairVerdict.is_about,
    clock="words_beside_histories",
    words_beside=True,
    no_download=UNSEEN,
)


# -- rows that no foreign key leads to ------------------------------------------------------------------


def _sheets(user_id: int, marks: Collection[str], at: datetime) -> int:
    """Drop the sheets that wait and name this person, in the whole: who brought one has the file, and is told to look."""
    waiting = SheetImport.objects.filter(state__in=SheetImport.WAITING)
    keys = _external_ids(user_id)
    dropped = 0
    for sheet in waiting.select_for_update(of=("self",)):
        if _rows_called(keys[sheet.kind], sheet=sheet) or uploads.names(sheet, marks):
            sheet.drop_content()
            erasures.note("sheet_dropped", sheet.pk, at=at)
            dropped += 1
    return dropped


def _rows_called(keys: Collection[str], **of: Any) -> list[int]:
    """Return the ids of the rows of sheets with one of these keys. The keys are encrypted, so each is opened."""
    rows = SheetImportRow.objects.filter(**of).values_list("pk", "key") if keys else []
    return [pk for pk, key in rows if key in keys]


def _sheet_rows(user_id: int, _marks: Collection[str], _at: datetime) -> int:
    """Empty the rows of sheets that were taken in: keys, what they changed and what was there before."""
    objects = [
        *Space.objects.filter(host__user=user_id).values_list("pk", flat=True),
        *ShelterRequest.objects.filter(arrival__user=user_id).values_list("pk", flat=True),
    ]
    mine = Q(object_id__in=objects)
    for kind, keys in _external_ids(user_id).items():
        mine |= Q(pk__in=_rows_called(keys, sheet__kind=kind))
    return SheetImportRow.objects.filter(mine).update(
        key="", object_id=None, before="", changes="", problems="", kept_because=None
    )


def _external_ids(user_id: int) -> dict[str, list[str]]:
    def of(rows: Any) -> list[str]:
        return list(rows.exclude(external_id__isnull=True).values_list("external_id", flat=True))

    return {
        SheetImport.SheetKind.SPACES: of(Space.objects.filter(host__user=user_id)),
        SheetImport.SheetKind.REQUESTS: of(ShelterRequest.objects.filter(arrival__user=user_id)),
    }


def _answers(user_id: int, marks: Collection[str], _at: datetime) -> int:
    """Erase the answers kept for calls of this person, and those that hold a text of theirs."""
    ids = {*map(str, ShelterRequest.objects.filter(arrival__user=user_id).values_list("pk", flat=True))}
    ids |= {*map(str, Space.objects.filter(host__user=user_id).values_list("pk", flat=True))}
    found = IdempotencyKey.objects.filter(caller=f"user:{user_id}").delete()[0]
    if marks:
        others = [row.pk for row in IdempotencyKey.objects.iterator() if said_in(row.answer, {*marks, *ids})]
        found += IdempotencyKey.objects.filter(pk__in=others).delete()[0]
    return found


kept(
    "matching.SheetImport",
    clock="old_sheets",
    elsewhere=_sheets,
    no_download="A coordinator's file about many people; what was taken in from it is with your requests or spaces.",
)
kept(
    "matching.ColumnMapping",
    no_clock="it has the headings of files, which coordinators keep until they remove it",
    no_erasure=OF_THE_SERVICE,
    no_download="It has headings of files, and no cell of anybody's row.",
)
kept(
    "matching.SheetImportRow",
    clock="old_sheets",
    elsewhere=_sheet_rows,
    no_download="It says how a sheet changed a request or a space, which the file holds as it is now.",
)
kept(
    "matching.IdempotencyKey",
    clock="api_answers",
    elsewhere=_answers,
    no_download="An answer that a program got already, kept for a day.",
)
