"""The language a person is told things in."""

from __future__ import annotations

from django.conf import settings

from accounts.models import User


def read_in(user: User, language: str) -> None:
    """Tell `user` everything in `language` from now on; one that the service does not speak changes nothing."""
    if language in dict(settings.LANGUAGES):
        User.objects.filter(pk=user.pk).update(language=language)
