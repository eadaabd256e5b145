"""The rows of the domain: spaces, shelter requests and matches. Their triggers are in `guards`."""

from matching.models.changes import WaitingChange
from matching.models.desk import Claim, DeskEvent, DeskNote, Heartbeat, PendingDecision
from matching.models.drafts import KeptDraft
from matching.models.duplicates import PairVerdict
from matching.models.flags import Flag
from matching.models.idempotency import IdempotencyKey
from matching.models.imports import ColumnMapping, SheetImport, SheetImportRow
from matching.models.incidents import Incident, IncidentEvent, IncidentNote, IncidentPage, IncidentReport
from matching.models.kept_apart import KeptApart
from matching.models.matches import Match, MatchEvent
from matching.models.must_not_meet import ContactNamed, MustNotMeet, MustNotMeetFound
from matching.models.on_call import OnCallShift
from matching.models.requests import ShelterRequest
from matching.models.rounds import MatchingChange, MatchingDue, MatchingPrice, MatchingRegion, MatchingRound
from matching.models.spaces import HostStanding, Space, SpaceWindow

__all__ = [
    "Claim",
    "ColumnMapping",
    "ContactNamed",
    "DeskEvent",
    "DeskNote",
    "Flag",
    "Heartbeat",
    "HostStanding",
    "IdempotencyKey",
    "Incident",
    "IncidentEvent",
    "IncidentNote",
    "IncidentPage",
    "IncidentReport",
    "KeptApart",
    "KeptDraft",
    "Match",
    "MatchEvent",
    "MatchingChange",
    "MatchingDue",
    "MatchingPrice",
    "MatchingRegion",
    "MatchingRound",
    "MustNotMeet",
    "MustNotMeetFound",
    "OnCallShift",
    "PairVerdict",
    "PendingDecision",
    "SheetImport",
    "SheetImportRow",
    "ShelterRequest",
    "Space",
    "SpaceWindow",
    "WaitingChange",
]
