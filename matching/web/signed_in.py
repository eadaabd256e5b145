"""Where a person is signed in: their open sessions and tokens, each of which they can end."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import sign_ins
from accounts.sign_ins import SIGN_IN
from matching.web.leaving import forgetting
from matching.web.visitors import arrival_of, for_anybody_signed_in, user_of


@require_safe
@for_anybody_signed_in
def signed_in(request: HttpRequest) -> HttpResponse:
    """Show the open sessions and the valid tokens of the visitor."""
    user = user_of(request)
    assert user is not None
    context = {
        "home": "web:case" if arrival_of(request) else "web:host",
        **sign_ins.of_person(user, request.session, at=timezone.now()),
    }
    return render(request, "signed_in.html", context)


@require_POST
@for_anybody_signed_in
def end_session(request: HttpRequest, sign_in_id: int) -> HttpResponse:
    """End one session of the visitor. The session of this very browser ends like signing out."""
    user = user_of(request)
    assert user is not None
    row = get_object_or_404(sign_ins.visible_to(user), pk=sign_in_id, user=user)
    here = request.session.get(SIGN_IN) == row.pk
    sign_ins.end_session(row, by=user, at=timezone.now())
    if here:
        logout(request)
        return forgetting(redirect("web:home"))
    messages.success(request, _("The session is ended."))
    return redirect("web:signed_in")


@require_POST
@for_anybody_signed_in
def end_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """End one token of the visitor, with every token that it made."""
    user = user_of(request)
    assert user is not None
    row = get_object_or_404(user.tokens, pk=token_id)
    sign_ins.end_token(row, by=user, at=timezone.now())
    messages.success(request, _("The token is ended."))
    return redirect("web:signed_in")
