"""The audit pages: who did what, and who looked at whom. Only lead coordinators and auditors see them.

Nobody can change a line: a trigger of each table refuses UPDATE and DELETE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from accounts.coordinators import Rights, rights_of
from accounts.models import CoordinatorEvent, HostEvent, User
from matching import queries
from matching.admin import line_words
from matching.admin.access import LookOnly, Row
from matching.admin.personal import PERSONAL_FIELD_WORDS
from matching.admin.words import REASON_WORDS
from matching.models import DeskEvent, MatchEvent
from privacy import remarks
from privacy.models import AccessLog


class WhoDidIt(admin.SimpleListFilter):
    """Filters lines by the coordinator or auditor who acted."""

    title = gettext_lazy("by whom")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        desk = User.objects.filter(is_staff=True).order_by("username")
        return [(str(pk), name) for pk, name in desk.values_list("pk", "username")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(by=int(self.value())) if (self.value() or "").isdecimal() else queryset  # type: ignore[arg-type]


class WhichReason(admin.SimpleListFilter):
    """Filters lines by their reason. An act without a reason is only in the unfiltered list."""

    title = gettext_lazy("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(REASON_WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() in REASON_WORDS else queryset


class AuditOnly(LookOnly[Row]):
    """The admin of lines of history. Only lead coordinators and auditors see it; for others the page does not exist."""

    date_hierarchy = "at"
    ordering = ["-at", "-id"]
    list_per_page = 100
    list_display_links = None
    show_full_result_count = False
    persons: Sequence[str] = ()
    """The lookups of the users whom a line is about. A line about somebody who must not meet its reader is left out."""

    def _lets_look(self, rights: Rights) -> bool:
        return rights.may_audit

    def get_fields(self, request: HttpRequest, obj: Row | None = None) -> Any:
        """Return the columns of the list, so that a line's own page, which nothing links to, shows no more than they do."""
        return self.list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        if not (isinstance(request.user, User) and rights_of(request.user).may_audit):
            raise Http404
        return self.shown_to(request.user)

    def shown_to(self, user: User) -> QuerySet[Row]:
        """Return the lines that this lead or auditor may read."""
        return self.model._default_manager.filter(queries.not_on_lists(user, *self.persons))


@admin.register(MatchEvent)
class MatchEventAdmin(AuditOnly[MatchEvent]):
    """Every act on a match."""

    list_display = ["at", "by", "role", "act", "which", "from_status", "to_status", "reason"]
    list_filter = [WhoDidIt, "act", "role", "to_status", WhichReason, "at"]
    list_select_related = ["by", "match"]
    persons = ("match__space__host__user", "match__request__arrival__user")
    search_fields = ["=match__id", "=by__username"]
    exclude = ["remark"]

    @admin.display(description=gettext_lazy("match"))
    def which(self, event: MatchEvent) -> str:
        return _linked("admin:matching_match_change", event.match)


@admin.register(DeskEvent)
class DeskEventAdmin(AuditOnly[DeskEvent]):
    """Who took a household, gave it back, handed it over or wrote a note on it. Only the cards show the notes' text."""

    list_display = ["at", "by", "what", "which", "whom"]
    list_filter = [WhoDidIt, "what", "at"]
    list_select_related = ["by", "whom", "request"]
    persons = ("request__arrival__user",)
    search_fields = ["=request__id", "=by__username"]

    @admin.display(description=gettext_lazy("shelter request"))
    def which(self, event: DeskEvent) -> str:
        return _linked("admin:matching_shelterrequest_change", event.request)


@admin.register(HostEvent)
class HostEventAdmin(AuditOnly[HostEvent]):
    """Every change of a host's standing."""

    list_display = ["at", "by", "which", "from_status", "to_status", "why"]
    list_filter = [WhoDidIt, "to_status", "at"]
    list_select_related = ["by", "host", "remark"]
    persons = ("host__user",)

    @admin.display(description=gettext_lazy("reason"))
    def why(self, event: HostEvent) -> str:
        return line_words.of_host_event(event)

    @admin.display(description=gettext_lazy("host"))
    def which(self, event: HostEvent) -> str:
        return _linked("admin:accounts_host_change", event.host)


@admin.register(CoordinatorEvent)
class CoordinatorEventAdmin(AuditOnly[CoordinatorEvent]):
    """Every sign-in at the desk, and every change of a coordinator's rights and keys."""

    list_display = ["at", "by", "what", "about", "before", "after", "why"]
    list_filter = [WhoDidIt, "what", "at"]
    list_select_related = ["by", "about", "remark"]
    search_fields = ["=about__username", "=by__username"]

    @admin.display(description=gettext_lazy("before"))
    def before(self, event: CoordinatorEvent) -> str:
        return line_words.of_rights(event.was)

    @admin.display(description=gettext_lazy("after"))
    def after(self, event: CoordinatorEvent) -> str:
        return line_words.of_rights(event.became)

    @admin.display(description=gettext_lazy("reason"))
    def why(self, event: CoordinatorEvent) -> str:
        return remarks.words_of(event)


@admin.register(AccessLog)
class AccessLogAdmin(AuditOnly[AccessLog]):
    """Who looked at whose personal fields, and why."""

    list_display = ["at", "by", "about", "shown", "why"]
    list_filter = [WhoDidIt, "reason", "at"]
    list_select_related = ["by", "about", "remark"]
    persons = ("about",)
    search_fields = ["=about__username", "=by__username"]

    @admin.display(description=gettext_lazy("what was shown"), ordering="fields")
    def shown(self, look: AccessLog) -> str:
        """Return the opened fields in words. The log names a picture `evidence:NUMBER`."""
        fields = [field.partition(":") for field in look.fields.split()]
        return ", ".join(f"{PERSONAL_FIELD_WORDS.get(name, name)} {number}".strip() for name, _colon, number in fields)

    @admin.display(description=gettext_lazy("reason"), ordering="reason")
    def why(self, look: AccessLog) -> str:
        """Return the reason in words, with the note beside it."""
        return line_words.of_look(look)


def _linked(view: str, row: Model) -> str:
    return format_html('<a href="{}">{}</a>', reverse(view, args=[row.pk]), row)
