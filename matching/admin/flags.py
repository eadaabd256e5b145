"""Flags: what somebody does again and again; a coordinator looks, and says so."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib import messages as shown
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from matching import flags
from matching.admin.access import LookOnly, back, coordinator
from matching.models import Flag


@admin.register(Flag)
class FlagAdmin(LookOnly[Flag]):
    """Flags of the coordinator's places; those at which nobody has looked stand first."""

    list_display = ["__str__", "kind", "about", "times", "last_at", "looked_by"]
    list_filter = ["kind", "looked_at"]
    list_select_related = ["about", "looked_by"]
    ordering = ["-looked_at", "-last_at", "-pk"]
    fields = ["kind", "about", "times", "first_at", "last_at", "looked_by", "looked_at"]
    change_form_template = "admin/matching/flag_page.html"

    def visible(self, user: User) -> QuerySet[Flag]:
        return flags.flags_visible_to(user).select_related("about", "looked_by")

    def get_urls(self) -> list[Any]:
        look = self.admin_site.admin_view(require_POST(self.look))
        return [path("<int:flag_id>/looked/", look, name="matching_flag_looked"), *super().get_urls()]

    def look(self, request: HttpRequest, flag_id: int) -> HttpResponse:
        """Note that the coordinator has looked at the flag."""
        user = coordinator(request)
        get_object_or_404(self.visible(user), pk=flag_id)
        flags.look_at(flag_id, by=user, at=timezone.now())
        shown.success(request, _("Done."))
        return back(request, reverse("admin:matching_flag_changelist"))
