"""What the service did by itself: rounds of matching, and deliveries that failed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from matching import queries
from matching.admin.access import LookOnly, back, coordinator
from matching.models import MatchingRound
from notifications import delivering
from notifications.models import Delivery


@admin.register(MatchingRound)
class RoundAdmin(LookOnly[MatchingRound]):
    """The rounds of matching, newest first."""

    list_display = ["started_at", "finished_at", "needs", "offers", "proposals", "left_over"]

    def visible(self, user: User) -> QuerySet[MatchingRound]:
        return MatchingRound.objects.all()


@admin.register(Delivery)
class UndeliveredAdmin(LookOnly[Delivery]):
    """Deliveries that failed for good: try again, or find another way to tell the person."""

    list_display = ["id", "event", "transport", "error_class", "error_text", "attempts"]
    list_filter = ["error_class", "transport"]
    change_list_template = "admin/notifications/undelivered.html"
    list_display_links = None

    def visible(self, user: User) -> QuerySet[Delivery]:
        return queries.undelivered_to_people_of(user)

    @admin.display(ordering="notification__event")
    def event(self, delivery: Delivery) -> str:
        return delivery.notification.event

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
