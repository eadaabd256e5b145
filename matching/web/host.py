"""A host's own pages: signing in by a code, their spaces with the nights, their matches, and their acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import devices, vetting
from accounts.models import Host, HostCheck, SignIn, User
from accounts.refusals import Refused
from accounts.signing_in import host_account, send_code, sign_in_by_code
from accounts.sources import source_of
from matching import hindrances, queries, waiting
from matching.deadlines import local_date
from matching.desk import call_list
from matching.desk.call_list import ReasonToCall
from matching.models import Match, Space
from matching.refusals import WRONG_INPUT
from matching.states import Role, Status
from matching.web import acts, inbox, safety
from matching.web.case import match_cards
from matching.web.languages import languages_in_words
from matching.web.learning import after_a_no
from matching.web.nights import Month, first_night_to_come, month_of, read_month
from matching.web.plain_forms import Wording
from matching.web.refused import refusals_shown_on, refused_form
from matching.web.sign_in_forms import CodeForm, ContactForm
from matching.web.visitors import browser_of, for_hosts, host_of, sign_in, user_of
from privacy import sessions

HOST_HOME = "web:host"
CONTACT = "host_contact"
STAYS = (Status.COMPLETED, Status.BROKEN_OFF, Status.NO_SHOW)
CHECKS_IN_WORDS: dict[str, Wording] = {
    HostCheck.CheckKind.IDENTITY_SEEN: gettext_lazy(
        "A coordinator sees a document of yours with a picture; no copy is kept."
    ),
    HostCheck.CheckKind.PHONE_VERIFIED: gettext_lazy("A coordinator calls you on your phone."),
    HostCheck.CheckKind.REFERENCE: gettext_lazy("Somebody we know speaks for you."),
    HostCheck.CheckKind.HOME_VISIT: gettext_lazy("A coordinator visits the space."),
    HostCheck.CheckKind.VIDEO_CALL: gettext_lazy("A coordinator sees the space in a video call."),
    HostCheck.CheckKind.RULES_AGREED: gettext_lazy(
        "You read the house rules of this service with a coordinator and agree."
    ),
}


@dataclass(frozen=True, slots=True)
class SpaceCard:
    """A space as its host sees it.

    `stale`: the space is not matched until the host says that it is still available. `over`: no offered night is to
    come. `unseen`: the space is new, and waits until a coordinator has looked at it.
    """

    space: Space
    month: Month
    over: bool
    stale: bool
    unseen: bool
    languages: str


# -- signing in -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def host_sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for the contact (GET), and send a code there (POST). The answer does not reveal whether the contact is known."""
    form = ContactForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        contact = form.cleaned_data["contact"]
        try:
            send_code(contact, source=source_of(request), at=timezone.now(), device=devices.device_of(request))
        except Refused as refusal:
            return refused_form(request, "host/sign_in.html", {"form": form}, refusal)
        sessions.keep(request.session, CONTACT, contact)
        return redirect("web:host_code")
    status = WRONG_INPUT if request.method == "POST" else 200
    return render(request, "host/sign_in.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def host_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code (GET), or check it and sign the host in (POST)."""
    typed = request.POST if request.method == "POST" else None
    contact = sessions.kept(request.session, CONTACT)
    form = CodeForm(typed, contact=contact)
    complete = form.is_valid()
    contact = contact or (form.cleaned_data.get("to", "") if typed is not None else "")
    if not contact:
        return redirect(HOST_HOME)
    context = {"form": form, "contact": contact, "again": "web:host_sign_in"}
    if complete:
        return enter_by_code(request, context)
    return render(request, "host/code.html", context, status=WRONG_INPUT if typed is not None else 200)


def enter_by_code(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Sign in the host if `context["form"]` holds the code that was sent to `context["contact"]`, and lead home."""
    code, contact = context["form"].cleaned_data["code"], context["contact"]
    try:
        user = sign_in_by_code(
            contact,
            code,
            source=source_of(request),
            at=timezone.now(),
            browser=browser_of(request),
            device=devices.device_of(request),
        )
    except Refused as refusal:
        return refused_form(request, "host/code.html", context, refusal, "code")
    request.session.pop(CONTACT, None)
    sign_in(request, user, SignIn.Way.CODE)
    onward = redirect(HOST_HOME)
    devices.remember(request, onward, host_account(contact))
    return onward


# -- the page -------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD"])
@for_hosts
def host(request: HttpRequest) -> HttpResponse:
    """Show the host's page."""
    return host_page(request)


def host_page(request: HttpRequest, refusal: Refused | None = None) -> HttpResponse:
    """Show the questions that wait for the host, their spaces and their stays; a refusal of the last act stands above."""
    host = host_of(request)
    assert host is not None
    now = timezone.now()
    matches = list(acts.matches_of(host.user, Role.HOST).order_by("first_night", "created_at"))
    cards = match_cards(matches, Role.HOST)
    live = [card for card in cards if card.match.holds_beds]
    ended = [card for card in reversed(cards) if not card.match.holds_beds]
    context = {
        "host": host,
        "to_be_called": host.status == Host.Status.SUSPENDED
        and call_list.is_to_be_called(host, ReasonToCall.SUSPENDED, at=now),
        "missing": _missing(host, local_date(now)),
        "waiting": [card for card in live if _waits(card.match)],
        "live": [card for card in live if not _waits(card.match)],
        "stays": [card for card in ended if card.match.status in STAYS],
        "ended": [card for card in ended if card.match.status not in STAYS],
        "spaces": _spaces(host, matches, request.GET.get("month", ""), now),
        "refusal": refusal,
        "inbox": inbox.lines(host.user),
    }
    return render(request, "host/page.html", context)


def _waits(match: Match) -> bool:
    """Return whether the match waits for the host's yes or no."""
    return (
        match.status == Status.APPROVED
        and match.host_accepted_at is None
        and not hindrances.known_hindrance(match, Role.HOST)
    )


def _missing(host: Host, today: date) -> list[Wording]:
    """Return the missing checks in words, for a host who is vetted or may still be vetted."""
    if host.status not in (Host.Status.UNVETTED, Host.Status.VETTED):
        return []
    return [CHECKS_IN_WORDS[kind] for kind in vetting.missing_checks(host, today)]


def _spaces(host: Host, matches: list[Match], month: str, now: datetime) -> list[SpaceCard]:
    spaces = queries.spaces_visible_to(host.user).filter(host=host).select_related("place").prefetch_related("windows")
    today = local_date(now)
    unseen = waiting.unseen_spaces_of(host)
    return [
        SpaceCard(
            space=space,
            # `matches` holds no proposals, of which hosts must not know: beds held by a proposal look free here.
            month=month_of(
                space,
                [match for match in matches if match.space_id == space.pk and match.holds_beds],
                read_month(month, today, first_open=first_night_to_come(space, today)),
                today,
            ),
            over=all(window.last_day <= today for window in space.windows.all()),
            stale=space.status == Space.Status.LISTED and space.fresh_until <= now,
            unseen=space.pk in unseen and space.status == Space.Status.PAUSED,
            languages=languages_in_words(space.languages),
        )
        for space in spaces.order_by("status", "created_at")
    ]


# -- acts -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@for_hosts
@refusals_shown_on(host_page)
def act(request: HttpRequest, match_id: UUID, act: str) -> HttpResponse:
    """Show (GET) or do (POST) one act on a match."""
    return acts.act_page(request, _user(request), match_id, act, role=Role.HOST, home=HOST_HOME, onward=after_a_no)


@require_http_methods(["GET", "HEAD", "POST"])
@for_hosts
@refusals_shown_on(host_page)
def contact(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """Show the household's name and contact once the stay is agreed."""
    return acts.contact_page(request, _user(request), match_id, Role.HOST, HOST_HOME)


@require_http_methods(["GET", "HEAD", "POST"])
@for_hosts
@refusals_shown_on(host_page)
def safe(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """Show what is true since the host said that they do not feel safe."""
    return safety.safety_page(request, _user(request), match_id, Role.HOST, HOST_HOME)


@require_POST
@for_hosts
def read(request: HttpRequest, notification_id: int) -> HttpResponse:
    """Note that a message was read."""
    return inbox.read(request, _user(request), notification_id, HOST_HOME)


def _user(request: HttpRequest) -> User:
    user = user_of(request)
    assert user is not None
    return user
