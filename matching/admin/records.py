"""Records of the worker: rounds of matching, and deliveries that failed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.models import User
from matching import queries
from matching.admin.access import LookOnly, back, coordinator
from matching.admin.words import EVENT_WORDS, WAY_WORDS
from matching.models import MatchingRound
from notifications import delivering
from notifications.models import Delivery

NO_TRANSPORT = "none"
"""The value in a URL's query that selects deliveries for which there was no way."""


@admin.register(MatchingRound)
class RoundAdmin(LookOnly[MatchingRound]):
    """The rounds of matching, newest first."""

    list_display = ["started_at", "finished_at", "needs", "offers", "proposals", "left_over"]

    def visible(self, user: User) -> QuerySet[MatchingRound]:
        return MatchingRound.objects.all()


class WhichWay(admin.SimpleListFilter):
    """Filters deliveries by the way (transport) that was used."""

    title = gettext_lazy("way")
    parameter_name = "transport"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(way or NO_TRANSPORT, words) for way, words in WAY_WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        way = "" if self.value() == NO_TRANSPORT else self.value()
        return queryset.filter(transport=way) if way in WAY_WORDS else queryset


@admin.register(Delivery)
class UndeliveredAdmin(LookOnly[Delivery]):
    """Deliveries that failed for good. A coordinator tries them again, or tells the person in another way."""

    list_display = ["__str__", "event", "way", "error_class", "in_detail", "in_program", "attempts"]
    list_filter = ["error_class", WhichWay]
    change_list_template = "admin/notifications/undelivered.html"
    list_display_links = None

    def get_fields(self, request: HttpRequest, obj: Delivery | None = None) -> Any:
        """Return the columns of the list, so that a delivery's own page, which nothing links to, shows no more than they do."""
        return self.list_display

    def visible(self, user: User) -> QuerySet[Delivery]:
        return queries.undelivered_to_people_of(user)

    @admin.display(description=gettext_lazy("what it is about"), ordering="notification__event")
    def event(self, delivery: Delivery) -> str:
        return str(EVENT_WORDS.get(delivery.notification.event, delivery.notification.event))

    @admin.display(description=gettext_lazy("way"), ordering="transport")
    def way(self, delivery: Delivery) -> str:
        return str(WAY_WORDS.get(delivery.transport, delivery.transport))

    @admin.display(description=gettext_lazy("in the words of the provider"), ordering="error_text")
    def in_detail(self, delivery: Delivery) -> str:
        """Return the provider's words about the failure as a quotation, or a dash where no provider said anything."""
        return format_html("<q>{}</q>", delivery.error_text) if delivery.error_text else "–"

    @admin.display(description=gettext_lazy("name of the error in the program"), ordering="exception")
    def in_program(self, delivery: Delivery) -> str:
        """Return the name of the exception that ended the attempt, for whoever runs the service, or a dash."""
        return format_html("<code>{}</code>", delivery.exception) if delivery.exception else "–"

    def get_urls(self) -> list[Any]:
        again = self.admin_site.admin_view(require_POST(self.again))
        return [path("again/", again, name="notifications_delivery_again"), *super().get_urls()]

    def again(self, request: HttpRequest) -> HttpResponse:
        """Put every failed delivery back into the queue."""
        user, at = coordinator(request), timezone.now()
        failed = self.visible(user).values_list("pk", flat=True)
        count = sum(delivering.try_again(pk, at=at) for pk in failed)
        self.message_user(request, _("Deliveries to be tried again: %(count)d.") % {"count": count}, "success")
        return back(request, reverse("admin:notifications_delivery_changelist"))
