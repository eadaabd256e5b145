"""Read the contacts that were stored by an earlier reader again, and list what a coordinator has to settle."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.rereading import reread_contacts


class Command(BaseCommand):
    help = (
        "Read every stored phone, e-mail and Telegram name by the present reader. Stop it at any time and run it again; it is "
        "safe beside the running service. It prints ids, never a contact."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = reread_contacts(watch=lambda seen: self.stdout.write(f"{seen} read ..."))
        except KeyboardInterrupt:
            raise CommandError("Stopped. What is done stays done; run it again to go on.") from None
        self.stdout.write(f"{done.seen} read, {done.rewritten} rewritten, {done.removed} removed, {done.busy} left.")
        for person, point in done.nobody:
            self.stdout.write(f"Contact {point} of person {person} reaches nobody: ask for another one.")
        for one, other in done.shared:
            self.stdout.write(f"Hosts {one} and {other} have one contact: look at the duplicates.")
        for host in done.joined:
            self.stdout.write(
                f"Host {host} has several spaces and a contact that reaches nobody: perhaps several people."
            )
