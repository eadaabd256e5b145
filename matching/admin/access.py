"""Who gets in, what they see, and how a refusal is said. Every admin of this project builds on this.

A coordinator is a staff user with a Coordinator row: the row is the right, no Django permissions are
handed out. They look at everything of their places, and change things only by the acts of the domain.
An auditor looks at the same pages without personal fields; whatever would change something is refused
by the site itself (`accounts.desk`), by `coordinator` below, and by the acts of the domain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.coordinators import Rights, coordinator_of, desk_of, rights_of
from accounts.models import User
from accounts.refusals import Refused

Row = TypeVar("Row", bound=Model)


LOOKING = ("GET", "HEAD")

LOOK_REASONS = {
    "call": gettext_lazy("to call or write to them about a match"),
    "asked": gettext_lazy("they asked me"),
    "vetting": gettext_lazy("to vet the host"),
    "safety": gettext_lazy("somebody may not be safe"),
    "mistake": gettext_lazy("to put a mistake right"),
    "other": gettext_lazy("another reason, written down beside"),
}
"""Why a coordinator opens personal fields: a short list, so that it can be learnt from."""

NEW_SECRET = "gave a new secret"  # noqa: S105 - words, and no secret
"""What is logged as the reason when a coordinator reads a new secret to an arrival; `audit` puts it into words."""


def coordinator(request: HttpRequest) -> User:
    """Return the coordinator who asks, or the auditor where nothing is changed. Raises Http404 for anybody else."""
    user = request.user
    may = desk_of if request.method in LOOKING else coordinator_of
    if not isinstance(user, User) or may(user) is None:
        raise Http404
    return user


def acting(request: HttpRequest) -> User:
    """Return the coordinator who asks for a page that is there to act only. Raises Http404 for anybody else."""
    user = coordinator(request)
    if not rights_of(user).may_act:
        raise Http404
    return user


def lead(request: HttpRequest) -> User:
    """Return the lead coordinator who asks. Raises Http404 for anybody else."""
    user = coordinator(request)
    if not rights_of(user).is_lead:
        raise Http404
    return user


def why_look(request: HttpRequest) -> str | None:
    """Return why personal fields are to be opened, as it will be logged; None when that was not said (then it is said).

    The form sends `why` (one of LOOK_REASONS) and `note` (free text, needed with "other").
    """
    reason, note = request.POST.get("why", ""), " ".join(request.POST.get("note", "").split())
    if reason not in LOOK_REASONS:
        messages.error(request, _("Choose why you need to see this; it is logged."))
        return None
    if reason == "other" and not note:
        messages.error(request, _("Write down your reason; it is logged."))
        return None
    return f"{reason}: {note}"[:200] if note else reason


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
        return self._lets_look(rights_of(request.user))

    def _lets_look(self, rights: Rights) -> bool:
        """Return whether somebody with these rights may open the pages of this model at all."""
        return rights.may_act or rights.reads_only

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False
