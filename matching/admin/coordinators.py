"""Name coordinators, change their rights, reset their sign-in, and end or restore access. For leads and superusers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import coordinators, invitations, second_factor
from accounts.contacts import UnreadableContact
from accounts.coordinators import Granted, Rights, rights_of
from accounts.models import Coordinator, User
from accounts.refusals import Refused
from accounts.user_names import UserNameTells
from matching.admin import erasing, line_words, sessions
from matching.admin.access import LookOnly, said
from matching.limits import LONGEST_NAME, LONGEST_REASON
from matching.refusal_words import words_of
from places import queries as places
from places.models import Place
from privacy import remarks

COORDINATOR_ACTS: dict[str, tuple[Any, Callable[..., Any]]] = {
    "confirm": (gettext_lazy("Confirm this account"), invitations.confirm),
    "reset": (gettext_lazy("Reset the sign-in and invite again"), invitations.reset_sign_in),
    "send-away": (gettext_lazy("End all access now"), coordinators.send_away),
    "permit-export": (gettext_lazy("Let them export names and contacts"), coordinators.permit_export),
    "forbid-export": (gettext_lazy("Stop letting them export names and contacts"), coordinators.forbid_export),
    "more-looks": (gettext_lazy("Let them open more people for a day"), coordinators.allow_more_looks),
    "let-back": (gettext_lazy("Let back in"), coordinators.let_back),
}


FIELD_OF: dict[type[Refused], str] = {
    coordinators.NameTaken: "username",
    UserNameTells: "username",
    UnreadableContact: "contact",
}
"""The field of the form that a refusal is about, where it is not the places."""


class RightsForm(forms.Form):
    """A role, and the places it covers."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Coordinator.Role.choices)
    all_places = forms.BooleanField(label=gettext_lazy("All places"), required=False)
    places = forms.CharField(
        label=gettext_lazy("Or these places, one a line"),
        help_text=gettext_lazy("In any language the gazetteer knows. Lead coordinators have all places."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 40}),
    )

    def clean_places(self) -> list[Place]:
        names = [line.strip() for line in self.cleaned_data["places"].splitlines() if line.strip()]
        found = {name: places.find(name, closed=True) for name in names}
        if unknown := [name for name, place in found.items() if place is None]:
            raise forms.ValidationError(
                _("The gazetteer does not know: %(names)s. Look up how it writes them under Places.")
                % {"names": ", ".join(unknown)}
            )
        return [place for place in found.values() if place]

    def granted(self) -> Granted:
        """Return the rights that the form states."""
        given = self.cleaned_data
        return Granted(role=given["role"], all_places=given["all_places"], places=given["places"])


class ChangeForm(RightsForm):
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=LONGEST_REASON)


class NameForm(RightsForm):
    username = forms.CharField(label=gettext_lazy("User name"), max_length=60)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=LONGEST_NAME, required=False)
    contact = forms.CharField(
        label=gettext_lazy("Their own phone or e-mail"),
        help_text=gettext_lazy("The invitation goes there. Only they may read it."),
        max_length=LONGEST_NAME,
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    field_order = ("username", "name", "contact", "language", "role", "all_places", "places")


@admin.register(Coordinator)
class CoordinatorAdmin(LookOnly[Coordinator]):
    """The people of the desk with their roles and places. Every change is an act with a line of history."""

    list_display = ["user", "role", "where", "is_in", "last_seen"]
    list_filter = ["role", "user__is_active"]
    change_form_template = "admin/accounts/coordinator_page.html"
    add_form_template = "admin/accounts/coordinator_new.html"

    def _lets_look(self, rights: Rights) -> bool:
        return rights.may_name or rights.may_audit

    def has_add_permission(self, request: HttpRequest) -> bool:
        return rights_of(request.user).may_name

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coordinator]:
        if not self.has_module_permission(request):
            raise Http404
        return Coordinator.objects.select_related("user").prefetch_related("places").order_by("user__username")

    @admin.display(description=gettext_lazy("where"))
    def where(self, row: Coordinator) -> str:
        return str(_("all places")) if row.all_places else ", ".join(place.called for place in row.places.all())

    @admin.display(description=gettext_lazy("has access"), boolean=True)
    def is_in(self, row: Coordinator) -> bool:
        return row.user.is_active

    @admin.display(description=gettext_lazy("last signed in"), ordering="user__last_login")
    def last_seen(self, row: Coordinator) -> Any:
        return row.user.last_login

    def get_urls(self) -> list[Any]:
        act = self.admin_site.admin_view(require_POST(self.act))
        rights = self.admin_site.admin_view(require_POST(self.rights))
        return [
            path("<int:coordinator_id>/rights/", rights, name="accounts_coordinator_rights"),
            path("<int:coordinator_id>/act/<slug:act>/", act, name="accounts_coordinator_act"),
            *sessions.urls(self.admin_site),
            *erasing.urls(self.admin_site),
            *super().get_urls(),
        ]

    # -- pages ------------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Name a new coordinator, and send the invitation with which they choose a password."""
        user = self._naming(request)
        form = NameForm(request.POST or None, initial={"language": "ru", "role": Coordinator.Role.COORDINATOR})
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            try:
                row = invitations.name_coordinator(
                    given["username"],
                    form.granted(),
                    contact=given["contact"],
                    by=user,
                    at=timezone.now(),
                    name=given["name"],
                    language=given["language"],
                )
            except Refused as refusal:
                form.add_error(FIELD_OF.get(type(refusal), "places"), words_of(refusal))
            else:
                self.message_user(request, _("The invitation is on its way."), "success")
                return redirect(_page_of(row.pk))
        context = {**self.admin_site.each_context(request), "title": _("Name a coordinator"), "opts": self.opts}
        return TemplateResponse(request, self.add_form_template, {**context, "form": form})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        return self._page(request, get_object_or_404(self.get_queryset(request), pk=int(object_id)))

    def _page(self, request: HttpRequest, row: Coordinator, **more: Any) -> HttpResponse:
        now = coordinators.granted_to(row)
        lines = "\n".join(place.name for place in now.places)
        itself = row.user_id == request.user.pk
        context = {
            **self.admin_site.each_context(request),
            "title": row.user.username,
            "opts": self.opts,
            "row": row,
            "itself": itself,
            "form": ChangeForm(initial={"role": now.role, "all_places": now.all_places, "places": lines}),
            "acts": [(act, words) for act, (words, _do) in COORDINATOR_ACTS.items() if act in _acts_open(row)],
            "may_export_personal": coordinators.may_export_personal(row.user),
            "second_factor": second_factor.authenticator_of(row.user),
            "needs_contact": not row.user.contact_points.exclude(verified_at=None).exists(),
            "invited": row.user.invitations.filter(used_at=None, withdrawn_at=None).first(),
            "events": [
                {
                    "event": event,
                    "before": line_words.of_rights(event.was),
                    "after": line_words.of_rights(event.became),
                    "reason": remarks.words_of(event),
                }
                for event in row.user.coordinator_events.select_related("by", "remark")[:50]
            ],
            **more,
        }
        return TemplateResponse(request, self.change_form_template, context)

    # -- acts -------------------------------------------------------------------------------------

    def rights(self, request: HttpRequest, coordinator_id: int) -> HttpResponse:
        """Give another role or other places."""
        user = self._naming(request)
        row = get_object_or_404(self.get_queryset(request), pk=coordinator_id)
        form = ChangeForm(request.POST)
        if form.is_valid():
            try:
                coordinators.change_rights(
                    row.pk, form.granted(), by=user, at=timezone.now(), reason=form.cleaned_data["reason"]
                )
            except Refused as refusal:
                form.add_error("places" if isinstance(refusal, coordinators.NoPlaces) else None, words_of(refusal))
            else:
                self.message_user(request, _("The rights are changed."), "success")
                return redirect(_page_of(coordinator_id))
        return self._page(request, row, form=form)

    def act(self, request: HttpRequest, coordinator_id: int, act: str) -> HttpResponse:
        """Do the act that the URL names: confirm, reset the sign-in, end or restore access, and the like."""
        user = self._naming(request)
        row = get_object_or_404(self.get_queryset(request), pk=coordinator_id)
        if act not in COORDINATOR_ACTS:
            raise Http404
        reason = " ".join(request.POST.get("reason", "").split())[:LONGEST_REASON]
        if not reason:
            self.message_user(request, _("Write down the reason."), "error")
            return self._page(request, row)
        words, do = COORDINATOR_ACTS[act]
        more = {"contact": request.POST.get("contact", "")} if act == "reset" else {}
        said(
            request,
            lambda: do(row.pk, by=user, at=timezone.now(), reason=reason, **more),
            _("%(act)s: done.") % {"act": words},
        )
        return redirect(_page_of(coordinator_id))

    def _naming(self, request: HttpRequest) -> User:
        """Return the user who sent the request, if they may name coordinators. Raises Http404 for anybody else."""
        if not isinstance(request.user, User) or not rights_of(request.user).may_name:
            raise Http404
        return request.user


def _acts_open(row: Coordinator) -> set[str]:
    """Return the names of the acts that a coordinator's page offers.

    Only a coordinator's page offers acts about exports: a lead may export by role, and an auditor never may.
    """
    open_ = {"reset", "send-away"} if row.user.is_active else {"let-back"}
    if row.confirmed_at is None and row.user.is_active:
        open_.add("confirm")
    if row.user.is_active and row.role != Coordinator.Role.AUDITOR:
        open_.add("more-looks")
    if row.role == Coordinator.Role.COORDINATOR and row.user.is_active:
        open_.add("forbid-export" if coordinators.may_export_personal(row.user) else "permit-export")
    return open_


def _page_of(coordinator_id: int) -> str:
    return reverse("admin:accounts_coordinator_change", args=[coordinator_id])
