"""Whom somebody must not meet: adding a person to one's list, taking one off, and finding who bears a name.

An answer never depends on whether the person is known here, nor does anything that anybody else sees: a pair that must not meet
reads as a space that is taken (`engine.rules`), a refusal of the database as no room left, and a live match that an entry stops
as a passing hindrance (`hindrances.check`).

An entry is written in a short transaction that waits for the proposals under way (`models.meeting`). What it means for the
matches there are is settled by the worker afterwards, and again at every sweep.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.arrivals import plain
from accounts.contacts import indexes_of, read_contact
from accounts.models import User
from accounts.refusals import Refused
from deployment.locks import Lock, hold_until_commit
from matching import messages, queries, rota, transitions
from matching.copy_rows import read
from matching.limits import LONGEST_CONTACT, TAKEN_BACK_KEPT
from matching.models import Match, MustNotMeet, MustNotMeetFound, ShelterRequest, Space
from matching.models.meeting import FIND_AGAIN, LIVE_MEETINGS
from matching.refusals import NotYours, one_act
from matching.states import Status
from notifications.models import ContactPoint
from notifications.wakeups import wake
from privacy import erasures

MOST_ENTRIES = 10
"""So many people one person may name. An entry that was taken back counts for TAKEN_BACK_KEPT longer."""

SETTLE = "matching.settle_lists"
"""The task that settles. The one who adds an entry does not wait for it, so its time tells them nothing of a match."""

_LOOKS_LIKE_A_CONTACT = re.compile(r"@|\d")


class CannotName(Refused):
    """The entry cannot be added: the text is empty, the list is full, or it is the person's own contact."""

    code = "cannot_name"
    sentences = {
        "empty": _("Write a phone number, an e-mail address or a name."),
        "full": _(
            "Your list is full: it holds %(most)d people. A person whom you take off the list is counted for "
            "%(days)d days more."
        ),
        "own": _("This is your own contact."),
        "there": _("This is on your list already."),
    }


class NotOnTheList(Refused):
    """What a coordinator was told to take off a list does not stand there in these words."""

    code = "not_on_the_list"
    message = _("This is not on their list in these words. Ask them how they wrote it.")


class NobodyHasThis(Refused):
    """A coordinator named an account that there is not, as the one who bears a name."""

    code = "nobody_has_this"
    message = _("There is no case and no host with this number. Look at it again; nothing is written down.")


# -- one's own list ---------------------------------------------------------------------------------


def list_of(user: User) -> QuerySet[MustNotMeet]:
    """Return whom `user` must not meet, oldest first."""
    return MustNotMeet.objects.filter(by=user, taken_back_at=None)


def name(person: User, text: str, *, by: User, at: datetime) -> MustNotMeet:
    """Add to the list of `person` whoever `text` names: a phone or an e-mail exactly, or a name.

    `by` is the person themself, or a coordinator whom they told. Raises NotYours, CannotName, and UnreadableContact for a
    text with a digit or an @ that is neither a phone nor an e-mail.
    """
    text = " ".join(text.split())[:LONGEST_CONTACT]
    if not text:
        raise CannotName("empty")
    channel, said = read_contact(text) if _LOOKS_LIKE_A_CONTACT.search(text) else ("", text)
    indexes = indexes_of(channel, said) if channel else []
    _check_may_write(person, by)
    with one_act():
        # One entry of a person at a time, so that two side by side do not both take the last place.
        User.objects.select_for_update(no_key=True, of=("self",)).get(pk=person.pk)
        counted = Q(taken_back_at=None) | Q(taken_back_at__gt=at - TAKEN_BACK_KEPT)
        if MustNotMeet.objects.filter(counted, by=person).count() >= MOST_ENTRIES:
            raise CannotName("full", most=MOST_ENTRIES, days=TAKEN_BACK_KEPT // timedelta(days=1))
        points = ContactPoint.objects.filter(channel=channel, address_index__in=indexes)
        if points.filter(user=person).exists():
            raise CannotName("own")
        if indexes and list_of(person).filter(channel=channel, address_index__in=indexes).exists():
            raise CannotName("there")
        entry = MustNotMeet.objects.create(
            by=person,
            entered_by=by,
            channel=channel,
            said=said,
            address_index=indexes[0] if indexes else "",
            at=at,
        )
        # The trigger looks under the present key of the index; while it is changed, a contact may stand under the one before.
        _note_found(entry, [point.user_id for point in points])
        if not channel:
            messages.name_to_find(entry, _places_of(person), at=at)
        wake(SETTLE)
        return entry


def take_back(entry_id: int, *, by: User, at: datetime) -> None:
    """Take an entry off its list, and erase what it said. Raises NotYours unless it is the list of `by`, or told to `by`."""
    with one_act():
        entry = MustNotMeet.objects.select_for_update(of=("self",)).select_related("by").filter(pk=entry_id).first()
        if entry is None:
            raise NotYours
        _check_may_write(entry.by, by)
        if entry.taken_back_at is None:
            forget(entry, at=at)
            erasures.note("must_not_meet", entry.pk, at=at)


def take_back_told(person: User, text: str, *, by: User, at: datetime) -> None:
    """Take off the list of `person` what this text names, because they told `by` so. Raises NotYours, and NotOnTheList."""
    text = " ".join(text.split())
    channel, said = read_contact(text) if _LOOKS_LIKE_A_CONTACT.search(text) else ("", text)
    _check_may_write(person, by)
    entries = list_of(person).filter(channel=channel)
    same = [entry for entry in entries if entry.said.casefold() == said.casefold()]
    if not same:
        raise NotOnTheList
    for entry in same:
        take_back(entry.pk, by=by, at=at)


def forget(entry: MustNotMeet, *, at: datetime) -> None:
    """Take back a locked entry: its text and those whom it found are erased, and it counts no longer."""
    entry.said, entry.address_index, entry.taken_back_at = "", "", at
    entry.save(update_fields=["said", "address_index", "taken_back_at"])
    entry.found.all().delete()


def _check_may_write(person: User, by: User) -> None:
    """Raise NotYours unless `by` is the person themself, an arrival or host, or a coordinator who sees them at the desk."""
    if not (hasattr(person, "arrival") or hasattr(person, "host")):
        raise NotYours
    if by.pk != person.pk and (
        queries.coordinator_of(by) is None
        or person.pk not in _people_visible_to(by, [person.pk])
        or queries.keeps_out_of(by, person.pk)
    ):
        raise NotYours


def _note_found(entry: MustNotMeet, users: Sequence[int]) -> None:
    MustNotMeetFound.objects.bulk_create(
        [MustNotMeetFound(entry=entry, user_id=user) for user in users if user != entry.by_id], ignore_conflicts=True
    )


def _places_of(person: User) -> set[int | None]:
    requests = ShelterRequest.objects.filter(arrival__user=person).values_list("place", flat=True)
    return {*requests, *Space.objects.filter(host__user=person).values_list("place", flat=True)}


def _people_visible_to(user: User, among: Sequence[int]) -> set[int]:
    """Return those of these people (ids of users) whom `user` sees at the desk, as arrivals or as hosts."""
    requests = queries.requests_visible_to(user).filter(arrival__user__in=among)
    hosts = queries.hosts_visible_to(user).filter(user__in=among)
    return {*requests.values_list("arrival__user", flat=True), *hosts.values_list("user", flat=True)}


# -- at the desk ------------------------------------------------------------------------------------


def names_visible_to(user: User) -> QuerySet[MustNotMeet]:
    """Return the entries with a name that this coordinator may look at: of people in their places, and about others.

    Whoever is on a list, or has a list with this entry, does not see it: neither of themself nor of an account with a contact
    of theirs.
    """
    if queries.coordinator_of(user) is None:
        return MustNotMeet.objects.none()
    requests, hosts = queries.requests_visible_to(user), queries.hosts_visible_to(user)
    of_them = Q(by__arrival__in=requests.values("arrival")) | Q(by__host__in=hosts.values("pk"))
    own = Q(user=user) | Q(user__in=rota.with_a_contact_of([user.pk]).values("user"))
    about_them = MustNotMeetFound.objects.filter(own, entry=OuterRef("pk"))
    entries = MustNotMeet.objects.filter(of_them, channel="", taken_back_at=None)
    entries = entries.exclude(by__in=queries.kept_out(user, set(entries.order_by().values_list("by", flat=True))))
    return entries.exclude(Exists(about_them)).order_by(F("looked_at").asc(nulls_first=True), "at", "pk").distinct()


def find_person(number: str) -> User | None:
    """Return the account with this number: the 8 digits of a case, or the number of a host, as people write them."""
    digits = plain(number)
    if not digits.isdecimal():
        return None
    by_case = User.objects.filter(arrival__isnull=False, username=digits).first()
    return by_case or (User.objects.filter(host=int(digits)).first() if len(digits) < 8 else None)


def resolve(entry_id: int, *, numbers: str, by: User, at: datetime) -> MustNotMeet:
    """Say who bears the name of an entry: the accounts with these `numbers`, apart by commas; with none, nobody here does.

    Raises NotYours, and NobodyHasThis for a number that no account has; then nothing is written.
    """
    people = [find_person(number) for number in numbers.split(",") if number.strip()]
    with one_act():
        hold_until_commit(Lock.MEETING)
        entry = names_visible_to(by).filter(pk=entry_id).first()
        if entry is None:
            raise NotYours
        found = [person.pk for person in people if person is not None and person.pk != entry.by_id]
        if len(found) < len(people):
            raise NobodyHasThis
        entry.looked_by, entry.looked_at = by, at
        entry.save(update_fields=["looked_by", "looked_at"])
        entry.found.exclude(user__in=found).delete()
        _note_found(entry, found)
        wake(SETTLE)
        return entry


def meetings_visible_to(user: User) -> list[Match]:
    """Return the live matches that an entry stops and that `user` may look at; none of which they are a party to."""
    ids = [match_id for (match_id,) in read(LIVE_MEETINGS)]
    if not ids or queries.coordinator_of(user) is None:
        return []
    matches = queries.with_everyone(queries.matches_visible_to(user)).filter(pk__in=ids)
    return [match for match in matches.order_by("first_night", "pk") if user.pk not in rota.parties_to(match)]


# -- what an entry means for the matches there are ----------------------------------------------------


def settle(*, at: datetime) -> int:
    """Let the proposals expire that bring together two of whom one named the other; tell the desk of matches beyond that.

    Nobody has been told of a proposal, so nobody hears of its end. An agreed match or a stay is not ended: both sides may
    leave at any time, nothing of it goes forward, and coordinators are told once, without a name. Returns how many expired.
    """
    with connection.cursor() as cursor:
        cursor.execute(FIND_AGAIN.format(which=""))
    expired = 0
    for (match_id,) in list(read(LIVE_MEETINGS)):
        with one_act():
            Space.objects.select_for_update().get(matches=match_id)
            match = queries.with_everyone(Match.objects.all()).get(pk=match_id)
            if match.status == Status.PROPOSED:
                transitions.expire(match_id, at=at, reason="rearranged")
                expired += 1
            elif match.holds_beds:
                messages.meeting_stopped(match, at=at)
    return expired
