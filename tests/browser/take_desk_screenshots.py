"""Take pictures of the coordinators' desk for the documents, on the demo's week: `make screenshots-desk`.

This is not a test. It loads the demo into a database of its own and matches it with the worker's own acts. Then it
opens Carla's pages in Chromium at two widths, in light and dark. It writes
`docs/screenshots/desk-PAGE-WIDTH-SCHEME.png` and, when it writes to that folder, the list in docs/desk.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import django

from tests.browser.picture_lists import FOLDER, Picture, write_list, write_small
from tests.unit.documents import ROOT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")
os.environ.setdefault("DEBUG", "yes")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

DOCUMENT = ROOT / "docs" / "desk.md"
SIZES = {360: 740, 1280: 900}
"""The height of the window for each width, in pixels."""
SCHEMES = ("light", "dark")
WIDTH_SHOWN = {360: 150, 1280: 420}
QUEUE = "/admin/matching/match/queue/"

PAGES = {
    "tonight": "The first page: who sleeps outside tonight, what waits, and where one more bed helps most",
    "queue": "The queue of proposals, in the order they matter",
    "card": "One household: needs, space, reasons, risks and the next-best spaces",
    "incident": "An incident: who reported it, who was called when, what to write down, and how two people close it",
    "unplaced": "Who is left over, why, and the smallest change that would place them",
    "by-hand": "Matching by hand: every space, with the rule that forbids each impossible one",
    "host": "Vetting a host: the checks, what is missing, calls",
    "on-behalf": "A request entered for somebody on the phone",
    "settings": "The rules of the deployment, with their history",
}
"""What each picture shows, by the picture's name."""


def pictures() -> dict[str, list[Picture]]:
    """Return the pictures of each page under its title."""
    return {
        title: [
            (f"desk-{name}-{width}-{scheme}.png", f"{title}; {width} pixels wide, {scheme}", shown)
            for width, shown in WIDTH_SHOWN.items()
            for scheme in SCHEMES
        ]
        for name, title in PAGES.items()
    }


def fill() -> dict[str, str]:
    """Load the demo, match it, and return the addresses of the pages by the names of their pictures."""
    from django.core.management import call_command
    from django.utils import timezone

    from accounts.models import Host, User
    from matching import incidents, transitions
    from matching.desk import claims, decisions
    from matching.models import Match, ShelterRequest
    from matching.states import Status
    from matching.worker import matchmaking

    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        for command in ("load_gazetteer", "load_demo"):
            call_command(command, stdout=nowhere)
    matchmaking.match_open_requests(now=timezone.now)
    # As the worker does every ten seconds: without it the first page warns that nothing is carried out.
    decisions.carry_out_due(at=timezone.now())
    proposed = Match.objects.filter(status=Status.PROPOSED).order_by("first_night", "pk")
    shown = proposed.filter(high_risk=True).first() or proposed[0]
    claims.write_note(
        shown.request_id, "They can be reached after nine.", by=User.objects.get(username="dana"), at=timezone.now()
    )
    stay = proposed.filter(high_risk=False).exclude(pk=shown.pk)[0]
    at, sides = timezone.now(), (stay.space.host.user, stay.request.arrival.user)
    transitions.approve(stay.pk, by=User.objects.get(username="dana"), at=at)
    for side in sides:
        transitions.accept(stay.pk, by=side, at=at)
    transitions.report_not_safe(stay.pk, by=sides[1], at=at)
    incidents.add_words(stay, by=sides[1], at=at, reach="+7 702 333 44 55", happened="Somebody shouts at me.")
    incident = stay.incidents.get()
    incidents.acknowledge(incident.pk, by=User.objects.get(username="carla"), at=at)
    asked = ShelterRequest.objects.exclude(left_over_reasons=[]).order_by("first_night", "pk")[0]
    host = Host.objects.filter(status=Host.Status.UNVETTED).order_by("pk").first() or Host.objects.all()[0]
    return {
        "tonight": "/admin/",
        "queue": QUEUE,
        "card": f"{QUEUE}{shown.request_id}/",
        "incident": f"/admin/matching/incident/{incident.pk}/change/",
        "unplaced": "/admin/matching/match/unplaced/",
        "by-hand": f"/admin/matching/match/by-hand/request/{asked.pk}/",
        "host": f"/admin/accounts/host/{host.pk}/change/",
        "on-behalf": "/admin/matching/shelterrequest/for-somebody/",
        "settings": "/admin/deployment/settingchange/settings/",
    }


def take(browser: Any, url: str, pages: dict[str, str], folder: Path) -> None:
    """Open each page as Carla at each width and in both colour schemes, and write its picture."""
    from django.conf import settings

    from accounts.models import User
    from tests import people

    carla = people.Person(User.objects.get(username="carla"))
    for width, height in SIZES.items():
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": width, "height": height}, base_url=url, locale="en-GB", color_scheme=scheme
            )
            session = people.desk_client(carla).cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": session.key, "value": session.value, "url": url}])
            page = context.new_page()
            for name, address in pages.items():
                page.goto(address)
                write_small(page.screenshot(), folder / f"desk-{name}-{width}-{scheme}.png")
            context.close()


def main(folder: Path) -> None:
    django.setup()
    from django.core.management import call_command
    from playwright.sync_api import sync_playwright

    from tests import processes
    from tests.browser.conftest import CHROMIUM

    folder.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    pages = fill()
    assert set(pages) == set(PAGES)
    with (
        tempfile.TemporaryDirectory() as logs,
        processes.web(Path(logs) / "web.log", workers=1, threads=4) as url,
        sync_playwright() as playwright,
    ):
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        take(browser, url, pages, folder)
        browser.close()
    if folder == FOLDER:
        write_list(DOCUMENT, pictures())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
