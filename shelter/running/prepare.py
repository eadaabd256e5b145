"""Prepare a trial before its service starts: tables, gazetteer, static files, and the demo on the first start."""

from __future__ import annotations

import os
import sys


def main(*, demo: bool) -> None:
    """Migrate, load the gazetteer where it is missing or older, and collect static files.

    `demo` loads the demo into an empty service.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from accounts.models import User
    from places.management.commands.load_gazetteer import is_loaded
    from shelter.environment import refuse

    refuse()
    say("migrating the database")
    call_command("migrate", verbosity=0)
    if not is_loaded():
        say("loading the gazetteer")
        call_command("load_gazetteer")
    call_command("collectstatic", interactive=False, verbosity=0)
    if demo and not User.objects.exists():
        say("loading the demo: one made-up week, its dates moved to today")
        call_command("load_demo")


def say(words: str) -> None:
    print(f"     * | {words}", flush=True)


if __name__ == "__main__":
    main(demo="--demo" in sys.argv)
