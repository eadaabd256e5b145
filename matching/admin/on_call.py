"""The on-call rota, which leads write, and a coordinator's own contacts, by which they are paged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from accounts import desk_contacts
from accounts.models import Coordinator, User
from accounts.refusals import Refused
from matching import paging, rota
from matching.admin.access import acting, lead, said
from matching.limits import LONGEST_REASON
from matching.models import Incident, OnCallShift
from matching.refusals import WRONG_INPUT
from matching.rota import Hours
from places import queries as places
from places.models import Place

WEEKDAYS = [
    (0, gettext_lazy("Monday")),
    (1, gettext_lazy("Tuesday")),
    (2, gettext_lazy("Wednesday")),
    (3, gettext_lazy("Thursday")),
    (4, gettext_lazy("Friday")),
    (5, gettext_lazy("Saturday")),
    (6, gettext_lazy("Sunday")),
]


def urls() -> list[Any]:
    """Return the URL patterns of the rota and of one's own contacts, below those of the incidents."""
    view = admin.site.admin_view
    return [
        path("rota/", view(rota_page), name="matching_rota"),
        path("rota/<int:shift_id>/end/", view(require_POST(end)), name="matching_rota_end"),
        path("contacts/", view(contacts_page), name="matching_contacts"),
        path("contacts/<int:point_id>/<slug:act>/", view(require_POST(contact_act)), name="matching_contact_act"),
    ]


class ShiftForm(forms.Form):
    """Hours on call: of whom, for which places, on which days, from when until when."""

    who = forms.ModelChoiceField(label=gettext_lazy("Coordinator"), queryset=User.objects.none())
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("On these days of every week"),
        choices=WEEKDAYS,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    day = forms.DateField(
        label=gettext_lazy("Or on one date"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    start = forms.TimeField(label=pgettext_lazy("hours", "From"), widget=forms.TimeInput(attrs={"type": "time"}))
    end = forms.TimeField(
        label=gettext_lazy("Until"),
        help_text=gettext_lazy("An hour before the first one is on the next day."),
        widget=forms.TimeInput(attrs={"type": "time"}),
    )
    places = forms.CharField(
        label=gettext_lazy("For these places, one a line"),
        help_text=gettext_lazy("Empty: for all places of this coordinator."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 40}),
    )
    note = forms.CharField(
        label=gettext_lazy("For leads only (not required)"), required=False, max_length=LONGEST_REASON
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        may_act = [Coordinator.Role.COORDINATOR, Coordinator.Role.LEAD]
        who = User.objects.filter(is_active=True, coordinator__role__in=may_act).order_by("username")
        self.fields["who"].queryset = who  # type: ignore[attr-defined]

    def clean_places(self) -> list[Place]:
        names = [line.strip() for line in self.cleaned_data["places"].splitlines() if line.strip()]
        found = {name: places.find(name, closed=True) for name in names}
        if unknown := [name for name, place in found.items() if place is None]:
            raise forms.ValidationError(
                _("The gazetteer does not know: %(names)s. Look up how it writes them under Places.")
                % {"names": ", ".join(unknown)}
            )
        return [place for place in found.values() if place]


def rota_page(request: HttpRequest) -> HttpResponse:
    """Show the rota to a lead (GET), or put somebody on it (POST)."""
    user, at = lead(request), timezone.now()
    typed = request.POST if request.method == "POST" else None
    form = ShiftForm(typed)
    if typed is not None and form.is_valid():
        given = form.cleaned_data
        hours = Hours(given["start"], given["end"], tuple(given["weekdays"]), given["day"])
        try:
            rota.add_shift(given["who"], hours, places=given["places"] or None, by=user, at=at, note=given["note"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The hours are on the rota."))
            return redirect("admin:matching_rota")
    shifts = rota.shifts_in_force()
    reached = rota.contacts_to_page([shift.user for shift, _hours in shifts])
    clock = rota.clock_at(at)
    context = {
        **admin.site.each_context(request),
        "title": _("Who is on call"),
        "opts": Incident._meta,
        "form": form,
        "shifts": [
            {
                "shift": shift,
                "words": hours_in_words(hours),
                "places": _places_in_words(shift),
                "now": hours.cover(clock),
                "reached": shift.user_id in reached,
                "over": hours.are_over(clock),
            }
            for shift, hours in shifts
        ],
        "empty": _empty_hours(at),
    }
    status = WRONG_INPUT if typed is not None else 200
    return TemplateResponse(request, "admin/matching/rota.html", context, status=status)


def _places_in_words(shift: OnCallShift) -> str:
    if shift.all_places:
        return str(_("all places"))
    return ", ".join(sorted(place.called for place in shift.places.all()))


def hours_in_words(hours: Hours) -> str:
    """Return hours on call in words, the days first."""
    words = dict(WEEKDAYS)
    days = (
        formats.date_format(hours.day, "j E Y")
        if hours.day
        else ", ".join(str(words[number]) for number in hours.weekdays)
    )
    return f"{days}: {hours.start:%H:%M}–{hours.end:%H:%M}"


def _empty_hours(at: datetime) -> list[datetime]:
    """Return those of the next 24 hours in which nobody who can be reached is on call for every place of a stay."""
    first = at.replace(minute=0, second=0, microsecond=0)
    hours = [at, *(first + timedelta(hours=number) for number in range(1, 24))]
    return [hour for hour in hours if paging.places_without_anybody(at=hour) != set()]


def end(request: HttpRequest, shift_id: int) -> HttpResponse:
    """Take hours off the rota."""
    user = lead(request)
    said(
        request,
        lambda: rota.end_shift(shift_id, by=user, at=timezone.now()),
        _("The hours are off the rota."),
    )
    return redirect("admin:matching_rota")


class OwnContactForm(forms.Form):
    contact = forms.CharField(label=gettext_lazy("Phone number or e-mail address"), max_length=LONGEST_REASON)


def contacts_page(request: HttpRequest) -> HttpResponse:
    """Show a coordinator their own contacts (GET), or add one and send a code there (POST)."""
    user = acting(request)
    typed = request.POST if request.method == "POST" else None
    form = OwnContactForm(typed)
    if typed is not None and form.is_valid():
        try:
            desk_contacts.add(user, form.cleaned_data["contact"], at=timezone.now())
        except Refused as refusal:
            form.add_error("contact", str(refusal))
        else:
            messages.success(request, _("A code is on its way there. Write it below within ten minutes."))
            return redirect("admin:matching_contacts")
    context = {
        **admin.site.each_context(request),
        "title": _("How I am called"),
        "opts": Incident._meta,
        "form": form,
        "points": desk_contacts.contacts_of(user),
    }
    status = WRONG_INPUT if typed is not None else 200
    return TemplateResponse(request, "admin/matching/own_contacts.html", context, status=status)


def contact_act(request: HttpRequest, point_id: int, act: str) -> HttpResponse:
    """Prove one of the coordinator's own contacts by its code, or take it away."""
    user, at = acting(request), timezone.now()
    match act:
        case "prove":
            code = request.POST.get("code", "")
            said(
                request,
                lambda: desk_contacts.prove(user, point_id, code, at=at),
                _("This contact is proved. You can be called there."),
            )
        case "remove":
            said(request, lambda: desk_contacts.remove(user, point_id, at=at), _("This contact is gone."))
        case _:
            raise Http404
    return redirect("admin:matching_contacts")
