"""An arrival's own pages: signing in with case number and secret, the state of their requests, and their acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import devices
from accounts.arrivals import grouped
from accounts.models import Arrival, SignIn, User
from accounts.refusals import Refused
from accounts.signing_in import case_account, sign_in_to_case
from accounts.sources import source_of
from matching import hindrances, incidents, queries, transitions, waiting
from matching.deadlines import TIME_TO_TAKE_BACK, local_date
from matching.models import Match, MatchEvent, PendingDecision, ShelterRequest, WaitingChange
from matching.refusals import WRONG_INPUT, Frozen
from matching.states import TAKEN_BACK_BY, RequestState, Role, Status
from matching.web import acts, inbox, safety, story
from matching.web.acts import ActOffered
from matching.web.drafts import NEED_DRAFT, Draft, InSession, WithCase
from matching.web.languages import languages_in_words
from matching.web.refused import refusals_shown_on, refused_form
from matching.web.sign_in_forms import CaseSignInForm
from matching.web.story import Story
from matching.web.visitors import arrival_of, for_arrivals, sign_in, user_of

CASE_HOME = "web:case"
STAYED = (Status.COMPLETED, Status.NO_SHOW)


@dataclass(frozen=True, slots=True)
class MatchCard:
    """A match as one side sees it."""

    match: Match
    story: Story
    acts: list[ActOffered]
    contact_open: bool
    paused: bool
    languages: str
    whom: str
    told: list[str]
    """What is true about their own report that they do not feel safe; [] without one."""
    changed: list[WaitingChange]
    """What a coordinator let change of the space or the host's contact since both sides agreed; for the arrival only."""
    held: bool
    """Whether this side said something about the first evening that does not count yet."""


@dataclass(frozen=True, slots=True)
class RequestCard:
    """A request as its arrival sees it: the story, its live matches, and those that have ended."""

    request: ShelterRequest
    story: Story | None
    live: list[MatchCard]
    ended: list[MatchCard]
    wanted: bool
    may_withdraw: bool
    whom: str


@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest) -> HttpResponse:
    """Show an arrival their page and anybody else the form for signing in (GET), or sign in (POST)."""
    if request.method != "POST" and arrival_of(request):
        return case_page(request)
    if request.method != "POST" and "case" in Draft(InSession(request.session, NEED_DRAFT)).facts:
        return redirect("web:need_done")
    form = CaseSignInForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            user = sign_in_to_case(
                **form.cleaned_data, source=source_of(request), at=timezone.now(), device=devices.device_of(request)
            )
        except Refused as refusal:
            return refused_form(request, "case/sign_in.html", {"form": form}, refusal)
        sign_in(request, user, SignIn.Way.CASE)
        onward = redirect(CASE_HOME)
        devices.remember(request, onward, case_account(user.username))
        return onward
    return render(request, "case/sign_in.html", {"form": form}, status=WRONG_INPUT if request.method == "POST" else 200)


def case_page(request: HttpRequest, refusal: Refused | None = None) -> HttpResponse:
    """Show the requests and matches of this arrival with their state; a refusal of the last act stands above them."""
    arrival = arrival_of(request)
    assert arrival is not None
    user = arrival.user
    cards = _cards(arrival, user)
    context = {
        "case_number": grouped(arrival.case_number),
        "cards": cards,
        "inbox": inbox.lines(user),
        "refusal": refusal,
        "may_ask": not any(card.wanted for card in cards),
        "has_draft": bool(Draft(WithCase(arrival)).answers),
    }
    return render(request, "case/status.html", context)


def _cards(arrival: Arrival, user: User) -> list[RequestCard]:
    today = local_date(timezone.now())
    requests = queries.requests_visible_to(user).filter(arrival=arrival)
    matches = list(acts.matches_of(user, Role.ARRIVAL).order_by("first_night", "leg", "created_at"))
    shown = match_cards(matches, Role.ARRIVAL)
    cards = [
        _card(
            each,
            [card for card in shown if card.match.request_id == each.pk],
            queries.state_of(each, today, to_arrival=True),
        )
        for each in requests.select_related("place").prefetch_related("matches").order_by("-registered_at")
    ]
    return sorted(cards, key=lambda card: not (card.live or card.wanted))  # Open requests first.


def _card(request: ShelterRequest, cards: list[MatchCard], state: RequestState) -> RequestCard:
    live = [card for card in cards if card.match.holds_beds]
    ended = [card for card in cards if not card.match.holds_beds]
    stayed = [card for card in ended if card.match.status in STAYED]
    if live:
        told = None
    elif stayed and not story.is_wanted(request, state):
        told = stayed[-1].story
    else:
        told = story.of_request(request, state, timezone.now(), begun=bool(stayed))
    wanted = story.is_wanted(request, state)
    checked_in = any(card.match.status == Status.CHECKED_IN and not card.paused for card in live)
    may_withdraw = wanted and not checked_in
    return RequestCard(
        request=request,
        story=told,
        live=live,
        ended=ended[::-1],
        wanted=wanted,
        may_withdraw=may_withdraw,
        whom=story.whom_to_contact(),
    )


def match_cards(matches: list[Match], role: Role) -> list[MatchCard]:
    """Return the matches as the host or the arrival in them sees them."""
    reported = incidents.told_to(matches, role)
    changed = waiting.applied_since_agreed(matches) if role is Role.ARRIVAL else {}
    now = timezone.now()
    held, fresh = _said(matches, role, now)
    return [
        MatchCard(
            match=match,
            story=story.of_match(match, role),
            acts=acts.offered(match, role, now, held=held.get(match.pk), fresh=match.pk in fresh),
            held=match.pk in held,
            contact_open=hindrances.contact_is_shown_open(match, role),
            paused=isinstance(hindrances.known_hindrance(match, role), Frozen),
            languages=languages_in_words(match.space.languages if role is Role.ARRIVAL else match.request.languages),
            whom=story.whom_to_contact(match, role),
            told=safety.sentences(reported[match.pk]) if match.pk in reported else [],
            changed=changed.get(match.pk, []),
        )
        for match in matches
    ]


def _said(matches: list[Match], role: Role, now: datetime) -> tuple[dict[UUID, PendingDecision], set[UUID]]:
    """Return what this side said that does not count yet, and the matches of which it can take back what counts."""
    waiting = [match for match in matches if match.status == Status.CONFIRMED]
    counts = [match for match in matches if match.status in (Status.CHECKED_IN, Status.NO_SHOW)]
    held: dict[UUID, PendingDecision] = {}
    if waiting:
        user = waiting[0].space.host.user if role is Role.HOST else waiting[0].request.arrival.user
        held = transitions.held_of(waiting, user)
    if not counts:
        return held, set()
    since = now - TIME_TO_TAKE_BACK
    lines = MatchEvent.objects.filter(match__in=counts, act__in=list(TAKEN_BACK_BY), at__gte=since)
    return held, set(lines.values_list("match_id", flat=True))


@require_http_methods(["GET", "HEAD", "POST"])
@for_arrivals
@refusals_shown_on(case_page)
def act(request: HttpRequest, match_id: UUID, act: str) -> HttpResponse:
    """Show (GET) or do (POST) one act on a match."""
    return acts.act_page(request, _user(request), match_id, act, role=Role.ARRIVAL, home=CASE_HOME)


@require_http_methods(["GET", "HEAD", "POST"])
@for_arrivals
@refusals_shown_on(case_page)
def contact(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """Show the host's name, contact and address once the stay is agreed."""
    return acts.contact_page(request, _user(request), match_id, Role.ARRIVAL, CASE_HOME)


@require_http_methods(["GET", "HEAD", "POST"])
@for_arrivals
@refusals_shown_on(case_page)
def safe(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """Show what is true since the arrival said that they do not feel safe."""
    return safety.safety_page(request, _user(request), match_id, Role.ARRIVAL, CASE_HOME)


@require_http_methods(["GET", "HEAD", "POST"])
@for_arrivals
@refusals_shown_on(case_page)
def withdraw(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Ask whether to withdraw a shelter request (GET), or withdraw it (POST)."""
    user = _user(request)
    asked = get_object_or_404(queries.requests_visible_to(user), pk=request_id, arrival__user=user)
    if request.method != "POST":
        return acts.confirm_page(
            request,
            title=_("Withdraw your request?"),
            text=_(
                "We stop looking, and every stay agreed for this request is cancelled. You can ask again at any time."
            ),
            button=_("Withdraw my request"),
            home=CASE_HOME,
        )
    transitions.withdraw_request(asked.pk, by=user, at=timezone.now())
    messages.success(request, _("Your request is withdrawn."))
    return redirect(CASE_HOME)


@require_POST
@for_arrivals
def read(request: HttpRequest, notification_id: int) -> HttpResponse:
    """Note that a message was read."""
    return inbox.read(request, _user(request), notification_id, CASE_HOME)


def _user(request: HttpRequest) -> User:
    user = user_of(request)
    assert user is not None
    return user
