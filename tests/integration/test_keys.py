"""Sealed columns: each under a key of its own, moved nowhere else, and written anew under a new key without a stop."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction
from django.utils import timezone

from accounts import vetting
from accounts.contacts import find_contact_point, read_contact
from accounts.models import HostCheck
from matching import copy_rows
from matching.desk import claims
from matching.models import Match, MatchingChange, Space
from matching.states import Status
from notifications.models import ContactPoint
from privacy import ciphertext, keys, rotation, sessions
from privacy.ciphertext import DoesNotOpen
from privacy.fields import EncryptedBytesField, EncryptedTextField, purpose_of
from privacy.models import KeyRotation, Remark
from privacy.remarks import words_of
from tests import people
from tests.people import Person

PLAIN = "Abay Avenue 10, flat 5, Қ"
NEW_KEY = base64.urlsafe_b64encode(b"n" * 32).decode()
LOST_KEY = base64.urlsafe_b64encode(b"l" * 32).decode()
AT = datetime(2026, 11, 30, 12, tzinfo=UTC)

FIELDS = {rotation.name_of(field): field for field in rotation.encrypted_fields()}


def plain_for(field: Any) -> Any:
    return PLAIN.encode() if isinstance(field, EncryptedBytesField) else PLAIN


def sealed_for(field: Any) -> Any:
    """Return what the database keeps for the plain value of this field."""
    kept = field.get_db_prep_save(plain_for(field), connection)
    return bytes(kept.obj if hasattr(kept, "obj") else kept) if isinstance(field, EncryptedBytesField) else kept


def opened_by(field: Any, kept: Any) -> Any:
    return field.from_db_value(kept, None, connection)


def old_token(field: Any, key: str) -> Any:
    token = Fernet(key).encrypt(PLAIN.encode())
    return token if isinstance(field, EncryptedBytesField) else token.decode()


# -- one column each ----------------------------------------------------------------------------------


def test_every_encrypted_field_of_the_models_is_found() -> None:
    assert len(FIELDS) >= 20
    assert {"accounts_user.name", "accounts_hostevidence.picture", "privacy_remark.text"} <= FIELDS.keys()
    assert {type(field) for field in FIELDS.values()} == {EncryptedTextField, EncryptedBytesField}


@pytest.mark.parametrize("name", FIELDS)
def test_sealed_value_opens_in_its_column_and_no_other(name: str, db: None) -> None:
    field = FIELDS[name]
    kept = sealed_for(field)

    assert PLAIN not in str(kept)
    assert opened_by(field, kept) == plain_for(field)
    opened_elsewhere = []
    for other, there in FIELDS.items():
        moved = kept
        if isinstance(there, EncryptedBytesField) and isinstance(kept, str):
            moved = b"s1" + bytes.fromhex(kept.split(".")[1]) + base64.urlsafe_b64decode(kept.split(".")[2])
        elif isinstance(there, EncryptedTextField) and isinstance(kept, bytes):
            moved = f"s1.{kept[2:6].hex()}.{base64.urlsafe_b64encode(kept[6:]).decode()}"
        try:
            opened_by(there, moved)
        except DoesNotOpen:
            continue
        opened_elsewhere.append(other)
    assert opened_elsewhere == [name]


def test_under_one_purpose_for_all_every_column_would_open_in_every_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above: it is the purpose that keeps the columns apart."""
    monkeypatch.setattr("privacy.fields.purpose_of", lambda _field: "field: all")
    texts = [field for field in FIELDS.values() if isinstance(field, EncryptedTextField)]

    assert {opened_by(there, sealed_for(field)) for field in texts for there in texts} == {PLAIN}


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        lambda token: token.replace("s1.", "s1.0", 1),
        lambda token: token[: len(token) // 2],
        lambda _token: "s1.",
        lambda _token: "s1..",
        lambda token: token + "\N{SNOWMAN}",
        lambda _token: "plain text that somebody wrote by hand",
    ],
)
def test_value_that_was_changed_does_not_open(change: Any, db: None) -> None:
    field = FIELDS["accounts_user.name"]

    with pytest.raises(DoesNotOpen):
        opened_by(field, change(sealed_for(field)))


def test_equal_texts_look_different_and_nothing_stays_nothing(db: None) -> None:
    for field in FIELDS.values():
        assert sealed_for(field) != sealed_for(field)
        nothing = b"" if isinstance(field, EncryptedBytesField) else ""
        assert opened_by(field, nothing) == nothing
        assert opened_by(field, None) is None


def test_ciphertext_copied_into_another_column_of_the_database_is_not_shown(hanna: Person) -> None:
    space = people.space(hanna.host, directions="The second door.")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE matching_space SET directions = address WHERE id = %s", [space.pk])

    with pytest.raises(DoesNotOpen):
        Space.objects.get(pk=space.pk)


def test_every_way_to_read_and_write_knows_its_column(hanna: Person) -> None:
    space = people.space(hanna.host)
    Space.objects.filter(pk=space.pk).update(address=PLAIN)
    space.directions = "By bulk."
    Space.objects.bulk_update([space], ["directions"])
    rows = Space.objects.filter(pk=space.pk)

    assert rows.values_list("address", "directions").get() == (PLAIN, "By bulk.")
    assert rows.values("address").get() == {"address": PLAIN}
    assert rows.annotate(where=people_f("address")).get().where == PLAIN
    assert Match.objects.filter(space=space).values_list("space__address").first() is None
    assert rows.values_list("host__user__name", flat=True).get() == "Hanna Musterfrau"
    assert Space.objects.raw("SELECT * FROM matching_space")[0].address == PLAIN
    assert rows.defer("address").get().address == PLAIN


def people_f(name: str) -> Any:
    from django.db.models import F
    from django.db.models.functions import Coalesce

    return Coalesce(F(name), F(name))


def test_rows_copied_in_bulk_are_sealed_for_their_column(hanna: Person, carla: Person) -> None:
    columns = ["host_id", "kind", "passed", "note", "by_id", "at", "valid_until"]
    row = (hanna.host.pk, "reference", True, PLAIN, carla.user.pk, AT, AT.date())
    HostCheck.objects.all().delete()
    copy_rows.copy_in(HostCheck, columns, [row])

    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM accounts_hostcheck")
        (kept,) = cursor.fetchone()
    assert kept.startswith(ciphertext.head_of_texts())
    assert HostCheck.objects.get().note == PLAIN


# -- the old format -----------------------------------------------------------------------------------


@pytest.fixture
def old_rows(db: None) -> None:
    """Let the database be one from before the present format."""
    KeyRotation.objects.all().delete()


def test_old_format_is_read_until_all_is_sealed_anew(old_rows: None, settings: Any, hanna: Person) -> None:
    field = FIELDS["accounts_user.name"]
    token = old_token(field, settings.FIELD_KEYS[0])

    assert opened_by(field, token) == PLAIN
    rotation.seal_anew(now=timezone.now)
    with pytest.raises(DoesNotOpen):
        opened_by(field, token)


def test_new_database_refuses_the_old_format_from_the_start(settings: Any, db: None) -> None:
    # The row is there after the migrations, but not after a test that committed and was cleaned up after.
    KeyRotation.objects.all().delete()
    import_module("privacy.migrations.0003_key_rotation").note_a_new_database(apps, connection.schema_editor())

    with pytest.raises(DoesNotOpen):
        opened_by(FIELDS["accounts_user.name"], old_token(FIELDS["accounts_user.name"], settings.FIELD_KEYS[0]))


# -- sealing anew: every column ---------------------------------------------------------------------------


@pytest.fixture
def shadows(old_rows: None) -> Iterator[None]:
    """Put an empty temporary table without constraints in front of each table with an encrypted column."""
    with connection.cursor() as cursor:
        for table in {field.model._meta.db_table for field in FIELDS.values()}:
            cursor.execute(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS SELECT * FROM {table} WITH NO DATA")
        yield


def write(name: str, pk: int, kept: Any) -> None:
    """Write one value as the database would keep it; `pk` is a number from which a key of the table's kind is made."""
    field = FIELDS[name]
    meta = field.model._meta
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {meta.db_table} ({meta.pk.column}, {field.column}) VALUES (%s, %s)", [made(meta.pk, pk), kept]
        )


def made(pk: Any, number: int) -> Any:
    return f"00000000-0000-0000-0000-{number:012}" if pk.db_type(connection) == "uuid" else number


def kept_in(name: str) -> list[Any]:
    field = FIELDS[name]
    meta = field.model._meta
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {field.column} FROM {meta.db_table} WHERE {field.column} IS NOT NULL ORDER BY {meta.pk.column}"
        )
        return [bytes(kept) if isinstance(field, EncryptedBytesField) else kept for (kept,) in cursor.fetchall()]


def fill(key: str) -> None:
    """Write five values into every column: three in the old format, one in the present one, one empty."""
    number = 0
    for name, field in FIELDS.items():
        nothing = b"" if isinstance(field, EncryptedBytesField) else ""
        for kept in (*(old_token(field, key) for _ in range(3)), sealed_for(field), nothing):
            number += 1
            write(name, number, kept)


def all_opened() -> dict[str, list[Any]]:
    return {name: [opened_by(field, kept) for kept in kept_in(name)] for name, field in FIELDS.items()}


def ids_of_keys() -> set[str]:
    return {key_id for name in FIELDS.values() for key_id, _number in rotation._ids_in(name)}


def expected() -> dict[str, list[Any]]:
    return {name: [*[plain_for(field)] * 4, plain_for(field)[:0]] for name, field in FIELDS.items()}


def test_every_column_is_sealed_anew_and_says_the_same(shadows: None, settings: Any) -> None:
    fill(settings.FIELD_KEYS[0])

    outcomes = rotation.seal_anew(now=timezone.now)

    assert [(outcome.what, outcome.written, outcome.left) for outcome in outcomes] == [
        *((name, 3, 0) for name in FIELDS),
        ("sessions", 0, 0),
    ]
    assert ids_of_keys() == {keys.newest_id()}
    assert all_opened() == expected()
    assert KeyRotation.objects.get(what=ciphertext.OLD_FORMAT).ended_at is not None


def test_new_master_key_works_beside_the_old_and_then_alone(shadows: None, settings: Any) -> None:
    fill(settings.FIELD_KEYS[0])
    settings.FIELD_KEYS = [NEW_KEY, *settings.FIELD_KEYS]
    assert all_opened() == expected()

    rotation.seal_anew(now=timezone.now)
    settings.FIELD_KEYS = [NEW_KEY]

    assert all_opened() == expected()
    assert ids_of_keys() == {keys.id_of(NEW_KEY)}


def test_run_that_was_stopped_goes_on_and_a_second_run_does_nothing(shadows: None, settings: Any) -> None:
    fill(settings.FIELD_KEYS[0])
    steps = []

    def stop(step: rotation.RotationStep) -> None:
        steps.append(step)
        if len(steps) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.seal_anew(now=timezone.now, watch=stop, at_once=2)
    assert not KeyRotation.objects.filter(what=ciphertext.OLD_FORMAT).exists()
    done = sum(3 if step.written == 3 else 0 for step in steps)
    assert 0 < done < 3 * len(FIELDS)
    assert all_opened() == expected()

    written = sum(outcome.written for outcome in rotation.seal_anew(now=timezone.now, at_once=2))
    assert 0 < written < 3 * len(FIELDS)
    assert all_opened() == expected()
    kept = {name: kept_in(name) for name in FIELDS}
    assert sum(outcome.written for outcome in rotation.seal_anew(now=timezone.now)) == 0
    assert {name: kept_in(name) for name in FIELDS} == kept


def test_second_run_inside_the_first_does_no_harm(shadows: None, settings: Any) -> None:
    fill(settings.FIELD_KEYS[0])
    ran = []

    def run_too(_step: rotation.RotationStep) -> None:
        if not ran:
            ran.append(rotation.seal_anew(now=timezone.now, at_once=2))

    rotation.seal_anew(now=timezone.now, watch=run_too, at_once=1)

    assert len(ran) == 1
    assert all_opened() == expected()
    assert ids_of_keys() == {keys.newest_id()}


def test_value_that_no_key_opens_is_left_and_counted(shadows: None, settings: Any) -> None:
    fill(settings.FIELD_KEYS[0])
    write("accounts_user.name", 9_001, old_token(FIELDS["accounts_user.name"], LOST_KEY))
    said = StringIO()

    with pytest.raises(CommandError, match="Some rows are left"):
        call_command("rotate_keys", "--only", "fields", stdout=said)

    assert "accounts_user.name: 3 written, 1 LEFT" in said.getvalue()
    assert not KeyRotation.objects.filter(what=ciphertext.OLD_FORMAT).exists()
    connection.cursor().execute("DELETE FROM accounts_user WHERE id = 9001")
    assert all_opened() == expected()


# -- sealing anew: real rows, their guards, sessions ------------------------------------------------------------


def make_old(model: Any, column: str, key: str) -> None:
    """Write a column of every row in the old format, past every trigger."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for row in model.objects.all():
            token = Fernet(key).encrypt(PLAIN.encode()).decode()
            cursor.execute(f"UPDATE {model._meta.db_table} SET {column} = %s WHERE id = %s", [token, row.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_words_beside_histories_are_sealed_anew_and_can_be_changed_by_nobody_else(
    old_rows: None, settings: Any, amira: Person, hanna: Person, carla: Person
) -> None:
    request = people.request(amira.arrival)
    people.match_in(Status.PROPOSED, request, people.space(hanna.host))
    note = claims.write_note(request.pk, PLAIN, by=carla.user, at=timezone.now())
    call = vetting.note_call(hanna.host, "reached", note=PLAIN, by=carla.user, at=timezone.now())
    make_old(Remark, "text", settings.FIELD_KEYS[0])
    before = list(Remark.objects.order_by("pk").values())
    assert {row["text"] for row in before} == {PLAIN}

    rotation.seal_anew(now=timezone.now)

    assert list(Remark.objects.order_by("pk").values()) == before
    assert [words_of(type(line).objects.get(pk=line.pk)) for line in (note, call)] == [PLAIN, PLAIN]
    assert ids_of_keys() == {keys.newest_id()}
    with pytest.raises(Error, match="can be erased and not changed"), transaction.atomic():
        Remark.objects.update(text="changed")


def test_sealing_anew_tells_no_worker_that_a_space_has_changed(old_rows: None, settings: Any, hanna: Person) -> None:
    space = people.space(hanna.host)
    make_old(Space, "address", settings.FIELD_KEYS[0])
    MatchingChange.objects.all().delete()

    rotation.seal_anew(now=timezone.now)

    assert MatchingChange.objects.count() == 0
    Space.objects.filter(pk=space.pk).update(beds=2)
    assert MatchingChange.objects.count() == 1


def test_drafts_in_sessions_are_sealed_anew(old_rows: None, settings: Any) -> None:
    session = SessionStore()
    session["draft_need"] = Fernet(settings.FIELD_KEYS[0]).encrypt(PLAIN.encode()).decode()
    session["other"] = "gAAAAA is no seal"
    sessions.keep(session, "host_contact", "hanna@example.org")
    session.save()
    settings.FIELD_KEYS = [NEW_KEY, *settings.FIELD_KEYS]
    assert sessions.kept(SessionStore(session.session_key), "draft_need") == PLAIN

    rotation.seal_anew(now=timezone.now)
    settings.FIELD_KEYS = [NEW_KEY]

    again = SessionStore(session.session_key)
    assert [sessions.kept(again, "draft_need"), sessions.kept(again, "host_contact")] == [PLAIN, "hanna@example.org"]
    assert again["other"] == "gAAAAA is no seal"


def test_text_sealed_for_one_place_of_a_session_does_not_open_in_another(db: None) -> None:
    session = SessionStore()
    sessions.keep(session, "draft_need", PLAIN)
    session["host_contact"] = session["draft_need"]

    assert sessions.kept(session, "host_contact") == ""
    assert sessions.kept(session, "draft_need") == PLAIN


# -- the index --------------------------------------------------------------------------------------------------


def hanna_is_found() -> bool:
    return find_contact_point(*read_contact("hanna@example.org"), hosts_only=True) is not None


def test_every_column_that_is_named_an_index_can_be_written_anew() -> None:
    named = {
        rotation.name_of(field)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if field.name.endswith("_index")
    }

    assert named == {rotation.name_of(field) for field in rotation.index_fields()}
    assert all(field.text is not None for field in rotation.index_fields())


def test_people_are_found_by_the_old_key_the_new_key_and_after_the_old_is_gone(hanna: Person, settings: Any) -> None:
    space = people.space(hanna.host)
    before = settings.INDEX_KEY
    settings.INDEX_KEY = "a new key"
    assert not hanna_is_found()

    settings.INDEX_KEY_BEFORE = before
    assert hanna_is_found()
    written = {outcome.what: outcome.written for outcome in rotation.index_anew(now=timezone.now) if outcome.written}
    assert written == {
        "index matching_space.address_index": 1,
        "index notifications_contactpoint.address_index": 1,
    }

    settings.INDEX_KEY_BEFORE = ""
    assert hanna_is_found()
    there = Space.objects.get(pk=space.pk)
    assert there.address_index == people.space(hanna.host).address_index
    assert there.version == space.version


def test_contact_that_is_known_under_the_old_key_is_not_written_a_second_time(hanna: Person, settings: Any) -> None:
    from accounts import contacts

    settings.INDEX_KEY, settings.INDEX_KEY_BEFORE = "a new key", settings.INDEX_KEY
    contacts.add_contact_point(hanna.user, *read_contact("hanna@example.org"))
    assert not contacts.bring_up_to_date(hanna.user, name="", contacts=[read_contact("hanna@example.org")])

    assert ContactPoint.objects.filter(user=hanna.user).count() == 1


def test_index_that_was_stopped_goes_on_where_it_was(settings: Any, db: None) -> None:
    for number in range(5):
        people.amira(contact=f"amira{number}@example.org")
    settings.INDEX_KEY, settings.INDEX_KEY_BEFORE = "a new key", settings.INDEX_KEY

    def stop(step: rotation.RotationStep) -> None:
        if step.written == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.index_anew(now=timezone.now, watch=stop, at_once=1)
    assert not rotation.index_has_ended()

    written = {outcome.what: outcome.written for outcome in rotation.index_anew(now=timezone.now, at_once=1)}
    assert written["index notifications_contactpoint.address_index"] == 3
    assert rotation.index_has_ended()
    settings.INDEX_KEY_BEFORE = ""
    assert all(find_contact_point(*read_contact(f"amira{number}@example.org")) is not None for number in range(5))
    assert sum(outcome.written for outcome in rotation.index_anew(now=timezone.now)) == 0


def test_index_of_an_address_that_no_key_opens_keeps_the_old_key_needed(hanna: Person, settings: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_contactpoint SET address = 's1.00000000.AAAA'")
    settings.INDEX_KEY, settings.INDEX_KEY_BEFORE = "a new key", settings.INDEX_KEY
    said = StringIO()

    with pytest.raises(CommandError, match="Some rows are left"):
        call_command("rotate_keys", "--only", "index", stdout=said)

    assert "index notifications_contactpoint.address_index: 0 written, 1 LEFT" in said.getvalue()
    assert not rotation.index_has_ended()


# -- the command ------------------------------------------------------------------------------------------------


def test_command_says_which_keys_are_needed_and_which_are_not(hanna: Person, settings: Any) -> None:
    old = settings.FIELD_KEYS[0]
    settings.FIELD_KEYS = [NEW_KEY, old]
    settings.INDEX_KEY, settings.INDEX_KEY_BEFORE = "a new key", settings.INDEX_KEY
    before, after = StringIO(), StringIO()
    call_command("rotate_keys", "--report", stdout=before)
    call_command("rotate_keys", stdout=after)

    assert f"Key 2 of SHELTER_FIELD_KEYS ({keys.id_of(old)}) is needed by" in before.getvalue()
    assert "SHELTER_INDEX_KEY_BEFORE is needed until" in before.getvalue()
    assert f"Key 2 of SHELTER_FIELD_KEYS ({keys.id_of(old)}) is needed by nothing any more" in after.getvalue()
    assert "SHELTER_INDEX_KEY_BEFORE may be taken out." in after.getvalue()


def test_key_id_and_derived_keys_tell_nothing_of_each_other() -> None:
    names = ["key id", *(purpose_of(field) for field in FIELDS.values()), "seal: one", "session: one"]
    made_keys = {keys.derived(NEW_KEY, name) for name in names}

    assert len(made_keys) == len(set(names)) == len(FIELDS) + 3
    assert json.dumps(keys.id_of(NEW_KEY)) == f'"{keys.derived(NEW_KEY, "key id", 4).hex()}"'
