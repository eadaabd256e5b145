"""Load the demo: the sample week moved to today, with Carla, Hanna and Amira."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts import case_secrets, second_factor
from accounts.models import Coordinator, User
from accounts.refusals import Refused
from matching import queries, transitions
from matching.deadlines import local_date
from matching.desk import by_hand
from matching.importing.row_by_row import Imported, RowOutcome, take_in_requests, take_in_spaces
from matching.management import demo
from matching.models import ShelterRequest, Space
from matching.refusal_words import words_of
from matching.sheets.sample import shifted_to
from matching.states import Status
from notifications.models import Delivery
from places.hearing import find_place, heard_in_files


class Command(BaseCommand):
    help = (
        "Load the demo (180 spaces, 300 shelter requests, and people with known keys: two coordinators, and a host and an "
        "arrival who are asked about each other) into an empty service. Loading it again changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            if User.objects.filter(username=demo.CARLA.username).exists():
                self.stdout.write("The demo is loaded already; nothing was changed.")
                return
            if User.objects.exists():
                raise CommandError(
                    "There are people in this service already. Everybody knows the demo's keys: "
                    "load it into an empty database only."
                )
            try:
                spaces, requests = _load(at=timezone.now())
            except Refused as refusal:
                raise CommandError(words_of(refusal)) from refusal
        self.stdout.write(
            f"{spaces.outcomes[RowOutcome.NEW]} spaces and {requests.outcomes[RowOutcome.NEW]} shelter requests."
        )


def _load(*, at: datetime) -> tuple[Imported, Imported]:
    """Enter everything by the acts of the service, in Carla's name. Raises GazetteerNotLoaded."""
    carla, dana = (_coordinator(who, at) for who in (demo.CARLA, demo.DANA))
    today, almaty = local_date(at), find_place("Almaty")
    assert almaty is not None, "the gazetteer knows Almaty"
    spaces, requests = shifted_to(today, find_place=heard_in_files)
    taken_in = (
        take_in_spaces([*spaces, demo.hannas_space(almaty, today)], by=carla, at=at, trust_vetted=True),
        take_in_requests([*requests, demo.amiras_request(almaty, today)], by=carla, at=at),
    )
    amira = ShelterRequest.objects.get(queries.called(["demo-amira"])).arrival.user
    amira.username = demo.AMIRA_CASE_NUMBER
    amira.password = case_secrets.hash_of(demo.AMIRA_SECRET)
    amira.save(update_fields=["username", "password"])
    # What she was told until now names the number that she had then.
    amira.notifications.filter(context__has_key="case_number").update(context={"case_number": amira.username})
    _ask_hanna_and_amira(carla, dana, at=at)
    # Nobody reads the first 400 messages, and on the console they would hide how to sign in.
    Delivery.objects.all().delete()
    return taken_in


def _ask_hanna_and_amira(carla: User, dana: User, *, at: datetime) -> None:
    """Propose and approve the two whom everybody can sign in as: both are asked, and their yeses confirm it tonight."""
    request = ShelterRequest.objects.get(queries.called(["demo-amira"]))
    space = Space.objects.get(queries.called(["demo-hanna"]))
    match = by_hand.propose(request.pk, space.pk, by=carla, at=at, reason="household_asks")
    for coordinator in (carla, dana):  # With a child and a new host it takes two.
        if match.status == Status.PROPOSED:
            match = transitions.approve(match.pk, by=coordinator, at=at)


def _coordinator(who: demo.DemoCoordinator, at: datetime) -> User:
    user = User.objects.create_user(who.username, demo.PASSWORD, name=who.name, is_staff=True)
    Coordinator.objects.create(user=user, role=who.role, all_places=True, confirmed_at=at)
    second_factor.set_up_demo(user, at=at)
    return user
