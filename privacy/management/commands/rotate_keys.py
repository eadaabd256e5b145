"""Write everything that is encrypted or indexed anew under the newest keys. It may be stopped, and run again."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from privacy import keys, rotation

SECONDS_BETWEEN_LINES = 2.0


class Command(BaseCommand):
    help = (
        "Write all encrypted columns, what sessions keep, and the blind indexes anew under the newest keys, and say which "
        "keys are needed no longer. Stop it at any time and run it again; it is safe beside the running service."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", choices=["fields", "index"], help="leave the other kind of key as it is")
        parser.add_argument("--report", action="store_true", help="change nothing; say which keys are needed, by what")
        parser.add_argument("--at-once", type=int, help="rows in a batch (500; 8 of files)")

    def handle(self, *args: Any, **options: Any) -> None:
        self.said_at = 0.0
        if not options["report"]:
            try:
                left = self.rotate(options["only"], options["at_once"])
            except KeyboardInterrupt:
                raise CommandError("Stopped. What is done stays done; run it again to go on.") from None
            if left:
                raise CommandError(
                    "Some rows are left, as the lines above say: another process held them, or no key that is given opens "
                    "them. Keep all keys, and run it again."
                )
        self.report()

    def rotate(self, only: str | None, at_once: int | None) -> int:
        """Do what is asked for; return the number of rows that are left."""
        outcomes = []
        if only != "index":
            outcomes += rotation.seal_anew(now=timezone.now, watch=self.watch, at_once=at_once)
        if only != "fields":
            outcomes += rotation.index_anew(
                now=timezone.now, watch=self.watch, at_once=at_once or rotation.TEXTS_AT_ONCE
            )
        for outcome in outcomes:
            self.stdout.write(
                f"{outcome.what}: {outcome.written} written" + (f", {outcome.left} LEFT" if outcome.left else "")
            )
        return sum(outcome.left for outcome in outcomes)

    def watch(self, step: rotation.RotationStep) -> None:
        if time.monotonic() - self.said_at >= SECONDS_BETWEEN_LINES:
            self.said_at = time.monotonic()
            self.stdout.write(f"{step.what}: {step.written} of {step.of} ...")

    def report(self) -> None:
        held = rotation.held_by_key()
        given = [keys.id_of(key) for key in keys.master_keys()]
        for at, key_id in enumerate(given, start=1):
            name = f"Key {at} of SHELTER_FIELD_KEYS ({key_id})"
            if key_id in held:
                self.stdout.write(f"{name} is needed by {_listed(held[key_id])}.")
            elif at > 1:
                self.stdout.write(f"{name} is needed by nothing any more: take it out.")
        if "" in held:
            self.stdout.write(f"In the old format: {_listed(held[''])}.")
        for key_id in sorted(held.keys() - {*given, ""}):
            self.stdout.write(f"A key that is not given ({key_id}) is needed by {_listed(held[key_id])}.")
        if settings.INDEX_KEY_BEFORE:
            self.stdout.write(
                "SHELTER_INDEX_KEY_BEFORE may be taken out."
                if rotation.index_has_ended()
                else "SHELTER_INDEX_KEY_BEFORE is needed until the index is written anew."
            )


def _listed(held: Counter[str]) -> str:
    return ", ".join(f"{number} of {what}" for what, number in sorted(held.items()))
