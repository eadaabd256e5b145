from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class DeploymentConfig(AppConfig):
    name = "deployment"
    verbose_name = gettext_lazy("This deployment")
