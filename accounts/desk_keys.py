"""A coordinator's own keys: new recovery codes, and moving the second factor to another phone."""

from __future__ import annotations

from datetime import datetime

import django_otp
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import passkeys, second_factor, sign_ins
from accounts.desk_door import DOOR_MINUTES, FirstCodeForm, SecondFactorForm, recovery_codes_page, set_up_page
from accounts.desk_passkeys import ADDING
from accounts.models import Passkey, User
from accounts.refusals import Refused

MOVING = "moving_second_factor"


def keys(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the coordinator's keys. New recovery codes and a move to another phone need a code of the present factor."""
    user, at = _user(request), timezone.now()
    form = SecondFactorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            second_factor.prove(user, form.cleaned_data["code"], at=at)
        except Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            if request.POST.get("act") == "passkey" and passkeys.possible():
                request.session[ADDING] = at.timestamp()
                return redirect("admin:keys_passkey")
            if request.POST.get("act") == "move":
                request.session[MOVING] = at.timestamp()
                return redirect("admin:keys_new")
            return recovery_codes_page(request, site, second_factor.make_recovery_codes(user, at=at), _keys())
    context = {
        **site.each_context(request),
        "title": _("My second factor"),
        "form": form,
        "authenticator": second_factor.authenticator_of(user),
        "passkeys": Passkey.objects.filter(user=user),
        "passkeys_possible": passkeys.possible(),
        "codes_left": second_factor.unused_recovery_codes(user),
        **sign_ins.of_person(user, request.session, at=at),
    }
    return TemplateResponse(request, "admin/door/keys.html", context)


def new(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Set up the second factor on another phone. The old phone's codes stop working."""
    user, at = _user(request), timezone.now()
    if not _is_moving(request, at):
        return redirect("admin:keys")
    waiting = second_factor.begin(user, at=at)
    form = FirstCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            authenticator, codes = second_factor.confirm(user, form.cleaned_data["code"], at=at)
        except Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            del request.session[MOVING]
            sign_ins.go_on(request, user, at=at)
            django_otp.login(request, authenticator)
            return recovery_codes_page(request, site, codes, _keys())
    return set_up_page(request, site, waiting, form)


def _is_moving(request: HttpRequest, at: datetime) -> bool:
    return bool(at.timestamp() - request.session.get(MOVING, 0) < DOOR_MINUTES * 60)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User), "the site lets nobody else in"
    return request.user


def _keys() -> str:
    return reverse("admin:keys")
