"""The Celery application. The tasks live in the apps; a queued message is only a wake-up with ids."""

import logging
import os
from typing import Any

from celery import Celery
from celery.app.log import Logging
from celery.loaders.app import AppLoader

from shelter.environment import env, refuse
from shelter.logs import WithoutPeople

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")


class Loader(AppLoader):
    """Starts neither worker nor beat where a variable makes no sense."""

    def on_worker_init(self) -> None:
        super().on_worker_init()
        refuse()


class CeleryLog(Logging):  # type: ignore[misc]  # Celery has no types
    """Sets up the log of worker and beat, whose lines leave out what those of the rest of the service leave out."""

    def setup_handlers(self, logger: logging.Logger, *args: Any, **options: Any) -> logging.Logger:
        super().setup_handlers(logger, *args, **options)
        for handler in logger.handlers:
            if not isinstance(handler.formatter, WithoutPeople):
                handler.setFormatter(WithoutPeople(inner=handler.formatter, words=env.flag("DEBUG", False)))
        return logger


app = Celery("shelter", loader="shelter.celery:Loader", log="shelter.celery:CeleryLog")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
