from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = gettext_lazy("Messages")

    def ready(self) -> None:
        from notifications import checks  # noqa: F401  (importing registers the checks)
