"""Open an incident for each match that a report froze before incidents existed, so that somebody is paged for it."""

from typing import Any

from django.db import migrations
from django.utils import timezone

LIVE = ("proposed", "approved", "confirmed", "checked_in")


def open_incidents(apps: Any, schema_editor: Any) -> None:
    models = {name: apps.get_model("matching", name) for name in ("Match", "MatchEvent", "ShelterRequest")}
    incidents = {name: apps.get_model("matching", name) for name in ("Incident", "IncidentEvent", "IncidentReport")}
    kept_apart = apps.get_model("matching", "KeptApart")
    frozen = models["Match"].objects.filter(frozen_at__isnull=False, status__in=LIVE, incidents=None)
    for match in frozen.select_related("request", "space").order_by("frozen_at", "pk"):
        said = models["MatchEvent"].objects.filter(match=match, act="freeze", reason="not_safe").order_by("pk").last()
        if said is None:  # The match was frozen because its host was suspended.
            continue
        incident = incidents["Incident"].objects.create(match=match, opened_at=said.at, next_step_at=timezone.now())
        line = {"incident": incident, "role": said.role, "by_id": said.by_id, "at": said.at}
        incidents["IncidentEvent"].objects.create(what="reported", **line)
        incidents["IncidentReport"].objects.create(how="button", **line)
        kept_apart.objects.get_or_create(
            arrival_id=match.request.arrival_id, host_id=match.space.host_id, defaults={"at": said.at}
        )
        if said.role == "host":
            models["ShelterRequest"].objects.filter(pk=match.request_id, desk_since=None).update(desk_since=said.at)


class Migration(migrations.Migration):
    dependencies = [("matching", "0019_changes_wait_and_flags")]

    operations = [migrations.RunPython(open_incidents, migrations.RunPython.noop)]
