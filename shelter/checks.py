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


@register(Tags.security, deploy=True)
def somebody_is_called_in_an_emergency(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a deployment in which "I do not feel safe" could reach nobody, or whose pages could name nobody to call."""
    found: list[CheckMessage] = []
    if fault := _fault_of_the_emergency_contact():
        found.append(
            Error(
                fault,
                hint="Set SHELTER_EMERGENCY_CONTACT to phone numbers or e-mail addresses, comma-separated, that a person answers "
                "at any hour, and switch on in SHELTER_TRANSPORTS what reaches one of them.",
                id="shelter.E010",
            )
        )
    if not settings.HELP_CONTACT:
        found.append(
            Error(
                "SHELTER_HELP_CONTACT is empty, but whoever does not feel safe must be shown the number of a person.",
                hint="Set it to a phone number at which a person answers.",
                id="shelter.E011",
            )
        )
    return found


def _fault_of_the_emergency_contact() -> str:
    # Here, because the checks are imported before the models.
    from accounts.contacts import read_contact
    from accounts.refusals import Refused
    from notifications.models import ContactPoint
    from notifications.outbox import transport_for

    if not settings.EMERGENCY_CONTACTS:
        return "SHELTER_EMERGENCY_CONTACT is empty: when nobody on call answers, nobody would be told."
    channels = []
    for number, contact in enumerate(settings.EMERGENCY_CONTACTS, 1):
        try:
            channels.append(read_contact(contact)[0])
        except Refused:
            return f"SHELTER_EMERGENCY_CONTACT has a contact that nobody can read (number {number})."
    if not any(transport_for(ContactPoint(channel=channel)) for channel in channels):
        return "SHELTER_EMERGENCY_CONTACT names only contacts that none of SHELTER_TRANSPORTS reaches."
    return ""
