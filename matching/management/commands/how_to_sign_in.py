"""Say where the service is and how to sign in to it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from accounts import case_secrets, second_factor
from accounts.arrivals import grouped
from accounts.contacts import find_contact_point
from accounts.models import Coordinator, User
from matching.management import demo


class Command(BaseCommand):
    help = "Say where the pages are, and how the demo's people sign in unless their passwords were changed."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Shanyrak          {_address('web:home')}")
        if _fits(demo.CARLA.username, demo.PASSWORD):
            self.stdout.write(
                f"as coordinator    {_address('admin:index')}  user name {demo.CARLA.username}, password {demo.PASSWORD}\n"
                f"                  (a second one, where two must approve: {demo.DANA.username}, same password){_digits()}"
            )
        elif Coordinator.objects.exists():
            self.stdout.write(f"as coordinator    {_address('admin:index')}")
        else:
            self.stdout.write(
                f"as coordinator    {_address('admin:index')}  nobody yet: "
                "manage.py make_lead NAME CONTACT makes the first two"
            )
        codes = "its one-time code appears here" if "console" in settings.NOTIFICATION_TRANSPORTS else ""
        hanna = find_contact_point("email", demo.HANNA_CONTACT, hosts_only=True)
        self.stdout.write(
            f"as host           {_address('web:host_sign_in')}" + (f"  {demo.HANNA_CONTACT}; {codes}" if hanna else "")
        )
        self.stdout.write(f"as arrival        {_address('web:case')}" + (_amiras_keys()))


def _address(name: str) -> str:
    return f"{settings.SITE_URL}{reverse(name)}"


def _amiras_keys() -> str:
    amira = User.objects.filter(username=demo.AMIRA_CASE_NUMBER, is_active=True).first()
    if amira is None or not case_secrets.fits(amira, demo.AMIRA_SECRET):
        return ""
    return f"  case number {grouped(demo.AMIRA_CASE_NUMBER)}, secret {grouped(demo.AMIRA_SECRET)}"


def _digits() -> str:
    """Return where the demo's coordinators find their six digits; nothing if they have a second factor of their own."""
    carla = second_factor.authenticator_of(User.objects.get(username=demo.CARLA.username))
    if carla is None:
        return "\n                  the first sign-in sets up the second factor, an app on your phone"
    if carla.secret != second_factor.KNOWN_TO_EVERYBODY:
        return ""
    if "console" in settings.NOTIFICATION_TRANSPORTS:
        return "\n                  then six digits, which appear here"
    return f"\n                  then six digits of an app with the secret {second_factor.KNOWN_TO_EVERYBODY}"


def _fits(username: str, password: str) -> bool:
    """Return whether this password still works. A password that was changed is not shown."""
    user = User.objects.filter(username=username, is_active=True).first()
    return user is not None and user.check_password(password)
