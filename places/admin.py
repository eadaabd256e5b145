from django.contrib import admin
from django.http import HttpRequest

from places.models import Place


@admin.register(Place)
class PlaceAdmin(admin.ModelAdmin[Place]):
    """The gazetteer is loaded by a command; here it is only looked at."""

    list_display = ["name", "country", "kind", "population"]
    list_filter = ["country", "kind"]
    search_fields = ["names__key", "name"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True  # Whoever gets into the admin may look: nothing here is about people.

    def has_view_permission(self, request: HttpRequest, obj: Place | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Place | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Place | None = None) -> bool:
        return False
