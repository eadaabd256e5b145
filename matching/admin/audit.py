"""The audit pages: who did what, and who looked at whom. For lead coordinators and auditors; nobody can change a line.

Every list is a table the database refuses to change (a trigger on UPDATE and DELETE), shown as it is.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.coordinators import Rights, rights_in_words, rights_of
from accounts.models import CoordinatorEvent, HostEvent, User
from matching.admin.access import LOOK_REASONS, NEW_SECRET, LookOnly, Row
from matching.admin.personal import FIELD_WORDS
from matching.admin.words import REASON_WORDS
from matching.models import DeskEvent, MatchEvent
from privacy.models import AccessLog


class WhoDidIt(admin.SimpleListFilter):
    """The people with access to the desk, by name: what did this one do?"""

    title = gettext_lazy("by whom")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        desk = User.objects.filter(is_staff=True).order_by("username")
        return [(str(pk), name) for pk, name in desk.values_list("pk", "username")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(by=int(self.value())) if (self.value() or "").isdecimal() else queryset  # type: ignore[arg-type]


class WhichReason(admin.SimpleListFilter):
    """The reasons of the list, in words; an act without one is under none of them."""

    title = gettext_lazy("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(REASON_WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() in REASON_WORDS else queryset


class AuditOnly(LookOnly[Row]):
    """Lines of history that leads and auditors read; nobody else learns that they are there."""

    date_hierarchy = "at"
    ordering = ["-at", "-id"]
    list_per_page = 100
    list_display_links = None
    show_full_result_count = False

    def _lets_look(self, rights: Rights) -> bool:
        return rights.may_audit

    def get_fields(self, request: HttpRequest, obj: Row | None = None) -> Any:
        """Return what the list shows of a line: nothing links to the page of one, and it says no more."""
        return self.list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        if not rights_of(request.user).may_audit:
            raise Http404
        return self.model._default_manager.all()


@admin.register(MatchEvent)
class MatchEventAdmin(AuditOnly[MatchEvent]):
    """Every act on a match."""

    list_display = ["at", "by", "role", "act", "which", "from_status", "to_status", "reason"]
    list_filter = [WhoDidIt, "act", "role", "to_status", WhichReason, "at"]
    list_select_related = ["by", "match"]
    search_fields = ["=match__id", "=by__username"]
    exclude = ["note"]

    @admin.display(description=gettext_lazy("match"))
    def which(self, event: MatchEvent) -> str:
        return _linked("admin:matching_match_change", event.match)


@admin.register(DeskEvent)
class DeskEventAdmin(AuditOnly[DeskEvent]):
    """Who took which household, gave it back, handed it over or wrote a note on it; what notes say stands on the cards."""

    list_display = ["at", "by", "what", "which", "whom"]
    list_filter = [WhoDidIt, "what", "at"]
    list_select_related = ["by", "whom", "request"]
    search_fields = ["=request__id", "=by__username"]

    @admin.display(description=gettext_lazy("shelter request"))
    def which(self, event: DeskEvent) -> str:
        return _linked("admin:matching_shelterrequest_change", event.request)


@admin.register(HostEvent)
class HostEventAdmin(AuditOnly[HostEvent]):
    """Every change of a host's standing."""

    list_display = ["at", "by", "which", "from_status", "to_status", "reason"]
    list_filter = [WhoDidIt, "to_status", "at"]
    list_select_related = ["by", "host"]

    @admin.display(description=gettext_lazy("host"))
    def which(self, event: HostEvent) -> str:
        return _linked("admin:accounts_host_change", event.host)


@admin.register(CoordinatorEvent)
class CoordinatorEventAdmin(AuditOnly[CoordinatorEvent]):
    """Every sign-in at the desk, and every change of a coordinator's rights and keys."""

    list_display = ["at", "by", "what", "about", "before", "after", "reason"]
    list_filter = [WhoDidIt, "what", "at"]
    list_select_related = ["by", "about"]
    search_fields = ["=about__username", "=by__username"]

    @admin.display(description=gettext_lazy("before"))
    def before(self, event: CoordinatorEvent) -> str:
        return rights_in_words(event.was)

    @admin.display(description=gettext_lazy("after"))
    def after(self, event: CoordinatorEvent) -> str:
        return rights_in_words(event.became)


@admin.register(AccessLog)
class AccessLogAdmin(AuditOnly[AccessLog]):
    """Who looked at whose personal fields, and why."""

    list_display = ["at", "by", "about", "shown", "why"]
    list_filter = [WhoDidIt, "at"]
    list_select_related = ["by", "about"]
    search_fields = ["=about__username", "=by__username", "reason"]

    @admin.display(description=gettext_lazy("what was shown"), ordering="fields")
    def shown(self, look: AccessLog) -> str:
        """Return the fields in words; a picture is kept as `evidence:NUMBER`."""
        fields = [field.partition(":") for field in look.fields.split()]
        return ", ".join(f"{FIELD_WORDS.get(name, name)} {number}".strip() for name, _colon, number in fields)

    @admin.display(description=gettext_lazy("reason"), ordering="reason")
    def why(self, look: AccessLog) -> str:
        """Return the reason in words, with what was written down beside it."""
        if look.reason == NEW_SECRET:
            return _("gave a new secret")
        reason, _colon, note = look.reason.partition(": ")
        if reason in LOOK_REASONS:
            return f"{LOOK_REASONS[reason]}: {note}" if note else str(LOOK_REASONS[reason])
        match, _space, number = look.reason.partition(" ")
        return _("match %(number)s") % {"number": number} if match == "match" else look.reason


def _linked(view: str, row: Model) -> str:
    return format_html('<a href="{}">{}</a>', reverse(view, args=[row.pk]), row)
