from django.apps import AppConfig
from django.contrib.admin import apps as admin


class ShelterConfig(AppConfig):
    name = "shelter"
    verbose_name = "Shanyrak"
    default = True

    def ready(self) -> None:
        from shelter import checks  # noqa: F401 - registers the system checks


class DeskConfig(admin.AdminConfig):
    """Django's admin with the site of `accounts.desk`, whose door asks for a second factor."""

    default = False  # ShelterConfig is the default of this file; this one is named in INSTALLED_APPS.
    default_site = "accounts.desk.Desk"
