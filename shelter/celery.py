"""The Celery application. The tasks live in the apps; a queued message is only a wake-up with ids."""

import os

from celery import Celery
from celery.loaders.app import AppLoader

from shelter.environment import refuse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")


class Loader(AppLoader):
    """Starts neither worker nor beat where a variable makes no sense."""

    def on_worker_init(self) -> None:
        super().on_worker_init()
        refuse()


app = Celery("shelter", loader="shelter.celery:Loader")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
