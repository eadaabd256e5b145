"""The project package: settings, addresses, Celery, health, system checks. It imports every app, and no app imports it."""

from shelter.celery import app as celery_app

__all__ = ["celery_app"]
