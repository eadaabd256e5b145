"""Every page of the coordinators' desk with something on it, by name: for tests and for pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page

from accounts import coordinators, vetting
from deployment import rules
from matching import disclosure, transitions
from matching.desk import claims
from matching.models import Match, MatchingRound
from matching.states import Status
from notifications.models import Delivery
from places import editing
from tests import people
from tests.people import Person

Opening = Callable[..., Page]
"""Opens a page of the desk as somebody; the fixture `opening`."""

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def wrong(page: Page) -> list[Any]:
    """Return what axe finds on a page at which it may run its script: the rule and the elements that break it."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@dataclass(frozen=True)
class Desk:
    """What there is to see: a confirmed match of Amira's with Hanna in Almaty, a proposal, and whatever hangs on them."""

    match: Match
    proposal: Match

    @property
    def marks(self) -> list[str]:
        """Return what only these rows have in a page: their addresses and the case numbers."""
        rows = (
            f"/matching/match/{self.match.pk}",
            f"/matching/shelterrequest/{self.match.request_id}",
            f"/matching/space/{self.match.space_id}",
            f"/accounts/host/{self.match.space.host_id}/",
            f"/queue/{self.proposal.request_id}",
        )
        return [*rows, self.match.request.arrival.case_number, self.proposal.request.arrival.case_number]

    @property
    def coordinators_pages(self) -> dict[str, str]:
        """Return the pages of every coordinator of the place."""
        match, model = self.match, "/admin/matching"
        return {
            "matches": f"{model}/match/",
            "match": f"{model}/match/{match.pk}/change/",
            "requests": f"{model}/shelterrequest/",
            "request": f"{model}/shelterrequest/{match.request_id}/change/",
            "spaces": f"{model}/space/",
            "space": f"{model}/space/{match.space_id}/change/",
            "hosts": "/admin/accounts/host/",
            "host": f"/admin/accounts/host/{match.space.host_id}/change/",
            "calls": "/admin/accounts/host/call/",
            "request-on-behalf": f"{model}/shelterrequest/for-somebody/",
            "space-on-behalf": f"{model}/space/for-somebody/",
            "rounds": f"{model}/matchinground/",
            "undelivered": "/admin/notifications/delivery/",
            "places": "/admin/places/place/",
            "place": f"/admin/places/place/{match.request.place_id}/change/",
            "keys": "/admin/keys/",
        }

    @property
    def leads_pages(self) -> dict[str, str]:
        """Return the pages of lead coordinators alone; auditors read them but for the last."""
        return {
            "settings": "/admin/deployment/settingchange/settings/",
            "settings-history": "/admin/deployment/settingchange/",
            "places-history": "/admin/places/placechange/",
            "coordinators": "/admin/accounts/coordinator/",
            "audit-matches": "/admin/matching/matchevent/",
            "audit-hosts": "/admin/accounts/hostevent/",
            "audit-coordinators": "/admin/accounts/coordinatorevent/",
            "audit-between": "/admin/matching/deskevent/",
            "audit-looks": "/admin/privacy/accesslog/",
            "place-new": "/admin/places/place/add/",
        }


def desk(hanna: Person) -> Desk:
    """Make the rows."""
    at, lena, carla = timezone.now(), people.lena(), people.carla()
    amira = people.amira(contact="amira@example.org")
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    vetting.note_call(hanna.host, "reached", by=carla.user, at=at, note="at home after six")
    waits = people.hanna(contact="new@example.org", vetted=False)
    people.space(waits.host)
    done = people.match_in(Status.CHECKED_IN, people.request(people.amira().arrival), people.space(hanna.host))
    transitions.break_off(done.pk, by=hanna.user, at=at, reason="not_suitable", note="the stairs")
    MatchingRound.objects.create(started_at=at, finished_at=at, needs=2, offers=2, proposals=1, left_over=1)
    Delivery.objects.update(status=Delivery.Status.FAILED, error_class=Delivery.ErrorClass.PERMANENT)
    coordinators.note(carla.user, "named", by=lena.user, at=at, became="coordinator: all places")
    rules.change({"fresh_days": 8}, by=lena.user, at=at, reason="a busy week", seen=0)
    disclosure.log_look(carla.user, amira.user, "name", reason="asked", at=at)
    editing.close_place(people.place("Tbilisi").pk, by=lena.user, at=at, reason="the road is shut")
    proposal = people.proposed(people.request(people.amira().arrival), people.space(hanna.host))
    claims.write_note(proposal.request_id, "call after nine", by=carla.user, at=at)
    return Desk(Match.objects.select_related("space__host", "request__arrival__user").get(pk=match.pk), proposal)
