"""The migrations that move free text out of the append-only tables, there and back, over rows of the version before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import Error, connection, transaction
from django.utils.translation import override

from accounts.models import CoordinatorEvent, Host, HostCall, HostEvent
from deployment.models import SettingChange
from matching.admin import line_words
from matching.models import DeskNote, MatchEvent, PairVerdict
from places.models import PlaceChange
from privacy import ciphertext, remarks
from privacy.models import AccessLog, Remark
from tests import people
from tests.migrating import migrated, newest
from tests.people import Person

pytestmark = [pytest.mark.once, pytest.mark.long]

BEFORE = [
    ("accounts", "0015_looks_have_a_budget"),
    ("deployment", "0002_names_at_the_desk"),
    ("matching", "0020_incidents_of_earlier_reports"),
    ("places", "0003_names_at_the_desk"),
    ("privacy", "0006_looks_have_a_budget"),
]
AT = datetime(2026, 9, 1, tzinfo=UTC)
PLAIN = "Zubaida told us, Қ"

moving = import_module("privacy.migrations._moving_words")

COLUMNS = {
    HostEvent: "reason",
    HostCall: "note",
    CoordinatorEvent: "reason",
    AccessLog: "note",
    MatchEvent: "note",
    DeskNote: "text",
    PairVerdict: "reason",
    SettingChange: "reason",
    PlaceChange: "reason",
}
"""Each history with the column that held its free text."""


@pytest.fixture
def leaves(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Return the newest migrations, and go back to them at the end. Batches are small, so that each table takes several."""
    monkeypatch.setattr(moving, "AT_ONCE", 2)
    leaves = newest()
    yield leaves
    migrated(leaves)


def of(old: Any, model: Any) -> Any:
    return old.get_model(model._meta.label)._default_manager


def written(old: Any, carla: Person, match_id: Any, request_id: Any, host_id: int) -> None:
    """Write five lines of each history as the version before wrote them: with words 0 to 3, then one without words."""
    by, place = {"by_id": carla.user.pk, "at": AT}, old.get_model("places.Place")._default_manager.earliest("pk").pk
    rights = {"role": "coordinator", "all_places": False, "places": ["Almaty"]}
    shapes: dict[Any, dict[str, Any]] = {
        HostEvent: {"host_id": host_id, "from_status": "vetted", "to_status": "suspended"},
        HostCall: {"host_id": host_id, "outcome": "reached"},
        CoordinatorEvent: {"about_id": carla.user.pk, "what": "left", "was": rights},
        AccessLog: {"about_id": carla.user.pk, "fields": "name", "reason": "other"},
        MatchEvent: {"match_id": match_id, "act": "accept", "to_status": "proposed", "role": "host"},
        DeskNote: {"request_id": request_id},
        PairVerdict: {"kind": "hosts", "verdict": "different", "one": "1", "other": "2"},
        SettingChange: {"name": "fresh_days", "old": 1, "new": 2},
        PlaceChange: {"place_id": place, "what": "closed"},
    }
    for model, column in COLUMNS.items():
        for number in range(5):
            words = f"{PLAIN} {number}" if number < 4 else ""
            of(old, model).create(**shapes[model], **by, **{column: words})


def in_columns(old: Any) -> dict[str, list[str]]:
    return {
        model.__name__: list(of(old, model).filter(at=AT).order_by("pk").values_list(column, flat=True))
        for model, column in COLUMNS.items()
    }


def beside() -> dict[str, list[str]]:
    return {
        model.__name__: [remarks.words_of(line) for line in model.objects.filter(at=AT).order_by("pk")]
        for model in COLUMNS
    }


def plain_in_files() -> set[str]:
    """Return the tables of whose file on the disk some byte is of the words, though no query shows it."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        for table in [*(model._meta.db_table for model in COLUMNS), "accounts_host"]:
            cursor.execute(
                "SELECT position(%s::bytea IN pg_read_binary_file(pg_relation_filepath(%s)))", [PLAIN.encode(), table]
            )
            if cursor.fetchone()[0]:
                found.add(table)
    return found


WORDS = {model.__name__: [*(f"{PLAIN} {number}" for number in range(4)), ""] for model in COLUMNS}


def test_words_leave_every_history_and_come_back(
    leaves: list[tuple[str, str]], capsys: Any, amira: Person, hanna: Person, carla: Person
) -> None:
    match = people.proposed(people.request(amira.arrival), people.space(hanna.host))
    people.hanna(name="Hana", contact="hana@example.org", vetted=False)
    old = migrated(BEFORE)
    written(old, carla, match.pk, match.request_id, hanna.host.pk)
    waits = of(old, Host).filter(status="unvetted")
    waits.update(refusal_by=carla.user.pk, refusal_reason=PLAIN)
    assert in_columns(old) == WORDS
    assert plain_in_files() == {
        *("accounts_host", "accounts_hostevent", "accounts_coordinatorevent", "matching_pairverdict"),
        *("deployment_settingchange", "places_placechange"),
    }
    capsys.readouterr()

    migrated(leaves)

    assert beside() == WORDS
    told = capsys.readouterr().out
    assert [f"{model._meta.label}: the words of 4 lines moved beside them" in told for model in COLUMNS] == [True] * 9
    assert Host.objects.get(status="unvetted").refusal_reason == PLAIN
    kept = Remark.objects.filter(written_at=AT)
    assert kept.count() == 36
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM privacy_remark UNION ALL SELECT refusal_reason FROM accounts_host")
        assert not [text for (text,) in cursor.fetchall() if "Zubaida" in text]
    assert plain_in_files() == set()
    for model in COLUMNS:
        with pytest.raises(Error, match="Cannot update or delete"), transaction.atomic():
            model.objects.update(at=AT)

    first = [model.objects.filter(at=AT).order_by("pk")[0] for model in COLUMNS]
    assert remarks.erase(Remark.objects.filter(pk__in=[line.remark_id for line in first]), at=AT) == 9

    assert beside() == {name: ["(words erased)", *words[1:]] for name, words in WORDS.items()}
    old = migrated(BEFORE)
    assert in_columns(old) == {name: ["", *words[1:]] for name, words in WORDS.items()}
    assert waits.get().refusal_reason == PLAIN

    migrated(leaves)

    assert beside() == {name: ["", *words[1:]] for name, words in WORDS.items()}


def test_lines_from_before_there_were_codes_move_their_words_too(
    leaves: list[tuple[str, str]], hanna: Person, carla: Person
) -> None:
    """Such lines say what they say as text: of rights in both columns, of a host and of a look in the language of the time."""
    old = migrated(BEFORE)
    said = [
        ({"code": "said", "text": "lead of Oral"}, {"code": "said", "text": "lead of all"}, "she asked"),
        (None, {"code": "said", "text": "whatever"}, ""),
        ({"code": "said", "text": "whatever"}, None, "no reason"),
    ]
    by = {"by_id": carla.user.pk, "at": AT}
    for was, became, reason in said:
        of(old, CoordinatorEvent).create(
            about_id=carla.user.pk, what="named", was=was, became=became, reason=reason, **by
        )
    of(old, HostEvent).create(
        host_id=hanna.host.pk, from_status="unvetted", to_status="unvetted", reason="просит отказать: Зубайда", **by
    )
    of(old, AccessLog).create(about_id=carla.user.pk, fields="name", reason="said", note="Зубайда звонила", **by)

    migrated(leaves)

    events = CoordinatorEvent.objects.filter(at=AT).order_by("pk")
    assert [(event.was, event.became, remarks.words_of(event)) for event in events] == [
        ({"code": "said"}, {"code": "said"}, "lead of Oral\nlead of all\nshe asked"),
        (None, {"code": "said"}, "whatever"),
        ({"code": "said"}, None, "whatever\nno reason"),
    ]
    with override("ru"):
        assert line_words.of_host_event(HostEvent.objects.get(at=AT)) == "просит отказать: Зубайда"
        assert line_words.of_look(AccessLog.objects.get(at=AT)) == "Зубайда звонила"
    with connection.cursor() as cursor:
        cursor.execute("SELECT was::text || became::text FROM accounts_coordinatorevent WHERE at = %s", [AT])
        assert {text for (text,) in cursor.fetchall() if text} == {'{"code": "said"}{"code": "said"}'}

    back = of(migrated(BEFORE), CoordinatorEvent).filter(at=AT).order_by("pk")
    assert list(back.values_list("was", "became", "reason")) == said


def test_words_in_the_old_format_move_and_words_under_a_lost_key_stop_everything(
    leaves: list[tuple[str, str]], hanna: Person, carla: Person
) -> None:
    old = migrated(BEFORE)
    of(old, HostEvent).create(
        host_id=hanna.host.pk, from_status="vetted", to_status="vetted", reason=PLAIN, by_id=carla.user.pk, at=AT
    )
    call = of(old, HostCall).create(host_id=hanna.host.pk, outcome="reached", by_id=carla.user.pk, at=AT)

    def plant(token: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM privacy_keyrotation")
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("UPDATE accounts_hostcall SET note = %s WHERE id = %s", [token, call.pk])

    plant(Fernet(Fernet.generate_key()).encrypt(PLAIN.encode()).decode())
    with pytest.raises(RuntimeError, match=rf"accounts.HostCall: the column note of the rows \[{call.pk}\]"):
        migrated(leaves)
    assert of(old, HostEvent).get(at=AT).reason == PLAIN

    plant(Fernet(settings.FIELD_KEYS[0]).encrypt(PLAIN.encode()).decode())
    migrated(leaves)

    assert [remarks.words_of(line.objects.get(at=AT)) for line in (HostEvent, HostCall)] == [PLAIN, PLAIN]
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM privacy_remark WHERE written_at = %s", [AT])
        assert all(ciphertext.is_sealed(text) for (text,) in cursor.fetchall())
