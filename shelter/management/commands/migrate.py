"""`manage.py migrate`, which names wrong variables before it touches the database."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from shelter.environment import env


class Command(migrate.Command):
    """Django's command. Its checks ask the database, so a database out of reach would hide what is wrong with the variables."""

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """Return the arguments of the checks: without the database while a variable makes no sense."""
        kwargs = super().get_check_kwargs(options)
        return {**kwargs, "databases": ()} if env.problems else kwargs
