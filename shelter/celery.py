"""The Celery application. Tasks live in the apps; what is queued is only a wake-up with ids."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")

app = Celery("shelter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
