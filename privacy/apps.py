from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy


class PrivacyConfig(AppConfig):
    name = "privacy"
    verbose_name = gettext_lazy("Personal data")

    def ready(self) -> None:
        # Importing an app's retention.py registers its clocks, and its erasures.py how erasures are carried out again.
        autodiscover_modules("retention", "erasures")
