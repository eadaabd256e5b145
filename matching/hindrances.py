"""The one question before every forward move and every opening: is the match not frozen, and is its host vetted?

Acts that end a match (`states.LEAVING`) do not ask it: whoever wants to leave may always leave. The database asks it
again for every write of a forward move (`match_goes_on` in `matching.models.guards`).
"""

from __future__ import annotations

from accounts.models import Host
from accounts.refusals import Refused
from matching.models import Match
from matching.refusals import Frozen, HostNotVetted, NotNow
from matching.states import CONTACT_OPEN, Role


def hindrance(match: Match) -> Refused | None:
    """Return the refusal of every forward move and every opening of `match` now, or None. Load it with its host."""
    if match.frozen_at is not None:
        return Frozen()
    if match.space.host.status != Host.Status.VETTED:
        return HostNotVetted()
    return None


def known_hindrance(match: Match, role: Role | None) -> Refused | None:
    """Return the hindrance that the pages of `role` may show.

    A side about whom the other one said that it does not feel safe learns nothing of the freeze at first: neither
    its moment nor its cause. Its pages stay as they were until the neutral words go out.
    """
    found = hindrance(match)
    return None if isinstance(found, Frozen) and role is not None and match.quiet_for == role else found


def check(match: Match, role: Role | None = None) -> None:
    """Raise Frozen or HostNotVetted where `hindrance` finds one; NotNow where `role` may not know of it."""
    found = hindrance(match)
    if found is not None:
        raise found if known_hindrance(match, role) else NotNow


def contact_is_shown_open(match: Match, role: Role) -> bool:
    """Return whether the pages of `role` offer the other side's contact. `disclosure.open_contact` decides at the tap."""
    return match.status in CONTACT_OPEN and known_hindrance(match, role) is None
