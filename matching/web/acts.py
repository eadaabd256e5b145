"""The acts of a host and an arrival on a match: their words, and the page that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import User
from matching import disclosure, hindrances, queries, transitions
from matching.deadlines import evening_of, local_date
from matching.limits import LONGEST_NOTE
from matching.models import Match, PendingDecision
from matching.refusals import WRONG_INPUT, AlreadyAnswered, IllegalMove, ReasonNeeded
from matching.states import FORWARD, NEEDS_REASON, TAKEN_BACK_BY, Act, Role, Status, acts_open_to
from matching.web.plain_forms import PlainForm, Wording
from notifications import inbox

NOT_SAFE = "not_safe"
DO: dict[str, Callable[..., Match]] = {
    Act.ACCEPT: transitions.accept,
    Act.DECLINE: transitions.decline,
    Act.CANCEL: transitions.cancel,
    Act.CHECK_IN: transitions.say_check_in,
    Act.NO_SHOW: transitions.say_no_show,
    Act.UNDO_CHECK_IN: transitions.take_back_check_in,
    Act.UNDO_NO_SHOW: transitions.take_back_no_show,
    Act.COMPLETE: transitions.complete,
    Act.BREAK_OFF: transitions.break_off,
    NOT_SAFE: transitions.report_not_safe,
}
"""The function for each name in an address. `transitions` refuses an act that this person may not do now."""

LABELS: dict[Role, dict[str, Wording]] = {
    Role.ARRIVAL: {
        Act.ACCEPT: gettext_lazy("Accept this place"),
        Act.DECLINE: gettext_lazy("Decline this place"),
        Act.CANCEL: gettext_lazy("Cancel: we are not coming"),
        Act.CHECK_IN: gettext_lazy("I have arrived"),
        Act.NO_SHOW: gettext_lazy("They did not come"),
        Act.UNDO_CHECK_IN: gettext_lazy("Take it back: not here yet"),
        Act.UNDO_NO_SHOW: gettext_lazy("Take it back: they may still come"),
        Act.COMPLETE: gettext_lazy("Our stay has ended"),
        Act.BREAK_OFF: gettext_lazy("It did not work out"),
        NOT_SAFE: gettext_lazy("I do not feel safe"),
    },
    Role.HOST: {
        Act.ACCEPT: gettext_lazy("Accept: they can come"),
        Act.DECLINE: pgettext_lazy("a host's answer", "Decline"),
        Act.CANCEL: gettext_lazy("Cancel: they cannot come"),
        Act.CHECK_IN: gettext_lazy("They have arrived"),
        Act.NO_SHOW: gettext_lazy("They did not come"),
        Act.UNDO_CHECK_IN: gettext_lazy("Take it back: not here yet"),
        Act.UNDO_NO_SHOW: gettext_lazy("Take it back: they may still come"),
        Act.COMPLETE: gettext_lazy("Their stay has ended"),
        Act.BREAK_OFF: gettext_lazy("It did not work out"),
        NOT_SAFE: gettext_lazy("I do not feel safe"),
    },
}
DONE: dict[str, Wording] = {
    Act.ACCEPT: gettext_lazy("You have accepted."),
    Act.DECLINE: gettext_lazy("You have declined."),
    Act.CANCEL: gettext_lazy("It is cancelled."),
    Act.CHECK_IN: gettext_lazy("The arrival is noted."),
    Act.NO_SHOW: gettext_lazy("It is noted that nobody came."),
    Act.UNDO_CHECK_IN: gettext_lazy("It is taken back."),
    Act.UNDO_NO_SHOW: gettext_lazy("It is taken back."),
    Act.COMPLETE: gettext_lazy("The end of the stay is noted."),
    Act.BREAK_OFF: gettext_lazy("It is noted. We are sorry that it did not work out."),
    NOT_SAFE: gettext_lazy("What was agreed is on hold."),
}
OWN_REASON_WORDS: dict[str, Wording] = {
    "dates_changed": gettext_lazy("The dates have changed"),
    "too_many_people": gettext_lazy("They are too many"),
    "not_now": gettext_lazy("Not now"),
    "too_far": gettext_lazy("It is too far"),
    "not_suitable": gettext_lazy("It does not suit us"),
    "found_elsewhere": gettext_lazy("We have found another place"),
    "not_safe": gettext_lazy("It does not feel safe"),
    "other": gettext_lazy("Another reason"),
}
REASONS_OF = {
    Role.ARRIVAL: ("dates_changed", "too_far", "not_suitable", "found_elsewhere", "not_safe", "other"),
    Role.HOST: ("dates_changed", "too_many_people", "not_now", "not_suitable", "not_safe", "other"),
}


Onward: TypeAlias = Callable[[HttpRequest, Match, str, Mapping[str, str]], HttpResponse | None]
"""Returns the answer after an act on a match, given the act's name and the form's values; None leads home."""

WHAT_FOLLOWS: dict[str, Wording] = {
    Act.CHECK_IN: gettext_lazy("The other side hears of it a minute later. For an hour you can take it back."),
    Act.NO_SHOW: gettext_lazy(
        "The household and the coordinators hear of it a minute later, and the nights are free again. For an hour you "
        "can take it back, if the room is still free."
    ),
}
"""What follows from an act, on the page that asks first."""

ENDING = NEEDS_REASON | {Act.NO_SHOW, Act.COMPLETE}
"""Acts that end something. They come last."""

SHOWN_FIRST = ENDING | {Act.CHECK_IN}
"""Acts that need a second page, so that one tap cannot do them by mistake."""


@dataclass(frozen=True, slots=True)
class ActOffered:
    """One act offered on a page: a button that does it at once, or a link to a page that asks first."""

    name: str
    label: Wording
    asks_first: bool


def offered(
    match: Match, role: Role, now: datetime, *, held: PendingDecision | None = None, fresh: bool = False
) -> list[ActOffered]:
    """Return the acts that make sense now for this side. Acts that end something come last.

    `held` is what this side said about the first evening and what does not count yet; `fresh`: what was said about it
    can still be taken back.
    """
    status = Status(match.status)
    accepted = match.host_accepted_at if role is Role.HOST else match.arrival_accepted_at
    hidden: set[Act] = set()
    names: list[str] = []
    if status is Status.APPROVED:
        # The table of moves allows both at any time. A page offers "decline" before a person's yes and "cancel" after.
        hidden = {Act.CANCEL} if accepted is None else {Act.DECLINE}
        names = [Act.ACCEPT] if accepted is None else []
    if local_date(now) < match.first_night:
        hidden.add(Act.CHECK_IN)
    if now < evening_of(match.first_night):
        hidden.add(Act.NO_SHOW)
    if held is not None:
        hidden |= set(TAKEN_BACK_BY)
        names = [TAKEN_BACK_BY[Act(held.act)]]
    if not fresh:
        hidden |= set(TAKEN_BACK_BY.values())
    if hindrances.known_hindrance(match, role):
        hidden |= FORWARD
        names = []
    names += [act for act in acts_open_to(role, status) if act not in hidden]
    each = [ActOffered(name, LABELS[role][name], asks_first=name in SHOWN_FIRST) for name in names]
    return sorted(each, key=lambda offered: offered.name in ENDING)


class ReasonForm(PlainForm):
    """The reason of an act, from a short list, and a note for the coordinators."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why?"), widget=forms.RadioSelect, error_messages={"required": ReasonNeeded.message}
    )
    note = forms.CharField(
        label=gettext_lazy("Anything the coordinator should know (not required)"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any = None, *, role: Role) -> None:
        super().__init__(data)
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(reason, OWN_REASON_WORDS[reason]) for reason in REASONS_OF[role]]


class NoteForm(PlainForm):
    """A note for the coordinators, which may be empty."""

    note = forms.CharField(
        label=gettext_lazy("What happened? (not required; only coordinators read it)"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def matches_of(user: User, role: Role) -> QuerySet[Match]:
    """Return the matches that `user` may see as a host or as an arrival.

    Proposals are left out: a coordinator who is also a host sees proposals at the desk, but not on the host's page.
    """
    side = {"space__host__user": user} if role is Role.HOST else {"request__arrival__user": user}
    visible = queries.with_everyone(queries.matches_visible_to(user)).filter(**side)
    return visible.exclude(status=Status.PROPOSED)


def match_of(user: User, match_id: UUID, role: Role) -> Match:
    """Return one of `matches_of` by its id. Raises Http404."""
    return get_object_or_404(matches_of(user, role), pk=match_id)


def act_page(
    request: HttpRequest, user: User, match_id: UUID, name: str, *, role: Role, home: str, onward: Onward | None = None
) -> HttpResponse:
    """Show an act before it is done (GET), or do it (POST) and return the answer of `onward`, or else lead `home`.

    Raises Http404 for a stranger's match or an unknown act, and the refusals of `transitions`.
    """
    match = match_of(user, match_id, role)
    if name not in DO:
        raise Http404
    typed = request.POST if request.method == "POST" else None
    form: forms.Form = ReasonForm(typed, role=role) if name in NEEDS_REASON else NoteForm(typed)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data if name in NEEDS_REASON or name == NOT_SAFE else {}
        do_once(match.pk, name, by=user, said=said)
        messages.success(request, DONE[name])
        if name == NOT_SAFE or said.get("reason") == NOT_SAFE:
            return redirect(f"{home}_safety", match_id=match.pk)
        return (onward and onward(request, match, name, said)) or redirect(home)
    if name not in NEEDS_REASON and name != NOT_SAFE:
        form.fields.clear()
    context = {
        "form": form,
        "match": match,
        "label": LABELS[role][name],
        "home": home,
        "follows": WHAT_FOLLOWS.get(name, ""),
    }
    status = WRONG_INPUT if request.method == "POST" else 200
    return render(request, "match/act.html", context, status=status)


def do_once(match_id: UUID, name: str, *, by: User, said: Mapping[str, str]) -> None:
    """Do one act. Repeating an act whose result still holds changes nothing and is no error.

    On a bad line the answer to the first tap may be lost. A person who taps again must then read that the act is done,
    not that there is a problem. Raises the other refusals of `transitions`.
    """
    at = timezone.now()
    try:
        DO[name](match_id, by=by, at=at, **said)
    except (AlreadyAnswered, IllegalMove):
        if not _holds(match_id, name, by):
            raise
    inbox.mark_answered(match_id, by=by, at=at)


def _holds(match_id: UUID, name: str, by: User) -> bool:
    match = Match.objects.get(pk=match_id)
    last = match.events.filter(by=by).last()
    if last is None or last.act != name:
        return False
    return match.status == last.to_status or (name == Act.ACCEPT and match.status == Status.CONFIRMED)


def contact_page(request: HttpRequest, user: User, match_id: UUID, role: Role, home: str) -> HttpResponse:
    """Show the other side's contact (POST). A GET shows only the button, because every look is logged.

    Raises Http404 for a stranger's match, and NotYours if the contact is not open.
    """
    match = match_of(user, match_id, role)
    if request.method != "POST":
        if not hindrances.contact_is_shown_open(match, role):
            return redirect(home)
        return render(request, "match/contact.html", {"home": home})
    contact = disclosure.open_contact(match.pk, by=user, at=timezone.now())
    points = [(channel_words(channel), address) for channel, address in contact.contact_points]
    return render(request, "match/contact.html", {"contact": contact, "points": points, "home": home})


def confirm_page(request: HttpRequest, *, title: str, text: str, button: str, home: str) -> HttpResponse:
    """Show one question with one button that posts to the same address."""
    return render(request, "confirm.html", {"title": title, "text": text, "button": button, "home": home})


def channel_words(channel: str) -> str:
    """Return the word of the pages for an address of this channel."""
    return {"sms": _("Phone"), "email": _("E-mail"), "telegram": "Telegram"}.get(channel, channel)
