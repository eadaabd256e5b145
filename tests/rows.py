"""Every text that the database holds, opened: for tests that look for what should be there no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from privacy import sessions


class Found(NamedTuple):
    """One value of one column of one row, as text; a sealed value is opened."""

    table: str
    pk: str
    column: str
    text: str


def every_text() -> Iterator[Found]:
    """Yield every value of every row of every table, and what sessions keep."""
    for table in apps.get_models(include_auto_created=True):
        if table._meta.proxy or not table._meta.managed:
            continue
        for row in table._base_manager.all():
            for column in table._meta.concrete_fields:
                value = getattr(row, column.attname)
                if isinstance(value, bytes | memoryview):
                    value = bytes(value).decode("utf-8", "replace")
                elif isinstance(value, dict | list):
                    value = json.dumps(value, ensure_ascii=False, default=str)
                yield Found(table._meta.label, str(row.pk), column.name, str(value))
    for row in Session.objects.all():
        content = SessionStore(row.pk)
        for key in list(content.keys()):
            text = f"{content[key]}\n{sessions.kept(content, key) if isinstance(content[key], str) else ''}"
            yield Found("sessions.Session", row.pk, key, text)


def holding(*texts: str) -> set[tuple[str, str]]:
    """Return (table, column) of every value that holds one of these texts, in whatever case."""
    wanted = [text.lower() for text in texts]
    return {(found.table, found.column) for found in every_text() if any(text in found.text.lower() for text in wanted)}
