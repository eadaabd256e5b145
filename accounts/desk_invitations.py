"""The page behind an invitation's link: its person chooses a password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from accounts import invitations
from accounts.invitations import InvitationOver
from accounts.models import User


class PasswordForm(forms.Form):
    """A new password, typed twice."""

    password = forms.CharField(
        label=gettext_lazy("A password that you use nowhere else, of 12 signs or more"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )
    again = forms.CharField(
        label=gettext_lazy("The same password again"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self._user = user

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, self._user)
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "password" in cleaned and cleaned.get("again") != cleaned["password"]:
            self.add_error("again", _("The two passwords are not the same. Type both again."))
        return cleaned


@sensitive_post_parameters("password", "again")
@csrf_protect
@never_cache
def invitation(request: HttpRequest, site: AdminSite, token: str) -> HttpResponse:
    """Ask for a password (GET), or use the link and store it (POST). Opening the link changes nothing."""
    try:
        user = invitations.invited_by_link(token, at=timezone.now())
        form = PasswordForm(request.POST if request.method == "POST" else None, user=user)
        if request.method == "POST" and form.is_valid():
            invitations.accept(token, form.cleaned_data["password"], at=timezone.now())
            messages.success(request, _("Your password is stored. Sign in now, and set up your second factor."))
            return redirect("admin:login")
    except InvitationOver as refusal:
        context = {**site.each_context(request), "title": _("Invitation"), "refusal": refusal}
        return TemplateResponse(request, "admin/door/invitation.html", context, status=410)
    context = {**site.each_context(request), "title": _("Choose a password"), "form": form, "name": user.username}
    return TemplateResponse(request, "admin/door/invitation.html", context)
