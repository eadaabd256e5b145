"""The list of people whom an arrival or a host must not meet: one's own entries, adding one, and taking one off."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.refusals import Refused
from matching import apart
from matching.limits import LONGEST_CONTACT
from matching.refusals import WRONG_INPUT
from matching.web.plain_forms import PlainForm
from matching.web.refused import refused_form
from matching.web.visitors import arrival_of, for_anybody_signed_in, user_of

PAGE = "web:apart"


class WhomForm(PlainForm):
    """One person not to be met, as the visitor writes them down."""

    whom = forms.CharField(
        label=gettext_lazy("A phone number, an e-mail or a name"),
        help_text=gettext_lazy("A phone or an e-mail is better than a name: it is recognised at once."),
        max_length=LONGEST_CONTACT,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_anybody_signed_in
def page(request: HttpRequest) -> HttpResponse:
    """Show the visitor's own list (GET), or add a person to it (POST). The answer does not say whether they are known."""
    user = _user(request)
    form = WhomForm(request.POST if request.method == "POST" else None)
    context = {
        "form": form,
        "entries": apart.list_of(user),
        "most": apart.MOST_ENTRIES,
        "home": "web:case" if arrival_of(request) else "web:host",
    }
    if request.method == "POST" and form.is_valid():
        try:
            apart.name(user, form.cleaned_data["whom"], by=user, at=timezone.now())
        except Refused as refusal:
            return refused_form(request, "match/apart.html", context, refusal, "whom")
        messages.success(request, _("This person is on your list."))
        return redirect(PAGE)
    return render(request, "match/apart.html", context, status=WRONG_INPUT if request.method == "POST" else 200)


@require_POST
@for_anybody_signed_in
def take_back(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Take a person off the visitor's own list."""
    user = _user(request)
    entry = get_object_or_404(apart.list_of(user), pk=entry_id)
    apart.take_back(entry.pk, by=user, at=timezone.now())
    messages.success(request, _("This person is off your list."))
    return redirect(PAGE)


def _user(request: HttpRequest) -> User:
    user = user_of(request)
    assert user is not None
    return user
