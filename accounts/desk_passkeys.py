"""The pages of passkeys: signing in with one, adding one and removing one. These are the only pages that need a script."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from accounts import desk_sessions, devices, passkeys, sign_ins, throttles
from accounts.desk_door import DESK_TRIES_FROM, DOOR_MINUTES, desk_account, within
from accounts.models import User
from accounts.refusals import Refused
from accounts.sources import source_of
from accounts.throttles import TRIES_SECONDS, Budget

CHALLENGE = "passkey_challenge"
ADDING = "adding_passkey"


class AnswerForm(forms.Form):
    """What the device signed, as the script writes it into the form."""

    answer = forms.CharField(max_length=20_000, widget=forms.HiddenInput)


class NewPasskeyForm(AnswerForm):
    name = forms.CharField(label=gettext_lazy("A name for this passkey, for example: my phone"), max_length=60)


@csrf_protect
@never_cache
def sign_in(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Ask for a passkey (GET), or begin the session if it is one of ours (POST)."""
    _needs_a_domain()
    form = AnswerForm(request.POST if request.method == "POST" else None)
    wanted = within(request, request.POST.get("next") or request.GET.get("next"))
    problem = ""
    if request.method == "POST" and form.is_valid():
        at, budget = timezone.now(), Budget("passkey-from", source_of(request), DESK_TRIES_FROM, TRIES_SECONDS)
        try:
            with throttles.trying(budget, at=at):
                row = passkeys.prove(form.cleaned_data["answer"], challenge=_challenge(request, at), at=at)
        except Refused as refusal:
            problem = str(refusal)
        else:
            user = User.objects.get(pk=row.user_id)
            logout(request)  # Nothing of an earlier user's session may carry over.
            desk_sessions.enter(request, user, row, at=at)
            onward = redirect(wanted)
            devices.remember(request, onward, desk_account(user.username))
            return onward
    options, challenge = passkeys.options_to_sign_in()
    _keep(request, challenge)
    context = {"title": _("Sign in with a passkey"), "options": options, "problem": problem, "next": wanted}
    return TemplateResponse(request, "admin/door/passkey.html", {**site.each_context(request), **context})


def add(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Add a passkey, within minutes of a code of the present factor."""
    _needs_a_domain()
    user, at = _user(request), timezone.now()
    if at.timestamp() - request.session.get(ADDING, 0) > DOOR_MINUTES * 60:
        return redirect("admin:keys")
    form = NewPasskeyForm(request.POST if request.method == "POST" else None)
    problem = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            passkeys.add(user, given["answer"], challenge=_challenge(request, at), name=given["name"], at=at)
        except Refused as refusal:
            problem = str(refusal)
        else:
            del request.session[ADDING]
            messages.success(request, _("The passkey is added. You can sign in with it from now on."))
            return redirect("admin:keys")
    options, challenge = passkeys.options_to_add(user)
    _keep(request, challenge)
    context = {"title": _("Add a passkey"), "options": options, "problem": problem, "form": form}
    return TemplateResponse(request, "admin/door/passkey_new.html", {**site.each_context(request), **context})


def remove(request: HttpRequest, site: AdminSite, passkey_id: int) -> HttpResponse:
    """Remove a passkey of one's own. Every other session ends, and so does this one if the passkey began it."""
    if request.method != "POST":
        return redirect("admin:keys")
    user, at = _user(request), timezone.now()
    passkeys.remove(user, passkey_id, at=at)
    sign_ins.go_on(request, user, at=at)
    messages.success(request, _("The passkey is removed."))
    return redirect("admin:keys")


def _keep(request: HttpRequest, challenge: bytes) -> None:
    request.session[CHALLENGE] = [bytes_to_base64url(challenge), timezone.now().timestamp()]


def _challenge(request: HttpRequest, at: datetime) -> bytes:
    """Return the challenge of this browser's page, once, within DOOR_MINUTES. Raises WrongPasskey."""
    kept = request.session.pop(CHALLENGE, None)
    if kept is None or at.timestamp() - kept[1] > DOOR_MINUTES * 60:
        raise passkeys.WrongPasskey
    return base64url_to_bytes(kept[0])


def _needs_a_domain() -> None:
    if not passkeys.possible():
        raise Http404


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User), "the site lets nobody else in"
    return request.user
