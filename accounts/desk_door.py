"""Signing in at the desk in two steps: name and password, then six digits. The first sign-in sets the digits up."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from accounts import desk_sessions, devices, passkeys, second_factor, throttles
from accounts.models import Authenticator, User
from accounts.refusals import Refused
from accounts.sources import source_of
from accounts.throttles import TRIES_OF_ONE, TRIES_SECONDS, Budget

AT_THE_DOOR = "at_the_door"
DESK_TRIES_OF_ALL = 100
"""Wrong passwords for one user name from all sources together in TRIES_SECONDS. The second factor stands behind them."""
DESK_TRIES_FROM = 60
"""Wrong passwords for all user names from one source in TRIES_SECONDS."""
DOOR_MINUTES = 10
"""Minutes between a right password and the second factor; after that the password is asked for again."""


def desk_account(username: str) -> str:
    """Return the name by which a device knows a coordinator."""
    return f"desk:{username}"


class DeskPasswordForm(AdminAuthenticationForm):
    """The first step. A try is paid before the password is checked, and given back when it was right."""

    def clean(self) -> dict[str, Any]:
        assert self.request is not None
        name, source = self.cleaned_data.get("username") or "", source_of(self.request)
        own = Budget("desk", name, TRIES_OF_ONE, TRIES_SECONDS)
        budgets = devices.budgets(
            devices.device_of(self.request),
            desk_account(name),
            own,
            (
                Budget("desk-from", source, DESK_TRIES_FROM, TRIES_SECONDS),
                Budget("desk-here", f"{name} {source}", TRIES_OF_ONE, TRIES_SECONDS),
                Budget("desk", name, DESK_TRIES_OF_ALL, TRIES_SECONDS),
            ),
        )
        try:
            with throttles.trying(*budgets, at=timezone.now()):
                return super().clean()
        except Refused as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.code) from refusal


class SecondFactorForm(forms.Form):
    """The six digits that the app shows."""

    code = forms.CharField(
        label=gettext_lazy("The six digits in your app"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}
        ),
    )


class FirstCodeForm(SecondFactorForm):
    """The first six digits. The field stands below the secret and takes no focus, so that the page opens at its top."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        del self.fields["code"].widget.attrs["autofocus"]


class RecoveryForm(forms.Form):
    """A recovery code from paper. The field has the name of SecondFactorForm's, so that one view reads both."""

    code = forms.CharField(
        label=gettext_lazy("A recovery code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "autofocus": True, "spellcheck": "false"}
        ),
    )


@sensitive_post_parameters("password")
@csrf_protect
@never_cache
def sign_in(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Ask for name and password; if they are right, remember the user in the session and ask for the second factor."""
    wanted = within(request, request.POST.get("next") or request.GET.get("next"))
    if request.method == "GET" and site.has_permission(request):
        return redirect(wanted)
    form = DeskPasswordForm(request, data=request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        logout(request)  # Nothing of an earlier user's session may carry over.
        request.session[AT_THE_DOOR] = {"user": user.pk, "at": timezone.now().timestamp(), "next": wanted}
        return redirect("admin:login_code")
    return _page(
        request, site, "admin/door/sign_in.html", _("Sign in"), form=form, next=wanted, passkeys=passkeys.possible()
    )


@csrf_protect
@never_cache
def prove(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Ask for the second factor; if it is right, begin the session."""
    at = timezone.now()
    user = _who_waits(request, at)
    if user is None:
        return redirect("admin:login")
    known = second_factor.authenticator_of(user)
    if known is None:
        return redirect("admin:login_set_up")
    if request.method == "GET":
        _print_digits_of_the_demo(known, at)
    by_paper = "recovery" in request.GET
    form = (RecoveryForm if by_paper else SecondFactorForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            authenticator = second_factor.prove(user, form.cleaned_data["code"], at=at)
        except Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            onward = redirect(_let_in(request, user, authenticator, at))
            devices.remember(request, onward, desk_account(user.username))
            return onward
    return _page(request, site, "admin/door/code.html", _("Second step"), form=form, by_paper=by_paper)


@csrf_protect
@never_cache
def set_up(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Set up the second factor at the first sign-in: show the secret, check the first digits, show recovery codes."""
    at = timezone.now()
    user = _who_waits(request, at)
    if user is None:
        return redirect("admin:login")
    if second_factor.authenticator_of(user) is not None:
        return redirect("admin:login_code")
    waiting = second_factor.begin(user, at=at)
    form = FirstCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            authenticator, codes = second_factor.confirm(user, form.cleaned_data["code"], at=at)
        except Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            page = recovery_codes_page(request, site, codes, _let_in(request, user, authenticator, at))
            devices.remember(request, page, desk_account(user.username))
            return page
    return set_up_page(request, site, waiting, form)


def set_up_page(request: HttpRequest, site: AdminSite, waiting: Authenticator, form: SecondFactorForm) -> HttpResponse:
    """Show the secret as a QR code, as letters and as a link for the app, and ask for the first digits."""
    secret = waiting.secret
    return _page(
        request,
        site,
        "admin/door/set_up.html",
        _("Set up your second factor"),
        form=form,
        picture=_picture(second_factor.address_for_app(waiting)),
        address=second_factor.address_for_app(waiting),
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    )


def recovery_codes_page(request: HttpRequest, site: AdminSite, codes: list[str], onward: str) -> HttpResponse:
    """Show new recovery codes. Only their hashes are stored, so no page can show them again."""
    title = _("Write down your recovery codes")
    return _page(request, site, "admin/door/recovery_codes.html", title, codes=codes, onward=onward)


def _page(request: HttpRequest, site: AdminSite, template: str, title: str, **more: Any) -> HttpResponse:
    return TemplateResponse(request, template, {**site.each_context(request), "title": title, **more})


def _picture(address: str) -> SafeString:
    """Return the QR code as an inline SVG: the content security policy allows no `data:` pictures and no styles."""
    drawn = segno.make(address, error="m").svg_inline(scale=5, border=4, light="#fff", dark="#000")
    return mark_safe(drawn)  # noqa: S308 - segno draws the address as squares; no text of it is in the SVG


def _print_digits_of_the_demo(authenticator: Authenticator, at: datetime) -> None:
    """Print the demo's six digits on a trial's console, since people of the demo have no app to show them."""
    if "console" in settings.NOTIFICATION_TRANSPORTS and authenticator.secret == second_factor.KNOWN_TO_EVERYBODY:
        digits = second_factor.digits_now(authenticator.secret, at=at)
        sys.stdout.write(f"\n--- the six digits of {authenticator.user} now\n{digits}\n---\n")
        sys.stdout.flush()


def _who_waits(request: HttpRequest, at: datetime) -> User | None:
    """Return the user whose password was right in this browser within the last DOOR_MINUTES, or None."""
    waiting = request.session.get(AT_THE_DOOR)
    if waiting is None or at - datetime.fromtimestamp(waiting["at"], tz=at.tzinfo) > timedelta(minutes=DOOR_MINUTES):
        return None
    return User.objects.filter(pk=waiting["user"], is_active=True, is_staff=True).first()


def _let_in(request: HttpRequest, user: User, authenticator: Authenticator, at: datetime) -> str:
    """Begin the session; return the address that the user wanted to open."""
    onward = within(request, request.session.pop(AT_THE_DOOR)["next"])
    desk_sessions.enter(request, user, authenticator, at=at)
    return onward


def within(request: HttpRequest, target: str | None) -> str:
    """Return `target` if it is a page of this site's desk, else the desk's first page."""
    index = reverse("admin:index")
    safe = url_has_allowed_host_and_scheme(target or "", allowed_hosts={request.get_host()})
    return target if target and safe and target.startswith(index) else index
