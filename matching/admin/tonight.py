"""The dashboard, a coordinator's first page: people without a place tonight, work that waits, faults, and beds wanted."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.coordinators import desk_of
from accounts.models import User
from matching import queries
from matching.admin import drawing
from matching.admin.drawing import Mark
from matching.admin.queue import page_context
from matching.admin.words import FAULT_WORDS, KIND_WORDS
from matching.deadlines import local_date
from matching.desk import queueing
from matching.desk import tonight as figures
from matching.models import Space
from places.gazetteer import KnownPlace, all_places


def landing(request: HttpRequest) -> TemplateResponse | None:
    """Return the dashboard, or None for a superuser without access to the desk, who gets Django's own index page."""
    user = request.user
    if not isinstance(user, User) or desk_of(user) is None:
        return None
    at = timezone.now()
    today = local_date(at)
    nights = [
        (today, figures.sleeping(user, today)),
        (today + timedelta(days=1), figures.sleeping(user, today + timedelta(days=1))),
    ]
    wanted = figures.beds_wanted(user, at)
    context = page_context(
        request,
        title=_("Tonight"),
        here="tonight",
        at=at,
        faults=[{"words": FAULT_WORDS[fault.what], "since": fault.since} for fault in figures.faults(at)],
        nights=[_night(night, rows) for night, rows in nights],
        todo=figures.todo(user, at),
        incidents=figures.incidents_open(user),
        waiting=queueing.waiting(user, at),
        wanted=[{"wanted": each, "kind": KIND_WORDS[each.kind]} for each in wanted],
        map=_map(user, nights[0][1], wanted),
        **_charts(user, at),
        app_list=admin.site.get_app_list(request),
    )
    return TemplateResponse(request, "admin/matching/tonight.html", context)


def _night(night: Any, rows: list[figures.NightCount]) -> dict[str, Any]:
    total = figures.NightCount(None)
    for row in rows:
        for stage in ("asked", "proposed", "approved", "agreed", "over"):
            setattr(total, stage, getattr(total, stage) + getattr(row, stage))
    return {
        "night": night,
        "rows": [row for row in rows if row.asked],
        "total": total,
        "nowhere": sum(row.nowhere for row in rows),
    }


def _map(user: User, rows: list[figures.NightCount], wanted: list[figures.Wanted]) -> drawing.Map:
    needs = [
        Mark(
            row.place.latitude,
            row.place.longitude,
            row.nowhere,
            str(row.nowhere),
            ngettext(
                "%(place)s: %(count)d person with nowhere to sleep",
                "%(place)s: %(count)d people with nowhere to sleep",
                row.nowhere,
            )
            % {"place": row.place.called, "count": row.nowhere},
        )
        for row in rows
        if row.place and row.nowhere
    ]
    wants = [
        Mark(
            each.place.latitude,
            each.place.longitude,
            each.worth,
            "",
            _("%(place)s: one more bed helps") % {"place": each.place.called},
        )
        for each in {each.place.pk: each for each in wanted}.values()
    ]
    places = queries.places_visible_to(user)
    if queries.sees_all_places(user):
        places = places.filter(pk__in=Space.objects.order_by().values("place"))
    countries = {row.place.country for row in rows if row.place} | {each.place.country for each in wanted}
    countries |= set(places.order_by().values_list("country", flat=True).distinct())
    return drawing.country(_towns(frozenset(countries)), needs=needs, wants=wants)


@functools.cache
def _towns(countries: frozenset[str]) -> tuple[KnownPlace, ...]:
    return tuple(place for place in all_places() if place.country in countries)


def _charts(user: User, at: Any) -> dict[str, Any]:
    days, ahead = figures.days_behind(user, at), figures.nights_ahead(user, at)

    def short(day: Any) -> str:
        return formats.date_format(day, "j.n.")

    return {
        "days": days,
        "ahead": ahead,
        "asked_chart": drawing.bars([(short(day.day), day.asked, f"{short(day.day)} {day.asked}") for day in days]),
        "placed_chart": drawing.bars([(short(day.day), day.placed, f"{short(day.day)} {day.placed}") for day in days]),
        "hours_chart": drawing.bars(
            [(short(day.day), day.hours or 0, f"{short(day.day)} {day.hours or 0:.1f}") for day in days]
        ),
        "occupancy_chart": drawing.bars(
            [(short(each.night), each.share * 100, f"{short(each.night)} {each.share:.0%}") for each in ahead], most=100
        ),
    }


admin.site.landing = landing  # type: ignore[attr-defined]
