"""`translations gather | check | compile`: the catalogs of the pages' languages."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shelter import translations

STRINGS_SHOWN = 40


class Command(BaseCommand):
    help = "Gather the strings to translate, check that every language has all of them, or compile the catalogs."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("gather", "check", "compile"))

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "gather":
            for path in translations.gather():
                self.stdout.write(str(path))
        elif options["what"] == "compile":
            translations.compile_all()
        elif found := translations.problems():
            more = [f"... and {len(found) - STRINGS_SHOWN} more"] if len(found) > STRINGS_SHOWN else []
            raise CommandError("The translations are not complete:\n" + "\n".join(found[:STRINGS_SHOWN] + more))
