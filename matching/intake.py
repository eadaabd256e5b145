"""Taking in what hosts offer and what arrivals need: the only writers of spaces and shelter requests.

Forms, serializers and sheets say what was meant (`SpaceDetails`, `RequestDetails`); every rule about
whether it makes sense stands here once. Bounds are said in words before the database would refuse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.arrivals import open_case, open_case_for
from accounts.contacts import bring_up_to_date
from accounts.models import Arrival, Host, User
from deployment import rules
from matching import due, messages, queries
from matching.copy_rows import with_rows
from matching.deadlines import local_date
from matching.engine.reasons import Reason, as_json_text
from matching.limits import DEFAULT_RADIUS_KM, FARTHEST_FIRST_NIGHT, LONGEST_STAY, MOST_BEDS, MOST_PEOPLE
from matching.models import ShelterRequest, Space, SpaceWindow
from matching.refusals import HasLiveMatches, Incomplete, NotYours, one_act
from matching.states import HOLDS_BEDS
from places.models import Place
from places.names import key_of_address
from privacy.fields import blind_index

Window = tuple[date, date]
Contact = tuple[str, str]
"""A channel and an address in it, as `accounts.contacts.read_contact` returns them."""

COARSE_DEGREES = 2
"""Decimals kept of a point: 0.01 degree is about a kilometre. The exact address is encrypted beside it."""


@dataclass(frozen=True, slots=True)
class SpaceDetails:
    """What a host offers. `windows` are half-open runs of nights; `place` may be None for a point far from any.

    `directions` of None are left as they are: a spreadsheet has no column for them.
    """

    latitude: float
    longitude: float
    beds: int
    windows: tuple[Window, ...]
    place: Place | None = None
    address: str = ""
    directions: str | None = None
    shared: bool = False
    max_nights: int | None = None
    who: str = "anyone"
    children: bool = True
    pets: bool = False
    smoking: bool = False
    step_free: bool = False
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestDetails:
    """What a household needs. `nights` counts from `first_night`; `min_nights` is the shortest stay that helps."""

    latitude: float
    longitude: float
    people: int
    first_night: date
    nights: int
    min_nights: int | None = None
    place: Place | None = None
    radius_km: float = DEFAULT_RADIUS_KM
    children: int = 0
    children_ages: tuple[int, ...] = ()
    all_women: bool = False
    pets: bool = False
    step_free: bool = False
    women_only: bool = False
    smoking: str = ""
    languages: tuple[str, ...] = ()
    language_required: bool = False
    urgency: str = "1"
    may_move: bool = False
    may_split: bool = False
    notes: str = ""


# -- spaces ---------------------------------------------------------------------------------------


def offer_space(host: Host, details: SpaceDetails, *, by: User, at: datetime, external_id: str | None = None) -> Space:
    """List a new space of `host`. Raises Incomplete or NotYours."""
    check_space(details)
    with one_act():
        if not queries.may_speak_for(by, host, _pk_of(details.place)):
            raise NotYours
        space = Space.objects.create(
            host=host,
            external_id=external_id,
            created_at=at,
            fresh_until=at + timedelta(days=rules.current().fresh_days),
            **_space_columns(details),
        )
        SpaceWindow.objects.bulk_create(
            [SpaceWindow(space=space, first_night=first, last_day=last) for first, last in details.windows]
        )
        due.note(at, spaces=[space.pk])
        return space


def change_space(space_id: UUID, details: SpaceDetails, *, by: User, at: datetime) -> Space:
    """Change what a space offers; live matches keep what was promised to them.

    Raises Incomplete, NotYours, or HasLiveMatches when beds, sharing or windows would break a promise.
    """
    check_space(details)
    with one_act():
        space = _locked_space(space_id, by)
        for column, value in _space_columns(details).items():
            setattr(space, column, value)
        space.version += 1
        space.save()
        _set_windows(space, details.windows)
        due.note(at, spaces=[space.pk])
        return space


def _set_windows(space: Space, windows: Iterable[Window]) -> None:
    """Replace the windows, adding before shortening and removing, so that a promised night is never uncovered."""
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
    """Stop matching a space for now; its live matches go on. Raises NotYours."""
    return _set_space_status(space_id, Space.Status.PAUSED, by=by, at=at)


def list_space(space_id: UUID, *, by: User, at: datetime) -> Space:
    """Match a paused or withdrawn space again, and count it as confirmed now. Raises NotYours."""
    return _set_space_status(space_id, Space.Status.LISTED, by=by, at=at)


def withdraw_space(space_id: UUID, *, by: User, at: datetime) -> Space:
    """Take a space away. Raises NotYours, or HasLiveMatches while any match holds its beds."""
    return _set_space_status(space_id, Space.Status.WITHDRAWN, by=by, at=at)


def _set_space_status(space_id: UUID, status: str, *, by: User, at: datetime) -> Space:
    with one_act():
        space = _locked_space(space_id, by)
        if status == Space.Status.WITHDRAWN and queries.held_in(space).exists():
            raise HasLiveMatches
        space.status = status
        space.version += 1
        if status == Space.Status.LISTED:
            space.fresh_until = at + timedelta(days=rules.current().fresh_days)
            space.asked_at = None
        space.save()
        due.note(at, spaces=[space.pk])
        return space


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
    """Ask the hosts of listed spaces whose word runs out within the rule `fresh_answer_days`, once each; return how many."""
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
    return {
        **_point(details.latitude, details.longitude),
        "place": details.place,
        "address": details.address,
        "address_index": blind_index(key_of_address(details.address)),
        **({} if details.directions is None else {"directions": details.directions}),
        "beds": details.beds,
        "shared": details.shared,
        "max_nights": details.max_nights,
        "who": details.who,
        "children": details.children,
        "pets": details.pets,
        "smoking": details.smoking,
        "step_free": details.step_free,
        "languages": list(details.languages),
    }


# -- shelter requests -----------------------------------------------------------------------------


def ask_for_shelter(
    arrival: Arrival,
    details: RequestDetails,
    *,
    by: User,
    at: datetime,
    name: str = "",
    contacts: Collection[Contact] = (),
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
            external_id=external_id,
            registered_at=registered_at or at,
            **_request_columns(details),
        )
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
    contacts: Collection[Contact] = (),
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
        if request.matches.filter(status__in=sorted(HOLDS_BEDS)).exists():
            raise HasLiveMatches
        for column, value in _request_columns(details).items():
            setattr(request, column, value)
        request.version += 1
        request.save()
        due.note(at, requests=[request.pk])
        return request


def set_dates(
    request_id: UUID, *, first_night: date, nights: int, urgency: str, may_move: bool, by: User, at: datetime
) -> ShelterRequest:
    """Change when a household needs shelter; `matching.redating` is the act that also ends the matches that no longer fit.

    Who wanted the whole stay still does. Raises Incomplete, NotYours, or Overtaken when a live match lies outside.
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


def note_left_over(reasons: Mapping[str, Collection[Reason]]) -> int:
    """Keep, for each request looked at, why it could not be placed (empty: it was); return how many changed."""
    with transaction.atomic():
        return with_rows(
            """
            UPDATE matching_shelterrequest AS r SET left_over_reasons = given.reasons
              FROM given WHERE r.id = given.id AND r.left_over_reasons <> given.reasons
            """,
            {"id": "uuid", "reasons": "jsonb"},
            # In one order, so that two who write at once wait for one another, and not in a circle.
            ((request_id, as_json_text(reasons[request_id])) for request_id in sorted(reasons)),
        )


def _request_columns(details: RequestDetails) -> dict[str, Any]:
    return {
        **_point(details.latitude, details.longitude),
        "place": details.place,
        "radius_km": details.radius_km,
        "people": details.people,
        "children": details.children,
        "children_ages": list(details.children_ages),
        "all_women": details.all_women,
        "first_night": details.first_night,
        "nights": details.nights,
        "min_nights": details.min_nights,
        "pets": details.pets,
        "step_free": details.step_free,
        "women_only": details.women_only,
        "smoking": details.smoking,
        "languages": list(details.languages),
        "language_required": details.language_required,
        "urgency": details.urgency,
        "may_move": details.may_move,
        "may_split": details.may_split,
        "notes": details.notes,
    }


def urgency_of(first_night: date, today: date) -> str:
    """Return how urgent a need is, told by its first night alone: nobody has to plead."""
    days = (first_night - today).days
    if days <= 0:
        return ShelterRequest.Urgency.TONIGHT
    if days == 1:
        return ShelterRequest.Urgency.URGENT
    return ShelterRequest.Urgency.SOON if days <= 7 else ShelterRequest.Urgency.NORMAL


# -- what makes sense -----------------------------------------------------------------------------


def check_space(details: SpaceDetails) -> None:
    """Raise Incomplete, in words, when the offer contradicts itself or lies outside the bounds."""
    _check_point(details.latitude, details.longitude)
    if not 1 <= details.beds <= MOST_BEDS:
        raise Incomplete(_("Say how many people can sleep here: a number from 1 to %(most)d.") % {"most": MOST_BEDS})
    if not details.windows:
        raise Incomplete(_("Say from which night until which day the space is free."))
    if details.max_nights is not None and details.max_nights < 1:
        raise Incomplete(_("The longest stay is at least one night; leave it empty for no limit."))
    last_end: date | None = None
    for first, last in sorted(details.windows):
        if last <= first:
            raise Incomplete(_("A window ends after it begins: the last day comes after the first night."))
        if last_end is not None and first < last_end:
            raise Incomplete(_("Two windows overlap. Join them into one."))
        last_end = last


def complete_request(details: RequestDetails) -> RequestDetails:
    """Return the need with its defaults filled in. Raises Incomplete, in words, when it makes no sense."""
    _check_point(details.latitude, details.longitude)
    if not 1 <= details.people <= MOST_PEOPLE:
        words = _("Say how many people need a place to sleep: a number from 1 to %(most)d.")
        raise Incomplete(words % {"most": MOST_PEOPLE})
    if not 0 <= details.children <= details.people:
        raise Incomplete(_("There are more children than people. Count the children among the people."))
    if details.children_ages and len(details.children_ages) > details.children:
        raise Incomplete(_("There are more ages than children."))
    check_nights(details.nights)
    shortest = details.min_nights if details.min_nights is not None else details.nights
    if not 1 <= shortest <= details.nights:
        raise Incomplete(_("The shortest stay that helps cannot be longer than the whole stay."))
    if details.radius_km <= 0:
        raise Incomplete(_("Say how far from the place it may be: more than 0 km."))
    if details.women_only and not details.all_women:
        raise Incomplete(_("A women-only space can be asked for only by a household of women."))
    return replace(details, min_nights=shortest)


def check_nights(nights: int) -> None:
    """Raise Incomplete where nobody may ask for so many nights."""
    if not 1 <= nights <= LONGEST_STAY:
        raise Incomplete(_("Say for how many nights: a number from 1 to %(most)d.") % {"most": LONGEST_STAY})


def _check_in_sight(first_night: date, at: datetime) -> None:
    # The engine keeps every night between the first and the last one anybody asks for: one household in the
    # year 9999 would cost all others the round.
    if first_night > local_date(at) + timedelta(days=FARTHEST_FIRST_NIGHT):
        raise Incomplete(_("The first night is too far ahead: give one within the next two years."))


def _check_point(latitude: float, longitude: float) -> None:
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Incomplete(_("The coordinates are not on Earth: latitude is -90 to 90, longitude -180 to 180."))
