from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class PlacesConfig(AppConfig):
    name = "places"
    verbose_name = gettext_lazy("Places")
