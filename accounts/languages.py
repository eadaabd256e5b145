"""The language in which the service writes to a person."""

from __future__ import annotations

from django.conf import settings

from accounts.models import User


def read_in(user: User, language: str) -> None:
    """Write to `user` in `language` from now on; a language that the service does not have changes nothing."""
    if language in dict(settings.LANGUAGES):
        User.objects.filter(pk=user.pk).update(language=language)
