from django.apps import AppConfig
from django.contrib.admin import apps as admin


class ShelterConfig(AppConfig):
    name = "shelter"
    verbose_name = "Shanyrak"
    default = True


class DeskConfig(admin.AdminConfig):
    """Django's admin with the site of `accounts.desk`: its door asks for a second factor."""

    default = False  # Of this file; it is named in INSTALLED_APPS.
    default_site = "accounts.desk.Desk"
