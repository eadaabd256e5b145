"""The migrations of stored words: every sentence becomes a code with numbers and back, in every language it was stored in.

Four apps turn the words they stored into codes at once. The test goes back to the schema before, writes rows as the
versions before wrote them, and goes forward again. An unknown text is kept as `said`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext, override

from accounts.models import CoordinatorEvent, HostCheck, HostEvent
from accounts.refusals import REFUSALS, words_of_value
from matching.admin import line_words
from matching.models import PendingDecision, SheetImport, SheetImportRow
from matching.refusal_words import of_value
from matching.sheets.sentences import SHEET_SENTENCES
from notifications.models import Delivery
from privacy.models import AccessLog
from privacy.remarks import words_of
from tests import people
from tests.migrating import migrated, newest
from tests.people import Person

pytestmark = [pytest.mark.once, pytest.mark.long]

BEFORE = [
    ("accounts", "0008_sessions_that_end"),
    ("matching", "0014_composition"),
    ("notifications", "0005_own_errors_are_classes"),
    ("privacy", "0003_key_rotation"),
]
LANGUAGES = [code for code, _name in settings.LANGUAGES]
AT = datetime(2026, 9, 1, tzinfo=UTC)
MATCH = UUID("8a5d7e3c-2f7f-4b0e-9f5e-0b6f0c3d1a22")

refusals = import_module("matching.migrations.0017_refusals_are_codes")
hosts = import_module("accounts.migrations.0009_rights_and_checks_are_codes")


@pytest.fixture
def leaves(transactional_db: None) -> Iterator[list[tuple[str, str]]]:
    """Return the newest migrations, and go back to them at the end."""
    leaves = newest()
    yield leaves
    migrated(leaves)


SAID_ANEW = {"workbook", "unreadable_letters"}
"""Sentences that say something else since workbooks and more encodings are read."""


def every(sentence: str) -> list[str]:
    """Return a sentence in every language."""
    found = []
    for language in LANGUAGES:
        with override(language):
            found.append(gettext(sentence))
    return found


def test_the_words_frozen_in_the_migration_are_those_of_the_doors() -> None:
    """A person must read the same words after the migration as before it, so both sides know the same sentences."""
    with override("en"):
        for code, name, sentence in refusals.REFUSALS:
            kind = REFUSALS[code]
            assert str(kind.sentences[name] if name else kind.message) == sentence
        frozen = {code: words for code, words in refusals.SHEETS if code not in SAID_ANEW}
        assert frozen == {code: SHEET_SENTENCES[code] for code in frozen}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stored_refusal_reads_as_before_in_its_own_language(language: str) -> None:
    numbers = {"most": 500, "who": "dana"}
    with override(language):
        for code, name, sentence in refusals.REFUSALS:
            words = gettext(sentence)
            words = words % numbers if "%(" in words else words
            value = refusals.as_value(words)

            assert (value["code"], value.get("sentence", "")) == (code, name)
            assert words_of_value(value) == words


def test_stored_words_become_codes_and_back(leaves: Any, carla: Person, hanna: Person, amira: Person) -> None:
    match = people.proposed(people.request(amira.arrival), people.space(hanna.host))
    HostCheck.objects.all().delete()
    Delivery.objects.all().delete()
    old = migrated(BEFORE)
    written = _write(old, carla=carla.user.pk, host=hanna.host.pk, match=match.pk)
    before = _read(old)
    assert before == written

    migrated(leaves)

    assert list(CoordinatorEvent.objects.order_by("pk").values_list("was", "became")) == [
        (
            {"role": "coordinator", "all_places": False, "places": ["Almaty", "Oral"]},
            {"role": "lead", "all_places": True, "places": []},
        ),
        ({"code": "said"}, None),
        (None, None),
    ]
    events = [(event.said, words_of(event)) for event in HostEvent.objects.order_by("pk")]
    assert events[-len(LANGUAGES) - 1 :] == [
        *[({"code": "import_undone"}, "")] * len(LANGUAGES),
        (None, "she moved"),
    ]
    assert [(check.said, check.note) for check in HostCheck.objects.order_by("pk")] == [
        *[({"code": "vouched"}, "")] * len(LANGUAGES),
        *[({"code": "import_undone"}, "")] * len(LANGUAGES),
        (None, "her aunt says so"),
        (None, ""),
    ]
    assert [(look.reason, words_of(look), look.match) for look in AccessLog.objects.order_by("pk")] == [
        ("asked", "", None),
        ("other", "fire: drill", None),
        ("new_secret", "", None),
        ("match", "", MATCH),
        ("said", "match of two", None),
        ("said", "because", None),
    ]
    with override("en"):
        assert [line_words.of_look(look) for look in AccessLog.objects.order_by("pk")] == [
            "they asked me",
            "another reason, written down beside: fire: drill",
            "gave a new secret",
            f"match {MATCH}",
            "match of two",
            "because",
        ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM privacy_remark")
        assert not [note for (note,) in cursor.fetchall() if "fire" in note or "because" in note]
    row = SheetImportRow.objects.get()
    assert row.what_is_wrong == [
        ["beds", {"code": "sheet:whole_number", "smallest": 1, "greatest": 500}],
        ["who", {"code": "sheet:who"}],
        ["", {"code": "incomplete", "sentence": "beds", "most": 500}],
        ["", {"code": "said", "text": "Something else."}],
    ]
    assert row.kept_because == {"code": "changed_since"}
    with override("ru"):
        assert of_value(row.kept_because) == gettext("It was changed since the import.")
    assert PendingDecision.objects.values_list("refusal", "refusal_value").get() == ("frozen", {"code": "frozen"})
    assert list(Delivery.objects.order_by("pk").values_list("error_class", "error_text", "exception")) == [
        ("timeout", "", ""),
        ("timeout", "408", ""),
        ("lost", "", ""),
        ("permanent", "550", ""),
        ("server", "451", ""),
        ("server", "", "ConnectionRefusedError"),
        ("permanent", "no such number", ""),
    ]

    after = _read(migrated(BEFORE))

    assert after == _in_english(written)


def _write(old: Any, *, carla: int, host: int, match: UUID) -> dict[str, list[Any]]:
    """Write rows as the version before wrote them; return their words by table."""
    in_ru, in_kk, in_uk = ([*LANGUAGES].index(code) for code in ("ru", "kk", "uk"))
    rights = [("coordinator: Almaty, Oral", "lead: all places"), ("whatever", ""), ("", "")]
    for was, became in rights:
        _of(old, "accounts.CoordinatorEvent").create(
            about_id=carla, what="named", was=was, became=became, by_id=carla, at=AT
        )
    reasons = [*every(hosts.SAID["import_undone"]), "she moved"]
    event = {"host_id": host, "from_status": "vetted", "to_status": "unvetted", "by_id": carla, "at": AT}
    for reason in reasons:
        _of(old, "accounts.HostEvent").create(reason=reason, **event)
    notes = [*every(hosts.SAID["vouched"]), *every(hosts.SAID["import_undone"]), "her aunt says so", ""]
    check = {"host_id": host, "kind": "reference", "by_id": carla, "at": AT, "valid_until": date(2027, 1, 1)}
    for note in notes:
        _of(old, "accounts.HostCheck").create(note=note, **check)
    looks = ["asked", "other: fire: drill", "gave a new secret", f"match {MATCH}", "match of two", "because"]
    for reason in looks:
        _of(old, "privacy.AccessLog").create(by_id=carla, about_id=carla, fields="name", reason=reason, at=AT)
    too_many = every("Say how many people can sleep here: a number from 1 to %(most)d.")[in_kk] % {"most": 500}
    problems = [
        ["beds", "Write a whole number from %(smallest)s to %(greatest)s.", {"smallest": 1, "greatest": 500}],
        ["who", "Write anyone, women or families.", {}],
        ["", too_many],
        ["", "Something else."],
    ]
    sheet = _of(old, "matching.SheetImport").create(
        kind="spaces", by_id=carla, received_at=AT, state=SheetImport.State.DROPPED
    )
    kept = every("It was changed since the import.")[in_ru]
    _of(old, "matching.SheetImportRow").create(
        sheet=sheet, line=2, foreseen="refused", problems=json.dumps(problems), kept_because=kept
    )
    refused = every("This match is on hold until a coordinator has looked at it.")[in_uk]
    _of(old, "matching.PendingDecision").create(
        match_id=match, version=1, act="approve", by_id=carla, decided_at=AT, due_at=AT, refusal=refused
    )
    errors = [
        ("timeout", "the gateway did not answer in time"),
        ("timeout", "408"),
        ("unknown", "no worker lived through an attempt"),
        ("permanent", "recipient refused (550)"),
        ("server", "SMTP 451"),
        ("server", "ConnectionRefusedError"),
        ("permanent", "no such number"),
    ]
    notification = _of(old, "notifications.Notification")
    for number, (error_class, error_text) in enumerate(errors):
        told = notification.create(
            recipient_id=carla, event="host_vetted", language="ru", key=f"k{number}", created_at=AT
        )
        point = _of(old, "notifications.ContactPoint").create(
            user_id=carla, channel="email", address="c@example.org", address_index=str(number)
        )
        _of(old, "notifications.Delivery").create(
            notification=told,
            contact_point=point,
            status="failed",
            next_attempt_at=AT,
            error_class=error_class,
            error_text=error_text,
        )
    return {
        "rights": rights,
        "events": reasons,
        "checks": notes,
        "looks": looks,
        "rows": [(problems, kept)],
        "decisions": [refused],
        "errors": errors,
    }


def _read(old: Any) -> dict[str, list[Any]]:
    """Return the words of the version before, by table."""
    last = len(LANGUAGES) + 1
    return {
        "rights": list(_of(old, "accounts.CoordinatorEvent").order_by("pk").values_list("was", "became")),
        "events": list(_of(old, "accounts.HostEvent").order_by("pk").values_list("reason", flat=True))[-last:],
        "checks": list(_of(old, "accounts.HostCheck").order_by("pk").values_list("note", flat=True)),
        "looks": list(_of(old, "privacy.AccessLog").order_by("pk").values_list("reason", flat=True)),
        "rows": [
            (json.loads(row.problems), row.kept_because) for row in _of(old, "matching.SheetImportRow").order_by("pk")
        ],
        "decisions": list(_of(old, "matching.PendingDecision").values_list("refusal", flat=True)),
        "errors": list(_of(old, "notifications.Delivery").order_by("pk").values_list("error_class", "error_text")),
    }


def _in_english(written: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the words after going there and back: the same, but English, and without our words about time-outs."""
    count = len(LANGUAGES)
    return written | {
        "events": [hosts.SAID["import_undone"]] * count + ["she moved"],
        "checks": [hosts.SAID["vouched"]] * count + [hosts.SAID["import_undone"]] * count + ["her aunt says so", ""],
        "rows": [
            (
                [
                    *written["rows"][0][0][:1],
                    ["who", "Write anyone, women or families."],
                    ["", "Say how many people can sleep here: a number from 1 to 500."],
                    ["", "Something else."],
                ],
                "It was changed since the import.",
            )
        ],
        "decisions": ["This match is on hold until a coordinator has looked at it."],
        "errors": [
            ("timeout", ""),
            ("timeout", "408"),
            ("unknown", "no worker lived through an attempt"),
            ("permanent", "550"),
            ("server", "451"),
            ("server", "ConnectionRefusedError"),
            ("permanent", "no such number"),
        ],
    }


def _of(old: Any, model: str) -> Any:
    return old.get_model(model)._default_manager
