"""The page of somebody who said that they do not feel safe: what is true about it, from rows, and where to reach them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from matching import incidents
from matching.incidents import Told
from matching.limits import LONGEST_NOTE, LONGEST_REASON
from matching.refusals import WRONG_INPUT
from matching.states import Role
from matching.web import acts
from matching.web.every_page import unbroken
from matching.web.plain_forms import PlainForm


class ToBeReachedForm(PlainForm):
    """Where a reporter can be reached, and what happened. Both may stay empty."""

    reach = forms.CharField(
        label=gettext_lazy("A number or a place where a coordinator can reach you (not required)"),
        required=False,
        max_length=LONGEST_REASON,
    )
    happened = forms.CharField(
        label=gettext_lazy("What happened? (not required; only coordinators read it)"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def sentences(told: Told) -> list[str]:
    """Return what is true for a reporter now, in the order of a page."""
    if told.closed_at is not None:
        return [
            _("Two coordinators closed this on %(when)s.") % {"when": _moment(told.closed_at)},
            _("If you still do not feel safe, say so again: tap “I do not feel safe” on your page."),
        ]
    said = [_("You said on %(when)s that you do not feel safe.") % {"when": _moment(told.reported_at)}]
    if told.acknowledged_at is not None:
        said.append(_("A coordinator acknowledged it on %(when)s.") % {"when": _moment(told.acknowledged_at)})
        return [*said, _what_came_of_it(told)]
    if told.sent_at is not None:
        said.append(_("Our message to those on call went out on %(when)s.") % {"when": _moment(told.sent_at)})
    elif told.anybody:
        said.append(_("Those on call are being told now."))
    else:
        said.append(_("We have not reached anybody on call yet. We try again every few minutes."))
    return [*said, _nobody_answered()]


def _what_came_of_it(told: Told) -> str:
    if told.reached_at is not None:
        return _(
            "They wrote down on %(when)s that they spoke with you. If that is not so, or you still do not feel safe, say so "
            "again: tap “I do not feel safe” on your page."
        ) % {"when": _moment(told.reached_at)}
    if told.will_call:
        return _("They will call you.")
    if told.missed_at is not None:
        tried = _("They tried to reach you on %(when)s, in vain.") % {"when": _moment(told.missed_at)}
        return f"{tried} {_nobody_calls()}"
    return _nobody_calls()


def _nobody_answered() -> str:
    if not settings.HELP_CONTACT:
        return _("Nobody has answered yet. If it cannot wait, call 112.")
    return _("Nobody has answered yet. Call %(contact)s.") % {"contact": unbroken(settings.HELP_CONTACT)}


def _nobody_calls() -> str:
    if not settings.HELP_CONTACT:
        return _("Nobody has promised to call you. Write below where a coordinator can reach you.")
    return _("Nobody has promised to call you. Write below where a coordinator can reach you, or call %(contact)s.") % {
        "contact": unbroken(settings.HELP_CONTACT)
    }


def _moment(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "j E, H:i")


def safety_page(request: HttpRequest, user: User, match_id: UUID, role: Role, home: str) -> HttpResponse:
    """Show a reporter what is true (GET), or keep where they can be reached and what happened (POST).

    Raises Http404 for a stranger's match and for the side that reported nothing, and IncidentOver.
    """
    match = acts.match_of(user, match_id, role)
    told = incidents.told_to([match], role).get(match.pk)
    if told is None:
        raise Http404
    typed = request.POST if request.method == "POST" else None
    form = ToBeReachedForm(typed, initial={"reach": told.reach, "happened": told.happened})
    if typed is not None and form.is_valid():
        incidents.add_words(match, by=user, at=timezone.now(), **form.cleaned_data)
        messages.success(request, _("The coordinators can read this now."))
        return redirect(request.path)
    context = {
        "form": form,
        "match": match,
        "sentences": sentences(told),
        "told": told,
        "help_contact": unbroken(settings.HELP_CONTACT),
        "home": home,
    }
    return render(request, "match/safety.html", context, status=WRONG_INPUT if typed is not None else 200)
