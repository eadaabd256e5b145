"""The migration of stored errors: the service's own sentences become classes and back; a provider's words stay."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.db import connection

from notifications.models import Delivery
from notifications.outbox import tell
from tests import people

pytestmark = pytest.mark.django_db

migration = import_module("notifications.migrations.0005_own_errors_are_classes")

BEFORE = [("permanent", "no enabled channel serves email"), ("expired", "too late to be told"), ("permanent", "550")]
AFTER = [("no_channel", ""), ("expired", ""), ("permanent", "550")]


def stored() -> list[tuple[str, str]]:
    return list(Delivery.objects.order_by("pk").values_list("error_class", "error_text"))


def test_own_sentences_become_classes_and_back() -> None:
    hanna = people.hanna(contact="hanna@example.org")
    for number, (error_class, error_text) in enumerate(BEFORE):
        told = tell(hanna.user, "host_vetted", at=datetime(2026, 9, 1, tzinfo=UTC), key=f"vetted:{number}")
        Delivery.objects.filter(notification=told).update(
            status=Delivery.Status.FAILED, error_class=error_class, error_text=error_text, leased_until=None
        )
    before = stored()

    with connection.cursor() as cursor:
        cursor.execute(migration.TO_CLASSES)
        after = stored()
        cursor.execute(migration.TO_SENTENCES)

    assert (before[-3:], after[-3:], stored()[-3:]) == (BEFORE, AFTER, BEFORE)
