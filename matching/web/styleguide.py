"""Every component of the pages on one page, for people who work on them (in development only)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from matching.web.plain_forms import PlainForm
from matching.web.story import Story


class EveryField(PlainForm):
    """One field of every kind on the pages."""

    title = "How many people can sleep there?"
    why = "So that we send nobody to you for whom there is no bed."

    words = forms.CharField(label="A line of words", help_text="The hint says what is meant.")
    number = forms.IntegerField(
        label="A number", widget=forms.TextInput(attrs={"class": "short", "inputmode": "numeric"})
    )
    day = forms.DateField(label="A day", widget=forms.DateInput(attrs={"type": "date"}))
    text = forms.CharField(label="Several lines", widget=forms.Textarea(attrs={"rows": 3}))
    one = forms.ChoiceField(
        label="One of several",
        widget=forms.RadioSelect,
        choices=[("a", "Anyone"), ("b", "Women only"), ("c", "I do not know")],
    )
    some = forms.MultipleChoiceField(
        label="Any number of them",
        widget=forms.CheckboxSelectMultiple,
        choices=[("a", "No steps"), ("b", "Room for a pet")],
    )
    yes = forms.BooleanField(label="Yes or no")


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component. Raises Http404 outside development."""
    if not settings.DEBUG:
        raise Http404
    return components(request)


def components(request: HttpRequest) -> HttpResponse:
    """Show every component with the template that draws it, and a form with and without errors."""
    plain = EveryField(None)
    wrong = EveryField({"wrong-words": "kept as it was typed", "wrong-number": "many"}, prefix="wrong")
    wrong.is_valid()
    context: dict[str, Any] = {
        "plain": plain,
        "wrong": wrong,
        "story": Story(
            "We have found a place for you.", "Look at it, then accept or decline.", timezone.now() + timedelta(hours=3)
        ),
        "lines": [("people", ("People", "2 adults, 1 child")), ("where", ("Place", "Almaty, at most 20 km away"))],
        "colours": (
            "felt",
            "cloth",
            "wash",
            "line",
            "rim",
            "ink",
            "quiet",
            "act",
            "act-deep",
            "act-wash",
            "danger",
            "danger-wash",
            "due",
            "ochre",
            "madder",
            "focus",
        ),
        "weeks": [
            [(None, "none"), (1, "taken"), (2, "taken"), (3, "free"), (4, "free"), (5, "free"), (6, "held")],
            [(7, "held"), (8, "part"), (9, "part"), (10, "free"), (11, "free"), (12, "none"), (13, "none")],
        ],
    }
    return render(request, "styleguide.html", context)
