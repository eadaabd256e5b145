"""Erasing a person at the desk: one who asked a coordinator, or the coordinator's own account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.coordinators import rights_of
from accounts.models import Coordinator, User
from accounts.refusals import Refused
from matching import erasing
from matching.admin.access import acting
from matching.admin.audit import AuditOnly, WhoDidIt
from matching.own_file import file_of
from matching.refusal_words import words_of
from privacy.models import PersonErasure

HOW_ASKED = [(how, words) for how, words in PersonErasure.HowAsked.choices if how != erasing.HowAsked.OWN_PAGE]


class EraseForm(forms.Form):
    """How the person asked, and a box to tick, because an erasure cannot be taken back."""

    how = forms.ChoiceField(
        label=gettext_lazy("How did they ask?"),
        choices=HOW_ASKED,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose how they asked; it stays in the history.")},
    )
    despite_incident = forms.BooleanField(
        label=gettext_lazy(
            "Somebody did not feel safe and it is not closed: I decide that they are erased all the same."
        ),
        required=False,
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I have made sure that it is this person. It cannot be taken back."),
        error_messages={"required": gettext_lazy("Tick the box if you are sure. Nothing is erased yet.")},
    )

    def __init__(self, data: Any = None, *, own: bool, may_decide: bool) -> None:
        super().__init__(data)
        if own:
            del self.fields["how"]
            self.fields["sure"].label = _("I want everything about me erased. I know that it cannot be taken back.")
        if own or not may_decide:
            del self.fields["despite_incident"]


def urls(site: AdminSite) -> list[Any]:
    """Return the addresses of these pages. The site admits nobody without both factors."""

    def of_site(request: HttpRequest, user_id: int) -> HttpResponse:
        return erase(request, site, user_id)

    return [
        path("person/<int:user_id>/erase/", site.admin_view(of_site), name="accounts_erase"),
        path("my-file/", site.admin_view(require_safe(my_file)), name="accounts_my_file"),
    ]


def erase(request: HttpRequest, site: AdminSite, user_id: int) -> HttpResponse:
    """Say what an erasure does and what stays (GET); erase the person (POST). Raises Http404 for whom one may not erase."""
    by = acting(request)
    person = get_object_or_404(User, pk=user_id, erased_at=None)
    if not erasing.may_be_erased_by(person.pk, by):
        raise Http404
    own, hindered = person.pk == by.pk, erasing.hindrance(person.pk, by)
    may_decide = hindered is not None and rights_of(by).is_lead
    form = EraseForm(request.POST if request.method == "POST" else None, own=own, may_decide=may_decide)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            erasing.erase_person(
                person.pk,
                by=by,
                at=timezone.now(),
                how=given.get("how", erasing.HowAsked.OWN_PAGE),
                despite_incident=given.get("despite_incident", False),
            )
        except Refused as refusal:
            form.add_error(None, words_of(refusal))
        else:
            return _done(request, own=own)
    context = {
        **site.each_context(request),
        "title": _("Erase everything about me") if own else _("Erase %(name)s") % {"name": person.username},
        "opts": Coordinator._meta,
        "person": person,
        "own": own,
        "form": form,
        "hindered": words_of(hindered) if hindered and request.method != "POST" else "",
    }
    return TemplateResponse(request, "admin/matching/erase_page.html", context)


def _done(request: HttpRequest, *, own: bool) -> HttpResponse:
    if own:
        logout(request)
        return redirect("admin:login")
    messages.success(request, _("Everything about this person is erased."))
    return redirect("admin:index")


def my_file(request: HttpRequest) -> HttpResponse:
    """Answer with the file of everything that is held about the coordinator who asks."""
    if not isinstance(request.user, User):
        raise Http404
    return file_of(request.user, at=timezone.now())


@admin.register(PersonErasure)
class PersonErasureAdmin(AuditOnly[PersonErasure]):
    """Who was erased because somebody asked, by whom, and how it was asked."""

    list_display = ["at", "by", "about", "how", "despite_incident"]
    list_filter = [WhoDidIt, "how", "at"]
    persons = ("about",)
    list_select_related = ["by", "about"]
