"""The queue of proposals: a card for each household. Two clicks or one key decide, and one click undoes a decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.coordinators import rights_of
from accounts.models import User
from accounts.refusals import Refused
from matching import disclosure, queries
from matching.admin.access import back, coordinator, note_of, said
from matching.admin.words import NIGHT_WORDS, REASON_WORDS, RISK_WORDS, WHOSE_WORDS, record_words, risk_words
from matching.desk import by_hand, claims, decisions, queueing
from matching.desk.queueing import HIGH, LOW, Card, Filters, Pending
from matching.models import Match, PendingDecision, ShelterRequest
from matching.refusal_words import words_of
from places.earth import distance_km

CARDS_A_PAGE = 20
MOST_AT_ONCE = 500
TAKE_AT_ONCE = 10
DECISIONS_SHOWN = 5
"""The most own decisions that a page shows of those that have not gone out: one bulk may write five hundred."""


def urls() -> list[Any]:
    """Return the URL patterns of the queue, below those of the matches."""
    view = admin.site.admin_view
    return [
        path("queue/", view(queue), name="matching_match_queue"),
        path("queue/decide/", view(require_POST(decide)), name="matching_match_decide"),
        path("queue/bulk/", view(require_POST(bulk)), name="matching_match_bulk"),
        path("queue/take/", view(require_POST(take_next)), name="matching_match_take_next"),
        path("queue/undo-all/", view(require_POST(undo_all)), name="matching_match_undo_all"),
        path("queue/decision/<uuid:bundle>/<slug:act>/", view(require_POST(decision)), name="matching_match_decision"),
        path("queue/<uuid:request_id>/", view(card), name="matching_match_card"),
        path("queue/<uuid:request_id>/claim/<slug:act>/", view(require_POST(claim)), name="matching_match_claim"),
    ]


# -- contexts of pages and cards ------------------------------------------------------------------


def page_context(request: HttpRequest, **more: Any) -> dict[str, Any]:
    """Return the context that every page of the desk needs, and `more`."""
    return {**admin.site.each_context(request), "opts": Match._meta, **more}


def card_contexts(cards: Iterable[Card], user: User, at: datetime) -> list[dict[str, Any]]:
    """Return the contexts of the cards of a page. Looks at the notes of those that have some are logged: the page shows them."""
    cards = list(cards)
    if rights_of(user).may_act:
        disclosure.log_notes_shown(user, [each.request.arrival.user_id for each in cards if each.notes], at=at)
    return [_card_context(each, user, at) for each in cards]


def _card_context(shown: Card, user: User, at: datetime) -> dict[str, Any]:
    legs = [
        {
            "match": leg,
            "space": leg.space,
            "km": distance_km(shown.request.latitude, shown.request.longitude, leg.space.latitude, leg.space.longitude),
            "record": record_words(shown.host_records.get(leg.space.host_id, {})),
        }
        for leg in shown.legs
    ]
    claim_ = shown.claim
    return {
        "card": shown,
        "request_": shown.request,
        "head": shown.head,
        "legs": legs,
        "score": sum(leg.score for leg in shown.legs[:1]),
        "risks": risk_words(shown.risks),
        "record": record_words(shown.arrival_record),
        "waited": max(0, (at - shown.request.registered_at).days),
        "seen": seen_text(shown.seen),
        "due": min((leg.due_at for leg in shown.legs if leg.due_at), default=None),
        "frozen": any(leg.frozen_at for leg in shown.legs),
        "seconded": shown.high_risk and shown.approved_once_by == user,
        "first_by": shown.approved_once_by,
        "mine": claim_ is not None and claim_.by_id == user.pk,
        "holder": claim_.by if claim_ is not None and claim_.by_id != user.pk else None,
        "claim": claim_,
        "split": len({leg.first_night for leg in shown.legs}) == 1,
    }


def seen_text(seen: Mapping[UUID, int]) -> str:
    """Return the ids and versions of the legs on a card as text, for a field of its form."""
    return ",".join(f"{pk}.{version}" for pk, version in seen.items())


def seen_from(text: str) -> dict[UUID, int]:
    """Return the ids and versions that `seen_text` wrote, or {} for any other text."""
    found = {}
    for part in text.split(","):
        pk, _sep, version = part.partition(".")
        try:
            found[UUID(pk)] = int(version)
        except ValueError:
            return {}
    return found


def filters_from(given: QueryDict) -> Filters:
    """Return the filters in a URL's query or a form. An unknown value counts as no filter."""
    place = given.get("place", "")
    risk = given.get("risk", "")
    return Filters(
        place=int(place) if place.isdecimal() and len(place) < 10 else None,
        night=_known(given.get("night", ""), queueing.NIGHT_CHOICES),
        risk=_known(risk, (HIGH, LOW, *RISK_WORDS)),
        urgency=_known(given.get("urgency", ""), ShelterRequest.Urgency.values),
        whose=_known(given.get("whose", ""), queueing.WHOSE),
    )


def _known(value: str, values: Iterable[str]) -> str:
    return value if value in values else ""


def filters_query(filters: Filters) -> str:
    """Return the filters as a URL's query, "" without any."""
    given = {name: getattr(filters, name) for name in ("place", "night", "risk", "urgency", "whose")}
    return urlencode({name: value for name, value in given.items() if value not in ("", None)})


# -- the queue ------------------------------------------------------------------------------------


def queue(request: HttpRequest) -> HttpResponse:
    """Show the proposals that wait for a decision, tonight's first."""
    user, at = coordinator(request), timezone.now()
    pending = _pending(user, at, limit=MOST_AT_ONCE if "decisions" in request.GET else DECISIONS_SHOWN)
    filters = filters_from(request.GET)
    heads, has_before, has_after = queueing.page(
        queueing.chosen(user, filters, at),
        size=CARDS_A_PAGE,
        after=queueing.position(request.GET.get("after", "")),
        before=queueing.position(request.GET.get("before", "")),
    )
    cards = queueing.cards(heads, at, by=user)
    waiting = queueing.waiting(user, at)
    context = page_context(
        request,
        title=_("Proposals waiting"),
        here="queue",
        cards=card_contexts(cards, user, at),
        pending=pending,
        waiting=waiting,
        places=queueing.places_to_filter_by(waiting),
        filters=filters,
        query=filters_query(filters),
        before=queueing.position_of(heads[0]) if has_before and heads else None,
        after=queueing.position_of(heads[-1]) if has_after and heads else None,
        reasons=REASON_WORDS.items(),
        # Render the list of reasons once: it is the same on every card.
        decline_reasons=render_to_string("admin/matching/decline_reasons.html", {"reasons": REASON_WORDS.items()}),
        risk_words=RISK_WORDS.items(),
        night_words=NIGHT_WORDS.items(),
        whose_words=WHOSE_WORDS.items(),
        urgencies=ShelterRequest.Urgency.choices,
        hold=settings.DECISION_HOLD_SECONDS,
        most=MOST_AT_ONCE,
    )
    return TemplateResponse(request, "admin/matching/queue.html", context)


def _pending(user: User, at: datetime, *, limit: int) -> Pending:
    """Return the decisions of `user` that have not gone out. Decisions that the worker is late with are carried out first."""
    pending = queueing.pending(user, limit=limit)
    if pending.due_at is None or pending.due_at > at - decisions.LATE:
        return pending
    decisions.carry_out_late(by=user, at=at)
    return queueing.pending(user, limit=limit)


def decide(request: HttpRequest) -> HttpResponse:
    """Approve or decline one household's proposals, in the versions that the card showed."""
    user, at = coordinator(request), timezone.now()
    act, _sep, reason = request.POST.get("act", "").partition(":")
    seen = seen_from(request.POST.get("seen", ""))
    details = {"reason": reason or request.POST.get("reason", ""), "note": note_of(request)}
    try:
        bundle = decisions.decide(seen, act, by=user, at=at, **details)
        if request.POST.get("now"):
            decisions.send_now(bundle, by=user, at=at)
    except Refused as refusal:
        _visible(user, seen)
        messages.error(request, words_of(refusal))
    return back(request, reverse("admin:matching_match_queue"))


def _visible(user: User, seen: Mapping[UUID, int]) -> None:
    """Raise Http404 unless `user` may see all these matches, since a refusal tells something about the match."""
    if queries.matches_visible_to(user).filter(pk__in=list(seen)).count() != len(seen) or not seen:
        raise Http404


def decision(request: HttpRequest, bundle: UUID, act: str) -> HttpResponse:
    """Undo an own decision, send it at once, or dismiss one that could not be carried out."""
    user = coordinator(request)
    queue_page = reverse("admin:matching_match_queue")
    own = PendingDecision.objects.filter(bundle=bundle, by=user)
    if act == "undo":
        said(request, lambda: decisions.undo(bundle, by=user), _("Undone: nothing was sent."))
    elif act == "now":
        said(request, lambda: decisions.send_now(bundle, by=user, at=timezone.now()), _("Sent."))
    elif act == "dismiss" and own.exists():
        decisions.dismiss(bundle, by=user)
    else:
        raise Http404
    return back(request, queue_page)


def undo_all(request: HttpRequest) -> HttpResponse:
    """Undo all own decisions that have not gone out."""
    user = coordinator(request)
    count = decisions.undo_all(by=user)
    if count:
        words = ngettext(
            "%(count)d decision is undone: nothing was sent.",
            "%(count)d decisions are undone: nothing was sent.",
            count,
        )
        messages.success(request, words % {"count": count})
    else:
        messages.warning(request, _("There was nothing left to undo: the messages have gone."))
    return back(request, reverse("admin:matching_match_queue"))


# -- decisions in bulk ----------------------------------------------------------------------------


def bulk(request: HttpRequest) -> HttpResponse:
    """Decide on every ticked card. For all cards that a filter selects, show them first and ask for confirmation."""
    user, at = coordinator(request), timezone.now()
    act, reason = request.POST.get("act", ""), request.POST.get("reason", "")
    filters = filters_from(request.POST)
    everything = bool(request.POST.get("everything"))
    households = [seen for text in request.POST.getlist("card") if (seen := seen_from(text))]
    queue_page = f"{reverse('admin:matching_match_queue')}?{filters_query(filters)}"
    if act not in (decisions.APPROVE, decisions.DECLINE) or (act == "decline" and reason not in REASON_WORDS):
        messages.error(request, _("Choose a reason from the list."))
        return HttpResponseRedirect(queue_page)
    if everything:
        return _confirm(request, user, filters, act=act, reason=reason, at=at)
    if not households:
        messages.warning(request, _("Tick the proposals you want to decide on first."))
        return HttpResponseRedirect(queue_page)
    _decide_on(request, households[:MOST_AT_ONCE], act, reason, by=user, at=at)
    return HttpResponseRedirect(queue_page)


def _confirm(
    request: HttpRequest, user: User, filters: Filters, *, act: str, reason: str, at: datetime
) -> HttpResponse:
    """Show the cards that a filter selects and the number that a bulk approval leaves out. Nothing is decided yet."""
    heads = list(queueing.bulk(user, filters, at, limit=MOST_AT_ONCE))
    cards = queueing.cards(heads, at, by=user)
    taken = [card for card in cards if act == "decline" or not (card.high_risk or any(m.frozen_at for m in card.legs))]
    context = page_context(
        request,
        title=_("Approve all of these?") if act == "approve" else _("Decline all of these?"),
        act=act,
        reason=reason,
        reason_words=REASON_WORDS.get(reason, ""),
        taken=[{"request_": card.request, "head": card.head, "seen": seen_text(card.seen)} for card in taken],
        people=sum(card.request.people for card in taken),
        left_out=len(cards) - len(taken),
        filters=filters,
        query=filters_query(filters),
    )
    return TemplateResponse(request, "admin/matching/bulk.html", context)


def _decide_on(
    request: HttpRequest, households: list[dict[UUID, int]], act: str, reason: str, *, by: User, at: datetime
) -> None:
    ids = [pk for seen in households for pk in seen]
    visible = queries.matches_visible_to(by).filter(pk__in=ids)
    allowed = set(visible.values_list("pk", flat=True))
    spared: set[UUID] = set()
    if act == "approve":
        # Leave high-risk matches out: two people must look at each by itself (docs/decisions/0020-undo.md).
        spared = set(visible.filter(high_risk=True).values_list("pk", flat=True))
    taken = [seen for seen in households if allowed.issuperset(seen) and not spared.intersection(seen)]
    try:
        bundles, refused = decisions.decide_many(taken, act, by=by, at=at, reason=reason)
    except Refused as refusal:
        messages.error(request, words_of(refusal))
        return
    if bundles:
        words = ngettext("%(count)d decision is written.", "%(count)d decisions are written.", len(bundles))
        messages.success(request, words % {"count": len(bundles)})
    if spared:
        words = ngettext(
            "%(count)d high-risk proposal is left: look at it by itself.",
            "%(count)d high-risk proposals are left: look at each by itself.",
            len(spared),
        )
        messages.warning(request, words % {"count": len(spared)})
    for words in dict.fromkeys(words_of(refusal) for refusal in refused):
        messages.error(request, words)


# -- claims, notes and hand-overs -----------------------------------------------------------------


def take_next(request: HttpRequest) -> HttpResponse:
    """Claim the next ten unclaimed households that the filters select."""
    user, at = coordinator(request), timezone.now()
    filters = filters_from(request.POST)
    free = queueing.in_order(queueing.chosen(user, filters, at).filter(queueing.unclaimed(at)))
    taken = 0
    for request_id in free.values_list("request", flat=True)[:TAKE_AT_ONCE]:
        try:
            claims.take(request_id, by=user, at=at)
        except Refused:
            continue
        taken += 1
    if not taken:
        messages.warning(request, _("There is no household left to take."))
    return HttpResponseRedirect(f"{reverse('admin:matching_match_queue')}?whose=mine")


def claim(request: HttpRequest, request_id: UUID, act: str) -> HttpResponse:
    """Take a household, take it over, give it back, hand it over, or write a note on it."""
    user, at = coordinator(request), timezone.now()
    _household(user, request_id)
    note = note_of(request)
    page = reverse("admin:matching_match_card", args=[request_id])
    if act == "take":
        said(request, lambda: claims.take(request_id, by=user, at=at), _("Others see that you are looking at it."))
    elif act == "over":
        said(request, lambda: claims.take(request_id, by=user, at=at, over=True), _("You have taken it over."))
    elif act == "release":
        said(request, lambda: claims.release(request_id, by=user, at=at), _("You have given it back."))
    elif act == "note":
        said(request, lambda: claims.write_note(request_id, note, by=user, at=at), _("The note is written."))
    elif act == "hand-over":
        to = get_object_or_404(User, pk=_number(request.POST.get("to", "")))
        hand_over = lambda: claims.hand_over(request_id, to, by=user, at=at, note=note)  # noqa: E731
        said(request, hand_over, _("It is handed over."))
    else:
        raise Http404
    return back(request, page)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _household(user: User, request_id: UUID) -> ShelterRequest:
    """Return the request behind a card. Raises Http404 where `user` sees neither it nor a match of it."""
    seen = queries.requests_visible_to(user).filter(pk=request_id)
    if not seen.exists() and not queries.matches_visible_to(user).filter(request=request_id).exists():
        raise Http404
    return ShelterRequest.objects.select_related("arrival__user", "place").get(pk=request_id)


# -- one card -------------------------------------------------------------------------------------


def card(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Show one household's card with the next-best spaces, notes and hand-over. With `?part`, send only the spaces."""
    user, at = coordinator(request), timezone.now()
    asked = _household(user, request_id)
    found = queueing.card_of(request_id, user, at)
    if found is None:
        return HttpResponseRedirect(reverse("admin:matching_shelterrequest_change", args=[request_id]))
    others = [{"match": leg, "options": _compared(leg, at)} for leg in found.legs]
    if "part" in request.GET:
        return TemplateResponse(
            request, "admin/matching/next_best.html", {"others": others, "request_": asked, "part": True}
        )
    mine = PendingDecision.objects.filter(match__in=found.legs, refusal="").select_related("by").first()
    (shown,) = card_contexts([found], user, at)
    context = page_context(
        request,
        title=_("One household's proposal"),
        **shown,
        others=others,
        decided=mine,
        colleagues=queueing.colleagues(asked, user),
        reasons=REASON_WORDS.items(),
        hold=settings.DECISION_HOLD_SECONDS,
    )
    return TemplateResponse(request, "admin/matching/card.html", context)


def _compared(leg: Match, at: datetime) -> list[dict[str, Any]]:
    """Return the next-best spaces for a leg, each with its losses against the present space (km, nights, idle beds)."""
    compared = []
    worth, options = by_hand.alternatives(leg, at=at)
    for option in options:
        here = distance_km(leg.request.latitude, leg.request.longitude, leg.space.latitude, leg.space.longitude)
        compared.append(
            {
                "option": option,
                "lost": worth - option.score,
                "farther": option.km - here,
                "fewer_nights": leg.nights - option.leg.nights,
                "idle": 0 if option.space.shared else option.space.beds - leg.people,
            }
        )
    return compared
