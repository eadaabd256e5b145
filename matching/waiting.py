"""Changes that wait: what was vetted is what is used, until a coordinator has looked at something else.

Once somebody has looked at a host (a check, a vetting, any decision), or a household has been promised a space, four changes of
the space wait, and new contacts and new spaces of the host do too. Everything else, and every change to less, is written at once.
The trigger `space_as_vetted` has the same rules.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.contacts import indexes_of
from accounts.models import Host, HostCheck, User
from matching.models import Match, MatchEvent, Space, WaitingChange
from matching.states import CONTACT_OPEN, Act
from places.names import key_of_address

ChangeKind, ChangeOutcome = WaitingChange.ChangeKind, WaitingChange.ChangeOutcome

WAIT_TOGETHER: Mapping[str, tuple[str, ...]] = {
    ChangeKind.ADDRESS: ("place", "address", "address_index", "directions", "latitude", "longitude"),
    ChangeKind.BEDS: ("beds",),
    ChangeKind.OTHERS: ("others",),
    ChangeKind.SHARED: ("shared",),
}
"""The columns of a space that wait together, for each kind of change of a space."""


def kinds_of(space: Space, columns: Mapping[str, Any]) -> list[str]:
    """Return the kinds of what `columns` would change of a space that somebody has looked at; none for other changes."""
    moved = key_of_address(columns["address"]) != key_of_address(space.address) or any(
        columns[name] != getattr(space, name) for name in ("latitude", "longitude", "place")
    )
    found = {
        ChangeKind.ADDRESS: moved,
        ChangeKind.BEDS: columns["beds"] > space.beds,
        ChangeKind.OTHERS: (columns.get("others") or 0) > (space.others or 0),
        ChangeKind.SHARED: columns["shared"] and not space.shared,
    }
    return [kind.value for kind, there in found.items() if there]


def somebody_looked(host: Host) -> bool:
    """Return whether a coordinator has put anything about this host on record, or decided on them."""
    return host.status != Host.Status.UNVETTED or HostCheck.objects.filter(host=host).exists()


def promised(host: Host, space: Space | None = None) -> list[Match]:
    """Return the confirmed and checked-in matches in `space`, or else in all spaces of the host."""
    agreed = Match.objects.filter(status__in=sorted(CONTACT_OPEN)).select_related("request__arrival__user", "space")
    of = agreed.filter(space=space) if space else agreed.filter(space__host=host)
    return list(of.order_by("pk"))


def apart(
    space: Space, columns: dict[str, Any], *, by: User, at: datetime
) -> tuple[dict[str, Any], WaitingChange | None]:
    """Return the columns to write at once, and the change that now waits (None: nothing that did not wait already).

    `space` is locked, and read with its host.
    """
    kinds = kinds_of(space, columns)
    if ChangeKind.ADDRESS not in kinds:
        # The index may stand under an earlier key (`privacy.rotation`). It is the same address: leave it as it is.
        columns = {name: value for name, value in columns.items() if name != "address_index"}
    if not kinds or not (somebody_looked(space.host) or promised(space.host, space)):
        return columns, None
    held = {name for kind in kinds for name in WAIT_TOGETHER[kind]}
    wanted = {name: columns[name] for name in held if name in columns}
    at_once = {name: value for name, value in columns.items() if name not in held}
    if "place" in wanted:
        wanted["place"] = wanted["place"].pk if wanted["place"] else None
    return at_once, _wait(space.host, space, kinds, wanted, by=by, at=at)


def new_space(space: Space, *, by: User, at: datetime) -> WaitingChange | None:
    """Return the change by which a new space, which is paused, waits to be listed; None if it waits already."""
    return _wait(space.host, space, [ChangeKind.NEW.value], {"status": Space.Status.LISTED.value}, by=by, at=at)


def unseen_spaces_of(host: Host) -> set[UUID]:
    """Return the spaces that were new when the host had been looked at, and at which no coordinator has looked since."""
    as_new = WaitingChange.objects.filter(host=host, kinds__contains=[ChangeKind.NEW]).values_list("space", "outcome")
    rows = list(as_new)
    return {space for space, _outcome in rows} - {space for space, outcome in rows if outcome == ChangeOutcome.APPLIED}


def contacts_apart(
    host: Host, contacts: Sequence[tuple[str, str]], *, by: User, at: datetime
) -> tuple[list[tuple[str, str]], WaitingChange | None]:
    """Return the contacts to give the host at once, and the change that now waits, as `apart` does for a space."""
    known = set(host.user.contact_points.values_list("channel", "address_index"))
    new = [
        (channel, address)
        for channel, address in contacts
        if known.isdisjoint((channel, index) for index in indexes_of(channel, address))
    ]
    if not new or not (somebody_looked(host) or promised(host)):
        return list(contacts), None
    kept = [each for each in contacts if each not in new]
    wanted = {"contacts": [list(each) for each in new]}
    return kept, _wait(host, None, [ChangeKind.CONTACT.value], wanted, by=by, at=at)


def _wait(
    host: Host, space: Space | None, kinds: Collection[str], wanted: dict[str, Any], *, by: User, at: datetime
) -> WaitingChange | None:
    """Keep what is wanted, together with what waits already; None if all of it waits already."""
    there = locked(WaitingChange.objects.filter(host=host, space=space, outcome=ChangeOutcome.WAITING).first())
    if there is None:
        return WaitingChange.objects.create(
            host=host, space=space, kinds=sorted(kinds), wanted=json.dumps(wanted), asked_by=by, asked_at=at
        )
    before = wanted_of(there)
    if space is None:
        wanted = {
            "contacts": before["contacts"] + [each for each in wanted["contacts"] if each not in before["contacts"]]
        }
    if before == before | wanted:
        return None
    there.wanted = json.dumps(before | wanted)
    there.kinds = sorted({*there.kinds, *kinds})
    there.asked_by, there.asked_at = by, at
    there.save()
    return there


def applied_since_agreed(matches: Collection[Match]) -> Mapping[UUID, list[WaitingChange]]:
    """Return, by match, the changes of its space or its host's contact that were applied after both sides had said yes.

    Takes two queries. Only matches that are agreed or going on have any; the first change stands first.
    """
    agreed = {match.pk: match for match in matches if match.status in CONTACT_OPEN}
    confirmed = dict(
        MatchEvent.objects.filter(match__in=agreed, act=Act.CONFIRM).order_by("pk").values_list("match", "at")
    )
    hosts = {match.space.host_id for match in agreed.values()}
    applied = WaitingChange.objects.filter(host__in=hosts, outcome=ChangeOutcome.APPLIED).order_by("decided_at", "pk")
    found: dict[UUID, list[WaitingChange]] = {}
    for change in applied.defer("wanted") if confirmed else ():
        for match_id, at in confirmed.items():
            match = agreed[match_id]
            concerns = change.host_id == match.space.host_id and change.space_id in (None, match.space_id)
            if concerns and change.decided_at is not None and change.decided_at > at:
                found.setdefault(match_id, []).append(change)
    return found


def move_to(stays: int, *, of: int, by: User, at: datetime) -> None:
    """Give the changes of host `of` to the host with whom they are merged; contacts that wait for both wait together."""
    there = WaitingChange.objects.select_for_update(of=("self",)).filter(host__in=[stays, of])
    contacts = {change.host_id: change for change in there.filter(space=None, outcome=ChangeOutcome.WAITING)}
    if len(contacts) > 1:
        both = [*wanted_of(contacts[stays])["contacts"], *wanted_of(contacts[of])["contacts"]]
        contacts[stays].wanted = json.dumps({"contacts": [each for n, each in enumerate(both) if each not in both[:n]]})
        contacts[stays].save(update_fields=["wanted"])
        end(contacts[of], ChangeOutcome.TAKEN_BACK, by=by, at=at)
    WaitingChange.objects.filter(host=of).update(host=stays)


def locked(change: WaitingChange | None) -> WaitingChange | None:
    """Lock the change's row and return it as it is then; its space, if any, is locked already."""
    if change is None:
        return None
    rows = WaitingChange.objects.select_for_update(of=("self",)).select_related("host__user", "space__place")
    return rows.get(pk=change.pk)


def wanted_of(change: WaitingChange) -> dict[str, Any]:
    """Return what is wanted: columns of the space, with the place's id, or `contacts`. Empty once its clock has run out."""
    found: dict[str, Any] = json.loads(change.wanted or "{}")
    return found


def end(change: WaitingChange, outcome: str, *, by: User, at: datetime) -> None:
    """Note the outcome of a change whose row is locked."""
    change.outcome, change.decided_by, change.decided_at = outcome, by, at
    change.save(update_fields=["outcome", "decided_by", "decided_at"])
