from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy


class PrivacyConfig(AppConfig):
    name = "privacy"
    verbose_name = gettext_lazy("Personal data")

    def ready(self) -> None:
        # Importing an app's retention.py registers its clocks, its erasures.py how erasures are carried out again, and its
        # kept.py what its tables keep of people.
        autodiscover_modules("retention", "erasures", "kept")
