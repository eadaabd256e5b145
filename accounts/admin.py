"""Users and coordinators, for superusers only: whoever runs the deployment names its coordinators here."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm

from accounts.models import Coordinator, User


class NewUserForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("username",)


class UserForm(UserChangeForm[User]):
    class Meta:
        model = User
        fields = ("username", "language", "is_active", "is_staff", "is_superuser")


@admin.register(User)
class PeopleAdmin(UserAdmin[User]):
    """A coordinator is a staff user with a Coordinator row; the row carries the rights."""

    form = UserForm
    add_form = NewUserForm
    list_display = ["username", "is_staff", "is_active", "created_at"]
    list_filter = ["is_staff", "is_active"]
    search_fields = ["username"]
    ordering = ["username"]
    readonly_fields = ["last_login"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "password", "language"]}),
        (None, {"fields": ["is_active", "is_staff", "is_superuser", "last_login"]}),
    ]


@admin.register(Coordinator)
class CoordinatorAdmin(admin.ModelAdmin[Coordinator]):
    list_display = ["user", "all_places"]
    autocomplete_fields = ["user", "places"]
