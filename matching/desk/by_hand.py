"""Matching by hand: everything possible for a request or a space, ranked, and for the rest the rule in the way.

A coordinator may choose something else than what is advised (the best score), with a reason that stays as a note.
A hard rule of the engine is never overridden: what would break one is not proposed, whoever asks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import cos, radians
from uuid import UUID

from django.db.models import ExpressionWrapper, F, FloatField, QuerySet, Value
from django.db.models.functions import Abs
from django.utils.translation import gettext as _

from accounts.coordinators import desk_of
from accounts.models import User
from matching import engine, queries, transitions
from matching.deadlines import local_date
from matching.desk import claims
from matching.desk.rows_to_values import as_need, as_offer, matchable_spaces, offered
from matching.engine.objective import score
from matching.models import Match, ShelterRequest, Space
from matching.reason_words import in_words
from matching.refusals import NotYours, OverrideNeedsReason, RuleForbids, one_act
from matching.states import HOLDS_BEDS
from matching.transitions import Proposal
from places.earth import KM_PER_DEGREE, distance_km

NEAREST = 60
"""How many impossible ones are shown, the nearest first: the rest is farther away and no less impossible."""

OVERRIDES = ("household_asks", "host_asks", "know_each_other", "near_something", "other")
"""Why a coordinator may choose something else than what is advised."""


@dataclass(frozen=True, slots=True)
class Option:
    """A space possible for a request: where, which nights, what it is worth and why."""

    request: ShelterRequest
    space: Space
    leg: engine.Leg
    score: float
    reasons: tuple[engine.Reason, ...]
    km: float


@dataclass(frozen=True, slots=True)
class Impossible:
    """A pair that hard rules forbid, with the reason of each rule."""

    request: ShelterRequest
    space: Space
    rules: tuple[engine.Reason, ...]
    km: float


@dataclass(frozen=True, slots=True)
class Choice:
    """What there is to choose from, the best first, and what is impossible, the nearest first."""

    possible: list[Option]
    impossible: list[Impossible]
    run: tuple[date, date] | None = None

    @property
    def advised(self) -> Option | None:
        return self.possible[0] if self.possible else None


# -- from a request -------------------------------------------------------------------------------


def spaces_for(request_id: UUID, *, by: User, at: datetime, impossible: int = NEAREST) -> Choice:
    """Return all spaces for the next nights a request wants.

    Raises NotYours to anybody who does not see the request at the desk.
    """
    asked = _request(request_id, by)
    runs = queries.uncovered(asked, local_date(at))
    if not runs or asked.withdrawn_at is not None:
        return Choice([], [])
    need = _need(asked, runs[0], at)
    within = _near(matchable_spaces(at=at), asked.latitude, asked.longitude, km=need.radius_km)
    possible = _options(asked, need, within, at)
    spared = {option.space.pk for option in possible}
    others = _by_distance(_visible_spaces(by), asked.latitude, asked.longitude).exclude(pk__in=spared)
    nearest = list(_loaded(others.exclude(status=Space.Status.WITHDRAWN))[:impossible]) if impossible else []
    refused = [
        Impossible(asked, space, rules, _km(asked, space))
        for space in nearest
        if (rules := engine.refusals(need, as_offer(space, at=at)))
    ]
    return Choice(possible, sorted(refused, key=lambda each: each.km), runs[0])


def alternatives(match: Match, *, at: datetime, limit: int = 4) -> tuple[float, list[Option]]:
    """Return what a proposed leg is worth by itself, and the next-best spaces for its nights and people."""
    asked = match.request
    need = replace(_need(asked, (match.first_night, match.last_day), at), people=match.people)
    leg = engine.Leg(str(match.space_id), match.first_night, match.last_day, match.people)
    here = _loaded(Space.objects.filter(pk=match.space_id)).get()
    worth = score(need, ((leg, as_offer(here, at=at)),))
    within = _near(matchable_spaces(at=at), asked.latitude, asked.longitude, km=need.radius_km)
    return worth, _options(asked, need, within.exclude(pk=match.space_id), at)[:limit]


def _options(asked: ShelterRequest, need: engine.Need, spaces: QuerySet[Space], at: datetime) -> list[Option]:
    found = {str(space.pk): space for space in _loaded(_suitable(spaces, need))}
    offers = [as_offer(space, at=at) for space in found.values()]
    ranked = engine.candidates(need, offers) if offers else []
    options = []
    for placement in ranked:
        leg = placement.legs[0]
        space = found[leg.offer_id]
        options.append(Option(asked, space, leg, placement.score, placement.reasons, _km(asked, space)))
    return options


def _suitable(spaces: QuerySet[Space], need: engine.Need) -> QuerySet[Space]:
    """Leave out what the columns alone say is impossible; the engine has the last word on the rest."""
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
    return spaces.exclude(pk__in=[UUID(pk) for pk in need.declined])


# -- from a space ---------------------------------------------------------------------------------


def requests_for(space_id: UUID, *, by: User, at: datetime, impossible: int = NEAREST) -> Choice:
    """Return all open requests for a space. Raises NotYours to anybody who does not see the space at the desk."""
    space = _loaded(_visible_spaces(by).filter(pk=space_id)).first()
    if space is None:
        raise NotYours
    offer, today = as_offer(space, at=at), local_date(at)
    open_now = queries.open_requests(today).filter(pk__in=queries.requests_visible_to(by).values("pk"))
    reach = open_now.annotate(
        north=Abs(F("latitude") - Value(space.latitude)) * KM_PER_DEGREE,
        east=Abs(F("longitude") - Value(space.longitude)) * KM_PER_DEGREE * cos(radians(space.latitude)),
    )
    maybe = reach.filter(north__lte=F("radius_km") + 1, east__lte=F("radius_km") * 1.05 + 1, people__lte=space.beds)
    possible, seen = [], set()
    for asked, need in _needs(maybe, today, at):
        for placement in engine.candidates(need, [offer]):
            possible.append(
                Option(asked, space, placement.legs[0], placement.score, placement.reasons, _km(asked, space))
            )
            seen.add(asked.pk)
    others = _by_distance(open_now, space.latitude, space.longitude).exclude(pk__in=seen)[:impossible]
    refused = [
        Impossible(asked, space, rules, _km(asked, space))
        for asked, need in _needs(others, today, at)
        if (rules := engine.refusals(need, offer))
    ]
    return Choice(
        sorted(possible, key=lambda option: (-option.score, str(option.request.pk))),
        sorted(refused, key=lambda each: each.km),
    )


def _needs(
    requests: QuerySet[ShelterRequest], today: date, at: datetime
) -> Iterable[tuple[ShelterRequest, engine.Need]]:
    loaded = list(requests.select_related("arrival__user", "place").prefetch_related("matches"))
    declined: dict[UUID, set[UUID]] = defaultdict(set)
    for request_id, space_id in queries.declined_pairs(each.pk for each in loaded).values_list("request", "space"):
        declined[request_id].add(space_id)
    for asked in loaded:
        if runs := queries.uncovered(asked, today):
            yield asked, as_need(asked, runs[0], declined=declined[asked.pk], at=at)


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
    """Propose the pair a coordinator chose among the `spaces` of a request or the `requests` of a space.

    What is not the advised choice there needs a `reason` of OVERRIDES ("other" with a `note`), which is kept as
    a note on the request. Raises OverrideNeedsReason, RuleForbids, NotYours and what `transitions.propose` raises.
    """
    with one_act():
        if instead_of == "requests":
            choice = requests_for(space_id, by=by, at=at, impossible=0)
        else:
            choice = spaces_for(request_id, by=by, at=at, impossible=0)
        listed = next((o for o in choice.possible if (o.request.pk, o.space.pk) == (request_id, space_id)), None)
        chosen = listed or _only_this(request_id, space_id, by=by, at=at)
        match = transitions.propose(_as_proposal(chosen), by=by, at=at)
        if choice.advised and chosen.score < choice.advised.score:
            if reason not in OVERRIDES or (reason == "other" and not note.strip()):
                raise OverrideNeedsReason
            words = _("Chosen instead of what was advised (%(score).2f against %(best).2f): %(reason)s.") % {
                "score": chosen.score,
                "best": choice.advised.score,
                "reason": reason,
            }
            claims.write_note(request_id, f"{words} {note.strip()}".strip(), by=by, at=at)
        return match


def _only_this(request_id: UUID, space_id: UUID, *, by: User, at: datetime) -> Option:
    """Return the option for a pair that its page does not list as possible; raise RuleForbids with the rules in the way.

    A pair that no rule of the engine forbids (the household has a bed for every night, say) is left to the database,
    which refuses it by its own name.
    """
    asked = _request(request_id, by)
    space = _loaded(Space.objects.filter(pk=space_id)).get()
    runs = queries.uncovered(asked, local_date(at))
    need = _need(asked, runs[0] if runs else (asked.first_night, asked.last_day), at)
    placement = engine.place_one(need, [as_offer(space, at=at)])
    if isinstance(placement, engine.Unplaced):
        raise RuleForbids("; ".join(in_words(placement.reasons)))
    return Option(asked, space, placement.legs[0], placement.score, placement.reasons, _km(asked, space))


def _as_proposal(option: Option) -> Proposal:
    taken = {match.leg for match in option.request.matches.all() if match.status in HOLDS_BEDS}
    return Proposal(
        request=option.request,
        space=option.space,
        first_night=option.leg.first_night,
        last_day=option.leg.last_day,
        people=option.leg.people,
        leg=next(leg for leg in range(1, len(taken) + 2) if leg not in taken),
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


def _visible_spaces(by: User) -> QuerySet[Space]:
    return queries.spaces_visible_to(by) if desk_of(by) else Space.objects.none()


def _loaded(spaces: QuerySet[Space]) -> QuerySet[Space]:
    return offered(spaces).select_related("host__user", "place")


def _need(asked: ShelterRequest, run: tuple[date, date], at: datetime) -> engine.Need:
    declined: Collection[UUID] = set(queries.declined_pairs([asked.pk]).values_list("space_id", flat=True))
    return as_need(asked, run, declined=declined, at=at)


def _near(spaces: QuerySet[Space], latitude: float, longitude: float, *, km: float) -> QuerySet[Space]:
    """Return the spaces in the square around a point that holds every one within `km`."""
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
