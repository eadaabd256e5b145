"""Duplicates at the desk: list pairs that may be one, show them side by side, and merge them or note that they differ."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.models import Host, User
from accounts.refusals import Refused
from matching import disclosure, queries
from matching.admin.access import LOOK_REASONS, coordinator, said, why_look
from matching.admin.audit import AuditOnly, WhoDidIt
from matching.admin.queue import page_context
from matching.deadlines import local_date
from matching.desk import duplicates, merging
from matching.desk.duplicates import PairKind
from matching.models import PairVerdict, Space
from matching.refusal_words import words_of
from matching.states import HOLDS_BEDS
from privacy import remarks

LIKENESS_WORDS = {
    duplicates.Likeness.CONTACT: gettext_lazy("the same phone, e-mail or Telegram name"),
    duplicates.Likeness.ADDRESS: gettext_lazy("the same address"),
    duplicates.Likeness.NAME: gettext_lazy("nearly the same name"),
}
MOVED_WORDS = {
    "spaces": gettext_lazy("spaces"),
    "contact_points": gettext_lazy("phones and addresses to write to"),
    "checks": gettext_lazy("checks"),
    "evidence": gettext_lazy("evidence"),
    "messages": gettext_lazy("messages"),
    "matches": gettext_lazy("matches"),
}
PAIR_PAGES = {
    PairKind.HOSTS: "admin:accounts_host_change",
    PairKind.SPACES: "admin:matching_space_change",
    PairKind.REQUESTS: "admin:matching_shelterrequest_change",
}


def urls() -> list[Any]:
    """Return the URL patterns of the duplicates, below those of the sheets."""
    view = admin.site.admin_view
    pair = "duplicates/<slug:pair_kind>/<slug:one>/<slug:other>/"
    return [
        path("duplicates/", view(page), name="matching_sheet_duplicates"),
        path(pair, view(both), name="matching_sheet_pair"),
        path(f"{pair}open/", view(require_POST(open_personal)), name="matching_sheet_pair_open"),
        path(f"{pair}merge/", view(require_POST(merge)), name="matching_sheet_pair_merge"),
        path(f"{pair}apart/", view(require_POST(apart)), name="matching_sheet_pair_apart"),
    ]


def page(request: HttpRequest) -> HttpResponse:
    """List the pairs of one kind, the surest first."""
    user = coordinator(request)
    kind = request.GET.get("kind", "")
    kind = kind if kind in PairKind.values else PairKind.HOSTS
    typed = request.GET.get("place", "")
    place = int(typed) if typed.isdecimal() and len(typed) < 10 else None
    found = duplicates.find(kind, user, local_date(timezone.now()), place=place)
    rows = _sides(kind, user, {pk for pair in found.pairs for pk in pair})
    taken = Space.objects.order_by().values("place")
    context = page_context(
        request,
        title=_("Duplicates"),
        here="sheets",
        kind=kind,
        kinds=PairKind.choices,
        place=place,
        places=queries.places_visible_to(user).filter(pk__in=taken).order_by("name").values_list("pk", "name"),
        cut=found.cut,
        pairs=[
            {
                "sides": [rows[one], rows[other]],
                "one": one,
                "other": other,
                "why": [LIKENESS_WORDS[each] for each in why],
            }
            for (one, other), why in found.pairs.items()
            if one in rows and other in rows
        ],
    )
    return TemplateResponse(request, "admin/matching/duplicates.html", context)


def both(request: HttpRequest, pair_kind: str, one: str, other: str, **more: Any) -> HttpResponse:
    """Show a pair side by side, and what merging would do, whichever of the two stays."""
    user, sides = _pair(request, pair_kind, one, other)
    at = timezone.now()
    ways = []
    if queries.coordinator_of(user) is not None:
        for goes, stays in ((other, one), (one, other)):
            answer = merging.foresee(pair_kind, goes, stays, by=user, at=at)
            refusal = answer if isinstance(answer, Refused) else None
            moved = {} if isinstance(answer, Refused) else answer
            ways.append(
                {
                    "stays": stays,
                    "goes": sides[goes],
                    "keeps": sides[stays],
                    "refusal": words_of(refusal) if refusal else "",
                    "moved": [(MOVED_WORDS[what], count) for what, count in moved.items()],
                }
            )
    context = page_context(
        request,
        title=_("Are these two the same?"),
        here="sheets",
        kind=pair_kind,
        one=one,
        other=other,
        sides=[sides[one], sides[other]],
        ways=ways,
        look_reasons=LOOK_REASONS.items(),
        **more,
    )
    return TemplateResponse(request, "admin/matching/duplicate_pair.html", context)


def open_personal(request: HttpRequest, pair_kind: str, one: str, other: str) -> HttpResponse:
    """Show names, contacts and addresses of both once, for a reason, and log a look at each person."""
    user, sides = _pair(request, pair_kind, one, other)
    why = why_look(request)
    if why is None:
        return both(request, pair_kind, one, other)
    fields = "name contact address" if pair_kind == PairKind.SPACES else "name contact"
    people = {sides[pk]["user"].pk: sides[pk]["user"] for pk in (one, other)}
    try:
        disclosure.look(user, people, fields, reason=why.reason, note=why.note, at=timezone.now())
    except Refused as refusal:
        messages.error(request, words_of(refusal))
        return both(request, pair_kind, one, other)
    opened = [
        {
            "name": sides[pk]["user"].name,
            "points": [
                (point.get_channel_display(), point.address) for point in sides[pk]["user"].contact_points.all()
            ],
            "address": sides[pk]["row"].address if pair_kind == PairKind.SPACES else "",
        }
        for pk in (one, other)
    ]
    return both(request, pair_kind, one, other, opened=opened)


def merge(request: HttpRequest, pair_kind: str, one: str, other: str) -> HttpResponse:
    """Merge a pair. The form names the row that stays, and its tick says that the user knows a merge cannot be undone."""
    user, _both = _pair(request, pair_kind, one, other)
    stays = request.POST.get("stays", "")
    if stays not in (one, other):
        raise Http404
    pair_page = HttpResponseRedirect(reverse("admin:matching_sheet_pair", args=[pair_kind, one, other]))
    if request.POST.get("sure") != "yes":
        messages.error(request, _("Nothing was merged: tick that you know it cannot be undone."))
        return pair_page
    goes, reason = other if stays == one else one, " ".join(request.POST.get("reason", "").split())
    act = partial(merging.merge, pair_kind, goes, stays, by=user, at=timezone.now(), reason=reason)
    if said(request, act, _("Merged.")):
        return HttpResponseRedirect(f"{reverse('admin:matching_sheet_duplicates')}?kind={pair_kind}")
    return pair_page


def apart(request: HttpRequest, pair_kind: str, one: str, other: str) -> HttpResponse:
    """Note that the rows of a pair are not the same."""
    user, _both = _pair(request, pair_kind, one, other)
    act = partial(merging.keep_apart, pair_kind, one, other, by=user, at=timezone.now())
    said(request, act, _("Noted: they are not the same. Nobody is asked again."))
    return HttpResponseRedirect(f"{reverse('admin:matching_sheet_duplicates')}?kind={pair_kind}")


def _pair(request: HttpRequest, kind: str, one: str, other: str) -> tuple[User, dict[str, dict[str, Any]]]:
    """Return the user and the two sides by their ids. Raises Http404 unless the user may see both rows."""
    user = coordinator(request)
    if kind not in PairKind.values or one == other:
        raise Http404
    sides = _sides(kind, user, [one, other])
    if len(sides) < 2:
        raise Http404
    return user, sides


def _sides(kind: str, user: User, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return row, user and URL of each visible row, by its id. Personal fields are shown only after a logged click."""
    keys: list[Any] = [key for key in (_key(kind, pk) for pk in ids) if key is not None]
    live = Q(matches__status__in=sorted(HOLDS_BEDS))
    rows: QuerySet[Any]
    if kind == PairKind.HOSTS:
        hosts = queries.hosts_visible_to(user).exclude(status=Host.Status.MERGED)
        rows = hosts.select_related("user").prefetch_related("spaces__place", "checks")
    elif kind == PairKind.SPACES:
        spaces = queries.spaces_visible_to(user).annotate(live=Count("matches", filter=live))
        rows = spaces.select_related("host__user", "place").prefetch_related("windows")
    else:
        requests = queries.requests_visible_to(user).annotate(live=Count("matches", filter=live))
        rows = requests.select_related("arrival__user", "place")
    found = {}
    row: Any
    for row in rows.filter(pk__in=keys):
        owner = row if kind == PairKind.HOSTS else row.host if kind == PairKind.SPACES else row.arrival
        found[str(row.pk)] = {
            "row": row,
            "user": owner.user,
            "page": reverse(PAIR_PAGES[PairKind(kind)], args=[row.pk]),
        }
    return found


def _key(kind: str, pk: str) -> int | UUID | None:
    if kind == PairKind.HOSTS:
        return int(pk) if pk.isdecimal() and len(pk) < 18 else None
    try:
        return UUID(pk)
    except ValueError:
        return None


@admin.register(PairVerdict)
class PairVerdictAdmin(AuditOnly[PairVerdict]):
    """The verdicts on pairs: merged, or not the same."""

    list_display = ["at", "by", "kind", "verdict", "one", "other", "stays", "went_over", "why"]
    list_filter = [WhoDidIt, "kind", "verdict", "at"]
    list_select_related = ["by", "remark"]
    search_fields = ["=one", "=other"]

    def shown_to(self, user: User) -> QuerySet[PairVerdict]:
        """Return the verdicts, without those about a row of somebody who must not meet the reader."""
        verdicts = super().shown_to(user)
        for (person,) in queries.who_must_not_meet(user):
            verdicts = verdicts.exclude(PairVerdict.is_about(person))
        return verdicts

    @admin.display(description=gettext_lazy("went over"))
    def went_over(self, verdict: PairVerdict) -> str:
        return "; ".join(f"{MOVED_WORDS.get(what, what)}: {count}" for what, count in verdict.moved.items()) or "–"

    @admin.display(description=gettext_lazy("reason"))
    def why(self, verdict: PairVerdict) -> str:
        return remarks.words_of(verdict)
