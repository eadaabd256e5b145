"""What a service has left behind, written down for whoever searches it: every table, Redis, and what the providers were told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import redis
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection, models
from django.db.models import Field

from privacy.fields import EncryptedBytesField, EncryptedTextField
from tests.sentinel import words
from tests.sentinel.acts import Cast, usernames
from tests.sentinel.servers import Service

TEXT = (models.CharField, models.TextField, models.JSONField, models.BinaryField)


def text_columns() -> list[Field[Any, Any]]:
    """Return every column of every model that can hold words."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            if isinstance(field, TEXT) or field.get_internal_type() == "ArrayField":
                found[f"{model._meta.db_table}.{field.column}"] = field
    return [found[name] for name in sorted(found)]


def name_of(field: Field[Any, Any]) -> str:
    return f"{field.model._meta.db_table}.{field.column}"


def write_down(running: Service, all_of: Cast) -> None:
    """Write the dump, what Redis holds, what went to the providers, and what the drive has filled."""
    folder = running.folder
    (folder / "facts.json").write_text(
        json.dumps({"names taken": usernames(all_of), "empty": _empty(), "without a sentinel": _without_a_sentinel()})
    )
    dump(folder / "dump")
    _what_providers_got(running, folder / "providers")
    _redis(running, folder / "redis-now")
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")


def dump(folder: Path) -> None:
    """Write every table of every schema of ours into a file of its own, and what sessions hold once they are decoded."""
    folder.mkdir(exist_ok=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        for schema, table in cursor.fetchall():
            with (folder / table).open("wb") as out, cursor.copy(f'COPY "{schema}"."{table}" TO STDOUT') as rows:
                for piece in rows:
                    out.write(piece)
    with (folder / "sessions, decoded").open("w") as out:
        for session in Session.objects.all():
            kept = signing.loads(
                session.session_data, salt="django.contrib.sessions.SessionStore", serializer=signing.JSONSerializer
            )
            out.write(json.dumps(kept, ensure_ascii=False) + "\n")


def _what_providers_got(running: Service, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    lines = [
        json.dumps({**each.body, "to": "", "key": each.key, "authorization": each.authorization}, ensure_ascii=False)
        for each in running.gateway.requests
    ]
    assert len(lines) > 50, len(lines)
    (folder / "gateway").write_text("\n".join(lines))


def _redis(running: Service, file: Path) -> None:
    with (
        redis.Redis(unix_socket_path=running.env["REDIS_URL"].removeprefix("unix://")) as client,
        file.open("wb") as out,
    ):
        for number in range(16):
            client.execute_command("SELECT", number)
            for key in client.scan_iter():
                out.write(key + b" " + (client.dump(key) or b"") + b"\n")


def _filled(field: Field[Any, Any]) -> bool:
    kind = field.get_internal_type()
    empty = {"BinaryField": "''::bytea", "ArrayField": "'{}'", "JSONField": "'null'::jsonb"}.get(kind, "''")
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT EXISTS (SELECT 1 FROM "{field.model._meta.db_table}" WHERE "{field.column}" <> {empty})'
        )
        return bool(cursor.fetchone()[0])


def _empty() -> list[str]:
    return [name_of(field) for field in text_columns() if not _filled(field)]


def _without_a_sentinel() -> list[str]:
    """Return the encrypted columns in which no value holds a sentinel once it is opened."""
    found = []
    for field in text_columns():
        if isinstance(field, (EncryptedTextField, EncryptedBytesField)):
            values = field.model._default_manager.values_list(field.attname, flat=True)
            if not any(list(words.found_in(_raw(value), text=True)) for value in values if value):
                found.append(name_of(field))
    return found


def _raw(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
