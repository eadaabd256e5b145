"""At the desk: names of people whom somebody must not meet, plans that such a list stops, and entries told by phone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.coordinators import Rights
from accounts.models import User
from accounts.refusals import Refused
from matching import apart, disclosure
from matching.admin.access import LookOnly, acting, back, said
from matching.limits import LONGEST_CONTACT
from matching.models import MustNotMeet
from matching.refusal_words import words_of

TAKE_OFF = "take_off"


@admin.register(MustNotMeet)
class ApartAdmin(LookOnly[MustNotMeet]):
    """Entries with a name, of people in the coordinator's places. Whoever is named by one does not see it."""

    template = "admin/matching/apart.html"

    def _lets_look(self, rights: Rights) -> bool:
        return rights.may_act

    def visible(self, user: User) -> QuerySet[MustNotMeet]:
        return apart.names_visible_to(user)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("told/", view(require_POST(self.told)), name="matching_mustnotmeet_told"),
            path("<int:entry_id>/open/", view(require_POST(self.open_name)), name="matching_mustnotmeet_open"),
            path("<int:entry_id>/resolve/", view(require_POST(self.resolve)), name="matching_mustnotmeet_resolve"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._page(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list: an entry has no page of its own."""
        return self._page(request)

    def _page(self, request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
        user = acting(request)
        entries = self.visible(user).select_related("by__arrival", "by__host", "looked_by").defer("said")
        context = {
            **self.admin_site.each_context(request),
            "title": self.opts.verbose_name_plural,
            "opts": self.opts,
            "entries": entries.annotate(people=Count("found", distinct=True)),
            "meetings": apart.meetings_visible_to(user),
            "longest_contact": LONGEST_CONTACT,
            **more,
        }
        return TemplateResponse(request, self.template, context, status=status)

    def open_name(self, request: HttpRequest, entry_id: int) -> HttpResponse:
        """Show one name once, and log the look."""
        user = acting(request)
        entry = get_object_or_404(self.visible(user).defer("said"), pk=entry_id)
        try:
            disclosure.look(
                user, [entry.by_id], "must_not_meet", reason=disclosure.LookReason.SAFETY, at=timezone.now()
            )
        except Refused as refusal:
            messages.error(request, words_of(refusal))
            return self._page(request)
        return self._page(request, opened=entry)

    def resolve(self, request: HttpRequest, entry_id: int) -> HttpResponse:
        """Write down who bears the name, or that nobody here does."""
        user = acting(request)
        entry = get_object_or_404(self.visible(user).defer("said"), pk=entry_id)
        numbers = request.POST.get("numbers", "")[:LONGEST_CONTACT]
        resolve = partial(apart.resolve, entry.pk, numbers=numbers, by=user, at=timezone.now())
        if not said(request, resolve, _("Written down.")):
            return self._page(request, typed_numbers=numbers, typed_for=entry.pk)
        return back(request, reverse("admin:matching_mustnotmeet_changelist"))

    def told(self, request: HttpRequest) -> HttpResponse:
        """Put a person on somebody's list, or take one off, because they said so on the phone."""
        user, at = acting(request), timezone.now()
        number, whom = request.POST.get("number", ""), request.POST.get("whom", "")[:LONGEST_CONTACT]
        person = apart.find_person(number)
        if person is None:
            messages.error(request, words_of(apart.NobodyHasThis()))
            return self._page(request, typed=request.POST)
        act: Callable[..., object] = apart.name
        done = _("This person is on their list.")
        if request.POST.get("act") == TAKE_OFF:
            act, done = apart.take_back_told, _("This person is off their list.")
        if not said(request, partial(act, person, whom, by=user, at=at), done):
            return self._page(request, typed=request.POST)
        return back(request, reverse("admin:matching_mustnotmeet_changelist"))
