"""The one question before every forward move and every opening: not frozen, the host vetted, and nobody to be kept apart?

Acts that end a match (`states.LEAVING`) do not ask it: whoever wants to leave may always leave. The database asks it
again for every write of a forward move (`match_goes_on` in `matching.models.guards`, `match_goes_on_apart` in
`matching.models.meeting`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from accounts.models import Host
from accounts.refusals import Refused
from matching.copy_rows import read
from matching.models import Match
from matching.models.meeting import MEETS
from matching.refusals import Frozen, HostNotVetted, NotNow
from matching.states import CONTACT_OPEN, Role


def hindrance(match: Match) -> Refused | None:
    """Return the refusal of every forward move and every opening of `match` now, or None. Load it with its host."""
    if match.frozen_at is not None:
        return Frozen()
    if match.space.host.status != Host.Status.VETTED:
        return HostNotVetted()
    return None


def stopped(matches: Iterable[Match]) -> set[UUID]:
    """Return the ids of those matches in which one person has named another as somebody they must not meet (`MustNotMeet`).

    No page shows it, to neither side: the acts and openings that it stops are refused as for any passing hindrance.
    """
    return {match_id for (match_id,) in read(MEETS, {"ids": [match.pk for match in matches]})}


def is_stopped(match: Match) -> bool:
    """Return whether `stopped` names this match."""
    return match.pk in stopped([match])


def known_hindrance(match: Match, role: Role | None) -> Refused | None:
    """Return the hindrance that the pages of `role` may show.

    A side about whom the other one said that it does not feel safe learns nothing of the freeze at first: neither
    its moment nor its cause. Its pages stay as they were until the neutral words go out.
    """
    found = hindrance(match)
    return None if isinstance(found, Frozen) and role is not None and match.quiet_for == role else found


def check(match: Match, role: Role | None = None, *, among: Collection[UUID] | None = None) -> None:
    """Raise Frozen or HostNotVetted where `hindrance` finds one; NotNow where `role` may not know of it, or it is stopped.

    `among` are the stopped matches, where a caller has asked for many at once; by default the match is asked for alone.
    """
    found = hindrance(match)
    if found is not None:
        raise found if known_hindrance(match, role) else NotNow
    if match.pk in (stopped([match]) if among is None else among):
        raise NotNow


def contact_is_shown_open(match: Match, role: Role) -> bool:
    """Return whether the pages of `role` offer the other side's contact. `disclosure.open_contact` decides at the tap."""
    return match.status in CONTACT_OPEN and known_hindrance(match, role) is None
