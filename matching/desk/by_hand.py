"""Matching by hand: every space possible for a request, every request possible for a space, and proposing one such pair.

The best score is advised. A coordinator may choose another pair and says why; the reason stays as a note on the request.
Nobody overrides a hard rule of the engine: a pair that breaks one is not proposed, whoever asks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import cos, radians
from uuid import UUID

from django.db.models import ExpressionWrapper, F, FloatField, QuerySet, Value
from django.db.models.functions import Abs

from accounts.coordinators import desk_of
from accounts.models import User
from matching import engine, queries, transitions
from matching.deadlines import local_date
from matching.desk import claims
from matching.desk.rows_to_values import as_need, as_offer, matchable_spaces, offered
from matching.engine.objective import score
from matching.models import Match, ShelterRequest, Space
from matching.refusals import NotYours, OverrideNeedsReason, RuleForbids, one_act
from matching.transitions import Proposal
from places.earth import KM_PER_DEGREE, distance_km

NEAREST = 60
"""How many impossible pairs a page shows, the nearest first. The others are farther away, and impossible as well."""

OVERRIDES = ("household_asks", "host_asks", "know_each_other", "near_something", "other")
"""The reasons for which a coordinator may choose another pair than the advised one; the last one needs a note."""


@dataclass(frozen=True, slots=True)
class Option:
    """A pair that is possible: the nights and beds (`leg`), the score, the reasons for it, and the distance in km."""

    request: ShelterRequest
    space: Space
    leg: engine.Leg
    score: float
    reasons: tuple[engine.Reason, ...]
    km: float


@dataclass(frozen=True, slots=True)
class Impossible:
    """A pair that hard rules forbid: the reason of each rule, and the distance in km."""

    request: ShelterRequest
    space: Space
    rules: tuple[engine.Reason, ...]
    km: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The possible pairs, the best first, and the impossible ones, the nearest first.

    `run` is the run of nights `[first_night, last_day)` that the spaces were sought for; None where requests were sought.
    """

    possible: list[Option]
    impossible: list[Impossible]
    run: tuple[date, date] | None = None

    @property
    def advised(self) -> Option | None:
        return self.possible[0] if self.possible else None


# -- from a request -------------------------------------------------------------------------------


def spaces_for(request_id: UUID, *, by: User, at: datetime, impossible: int = NEAREST) -> Choice:
    """Return the spaces for the next nights that a request wants, and at most `impossible` spaces that would not do.

    Raises NotYours unless `by` sees the request at the desk.
    """
    asked = _request(request_id, by)
    run = _next_run(asked, at)
    if run is None or asked.withdrawn_at is not None:
        return Choice([], [])
    need = _need(asked, run, at)
    possible = _possible_spaces(asked, need, at)
    spared = {option.space.pk for option in possible}
    others = _by_distance(_visible_spaces(by), asked.latitude, asked.longitude).exclude(pk__in=spared)
    nearest = list(_loaded(others.exclude(status=Space.Status.WITHDRAWN))[:impossible]) if impossible else []
    refused = [
        Impossible(asked, space, rules, _km(asked, space))
        for space in nearest
        if (rules := engine.refusals(need, as_offer(space, at=at)))
    ]
    return Choice(possible, sorted(refused, key=lambda each: each.km), run)


def alternatives(match: Match, *, at: datetime, limit: int = 4) -> tuple[float, list[Option]]:
    """Return the score of a proposed leg by itself, and at most `limit` further spaces for its nights and people."""
    asked = match.request
    need = replace(_need(asked, (match.first_night, match.last_day), at), people=match.people)
    leg = engine.Leg(str(match.space_id), match.first_night, match.last_day, match.people)
    here = _loaded(Space.objects.filter(pk=match.space_id)).get()
    worth = score(need, ((leg, as_offer(here, at=at)),))
    others = [option for option in _possible_spaces(asked, need, at) if option.space.pk != match.space_id]
    return worth, others[:limit]


def _possible_spaces(asked: ShelterRequest, need: engine.Need, at: datetime) -> list[Option]:
    """Return the options for a need among all spaces, the best first."""
    near = _near(matchable_spaces(at=at), asked.latitude, asked.longitude, km=need.radius_km)
    found = {str(space.pk): space for space in _loaded(_suitable(near, need))}
    offers = [as_offer(space, at=at) for space in found.values()]
    ranked = engine.candidates(need, offers) if offers else []
    return [_option(asked, found[placement.legs[0].offer_id], placement) for placement in ranked]


def _suitable(spaces: QuerySet[Space], need: engine.Need) -> QuerySet[Space]:
    """Leave out the spaces whose columns alone say that they are impossible; the engine judges the others."""
    spaces = spaces.filter(
        beds__gte=need.people,
        windows__first_night__lte=need.first_night,
        windows__last_day__gt=need.first_night,
    )
    if need.children:
        spaces = spaces.filter(children=True)
    if need.pets:
        spaces = spaces.filter(pets=True)
    if need.step_free:
        spaces = spaces.filter(step_free=True)
    if need.women_only:
        spaces = spaces.filter(who=Space.Who.WOMEN)
    return spaces.exclude(pk__in=[UUID(pk) for pk in need.declined | need.apart])


# -- from a space ---------------------------------------------------------------------------------


def requests_for(space_id: UUID, *, by: User, at: datetime, impossible: int = NEAREST) -> Choice:
    """Return the open requests that a space would do for, and at most `impossible` others.

    Raises NotYours unless `by` sees the space at the desk.
    """
    space = _space(space_id, by)
    offer, today = as_offer(space, at=at), local_date(at)
    possible = _possible_requests(space, offer, dict(_needs(_in_reach(space, by, today), today, at)))
    seen = {option.request.pk for option in possible}
    open_now = _open_requests(by, today).exclude(pk__in=seen)
    others = _by_distance(open_now, space.latitude, space.longitude)[:impossible]
    refused = [
        Impossible(asked, space, rules, _km(asked, space))
        for asked, need in _needs(others, today, at)
        if (rules := engine.refusals(need, offer))
    ]
    return Choice(possible, sorted(refused, key=lambda each: each.km))


def _possible_requests(space: Space, offer: engine.Offer, needs: Mapping[ShelterRequest, engine.Need]) -> list[Option]:
    """Return the options for an offer among these needs, the best first."""
    possible = [
        _option(asked, space, placement)
        for asked, need in needs.items()
        for placement in engine.candidates(need, [offer])
    ]
    return sorted(possible, key=lambda option: (-option.score, str(option.request.pk)))


def _open_requests(by: User, today: date) -> QuerySet[ShelterRequest]:
    return queries.open_requests(today).filter(pk__in=queries.requests_visible_to(by).values("pk"))


def _in_reach(space: Space, by: User, today: date) -> QuerySet[ShelterRequest]:
    """Return the open requests that may reach as far as the space: a square around it, a little too large."""
    reach = _open_requests(by, today).annotate(
        north=Abs(F("latitude") - Value(space.latitude)) * KM_PER_DEGREE,
        east=Abs(F("longitude") - Value(space.longitude)) * KM_PER_DEGREE * cos(radians(space.latitude)),
    )
    return reach.filter(north__lte=F("radius_km") + 1, east__lte=F("radius_km") * 1.05 + 1, people__lte=space.beds)


def _needs(
    requests: QuerySet[ShelterRequest], today: date, at: datetime
) -> Iterable[tuple[ShelterRequest, engine.Need]]:
    loaded = list(requests.select_related("arrival__user", "place").prefetch_related("matches"))
    declined = _by_request(queries.declined_pairs([each.pk for each in loaded]).values_list("request_id", "space_id"))
    apart = _by_request(queries.apart_pairs(each.pk for each in loaded))
    for asked in loaded:
        if runs := queries.uncovered(asked, today):
            yield asked, as_need(asked, runs[0], declined=declined[asked.pk], apart=apart[asked.pk], at=at)


def _by_request(pairs: Iterable[tuple[UUID, UUID]]) -> Mapping[UUID, set[UUID]]:
    found: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for request_id, space_id in pairs:
        found[request_id].add(space_id)
    return found


# -- choosing -------------------------------------------------------------------------------------


def propose(
    request_id: UUID,
    space_id: UUID,
    *,
    by: User,
    at: datetime,
    instead_of: str = "spaces",
    reason: str = "",
    note: str = "",
) -> Match:
    """Propose the pair that a coordinator chose among the `spaces` of a request or the `requests` of a space.

    A pair that scores less than the advised one there needs a `reason` of OVERRIDES ("other" with a `note`), which is
    kept as a note on the request. A `note` without need of a reason is kept too. Raises OverrideNeedsReason,
    RuleForbids, NotYours and whatever `transitions.propose` raises; nothing is written then.
    """
    with one_act():
        if instead_of == "requests":
            chosen, advised = _among_requests(request_id, space_id, by=by, at=at)
        else:
            chosen, advised = _among_spaces(request_id, space_id, by=by, at=at)
        match = transitions.propose(_as_proposal(chosen), by=by, at=at)
        if advised and chosen.score < advised.score:
            if reason not in OVERRIDES or (reason == "other" and not note.strip()):
                raise OverrideNeedsReason
            said = {"code": "override", "reason": reason, "score": chosen.score, "best": advised.score}
            claims.write_note(request_id, note, by=by, at=at, said=said)
        elif note.strip():
            # Somebody typed it for a pair that meanwhile became the advised one: it is not lost.
            claims.write_note(request_id, note, by=by, at=at)
        return match


def _among_spaces(request_id: UUID, space_id: UUID, *, by: User, at: datetime) -> tuple[Option, Option | None]:
    """Return the pair as an option, and the option advised for the request. Raises NotYours, RuleForbids."""
    asked = _request(request_id, by)
    run = _next_run(asked, at)
    need = _need(asked, run or (asked.first_night, asked.last_day), at)
    possible = _possible_spaces(asked, need, at) if run and asked.withdrawn_at is None else []
    listed = next((option for option in possible if option.space.pk == space_id), None)
    if listed is None:
        space = _loaded(Space.objects.filter(pk=space_id)).first()
        if space is None:
            raise NotYours
        listed = _only_this(asked, space, need, as_offer(space, at=at))
    return listed, possible[0] if possible else None


def _among_requests(request_id: UUID, space_id: UUID, *, by: User, at: datetime) -> tuple[Option, Option | None]:
    """Return the pair as an option, and the option advised for the space. Raises NotYours, RuleForbids."""
    space, today = _space(space_id, by), local_date(at)
    offer = as_offer(space, at=at)
    needs = dict(_needs(_in_reach(space, by, today), today, at))
    possible = _possible_requests(space, offer, needs)
    listed = next((option for option in possible if option.request.pk == request_id), None)
    if listed is None:
        asked = _request(request_id, by)
        need = needs.get(asked) or _need(asked, _next_run(asked, at) or (asked.first_night, asked.last_day), at)
        listed = _only_this(asked, space, need, offer)
    return listed, possible[0] if possible else None


def _only_this(asked: ShelterRequest, space: Space, need: engine.Need, offer: engine.Offer) -> Option:
    """Return the option for a pair that is not listed as possible. Raises RuleForbids with the rules in the way.

    Where no rule of the engine forbids the pair (the household has a bed for every night, say), the database
    refuses it, by a name of its own.
    """
    placement = engine.place_one(need, [offer])
    if isinstance(placement, engine.Unplaced):
        raise RuleForbids(placement.reasons)
    return _option(asked, space, placement)


def _option(asked: ShelterRequest, space: Space, placement: engine.Placement) -> Option:
    return Option(
        request=asked,
        space=space,
        leg=placement.legs[0],
        score=placement.score,
        reasons=placement.reasons,
        km=_km(asked, space),
    )


def _as_proposal(option: Option) -> Proposal:
    return Proposal(
        request=option.request,
        space=option.space,
        first_night=option.leg.first_night,
        last_day=option.leg.last_day,
        people=option.leg.people,
        leg=queries.next_leg(option.request),
        score=option.score,
        reasons=option.reasons,
    )


# -- rows -----------------------------------------------------------------------------------------


def _request(request_id: UUID, by: User) -> ShelterRequest:
    visible = queries.requests_visible_to(by).select_related("arrival__user", "place").prefetch_related("matches")
    asked = visible.filter(pk=request_id).first() if desk_of(by) else None
    if asked is None:
        raise NotYours
    return asked


def _space(space_id: UUID, by: User) -> Space:
    space = _loaded(_visible_spaces(by).filter(pk=space_id)).first()
    if space is None:
        raise NotYours
    return space


def _visible_spaces(by: User) -> QuerySet[Space]:
    return queries.spaces_visible_to(by) if desk_of(by) else Space.objects.none()


def _loaded(spaces: QuerySet[Space]) -> QuerySet[Space]:
    return offered(spaces).select_related("host__user", "place")


def _next_run(asked: ShelterRequest, at: datetime) -> tuple[date, date] | None:
    """Return the next run of nights `[first_night, last_day)` that the request still wants, or None."""
    runs = queries.uncovered(asked, local_date(at))
    return runs[0] if runs else None


def _need(asked: ShelterRequest, run: tuple[date, date], at: datetime) -> engine.Need:
    declined = set(queries.declined_pairs([asked.pk]).values_list("space_id", flat=True))
    apart = {space_id for _request_id, space_id in queries.apart_pairs([asked.pk])}
    return as_need(asked, run, declined=declined, apart=apart, at=at)


def _near(spaces: QuerySet[Space], latitude: float, longitude: float, *, km: float) -> QuerySet[Space]:
    """Return the spaces in a square around a point: all those within `km`, and some in its corners."""
    north = km / KM_PER_DEGREE + 0.01
    east = km / (KM_PER_DEGREE * max(0.05, cos(radians(latitude)))) * 1.05 + 0.01
    return spaces.filter(
        latitude__range=(latitude - north, latitude + north), longitude__range=(longitude - east, longitude + east)
    )


def _by_distance(rows: QuerySet, latitude: float, longitude: float) -> QuerySet:  # type: ignore[type-arg]
    """Order rows with a point by how far away they are, near enough for an order."""
    north = (F("latitude") - Value(latitude)) * Value(1.0)
    east = (F("longitude") - Value(longitude)) * Value(cos(radians(latitude)))
    return rows.order_by(ExpressionWrapper(north * north + east * east, output_field=FloatField()), "pk")


def _km(asked: ShelterRequest, space: Space) -> float:
    return distance_km(asked.latitude, asked.longitude, space.latitude, space.longitude)
