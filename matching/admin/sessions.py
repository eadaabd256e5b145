"""Open sessions and tokens at the desk: one's own, and for lead coordinators those of anybody."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import sign_ins, tokens
from accounts.models import Coordinator, User
from matching import queries
from matching.admin.access import lead, said


def urls(site: AdminSite) -> list[Any]:
    """Return the addresses of these pages. The site admits nobody without both factors."""
    own = "<int:user_id>/sessions"

    def of_site(request: HttpRequest, user_id: int) -> HttpResponse:
        return sessions(request, site, user_id)

    return [
        path(f"{own}/", site.admin_view(require_safe(of_site)), name="accounts_sessions"),
        path(f"{own}/end/", site.admin_view(require_POST(end_all)), name="accounts_end_all"),
        path(f"{own}/<int:sign_in_id>/end/", site.admin_view(require_POST(end_session)), name="accounts_end_session"),
        path(f"{own}/token/<int:token_id>/end/", site.admin_view(require_POST(end_token)), name="accounts_end_token"),
    ]


def sessions(request: HttpRequest, site: AdminSite, user_id: int) -> HttpResponse:
    """Show a lead coordinator where somebody is signed in."""
    lead(request)
    person = _person(request, user_id)
    context = {
        **site.each_context(request),
        "title": _("Sessions and tokens of %(name)s") % {"name": person.username},
        "opts": Coordinator._meta,
        "person": person,
        **sign_ins.of_person(person, request.session, at=timezone.now()),
    }
    return TemplateResponse(request, "admin/matching/sessions_page.html", context)


def end_session(request: HttpRequest, user_id: int, sign_in_id: int) -> HttpResponse:
    """End a session of one's own, or as a lead that of somebody else."""
    by = _user(request)
    _person(request, user_id)
    row = get_object_or_404(sign_ins.visible_to(by), pk=sign_in_id, user_id=user_id)
    said(request, lambda: sign_ins.end_session(row, by=by, at=timezone.now()), _("The session is ended."))
    return _back(by, user_id)


def end_token(request: HttpRequest, user_id: int, token_id: int) -> HttpResponse:
    """End a token of one's own, or as a lead that of somebody else."""
    by = _user(request)
    _person(request, user_id)
    row = get_object_or_404(tokens.visible_to(by), pk=token_id, user_id=user_id)
    said(request, lambda: sign_ins.end_token(row, by=by, at=timezone.now()), _("The token is ended."))
    return _back(by, user_id)


def end_all(request: HttpRequest, user_id: int) -> HttpResponse:
    """End every session and token of somebody, as a lead."""
    by = lead(request)
    person = _person(request, user_id)
    said(
        request,
        lambda: sign_ins.end_all(person, by=by, at=timezone.now()),
        _("Every session and token of %(name)s is ended.") % {"name": person.username},
    )
    return _back(by, user_id)


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def _person(request: HttpRequest, user_id: int) -> User:
    """Return the person: oneself, or one in whose case a lead has a part. Raises Http404."""
    by, person = _user(request), get_object_or_404(User, pk=user_id)
    if by != person and queries.keeps_out_of(by, person.pk):
        raise Http404
    return person


def _back(by: User, user_id: int) -> HttpResponse:
    return redirect("admin:keys") if by.pk == user_id else redirect("admin:accounts_sessions", user_id)
