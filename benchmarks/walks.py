"""Count the files of the project that each of the three main walks enters, for ARCHITECTURE.md.

    .venv/bin/python -m shelter.running with .venv/bin/python -m pytest -q -s benchmarks/walks.py

A file counts if one of its functions runs during the walk. Prints one line of JSON with the number of files of each walk.
With `WALKS=files` in the environment, also prints their paths.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from matching.desk import decisions
from matching.models import Match
from matching.states import Status
from matching.worker import matchmaking
from notifications.delivering import deliver_due
from tests import people
from tests.integration.web.walks import ask_for_shelter

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = str(settings.BASE_DIR) + os.sep
NOT_OURS = (".venv/", "tests/", "benchmarks/")


@contextmanager
def files_entered(found: set[str]) -> Iterator[None]:
    """Add to `found` the path of each file of the project whose functions run inside the block, in any thread."""

    def note(frame: FrameType, event: str, _value: Any) -> None:
        name = frame.f_code.co_filename
        path = name.removeprefix(ROOT)
        if event == "call" and path != name and not path.startswith(NOT_OURS):
            found.add(path)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def load_everything() -> None:
    """Import every module of the project, so that what an import runs counts for no walk."""
    for app in ("matching", "accounts", "notifications", "places", "privacy", "deployment"):
        for module in pkgutil.walk_packages([str(settings.BASE_DIR / app)], f"{app}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)


def test_print_how_many_files_each_walk_enters() -> None:
    load_everything()
    hanna, carla = people.hanna(), people.carla()
    people.space(hanna.host, beds=4, step_free=True, latitude=43.24, longitude=76.89)
    desk, arrival = people.desk_client(carla), Client(headers={"accept-language": "en"})
    asked: set[str] = set()
    decided: set[str] = set()
    told: set[str] = set()

    with files_entered(asked):
        ask_for_shelter(arrival, people={"adults": "2", "children": "0"})  # A child would need two approvals.
        arrival.post("/need/done/", follow=True)
        matchmaking.match_open_requests(now=timezone.now)
    match = Match.objects.get()

    with files_entered(decided):
        desk.post("/admin/matching/match/queue/decide/", {"act": "approve", "seen": f"{match.pk}.{match.version}"})
        decisions.carry_out_due(at=timezone.now() + timedelta(minutes=2))
    match.refresh_from_db()
    assert match.status == Status.APPROVED
    with files_entered(decided):
        arrival.post(f"/case/match/{match.pk}/accept/", follow=True)
        host = Client()
        host.force_login(hanna.user)
        host.post(f"/host/match/{match.pk}/accept/", follow=True)
    match.refresh_from_db()
    assert match.status == Status.CONFIRMED

    with files_entered(told):
        assert deliver_due(now=timezone.now, jitter=lambda: 0.0) > 0

    walks = {"request to proposal": asked, "approval to confirmed": decided, "message to delivered": told}
    print(json.dumps({name: len(files) for name, files in walks.items()}))
    if os.environ.get("WALKS") == "files":
        print(json.dumps({name: sorted(files) for name, files in walks.items()}, indent=1))
