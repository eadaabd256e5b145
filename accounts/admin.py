"""The admin's pages of users, for superusers only. Coordinators have their own page (`matching.admin.coordinators`)."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import (
    AdminUserCreationForm,
    SetUnusablePasswordMixin,
    UserChangeForm,
)
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from accounts import user_names
from accounts.models import User

# Rights come from the Coordinator row, never from Django's groups.
admin.site.unregister(Group)


WITHOUT_A_PASSWORD = gettext_lazy("Without a password nobody can sign in under this name.")
"""Replaces Django's help text, which is English in every language."""


class NewUserForm(AdminUserCreationForm[User]):
    usable_password = SetUnusablePasswordMixin.create_usable_password_field(WITHOUT_A_PASSWORD)

    class Meta:
        model = User
        fields = ("username",)

    def clean_username(self) -> str:
        username: str = super().clean_username()
        user_names.validate(username)
        return username


class UserForm(UserChangeForm[User]):
    class Meta:
        model = User
        fields = ("username", "language", "is_active", "is_staff", "is_superuser")

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        # Case numbers, and the names of hosts, are the service's own.
        if "username" in self.changed_data:
            user_names.validate(username)
        return username


@admin.register(User)
class PeopleAdmin(UserAdmin[User]):
    """The page of users. A coordinator is a staff user with a Coordinator row, and the row carries the rights."""

    form = UserForm
    add_form = NewUserForm
    list_display = ["username", "is_staff", "is_active", "created_at"]
    list_filter = ["is_staff", "is_active"]
    search_fields = ["username"]
    ordering = ["username"]
    readonly_fields = ["last_login"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "language"]}),
        (None, {"fields": ["is_active", "is_staff", "is_superuser", "last_login"]}),
    ]

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Refuse: nobody gives a password to somebody else. `accounts.invitations` sends a link to the person."""
        raise PermissionDenied

    # Only superusers may open these pages. Django's own check would ask for permissions that nobody has,
    # which costs two queries on every page of the desk.

    def has_module_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self.has_module_permission(request)
