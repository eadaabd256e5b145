"""Who gets in, what they see, and how a refusal is said. Every admin of this project builds on this.

A coordinator is a staff user with a Coordinator row: the row is the right, no Django permissions are
handed out. They look at everything of their places, and change things only by the acts of the domain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.models import User
from accounts.refusals import Refused
from matching import queries

Row = TypeVar("Row", bound=Model)


def coordinator(request: HttpRequest) -> User:
    """Return the coordinator who asks. Raises Http404 for anybody else."""
    user = request.user
    if not isinstance(user, User) or queries.coordinator_of(user) is None:
        raise Http404
    return user


def said(request: HttpRequest, act: Callable[[], Any], success: str) -> bool:
    """Do one act and say how it went; a refusal becomes a message, never an error page. Return whether it went."""
    try:
        act()
    except Refused as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, success)
    return True


def back(request: HttpRequest, default: str) -> HttpResponse:
    """Return to the page that asked (`next`, a path of this site) or to `default`."""
    target = request.POST.get("next", "")
    return HttpResponseRedirect(target if target.startswith("/admin/") else default)


class LookOnly(admin.ModelAdmin[Row]):
    """Rows that coordinators look at and no form changes."""

    actions = None
    list_per_page = 50

    def visible(self, user: User) -> QuerySet[Row]:
        """Return what `user`, a coordinator, may see."""
        raise NotImplementedError(f"{type(self).__name__} says what may be seen")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        return self.visible(coordinator(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and queries.coordinator_of(request.user) is not None

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False
