"""Make one of the first two lead coordinators, and invite them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import invitations
from accounts.refusals import Refused


class Command(BaseCommand):
    help = (
        "Make one of the first two lead coordinators, and send an invitation to their own phone or e-mail. Both are "
        "needed: each of them confirms whom the other invites. Refuses once two are there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="the name with which they sign in")
        parser.add_argument("contact", help="their own phone number or e-mail address")
        parser.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES], default="ru")

    def handle(self, *args: Any, username: str, contact: str, language: str, **options: Any) -> None:
        try:
            invitations.make_first_lead(username, contact=contact, at=timezone.now(), language=language)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"An invitation for {username} is on its way. The link works once, for three days.")
