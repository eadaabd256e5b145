"""System checks of a deployment: whatever is wrong with the environment is said at once, each with an id and a way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

import shelter.gunicorn_conf  # noqa: F401 - it reads the web server's variables, so that they are checked as well
from shelter.environment import env

YEAR_SECONDS = 31_536_000


@register
def variables_make_sense(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse every variable that `shelter.environment` could not read (shelter.E001 to E004, E007 to E009)."""
    return [Error(problem.fault, hint=problem.hint, id=problem.id) for problem in env.problems]


@register(Tags.security, deploy=True)
def preloading_is_whole(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse HSTS preload without subdomains or HTTPS: the preload lists of browsers take no such domain."""
    if not settings.SECURE_HSTS_PRELOAD:
        return []
    if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS and settings.SECURE_HSTS_SECONDS >= YEAR_SECONDS:
        return []
    return [
        Error(
            "SHELTER_HSTS_PRELOAD is on, but the preload lists of browsers take a domain only with all its subdomains.",
            hint="Set SHELTER_HSTS_SUBDOMAINS=yes as well, if every site below the domain speaks HTTPS; or take the line out.",
            id="shelter.E005",
        )
    ]


@register(Tags.security, deploy=True)
def links_in_messages_lead_here(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a site URL that is not this deployment's own address: links in messages would lead nowhere."""
    site = urlsplit(settings.SITE_URL)
    if site.scheme == "https" and site.hostname in settings.ALLOWED_HOSTS:
        return []
    return [
        Error(
            f"SHELTER_SITE_URL is {settings.SITE_URL!r}, but the links in messages must lead to this service by HTTPS.",
            hint="Set it to https:// and the host name, and name the same host in ALLOWED_HOSTS.",
            id="shelter.E006",
        )
    ]
