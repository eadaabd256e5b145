"""A host's own pages: signing in by a code, the spaces with their nights, who is asked for, and every act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Host, User
from accounts.refusals import Refused
from accounts.signing_in import send_code, sign_in_by_code
from matching import intake, queries
from matching.deadlines import local_date
from matching.models import Match, Space
from matching.states import Role
from matching.web import acts, inbox
from matching.web.case import match_card
from matching.web.languages import in_words
from matching.web.nights import NightRun, night_runs
from matching.web.plain_forms import Words
from matching.web.refused import WRONG_INPUT, refusals_shown_on, refused_form
from matching.web.sign_in_forms import CodeForm, ContactForm
from matching.web.visitors import for_hosts, host_of, sign_in, source_of, user_of
from privacy.fields import decrypt, encrypt

HOME = "web:host"
CONTACT = "host_contact"


@dataclass(frozen=True, slots=True)
class SpaceCard:
    """A space as its host sees it. `stale` means: not matched until the host says that it still stands."""

    space: Space
    runs: list[NightRun]
    stale: bool
    languages: str


# -- signing in -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def host_sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for the contact and send a code there; for an unknown one, look the same."""
    form = ContactForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        contact = form.cleaned_data["contact"]
        try:
            send_code(contact, source=source_of(request), at=timezone.now())
        except Refused as refusal:
            return refused_form(request, "host/sign_in.html", {"form": form}, refusal)
        request.session[CONTACT] = encrypt(contact)
        return redirect("web:host_code")
    status = WRONG_INPUT if request.method == "POST" else 200
    return render(request, "host/sign_in.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def host_code(request: HttpRequest) -> HttpResponse:
    """Take the code and sign the host in."""
    if CONTACT not in request.session:
        return redirect(HOME)
    contact = decrypt(request.session[CONTACT])
    form = CodeForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "contact": contact, "again": "web:host_sign_in"}
    if request.method == "POST" and form.is_valid():
        try:
            user = sign_in_by_code(contact, form.cleaned_data["code"], source=source_of(request), at=timezone.now())
        except Refused as refusal:
            return refused_form(request, "host/code.html", context, refusal, "code")
        del request.session[CONTACT]
        sign_in(request, user)
        return redirect(HOME)
    status = WRONG_INPUT if request.method == "POST" else 200
    return render(request, "host/code.html", context, status=status)


# -- the page -------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD"])
@for_hosts
def host(request: HttpRequest) -> HttpResponse:
    """The host's page."""
    return host_page(request)


def host_page(request: HttpRequest, refusal: Refused | None = None) -> HttpResponse:
    """Show the host's spaces and matches, and above them what was just refused."""
    host = host_of(request)
    assert host is not None
    matches = list(acts.matches_of(host.user, Role.HOST).order_by("first_night", "created_at"))
    context = {
        "host": host,
        "live": [match_card(match, Role.HOST) for match in matches if match.holds_beds],
        "ended": [match_card(match, Role.HOST) for match in reversed(matches) if not match.holds_beds],
        "spaces": _spaces(host, matches),
        "inbox": inbox.lines(host.user),
        "refusal": refusal,
    }
    return render(request, "host/page.html", context)


def _spaces(host: Host, matches: list[Match]) -> list[SpaceCard]:
    now = timezone.now()
    spaces = queries.spaces_visible_to(host.user).filter(host=host).select_related("place").prefetch_related("windows")
    return [
        SpaceCard(
            space=space,
            # Only what the host may know of: the beds that a proposal holds still look free here.
            runs=night_runs(
                space, [match for match in matches if match.space_id == space.pk and match.holds_beds], local_date(now)
            ),
            stale=space.status == Space.Status.LISTED and space.fresh_until <= now,
            languages=in_words(space.languages),
        )
        for space in spaces.order_by("status", "created_at")
    ]


# -- acts -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpaceAct:
    """What may be done to a space, and the words around it."""

    do: Callable[..., Space]
    title: Words
    text: Words
    button: Words
    done: Words


SPACE_ACTS = {
    "pause": SpaceAct(
        intake.pause_space,
        gettext_lazy("Pause this space?"),
        gettext_lazy("We ask you about nobody new until you list it again. What is agreed goes on."),
        gettext_lazy("Pause"),
        gettext_lazy("The space is paused."),
    ),
    "list": SpaceAct(
        intake.list_space,
        gettext_lazy("List this space again?"),
        gettext_lazy("We may ask you about households again."),
        gettext_lazy("List again"),
        gettext_lazy("The space is listed again."),
    ),
    "still_available": SpaceAct(
        intake.confirm_still_available,
        gettext_lazy("Does this space still stand?"),
        gettext_lazy("Your answer lets us send people to you with certainty."),
        gettext_lazy("Yes, it still stands"),
        gettext_lazy("Thank you. We count on it."),
    ),
    "withdraw": SpaceAct(
        intake.withdraw_space,
        gettext_lazy("Withdraw this space?"),
        gettext_lazy("We do not ask you about it any more. It is not possible while somebody is there or expected."),
        gettext_lazy("Withdraw"),
        gettext_lazy("The space is withdrawn. Thank you for having offered it."),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@for_hosts
@refusals_shown_on(host_page)
def space_act(request: HttpRequest, space_id: UUID, act: str) -> HttpResponse:
    """Show one act to a space (GET) or do it (POST)."""
    user = _user(request)
    space = get_object_or_404(queries.spaces_visible_to(user), pk=space_id, host__user=user)
    if (found := SPACE_ACTS.get(act)) is None:
        raise Http404
    if request.method != "POST":
        return acts.confirm_page(
            request, title=str(found.title), text=str(found.text), button=str(found.button), home=HOME
        )
    found.do(space.pk, by=user, at=timezone.now())
    messages.success(request, found.done)
    return redirect(HOME)


@require_http_methods(["GET", "HEAD", "POST"])
@for_hosts
@refusals_shown_on(host_page)
def act(request: HttpRequest, match_id: UUID, act: str) -> HttpResponse:
    """Show or do one act to a match."""
    return acts.act_page(request, _user(request), match_id, act, Role.HOST, HOME)


@require_http_methods(["GET", "HEAD", "POST"])
@for_hosts
@refusals_shown_on(host_page)
def contact(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """The household's name and contact, once it is agreed."""
    return acts.contact_page(request, _user(request), match_id, Role.HOST, HOME)


@require_POST
@for_hosts
def read(request: HttpRequest, notification_id: int) -> HttpResponse:
    """Note that a message was read."""
    return inbox.read(request, _user(request), notification_id, HOME)


def _user(request: HttpRequest) -> User:
    user = user_of(request)
    assert user is not None
    return user
