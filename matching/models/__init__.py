"""The rows of the domain: spaces, shelter requests, matches, and what the database guarantees about them."""

from matching.models.idempotency import IdempotencyKey
from matching.models.matches import Match, MatchEvent
from matching.models.requests import ShelterRequest
from matching.models.rounds import MatchingDue, MatchingRound
from matching.models.spaces import Space, SpaceWindow

__all__ = [
    "IdempotencyKey",
    "Match",
    "MatchEvent",
    "MatchingDue",
    "MatchingRound",
    "ShelterRequest",
    "Space",
    "SpaceWindow",
]
