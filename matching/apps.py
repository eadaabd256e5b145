from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class MatchingConfig(AppConfig):
    name = "matching"
    verbose_name = gettext_lazy("Matching")
