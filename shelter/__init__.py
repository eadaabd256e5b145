"""The project package: settings, urls, Celery, health, system checks. Imports everyone, imported by nobody."""

from shelter.celery import app as celery_app

__all__ = ["celery_app"]
