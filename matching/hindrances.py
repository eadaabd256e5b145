"""The one question before every forward move and every opening: is the match not frozen, and is its host vetted?

Acts that end a match (`states.LEAVING`) do not ask it: whoever wants to leave may always leave. The database asks it
again for every write of a forward move (`match_goes_on` in `matching.models.guards`).
"""

from __future__ import annotations

from accounts.models import Host
from accounts.refusals import Refused
from matching.models import Match
from matching.refusals import Frozen, HostNotVetted
from matching.states import CONTACT_OPEN


def hindrance(match: Match) -> Refused | None:
    """Return the refusal of every forward move and every opening of `match` now, or None. Load it with its host."""
    if match.frozen_at is not None:
        return Frozen()
    if match.space.host.status != Host.Status.VETTED:
        return HostNotVetted()
    return None


def check(match: Match) -> None:
    """Raise Frozen or HostNotVetted where `hindrance` finds one."""
    if refusal := hindrance(match):
        raise refusal


def contact_is_open(match: Match) -> bool:
    """Return whether host and arrival may open each other's name, contact and address now."""
    return match.status in CONTACT_OPEN and hindrance(match) is None
