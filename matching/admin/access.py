"""Access to the desk: who may open a page, which rows they see, and how a refusal is shown. Every admin here uses it.

A coordinator is a staff user with a Coordinator row. That row gives the rights; Django's own permissions are not used.
Coordinators see everything of their places and change it only by the acts of the domain. Auditors see the same pages
without personal fields. Three layers refuse an auditor's changes: the site (`accounts.desk`), `coordinator` below, and the
acts of the domain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from accounts.coordinators import Rights, coordinator_of, desk_of, rights_of
from accounts.models import User
from accounts.refusals import Refused
from matching.disclosure import LookReason
from matching.limits import LONGEST_NOTE, LONGEST_REASON
from matching.refusal_words import words_of

Row = TypeVar("Row", bound=Model)


LOOKING = ("GET", "HEAD")

LOOKS_TO_CHOOSE = (
    *(LookReason.CALL, LookReason.ASKED, LookReason.VETTING, LookReason.SAFETY, LookReason.MISTAKE, LookReason.OTHER),
)
LOOK_REASONS: dict[str, Any] = {reason.value: reason.label for reason in LOOKS_TO_CHOOSE}
"""The reasons to open personal fields, with their words. The list is short, so that the reasons can be counted."""


class Why(NamedTuple):
    """Why a coordinator opens personal fields: one of LOOK_REASONS, and the note that they typed beside it."""

    reason: str
    note: str


def coordinator(request: HttpRequest) -> User:
    """Return the coordinator who sent the request, or the auditor if it is a GET or HEAD. Raises Http404 for others."""
    user = request.user
    may = desk_of if request.method in LOOKING else coordinator_of
    if not isinstance(user, User) or may(user) is None:
        raise Http404
    return user


def acting(request: HttpRequest) -> User:
    """Return the coordinator who opens a page that only serves an act. Raises Http404 for anybody else."""
    user = coordinator(request)
    if not rights_of(user).may_act:
        raise Http404
    return user


def lead(request: HttpRequest) -> User:
    """Return the lead coordinator who sent the request. Raises Http404 for anybody else."""
    user = coordinator(request)
    if not rights_of(user).is_lead:
        raise Http404
    return user


def note_of(request: HttpRequest) -> str:
    """Return the note that a form of the desk sent, cut at LONGEST_NOTE: the field of the form takes no more."""
    return request.POST.get("note", "")[:LONGEST_NOTE]


def why_look(request: HttpRequest) -> Why | None:
    """Return the reason to open personal fields, as it will be logged. Without a reason, tell the user and return None.

    The form sends `why` (one of LOOK_REASONS) and `note` (free text, needed with "other").
    """
    reason, note = request.POST.get("why", ""), " ".join(request.POST.get("note", "").split())[:LONGEST_REASON]
    if reason not in LOOK_REASONS:
        messages.error(request, _("Choose why you need to see this; it is logged."))
        return None
    if reason == "other" and not note:
        messages.error(request, _("Write down your reason; it is logged."))
        return None
    return Why(reason, note)


def said(request: HttpRequest, act: Callable[[], Any], success: str) -> bool:
    """Do one act and show `success` or the refusal as a message on the next page. Return whether the act was done."""
    try:
        act()
    except Refused as refusal:
        messages.error(request, words_of(refusal))
        return False
    messages.success(request, success)
    return True


def back(request: HttpRequest, default: str) -> HttpResponse:
    """Redirect to the path `next` of the form if it is a page of the desk, else to `default`."""
    target = request.POST.get("next", "")
    return HttpResponseRedirect(target if target.startswith("/admin/") else default)


class LookOnly(admin.ModelAdmin[Row]):
    """The admin of rows that the desk may see but no form may add, change or delete."""

    actions = None
    list_per_page = 50

    def visible(self, user: User) -> QuerySet[Row]:
        """Return the rows that `user`, a coordinator or auditor, may see."""
        raise NotImplementedError(f"{type(self).__name__} must define visible()")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        return self.visible(coordinator(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._lets_look(rights_of(request.user))

    def _lets_look(self, rights: Rights) -> bool:
        """Return whether a user with these rights may open the pages of this model."""
        return rights.may_act or rights.reads_only

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False
