"""Whole rounds: plan every open request, region by region, with several workers at the same time.

The rows of the round and of its regions say what is left to do; a Celery message only wakes a worker. A worker plans a
region under the region's advisory lock, and PostgreSQL frees the lock if the worker dies. Proposals that the dead worker
wrote stay: the next worker finds those requests placed and plans the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F, Q, QuerySet, Sum

from accounts.refusals import Refused
from deployment.locks import Lock, held
from matching import due, engine, intake
from matching.copy_rows import read, with_rows
from matching.deadlines import local_date
from matching.engine.advice import Advice
from matching.engine.reasons import NO_TIME, Reason
from matching.models import MatchingDue, MatchingPrice, MatchingRegion, MatchingRound
from matching.worker.market import POINTS_OF_REQUESTS, POINTS_OF_SPACES, Market, part_of_market, some_requests_of_market
from matching.worker.proposing import changes, may_try_again, propose_arrangement, propose_placements
from matching.worker.regions import Cut, Points, cut
from places.gazetteer import nearest_place
from places.models import Place

log = logging.getLogger(__name__)

FULL_ROUND_EVERY = timedelta(minutes=10)
"""A round runs this often even if no row changed, because days pass and offers go stale without a write."""

MANY_DUE = 100
"""If more due rows than this wait at once, one round plans them together: its plan is better than placing one by one."""

SECONDS_A_REGION = 180.0
"""Time limit for one region. The engine returns the best plan it found by then, since the next round comes soon."""

ROUND_LOYALTY = 0.5
"""A standing proposal changes only if the plan gains this (half a roof), times the need's people, times its weight."""

LAST_REGION = 0
"""Number of the region that is planned after all others. It holds the requests that reach several regions."""

SAVED_AT_ONCE = 2_000


# -- opening --------------------------------------------------------------------------------------


def open_round(*, now: Callable[[], datetime]) -> MatchingRound | None:
    """Return the open round, or a new one if one is due.

    Return None if no round is open or due, or if another worker is opening one.
    """
    with held(Lock.ROUND) as mine:
        if not mine:
            return None
        underway = MatchingRound.objects.filter(finished_at=None).first()
        if underway is not None:
            return underway
        seen = _seen_by_round(now())
        return None if seen is None else _open(seen, at=now())


def _seen_by_round(at: datetime) -> list[int] | None:
    """Return the ids of the due rows that a new round would deal with, or None where no round is due."""
    named = ~Q(request_id=None) | ~Q(space_id=None)
    whole = list(MatchingDue.objects.exclude(named).values_list("pk", flat=True))
    # A few rows that name a request or a space start no round: the placer deals with them at once.
    many = list(MatchingDue.objects.filter(named).values_list("pk", flat=True)[: 1_000 * MANY_DUE])
    if len(many) > MANY_DUE:
        return whole + many
    latest = MatchingRound.objects.first()
    if whole or latest is None or at - latest.started_at >= FULL_ROUND_EVERY:
        return whole
    return None


def _open(seen: Collection[int], *, at: datetime) -> MatchingRound:
    params = {"at": at, "today": local_date(at)}
    requests, asking = _points(POINTS_OF_REQUESTS, params)
    spaces, offering = _points(POINTS_OF_SPACES, params)
    parts = cut(asking, offering, largest=settings.LARGEST_REGION)
    with transaction.atomic():
        opened = MatchingRound.objects.create(started_at=at)
        MatchingRegion.objects.bulk_create(_regions(opened, parts, requests, spaces))
        # Delete the due rows with the round's creation: the round itself now ensures that their requests are planned.
        MatchingDue.objects.filter(pk__in=seen).delete()
    return opened


def _regions(opened: MatchingRound, parts: Cut, requests: Any, spaces: Any) -> Iterator[MatchingRegion]:
    for region in range(parts.regions):
        yield MatchingRegion(
            round=opened,
            number=region + 1,
            requests=requests[parts.of_request == region].tolist(),
            spaces=spaces[parts.of_space == region].tolist(),
        )
    if parts.several.any():
        yield MatchingRegion(round=opened, number=LAST_REGION, requests=requests[parts.several].tolist())


def _points(sql: str, params: Mapping[str, Any]) -> tuple[Any, Points]:
    rows = list(read(sql, params))
    ids = np.empty(len(rows), dtype=object)
    ids[:] = [row[0] for row in rows]
    columns = np.array([row[1:] for row in rows], dtype=float).reshape(-1, 4)
    return ids, Points(*columns.T)


def is_underway() -> bool:
    """Return whether a round is open."""
    return MatchingRound.objects.filter(finished_at=None).exists()


def regions_to_plan(opened: MatchingRound) -> QuerySet[MatchingRegion]:
    """Return the regions of a round that can be planned now. The last region waits until all others are finished."""
    unfinished = opened.regions.filter(finished_at=None).defer("requests", "spaces").order_by("number")
    others = unfinished.exclude(number=LAST_REGION)
    return others if others.exists() else unfinished


# -- planning -------------------------------------------------------------------------------------


def work_on(opened: MatchingRound, *, now: Callable[[], datetime]) -> MatchingRound | None:
    """Plan free regions one after the other; return the round if that finished it, else None.

    Do nothing if `settings.REGIONS_AT_ONCE` workers plan already: they plan the regions that are left.
    """
    with _a_seat() as mine:
        if not mine:
            return None
        while any(_plan_if_free(region.pk, now=now) for region in regions_to_plan(opened)):
            pass
    return _finish(opened, at=now())


@contextmanager
def _a_seat() -> Iterator[bool]:
    for seat in range(settings.REGIONS_AT_ONCE):
        with held(Lock.PLANNER, seat) as mine:
            if mine:
                yield True
                return
    yield False


def _plan_if_free(region_id: int, *, now: Callable[[], datetime]) -> bool:
    """Plan a region unless another worker is planning it or has done so; return whether this call planned it."""
    with held(Lock.REGION, region_id % 2**31) as mine:
        region = MatchingRegion.objects.filter(pk=region_id, finished_at=None).first() if mine else None
        if region is None:
            return False
        _plan(region, now=now)
        return True


def _plan(region: MatchingRegion, *, now: Callable[[], datetime]) -> None:
    began = now()
    requests = [str(pk) for pk in region.requests]
    if region.number == LAST_REGION:
        market = some_requests_of_market(began, requests)
    else:
        market = part_of_market(began, requests=requests, spaces=[str(pk) for pk in region.spaces])
    # Move nobody for the last region: the few requests in it gain too little by that.
    standing = {} if region.number == LAST_REGION else market.all_standing()
    waiting = [need for need in market.needs() if need.id not in standing]
    offers = market.offers(without=standing.keys())
    loaded = now()
    plan = engine.plan(
        [*waiting, *(need for need, _placement in standing.values())],
        offers,
        time_limit=SECONDS_A_REGION,
        standing=[placement for _need, placement in standing.values()],
        loyalty=ROUND_LOYALTY,
    )
    planned = now()
    written, refused = _write(market, plan, {pk: placement for pk, (_need, placement) in standing.items()}, now=now)
    if refused:
        with transaction.atomic():
            due.note(now(), requests=refused)
    _note_unplaced(plan, but=frozenset(refused))
    if region.number != LAST_REGION:
        _keep_prices(region, plan.advice)
    done = now()
    MatchingRegion.objects.filter(pk=region.pk).update(
        requests=[],
        spaces=[],
        finished_at=done,
        needs=len(waiting),
        offers=len(offers),
        proposals=written,
        left_over=len(plan.unplaced),
        objective=plan.objective,
        bound=plan.bound,
        seconds={
            "load": (loaded - began).total_seconds(),
            "plan": (planned - loaded).total_seconds(),
            "write": (done - planned).total_seconds(),
        },
    )
    log.info("%s: %d matches proposed, %d requests left over", region, written, len(plan.unplaced))


def _write(
    market: Market, plan: engine.Plan, standing: Mapping[str, engine.Placement], *, now: Callable[[], datetime]
) -> tuple[int, list[str]]:
    """Write what the plan changes; return how many matches were written, and the ids of the refused requests.

    A standing proposal that changes is replaced in the same transaction as the proposals that take its beds, so that no
    request loses its place to a proposal that is then refused.
    """
    plain, entangled = changes(plan.placements, standing)
    written, refused = propose_placements(market, plain, now=now)
    for placements, given_up in entangled:
        instead_of = {pk: [match.pk for match in market.of_request[pk] if match.movable] for pk in given_up}
        try:
            written += propose_arrangement(market, placements, at=now(), instead_of=instead_of)
        except (Refused, OperationalError) as refusal:
            if not may_try_again(refusal):
                raise
            refused += [placement.need_id for placement in placements if placement.need_id not in given_up]
            log.info("%d proposals stay where they are: %s", len(given_up), getattr(refusal, "code", "deadlock"))
    return written, refused


def _note_unplaced(plan: engine.Plan, *, but: Collection[str]) -> None:
    # Keep the old reasons of requests that the engine had no time for: they may still hold.
    reasons: dict[str, Sequence[Reason]] = {
        left.need_id: left.reasons for left in plan.unplaced if left.reasons != (NO_TIME,)
    }
    reasons |= {placed.need_id: () for placed in plan.placements if placed.need_id not in but}
    order = sorted(reasons)
    for start in range(0, len(order), SAVED_AT_ONCE):
        some = order[start : start + SAVED_AT_ONCE]
        intake.note_unplaced({request_id: reasons[request_id] for request_id in some})


def _finish(opened: MatchingRound, *, at: datetime) -> MatchingRound | None:
    """Finish a round whose regions are all planned, and return it.

    Return None while a region is unplanned, or if another worker has finished the round.
    """
    with transaction.atomic():
        unfinished = MatchingRound.objects.select_for_update().filter(pk=opened.pk, finished_at=None)
        if not unfinished.exists() or opened.regions.filter(finished_at=None).exists():
            return None
        apart = opened.regions.exclude(number=LAST_REGION).aggregate(
            needs=Sum("needs", default=0), offers=Sum("offers", default=0), left_over=Sum("left_over", default=0)
        )
        last = opened.regions.filter(number=LAST_REGION).aggregate(placed=Sum(F("needs") - F("left_over"), default=0))
        unfinished.update(
            finished_at=at,
            needs=apart["needs"],
            offers=apart["offers"],
            proposals=opened.regions.aggregate(n=Sum("proposals", default=0))["n"],
            left_over=max(0, apart["left_over"] - last["placed"]),
        )
        MatchingPrice.objects.exclude(round=opened).delete()
    opened.refresh_from_db()
    return opened


# -- prices ---------------------------------------------------------------------------------------

PRICE_COLUMNS = {"round_id": "bigint", "place_id": "bigint", "night": "date", "kind": "text", "price": "float8"}


def _keep_prices(region: MatchingRegion, advice: Sequence[Advice]) -> None:
    """Store what one more bed of each kind would be worth near each place on each night, in units of the objective."""
    near = {(each.lat, each.lon): nearest_place(each.lat, each.lon) for each in advice}
    numbers = {place.geoname_id for place in near.values() if place is not None}
    places = dict(Place.objects.filter(geoname_id__in=numbers).values_list("geoname_id", "pk"))
    prices: dict[tuple[int, date, str], float] = {}
    for each in advice:
        place = near[each.lat, each.lon]
        if place is not None and place.geoname_id in places:
            for night, price in each.nights:
                key = (places[place.geoname_id], night, each.kind.name)
                prices[key] = max(prices.get(key, 0.0), price / each.kind.beds)
    with transaction.atomic():
        with_rows(
            """
            INSERT INTO matching_matchingprice (round_id, place_id, night, kind, price)
            SELECT round_id, place_id, night, kind, price FROM given
                ON CONFLICT (place_id, night, kind)
                DO UPDATE SET round_id = excluded.round_id, price = excluded.price
            """,
            PRICE_COLUMNS,
            [(region.round_id, *key, price) for key, price in sorted(prices.items())],
        )
