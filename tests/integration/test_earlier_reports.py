"""A report of a version without incidents: the upgrade opens its incident, so that somebody is paged for it."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from matching import paging
from matching.models import Incident, IncidentEvent, IncidentReport, KeptApart, Match, MatchEvent
from matching.states import Act, Status
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

earlier = import_module("matching.migrations.0020_incidents_of_earlier_reports")
AGO = timedelta(hours=9)


def frozen_before(
    status: Status, *, by: Person, of: Person, host: Person, role: str, reason: str = "not_safe"
) -> Match:
    """Freeze a match as the versions before incidents did: the moment, and a line of history."""
    match = people.match_in(status, people.request(of.arrival), people.space(host.host))
    at = timezone.now() - AGO
    Match.objects.filter(pk=match.pk).update(frozen_at=at)
    MatchEvent.objects.create(
        match=match, act=Act.FREEZE, from_status=status, to_status=status, by=by.user, role=role, reason=reason, at=at
    )
    match.refresh_from_db()
    return match


def test_report_of_an_earlier_version_gets_an_incident_and_is_paged(
    amira: Person, hanna: Person, carla: Person, oskar: Person
) -> None:
    said = frozen_before(Status.CONFIRMED, by=amira, of=amira, host=hanna, role="arrival")
    host_said = frozen_before(Status.CHECKED_IN, by=oskar, of=people.amira(name="Berta"), host=oskar, role="host")
    frozen_before(Status.COMPLETED, by=amira, of=amira, host=hanna, role="arrival")
    suspended = people.hanna(name="Greta", contact="greta@example.org")
    frozen_before(
        Status.CONFIRMED, by=carla, of=people.amira(name="Cora"), host=suspended, role="coordinator", reason=""
    )

    for _each in range(2):  # A second run changes nothing.
        earlier.open_incidents(apps, None)

    reports = IncidentReport.objects.order_by("role").values_list("incident__match", "role", "how", "by", "at")
    assert list(reports) == [
        (said.pk, "arrival", "button", amira.user.pk, said.frozen_at),
        (host_said.pk, "host", "button", oskar.user.pk, host_said.frozen_at),
    ]
    assert list(IncidentEvent.objects.order_by("role").values_list("what", "role", "at")) == [
        ("reported", "arrival", said.frozen_at),
        ("reported", "host", host_said.frozen_at),
    ]
    assert set(KeptApart.objects.values_list("arrival", "host")) == {
        (match.request.arrival_id, match.space.host_id) for match in (said, host_said)
    }
    said.request.refresh_from_db()
    host_said.request.refresh_from_db()
    assert (said.request.desk_since, host_said.request.desk_since) == (None, host_said.frozen_at)

    paging.page_what_is_due(at=timezone.now())

    assert list(Incident.objects.values_list("steps", flat=True)) == [1, 1]
