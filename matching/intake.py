"""The acts that take in what hosts offer and what arrivals need: they create and change spaces and shelter requests.

Merging, undoing an import and the acts of `matching.transitions` also write single columns of these rows.

Forms, serializers and sheets turn what was typed into `SpaceDetails` and `RequestDetails`. Whether these make sense is
checked here, once for every door, and refused in words before the database would refuse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import throttles
from accounts.arrivals import open_case, open_case_for
from accounts.contacts import bring_up_to_date
from accounts.models import Arrival, Host, User
from accounts.refusals import TooManyTries
from deployment import rules
from matching import due, flags, messages, queries, waiting
from matching.copy_rows import with_rows
from matching.deadlines import local_date
from matching.engine.reasons import Reason, as_json_text
from matching.limits import (
    FARTHEST_FIRST_NIGHT,
    LONGEST_STAY,
    LONGEST_WINDOW,
    MOST_BEDS,
    MOST_PEOPLE,
    MOST_WINDOWS,
    REQUESTS_A_MINUTE,
    REQUESTS_AN_HOUR,
    REQUESTS_FLAGGED,
)
from matching.models import ShelterRequest, Space, SpaceWindow, WaitingChange
from matching.refusals import HasLiveMatches, Incomplete, NotYours, one_act
from matching.sheets import RequestRow, SpaceRow, fields
from matching.sheets.fields import Field, RequestFields, SpaceFields, Window
from matching.states import HOLDS_BEDS
from places.models import Place
from places.names import key_of_address
from privacy.fields import blind_index

TypedContact = tuple[str, str]
"""A channel and an address in it, as `accounts.contacts.read_contact` returns them."""

COARSE_DEGREES = 2
"""Decimals that are kept of a latitude or longitude: 0.01 degree is about 1 km. The exact address is encrypted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceDetails(SpaceFields):
    """What a host offers; the fields are declared in `matching.sheets.fields`."""

    place: Place | None = None
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDetails(RequestFields):
    """What a household needs; the fields are declared in `matching.sheets.fields`."""

    place: Place | None = None
    smoking: str = ""
    languages: tuple[str, ...] = ()
    urgency: str = "1"


def details_of_space(space: Space) -> SpaceDetails:
    """Return what a space offers now (prefetch `windows`, select `place`)."""
    windows = tuple((window.first_night, window.last_day) for window in space.windows.all())
    return SpaceDetails(**_values(space, fields.SPACE, leaving_out="windows"), windows=windows)


def details_of_request(request: ShelterRequest) -> RequestDetails:
    """Return what a shelter request asks for now (select `place`)."""
    return RequestDetails(**_values(request, fields.REQUEST))


def details_of_row(row: SpaceRow | RequestRow, place: Place | None) -> dict[str, Any]:
    """Return what a row of a sheet says, as arguments of its details; the point as coarse as it is kept."""
    declared = fields.SPACE if isinstance(row, SpaceRow) else fields.REQUEST
    said = {field.name: field.kind.keep(getattr(row, field.name)) for field in declared}
    return said | {"place": place} | _point(row.latitude, row.longitude)


def _values(row: Space | ShelterRequest, declared: Sequence[Field], *, leaving_out: str = "") -> dict[str, Any]:
    """Return the declared values of a database row; lists as tuples."""
    found = {field.name: getattr(row, field.name) for field in declared if field.name != leaving_out}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def _columns(details: SpaceDetails | RequestDetails, declared: Sequence[Field]) -> dict[str, Any]:
    """Return the columns of the database row that keeps the details; tuples as lists, the point coarse."""
    found = {field.name: getattr(details, field.name) for field in declared if field.name != "windows"}
    found = {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
    return found | _point(details.latitude, details.longitude)


# -- spaces ---------------------------------------------------------------------------------------


def offer_space(
    host: Host,
    details: SpaceDetails,
    *,
    by: User,
    at: datetime,
    external_id: str | None = None,
    vouched: bool = False,
    may_be_over: bool = False,
) -> Space:
    """List a new space of `host`, at once or when a coordinator has looked at it.

    Where somebody has looked at the host already, the new space is paused, and waits to be listed (`matching.waiting`), unless
    coordinator `by` vouches for it (`vouched`). Windows that `may_be_over` are taken in.
    Raises Incomplete, or NotYours when `by` is neither the host nor its place's coordinator.
    """
    details = complete_space(details, local_date(at), may_be_over=may_be_over)
    with one_act():
        if not queries.may_speak_for(by, host, _pk_of(details.place)):
            raise NotYours
        waits = not vouched and waiting.somebody_looked(host)
        space = Space.objects.create(
            host=host,
            external_id=external_id,  # type: ignore[misc]
            status=Space.Status.PAUSED if waits else Space.Status.LISTED,
            external_index=blind_index(external_id or ""),
            created_at=at,
            fresh_until=at + timedelta(days=rules.current().fresh_days),
            **_space_columns(details),
        )
        SpaceWindow.objects.bulk_create(
            [SpaceWindow(space=space, first_night=first, last_day=last) for first, last in details.windows]
        )
        if waits:
            _wait_to_be_listed(space, by=by, at=at)
        due.note(at, spaces=[space.pk])
        return space


def _wait_to_be_listed(space: Space, *, by: User, at: datetime) -> None:
    change = waiting.new_space(space, by=by, at=at)
    if change is not None:
        messages.change_waits(change, (), at=at)


def change_space(
    space_id: UUID, details: SpaceDetails, *, by: User, at: datetime, may_be_over: bool = False
) -> tuple[Space, WaitingChange | None]:
    """Change what a space offers; live matches keep what was promised to them, and what was vetted is what is used.

    Returns the space, and the change that now waits until a coordinator has looked at it (`matching.waiting`; None if
    nothing new waits). The households that were promised the space, and the coordinators, are told of it.
    Raises Incomplete, NotYours, or HasLiveMatches when a live match needs the beds, sharing or window that would go.
    """
    with one_act():
        space = _locked_space(space_id, by)
        before = [(window.first_night, window.last_day) for window in space.windows.all()]
        details = complete_space(details, local_date(at), before=before, may_be_over=may_be_over)
        columns, change = waiting.apart(space, _space_columns(details), by=by, at=at)
        for column, value in columns.items():
            setattr(space, column, value)
        space.version += 1
        space.save()
        _set_windows(space, details.windows)
        due.note(at, spaces=[space.pk])
        if change is not None:
            messages.change_waits(change, waiting.promised(space.host, space), at=at)
        return space, change


def new_contacts(
    host: Host, contacts: Sequence[TypedContact], *, by: User, at: datetime
) -> tuple[list[TypedContact], WaitingChange | None]:
    """Return the contacts that a known host may be given at once, and the change that now waits, as `change_space` does."""
    at_once, change = waiting.contacts_apart(host, contacts, by=by, at=at)
    if change is not None:
        messages.change_waits(change, waiting.promised(host), at=at)
    return at_once, change


def _set_windows(space: Space, windows: Iterable[Window]) -> None:
    """Replace the windows. New ones are added first: the database refuses a moment at which a promised night has none."""
    wanted = dict(windows)
    present = {window.first_night: window for window in space.windows.all()}
    SpaceWindow.objects.bulk_create(
        [
            SpaceWindow(space=space, first_night=first, last_day=last)
            for first, last in wanted.items()
            if first not in present
        ]
    )
    for first, window in present.items():
        if first in wanted and window.last_day != wanted[first]:
            window.last_day = wanted[first]
            window.save()
    space.windows.exclude(first_night__in=wanted).delete()


def pause_space(space_id: UUID, *, by: User, at: datetime) -> Space:
    """Stop matching a space for now; its live matches stand. Raises NotYours."""
    return _set_space_status(space_id, Space.Status.PAUSED, by=by, at=at)


def list_space(space_id: UUID, *, by: User, at: datetime) -> Space:
    """Match a paused or withdrawn space again; the host has confirmed it by this. Raises NotYours.

    A new space that no coordinator has looked at stays paused, and waits to be looked at.
    """
    return _set_space_status(space_id, Space.Status.LISTED, by=by, at=at)


def withdraw_space(space_id: UUID, *, by: User, at: datetime) -> Space:
    """Take a space away. Raises NotYours, or HasLiveMatches while any match holds its beds."""
    return _set_space_status(space_id, Space.Status.WITHDRAWN, by=by, at=at)


def _set_space_status(space_id: UUID, status: str, *, by: User, at: datetime) -> Space:
    with one_act():
        space = _locked_space(space_id, by)
        if status == Space.Status.WITHDRAWN and queries.held_in(space).exists():
            raise HasLiveMatches
        if status == Space.Status.WITHDRAWN:
            _take_new_space_back(space, by=by, at=at)
        unseen = status == Space.Status.LISTED and space.pk in waiting.unseen_spaces_of(space.host)
        if unseen:
            _wait_to_be_listed(space, by=by, at=at)
        space.status = Space.Status.PAUSED if unseen else status
        space.version += 1
        if status == Space.Status.LISTED:
            space.fresh_until = at + timedelta(days=rules.current().fresh_days)
            space.asked_at = None
        space.save()
        due.note(at, spaces=[space.pk])
        return space


def _take_new_space_back(space: Space, *, by: User, at: datetime) -> None:
    """End what waits for a space that is withdrawn, so that no look at it can list it."""
    there = space.waiting_changes.filter(outcome=waiting.ChangeOutcome.WAITING, kinds__contains=["new"]).first()
    change = waiting.locked(there)
    if change is not None and change.outcome == waiting.ChangeOutcome.WAITING:
        waiting.end(change, waiting.ChangeOutcome.TAKEN_BACK, by=by, at=at)


def confirm_still_available(space_id: UUID, *, by: User, at: datetime) -> Space:
    """Note the host's word that the space still stands. Raises NotYours."""
    with one_act():
        space = _locked_space(space_id, by)
        space.fresh_until = at + timedelta(days=rules.current().fresh_days)
        space.asked_at = None
        space.version += 1
        space.save()
        due.note(at, spaces=[space.pk])
        return space


def ask_if_still_available(*, at: datetime) -> int:
    """Ask hosts whether a listed space still stands, once each, `fresh_answer_days` before their word runs out.

    Return how many spaces were asked about.
    """
    soon = at + timedelta(days=rules.current().fresh_answer_days)
    asked = 0
    with one_act():
        spaces = Space.objects.filter(status=Space.Status.LISTED, asked_at=None, fresh_until__lte=soon)
        for space in spaces.select_related("host__user").select_for_update(of=("self",), skip_locked=True):
            space.asked_at = at
            space.save(update_fields=["asked_at"])
            messages.still_available(space, at=at)
            asked += 1
    return asked


def _locked_space(space_id: UUID, by: User) -> Space:
    space = Space.objects.select_related("host__user").select_for_update(of=("self",)).get(pk=space_id)
    if not queries.may_act_for(by, space):
        raise NotYours
    return space


def _pk_of(place: Place | None) -> int | None:
    return place.pk if place else None


def _point(latitude: float, longitude: float) -> dict[str, float]:
    return {"latitude": round(latitude, COARSE_DEGREES), "longitude": round(longitude, COARSE_DEGREES)}


def _space_columns(details: SpaceDetails) -> dict[str, Any]:
    columns = _columns(details, fields.SPACE)
    for name in ("directions", "others"):
        if columns[name] is None:  # It stays as it is.
            del columns[name]
    return columns | {"address_index": blind_index(key_of_address(details.address))}


# -- shelter requests -----------------------------------------------------------------------------


def ask_for_shelter(
    arrival: Arrival,
    details: RequestDetails,
    *,
    by: User,
    at: datetime,
    name: str = "",
    contacts: Collection[TypedContact] = (),
    external_id: str | None = None,
    registered_at: datetime | None = None,
) -> ShelterRequest:
    """Register the need of a household that has a case.

    `name` and `contacts` are kept with the arrival. Waiting is counted from `registered_at` (default: `at`).
    `external_id` is the key of the sheet or form that the request came by.
    Raises Incomplete, or NotYours when `by` is neither the arrival nor a coordinator of the place.
    """
    details = complete_request(details)
    _check_in_sight(details.first_night, at)
    with one_act():
        if not queries.may_speak_for(by, arrival, _pk_of(details.place)):
            raise NotYours
        if name or contacts:
            bring_up_to_date(arrival.user, name=name, contacts=contacts)
        request = ShelterRequest.objects.create(
            arrival=arrival,
            external_id=external_id,  # type: ignore[misc]
            external_index=blind_index(external_id or ""),
            registered_at=registered_at or at,
            **_columns(details, fields.REQUEST),
        )
        flags.same_household(request, contacts=contacts, tells=external_id is None, at=at)
        messages.request_received(request, at=at)
        due.note(at, requests=[request.pk])
        return request


@dataclass(frozen=True, slots=True)
class Case:
    """A case just opened. The secret is known here and nowhere else; it is empty when the case was opened without one."""

    arrival: Arrival
    secret: str
    request: ShelterRequest


def open_case_and_ask(
    details: RequestDetails,
    *,
    language: str,
    at: datetime,
    by: User | None = None,
    name: str = "",
    contacts: Collection[TypedContact] = (),
    with_secret: bool = True,
    external_id: str | None = None,
    registered_at: datetime | None = None,
) -> Case:
    """Open a case for a household that has none, and register its need: all or nothing, through whichever door.

    `by` is the coordinator who enters it; None means that the household asks for itself. A case opened without a
    secret (`with_secret`) cannot be signed in to before `accounts.arrivals.renew_secret`: a sheet has nobody to read
    the secret to. Everything else is as in `ask_for_shelter`, and so is what is raised.
    """
    with one_act():
        if with_secret:
            arrival, secret = open_case(language=language, name=name)
        else:
            arrival, secret = open_case_for(language=language, name=name), ""
        request = ask_for_shelter(
            arrival,
            details,
            by=by or arrival.user,
            at=at,
            name=name,
            contacts=contacts,
            external_id=external_id,
            registered_at=registered_at,
        )
        return Case(arrival, secret, request)


def count_asking(source: str, *, at: datetime) -> None:
    """Count a request or a case from a network address, before it is read: every door that anybody may use calls this.

    Raises TooManyTries past REQUESTS_A_MINUTE, which slows whoever invents requests, and past REQUESTS_AN_HOUR. Past
    REQUESTS_FLAGGED in an hour it raises a flag for coordinators.
    """
    throttles.count("need", source, limit=REQUESTS_AN_HOUR, seconds=3600, at=at)
    throttles.count("need-minute", source, limit=REQUESTS_A_MINUTE, seconds=60, at=at)
    try:
        throttles.count("need-flag", source, limit=REQUESTS_FLAGGED, seconds=3600, at=at)
    except TooManyTries:
        with one_act():
            flags.many_requests(source, at=at)


def change_request(request_id: UUID, details: RequestDetails, *, by: User, at: datetime) -> ShelterRequest:
    """Change what a household needs. Raises Incomplete, NotYours, or HasLiveMatches while a match is under way."""
    details = complete_request(details)
    _check_in_sight(details.first_night, at)
    with one_act():
        request = (
            ShelterRequest.objects.select_related("arrival__user").select_for_update(of=("self",)).get(pk=request_id)
        )
        if not queries.may_act_for(by, request):
            raise NotYours
        if request.matches.filter(status__in=sorted(HOLDS_BEDS), frozen_at=None).exists():
            raise HasLiveMatches
        for column, value in _columns(details, fields.REQUEST).items():
            setattr(request, column, value)
        request.version += 1
        request.save()
        due.note(at, requests=[request.pk])
        return request


def set_dates(
    request_id: UUID, *, first_night: date, nights: int, urgency: str, may_move: bool, by: User, at: datetime
) -> ShelterRequest:
    """Change when a household needs shelter, as a part of `matching.redating`, which first ends matches that no longer fit.

    A household that wanted the whole stay or none of it still does: `min_nights` follows `nights`.
    Raises Incomplete, NotYours, or Overtaken when a live match has a night outside the new dates.
    """
    _check_in_sight(first_night, at)
    with one_act():
        request = (
            ShelterRequest.objects.select_related("arrival__user").select_for_update(of=("self",)).get(pk=request_id)
        )
        if not queries.may_act_for(by, request):
            raise NotYours
        whole_stay = request.min_nights == request.nights
        request.first_night, request.nights = first_night, nights
        request.urgency, request.may_move = urgency, may_move
        request.min_nights = nights if whole_stay else min(request.min_nights, nights)
        request.version += 1
        request.save(update_fields=["first_night", "nights", "min_nights", "urgency", "may_move", "version"])
        due.note(at, requests=[request.pk])
        return request


def note_unplaced(reasons: Mapping[str, Collection[Reason]]) -> int:
    """Keep the reasons why each of these requests was not placed (none: it was placed); return how many rows changed."""
    with transaction.atomic():
        return with_rows(
            """
            UPDATE matching_shelterrequest AS r SET left_over_reasons = given.reasons
              FROM given WHERE r.id = given.id AND r.left_over_reasons <> given.reasons
            """,
            {"id": "uuid", "reasons": "jsonb"},
            # Write in id order, so that two callers cannot deadlock.
            ((request_id, as_json_text(reasons[request_id])) for request_id in sorted(reasons)),
        )


def urgency_of(first_night: date, today: date) -> str:
    """Return the urgency of a need by its first night alone, so that nobody has to plead."""
    days = (first_night - today).days
    if days <= 0:
        return ShelterRequest.Urgency.TONIGHT
    if days == 1:
        return ShelterRequest.Urgency.URGENT
    return ShelterRequest.Urgency.SOON if days <= 7 else ShelterRequest.Urgency.NORMAL


# -- what makes sense -----------------------------------------------------------------------------


def complete_space(
    details: SpaceDetails, today: date, *, before: Sequence[Window] = (), may_be_over: bool = False
) -> SpaceDetails:
    """Return the offer with the windows that touch made one. Raises Incomplete when it contradicts itself or is out of bounds.

    Windows that have all passed are refused, unless they are those of `before`, since an old space may change in other
    fields, or the caller says that they `may_be_over`.
    """
    _check_point(details.latitude, details.longitude)
    if not 1 <= details.beds <= MOST_BEDS:
        raise Incomplete("beds", most=MOST_BEDS)
    if not details.windows:
        raise Incomplete("windows")
    if details.max_nights is not None and details.max_nights < 1:
        raise Incomplete("longest_stay")
    windows: list[Window] = []
    for first, last in sorted(details.windows):
        if last <= first:
            raise Incomplete("window_backwards")
        if windows and first < windows[-1][1]:
            raise Incomplete("windows_overlap")
        if windows and first == windows[-1][1]:
            windows[-1] = windows[-1][0], last
        else:
            windows.append((first, last))
    if sorted(windows) == sorted(before):
        return replace(details, windows=tuple(windows))
    if len(windows) > MOST_WINDOWS:
        raise Incomplete("too_many_windows", most=MOST_WINDOWS)
    if any((last - first).days > LONGEST_WINDOW for first, last in windows):
        raise Incomplete("window_too_long")
    if windows[-1][1] <= today and not may_be_over:
        raise Incomplete("windows_passed")
    return replace(details, windows=tuple(windows))


def complete_request(details: RequestDetails) -> RequestDetails:
    """Return the need with its defaults filled in. Raises Incomplete when it contradicts itself or is out of bounds."""
    _check_point(details.latitude, details.longitude)
    if not 1 <= details.people <= MOST_PEOPLE:
        raise Incomplete("people", most=MOST_PEOPLE)
    if not 0 <= details.children <= details.people:
        raise Incomplete("children")
    if details.children_ages and len(details.children_ages) > details.children:
        raise Incomplete("ages")
    check_nights(details.nights)
    shortest = details.min_nights if details.min_nights is not None else details.nights
    if not 1 <= shortest <= details.nights:
        raise Incomplete("shortest_stay")
    if details.radius_km <= 0:
        raise Incomplete("radius")
    if details.language_required and not details.languages:
        raise Incomplete("language_unnamed")
    details = _who_they_are(details)
    if details.women_only and not details.all_women:
        raise Incomplete("women_only")
    return replace(details, min_nights=shortest)


def _who_they_are(details: RequestDetails) -> RequestDetails:
    """Return the details with `all_women` and `composition` saying the same. Raises Incomplete where they contradict."""
    if details.composition not in ShelterRequest.Composition.values:
        raise Incomplete("composition")
    women = ShelterRequest.Composition.WOMEN.value
    if details.all_women and details.composition not in ("", women):
        raise Incomplete("composition_contradicts")
    all_women = details.all_women or details.composition == women
    return replace(details, all_women=all_women, composition=women if all_women else details.composition)


def check_nights(nights: int) -> None:
    """Raise Incomplete where nobody may ask for so many nights."""
    if not 1 <= nights <= LONGEST_STAY:
        raise Incomplete("nights", most=LONGEST_STAY)


def _check_in_sight(first_night: date, at: datetime) -> None:
    # The engine lays out every night up to the last one that anybody asks for: one household in the year 9999 would
    # leave no memory for all the others.
    if first_night > local_date(at) + timedelta(days=FARTHEST_FIRST_NIGHT):
        raise Incomplete("too_far_ahead")


def _check_point(latitude: float, longitude: float) -> None:
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Incomplete("not_on_earth")
