"""What people make up as a key or a name is encrypted by a migration, is found as before, and comes back on the way back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from accounts import user_names
from accounts.models import AccessToken
from matching.models import IdempotencyKey, SheetImport, SheetImportRow, ShelterRequest, Space
from matching.queries import called
from notifications.models import Delivery
from privacy import ciphertext
from privacy.fields import blind_index
from tests import people
from tests.migrating import migrated, newest

BEFORE = [
    ("accounts", "0016_erased_persons"),
    ("matching", "0029_new_spaces_wait"),
    ("notifications", "0007_contacts_proved"),
]
COLUMNS = {
    "matching_space": "external_id",
    "matching_shelterrequest": "external_id",
    "matching_sheetimportrow": "key",
    "accounts_accesstoken": "name",
    "notifications_delivery": "provider_id",
}
TYPED = "+7 701 555 03 01 Amira"


def stored(table: str, column: str) -> set[str]:
    """Return what stands in a column, as PostgreSQL has it."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" <> %s', [""])
        return {value for (value,) in cursor.fetchall()}


def write(table: str, **values: Any) -> None:
    columns = ", ".join(f'"{name}" = %s' for name in values)
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        cursor.execute(f'UPDATE "{table}" SET {columns}', list(values.values()))
        cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


@pytest.mark.once
@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_what_was_plain_is_sealed_and_found_again() -> None:
    now = timezone.now()
    amira, hanna = people.amira(contact="amira@example.org"), people.hanna()
    space, asked = people.space(hanna.host), people.request(amira.arrival)
    AccessToken.objects.create(user=amira.user, name="x", token_hash="x", created_at=now, expires_at=now)
    sheet = SheetImport.objects.create(kind="spaces", by=people.carla().user, received_at=now)
    SheetImportRow.objects.create(sheet=sheet, line=2)
    IdempotencyKey.objects.create(caller="user:1", key="x", fingerprint="x", created_at=now)
    assert Delivery.objects.exists()
    try:
        migrated(BEFORE)
        for table, column in COLUMNS.items():
            write(table, **{column: TYPED})
        write("matching_idempotencykey", key=TYPED)

        migrated(newest())

        for table, column in COLUMNS.items():
            assert all(ciphertext.is_sealed(value) for value in stored(table, column)), table
        assert stored("matching_idempotencykey", "key") == {blind_index(TYPED)}
        assert Space.objects.get(called([TYPED])).pk == space.pk
        assert ShelterRequest.objects.get(called([TYPED])).external_id == TYPED
        assert ShelterRequest.objects.get(pk=asked.pk).version == asked.version
        assert {row.name for row in AccessToken.objects.all()} == {TYPED}
        assert {row.provider_id for row in Delivery.objects.all()} == {TYPED}
        assert SheetImportRow.objects.get().key == TYPED

        migrated(BEFORE)

        assert [stored(table, column) for table, column in COLUMNS.items()] == [{TYPED}] * len(COLUMNS)
    finally:
        migrated(newest())


@pytest.mark.django_db
def test_row_is_found_by_its_key_also_while_the_key_of_the_index_changes(settings: Any) -> None:
    space = people.space(people.hanna().host)
    Space.objects.filter(pk=space.pk).update(external_id=TYPED, external_index=blind_index(TYPED))
    settings.INDEX_KEY_BEFORE, settings.INDEX_KEY = settings.INDEX_KEY, f"new {uuid4()}"

    assert Space.objects.get(called([TYPED])).pk == space.pk
    assert not Space.objects.filter(called([])).exists()


@pytest.mark.parametrize(
    ("username", "name", "tells"),
    [
        ("carla", "Carla Koordinator", False),
        ("c.koordinator-2", "Carla Koordinator", False),
        ("карла", "", False),
        ("carla.koordinator", "Carla Koordinator", True),
        ("KoordinatorCarla", "Carla Koordinator", True),
        ("Carla Koordinator", "", True),
        ("carla@example.org", "", True),
        ("+77015550301", "", True),
        ("8-701-555-03-01", "", True),
        ("", "", True),
    ],
)
def test_user_name_is_one_word_that_tells_nobody(username: str, name: str, tells: bool) -> None:
    assert user_names.tells(username, name) == tells
