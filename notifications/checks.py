"""System checks of the transports, so that a fault shows at the start and not at the first message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from notifications.channels import TRANSPORTS


@register
def transports_are_known_and_complete(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse unknown names in SHELTER_TRANSPORTS, and transports that lack a setting they need for sending."""
    found: list[CheckMessage] = []
    if unknown := sorted(set(settings.NOTIFICATION_TRANSPORTS) - set(TRANSPORTS)):
        found.append(
            Error(
                f"SHELTER_TRANSPORTS names {', '.join(unknown)}, but there is no such transport.",
                hint=f"Use some of: {', '.join(TRANSPORTS)}.",
                id="notifications.E001",
            )
        )
    address = urlsplit(settings.GATEWAY_URL)
    if "gateway" in settings.NOTIFICATION_TRANSPORTS and not (address.scheme in ("http", "https") and address.hostname):
        found.append(
            Error(
                "The gateway transport is on, but SHELTER_GATEWAY_URL is not an http(s) address.",
                hint="Set SHELTER_GATEWAY_URL=https://..., or take `gateway` out of SHELTER_TRANSPORTS.",
                id="notifications.E002",
            )
        )
    if "email" in settings.NOTIFICATION_TRANSPORTS and not settings.EMAIL_HOST:
        found.append(
            Error(
                "The email transport is on, but EMAIL_HOST is empty: no message would ever leave.",
                hint="Set EMAIL_HOST to the SMTP server of your provider, or take `email` out of SHELTER_TRANSPORTS.",
                id="notifications.E003",
            )
        )
    if settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL:
        found.append(
            Error(
                "EMAIL_USE_TLS and EMAIL_USE_SSL are both on, but a connection can use only one of them.",
                hint="Port 587 needs EMAIL_USE_TLS=yes; port 465 needs EMAIL_USE_SSL=yes and EMAIL_USE_TLS=no.",
                id="notifications.E004",
            )
        )
    return found


@register(Tags.security, deploy=True)
def nobody_is_told_by_the_log(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if a deployment prints its messages to the log, with their addresses and codes."""
    if "console" not in settings.NOTIFICATION_TRANSPORTS:
        return []
    return [
        Warning(
            "The console transport is on: messages go to the log, with addresses and sign-in codes, and reach nobody.",
            hint="Set SHELTER_TRANSPORTS=email or email,gateway.",
            id="notifications.W001",
        )
    ]
