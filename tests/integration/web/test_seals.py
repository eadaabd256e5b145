"""Nothing that was encrypted for the database is decrypted for a browser, at whichever door it is put in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.test import Client

from matching.web import sign_in_forms
from privacy import ciphertext, sessions
from privacy.fields import EncryptedTextField, purpose_of
from privacy.seals import seal, unseal

pytestmark = pytest.mark.django_db

PLAIN = "planted@example.org"
"""It reads as a contact: the worst case, since a contact is what the page shows again."""

DOORS = ("/host/code/", "/offer/code/")


def encrypted_columns() -> Iterator[Any]:
    for model in apps.get_models():
        yield from (field for field in model._meta.fields if isinstance(field, EncryptedTextField))


def planted() -> Iterator[tuple[str, str]]:
    """Yield the name and the ciphertext of every encrypted column, of the drafts in a session, and of other seals."""
    for field in encrypted_columns():
        yield f"{field.model._meta.label}.{field.name}", field.get_prep_value(PLAIN)
    for key in ("draft_need", "host_contact"):
        yield f"{key} in a session", ciphertext.seal_text(PLAIN, purpose=sessions.purpose_of(key))
    yield "a seal for another purpose", seal(PLAIN, purpose="something else")
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=2)):
        old = seal(PLAIN, purpose=sign_in_forms.SEALED_CONTACT)
    yield "a seal of two hours ago", old
    yield "a seal of no contact", seal(f"The secret of {PLAIN} is 1234", purpose=sign_in_forms.SEALED_CONTACT)


def shown_by(client: Client, door: str, ciphertext: str) -> bool:
    page = client.post(door, {"code": "123456", "to": ciphertext}, follow=True)
    return PLAIN in page.content.decode()


@pytest.mark.parametrize("door", DOORS)
def test_ciphertext_put_into_a_form_comes_back_nowhere_in_plain_text(client: Client, door: str) -> None:
    assert len(list(encrypted_columns())) > 10
    assert [name for name, ciphertext in planted() if shown_by(client, door, ciphertext)] == []


def test_with_the_key_of_the_fields_every_column_would_be_shown(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: under the key of the database's fields the door reads any column to anybody."""
    for field in encrypted_columns():
        opening = partial(ciphertext.open_text, purpose=purpose_of(field))
        monkeypatch.setattr(sign_in_forms, "unseal", lambda token, opening=opening, **_terms: opening(token))
        assert shown_by(client, "/host/code/", field.get_prep_value(PLAIN))


def test_seal_opens_for_its_purpose_and_its_time_only() -> None:
    made = seal(PLAIN, purpose="one")

    assert unseal(made, purpose="one", within=timedelta(hours=1)) == PLAIN
    assert unseal(made, purpose="other", within=timedelta(hours=1)) == ""
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        assert unseal(made, purpose="one", within=timedelta(hours=1)) == ""


@pytest.mark.parametrize("token", ["", "x", "gAAAAAB", "\N{SNOWMAN}", "planted@example.org"])
def test_text_that_is_no_seal_opens_to_nothing(token: str) -> None:
    assert unseal(token, purpose="one", within=timedelta(hours=1)) == ""


def test_seal_of_an_older_key_still_opens(settings: Any) -> None:
    old, new = settings.FIELD_KEYS[0], "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    made = seal(PLAIN, purpose="one")
    settings.FIELD_KEYS = [new, old]

    assert unseal(made, purpose="one", within=timedelta(hours=1)) == PLAIN
