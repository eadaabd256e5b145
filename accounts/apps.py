from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = gettext_lazy("People")

    def ready(self) -> None:
        autodiscover_modules("case_secrets")  # Importing it registers which secrets need which master key.
