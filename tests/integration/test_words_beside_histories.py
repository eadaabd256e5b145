"""Histories hold codes. The words that people type stand beside their lines, and are erased while the lines stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import Error, connection, models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override

from accounts import coordinators, vetting
from accounts.models import CoordinatorEvent, Host, HostCall, HostEvent
from deployment import rules
from deployment.models import SettingChange
from matching import disclosure, hosts, transitions
from matching.desk import claims, merging
from matching.models import DeskNote, Match, MatchEvent, PairVerdict
from matching.states import Status
from places import editing
from places.models import PlaceChange
from privacy import erasures, remarks
from privacy.fields import EncryptedBytesField, EncryptedTextField
from privacy.models import AccessLog, Erasure, Remark, Remarked
from privacy.retention import forget_what_is_old
from privacy.rotation import encrypted_fields
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

LANGUAGES = [code for code, _name in settings.LANGUAGES]

# -- what a history may hold --------------------------------------------------------------------------

NOT_TYPED = {
    "accounts_coordinatorevent.was": "a role, and names of places from the gazetteer",
    "accounts_coordinatorevent.became": "a role, and names of places from the gazetteer",
    "accounts_hostevent.said": "a code with numbers",
    "deployment_settingchange.name": "a field of deployment.rules.Rules",
    "deployment_settingchange.old": "numbers and codes within deployment.bounds",
    "deployment_settingchange.new": "numbers and codes within deployment.bounds",
    "matching_desknote.said": "a code with numbers",
    "matching_matchevent.numbers": "numbers",
    "matching_pairverdict.one": "the id of a row",
    "matching_pairverdict.other": "the id of a row",
    "matching_pairverdict.stays": "the id of a row",
    "matching_pairverdict.moved": "numbers",
    "places_placechange.was": "the details of a place, which everybody reads",
    "places_placechange.became": "the details of a place, which everybody reads",
    "privacy_accesslog.fields": "names of fields",
    "privacy_erasure.kind": "the name of an act",
    "privacy_erasure.subject": "the id of a row",
}
"""The columns of histories that may hold any text by their type, and what they hold."""


def append_only_tables() -> set[str]:
    """Return the tables of which a trigger of this database refuses both changes and deletions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
            " WHERE prosrc LIKE '%Cannot update or delete rows from%' AND NOT tgisinternal"
        )
        return {name for (name,) in cursor.fetchall()}


def free_text_in(tables: set[str]) -> set[str]:
    """Return the columns of these tables that hold any text: no choices, or ciphertext of any text."""
    return {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models()
        if model._meta.db_table in tables
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.TextField | EncryptedBytesField | models.JSONField)
        or (isinstance(field, models.CharField) and not field.choices)
    }


def test_no_append_only_table_has_a_column_for_free_text() -> None:
    tables = append_only_tables()

    assert free_text_in(tables) == set(NOT_TYPED)
    assert {model._meta.db_table for model in remarks.lines()} <= tables


def test_a_column_for_free_text_in_an_append_only_table_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'Cannot update or delete rows from % table', TG_TABLE_NAME; END $$;"
            "CREATE TRIGGER closed BEFORE UPDATE OR DELETE ON accounts_hostcheck EXECUTE FUNCTION closed();"
        )

    found = free_text_in(append_only_tables()) - set(NOT_TYPED)

    assert found == {"accounts_hostcheck.note", "accounts_hostcheck.said"}


def test_no_append_only_table_holds_ciphertext() -> None:
    assert [field for field in encrypted_fields() if field.model._meta.db_table in append_only_tables()] == []
    assert [field.name for field in encrypted_fields() if field.model is Remark] == ["text"]


# -- one line of every history --------------------------------------------------------------------------

Lines = dict[type[Remarked], Remarked]


def words(model: type[Remarked]) -> str:
    return f"Zubaida spoke of {model.__name__}"


@pytest.fixture
def lines(amira: Person, hanna: Person, carla: Person, lena: Person) -> Lines:
    """Return one line with words of every history, each made by its act."""
    at = timezone.now()
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    transitions.cancel(match.pk, by=carla.user, at=at, reason="other", note=words(MatchEvent))
    claims.write_note(match.request_id, words(DeskNote), by=carla.user, at=at)
    twin = people.hanna(name="Hana", contact="hana@example.org", vetted=False).host
    merging.merge("hosts", str(twin.pk), str(hanna.host.pk), by=carla.user, at=at, reason=words(PairVerdict))
    vetting.note_call(hanna.host, "reached", by=carla.user, at=at, note=words(HostCall))
    hosts.suspend(hanna.host.pk, by=carla.user, at=at, reason=words(HostEvent))
    coordinators.permit_export(carla.user.coordinator.pk, by=lena.user, at=at, reason=words(CoordinatorEvent))
    disclosure.look(carla.user, [amira.user.pk], "name", reason="other", note=words(AccessLog), at=at)
    rules.change({"page_minutes": 7}, by=lena.user, at=at, reason=words(SettingChange), seen=rules.latest_change())
    place = people.place()
    editing.close_place(place.pk, by=lena.user, at=at, reason=words(PlaceChange))
    return {model: model._default_manager.filter(remark__isnull=False).latest("pk") for model in remarks.lines()}


def test_every_history_has_its_words_beside_its_line(lines: Lines) -> None:
    assert {model: remarks.words_of(line) for model, line in lines.items()} == {model: words(model) for model in lines}
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM privacy_remark")
        kept = [text for (text,) in cursor.fetchall()]
    assert len(kept) >= len(lines) >= 9
    assert all(text.startswith("s1.") for text in kept)


def pages(lines: Lines, who: Client) -> Iterator[tuple[type[Remarked], str]]:
    """Yield each page on which a lead reads words beside lines of history, with the table of the lines."""

    def read(name: str, *args: Any) -> str:
        return who.get(reverse(f"admin:{name}", args=args)).content.decode()

    def opened(name: str, *args: Any) -> str:
        given = {"field": "notes", "why": "asked"}
        return who.post(reverse(f"admin:{name}", args=args), given).content.decode()

    match, call = Match.objects.get(), lines[HostCall]
    assert isinstance(call, HostCall)
    yield MatchEvent, opened("matching_match_open", match.pk)
    yield DeskNote, read("matching_match_change", match.pk)
    yield HostCall, opened("accounts_host_open", call.host_id)
    yield HostEvent, read("accounts_host_change", call.host_id)
    yield HostEvent, read("accounts_hostevent_changelist")
    event = lines[CoordinatorEvent]
    assert isinstance(event, CoordinatorEvent)
    yield CoordinatorEvent, read("accounts_coordinator_change", event.about.coordinator.pk)
    yield CoordinatorEvent, read("accounts_coordinatorevent_changelist")
    yield AccessLog, read("privacy_accesslog_changelist")
    yield PairVerdict, read("matching_pairverdict_changelist")
    yield SettingChange, read("deployment_settings")
    yield SettingChange, read("deployment_settingchange_changelist")
    yield PlaceChange, read("places_place_change", people.place().pk)
    yield PlaceChange, read("places_placechange_changelist")


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_show_the_words_and_then_that_they_are_erased(lines: Lines, lena: Person, language: str) -> None:
    lena.user.language = language
    lena.user.save(update_fields=["language"])
    client = people.desk_client(lena)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    with override(language):
        erased = gettext("(words erased)")
    before = list(pages(lines, client))
    ids = {model: list(model._default_manager.order_by("pk").values_list("pk", "remark")) for model in lines}

    remarks.erase(Remark.objects.all(), at=timezone.now())

    assert [(model, words(model) in page, erased in page) for model, page in before] == [
        (model, True, False) for model, _page in before
    ]
    logged = AccessLog.objects.latest("pk")
    after = list(pages(lines, client))
    assert [(model, words(model) in page, erased in page) for model, page in after] == [
        (model, False, True) for model, _page in before
    ]
    assert {model for model, _page in after} == set(lines)
    left = {
        model: list(model._default_manager.filter(pk__lte=logged.pk if model is AccessLog else 2**60).order_by("pk"))
        for model in lines
    }
    assert {model: [(row.pk, row.remark_id) for row in rows][: len(ids[model])] for model, rows in left.items()} == ids
    assert (erased == "(words erased)") == (language == "en")


# -- who can change and erase words ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda kept: kept.update(text="another word"),
        lambda kept: kept.update(text=""),
        lambda kept: kept.update(written_at=timezone.now()),
        lambda kept: kept.update(text="another word", erased_at=timezone.now()),
    ],
)
def test_words_cannot_be_changed(lines: Lines, write: Callable[[Any], int]) -> None:
    with pytest.raises(Error, match="can be erased and not changed"), transaction.atomic():
        write(Remark.objects.all())


def test_words_cannot_come_back(lines: Lines) -> None:
    remarks.erase(Remark.objects.all(), at=timezone.now())

    for write in ({"text": "back"}, {"erased_at": None}):
        with pytest.raises(Error, match="can be erased and not changed"), transaction.atomic():
            Remark.objects.update(**write)


def test_row_of_words_stays_with_its_line(lines: Lines) -> None:
    with pytest.raises(models.ProtectedError), transaction.atomic():
        Remark.objects.all().delete()
    with pytest.raises(Error, match="foreign key"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM privacy_remark; SET CONSTRAINTS ALL IMMEDIATE")


def test_without_the_guard_words_are_changed(lines: Lines) -> None:
    """The negative control: the trigger of the table is what refuses a change."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE privacy_remark DISABLE TRIGGER USER")

    assert Remark.objects.update(text="another word") == Remark.objects.count()


def test_words_about_a_person_are_found_and_erased_with_those_of_merged_rows(
    lines: Lines, amira: Person, hanna: Person, carla: Person
) -> None:
    def of(person: Person) -> set[str]:
        return {remark.text for remark in remarks.about(person.user.pk) if "Zubaida" in remark.text}

    assert of(amira) == {words(model) for model in (MatchEvent, DeskNote, AccessLog)}
    assert of(hanna) == {words(model) for model in (MatchEvent, HostCall, HostEvent, PairVerdict)}
    assert of(carla) == {words(CoordinatorEvent)}

    assert {type(line) for line in remarks.lines_about(hanna.user.pk)} == {MatchEvent, HostCall, HostEvent, PairVerdict}

    at = timezone.now()
    number = remarks.erase(remarks.about(amira.user.pk), at=at)

    assert (of(amira), Erasure.objects.filter(kind="remark").count()) == (set(), number)
    assert of(hanna) == {words(model) for model in (HostCall, HostEvent, PairVerdict)}
    assert remarks.erase(remarks.about(amira.user.pk), at=at) == 0


def test_words_of_the_other_side_stay_with_it(carla: Person) -> None:
    match = people.match_in(Status.APPROVED, people.request(people.amira().arrival), people.space(people.oskar().host))
    guest, host = match.request.arrival.user, match.space.host.user
    transitions.decline(match.pk, by=host, at=timezone.now(), reason="other", note="the stairs")

    found = [{each.text for each in remarks.about(user.pk) if "stairs" in each.text} for user in (guest, host)]
    assert found == [set(), {"the stairs"}]


def test_erasing_twice_changes_nothing(lines: Lines) -> None:
    remarks.erase(Remark.objects.all(), at=timezone.now())
    before = list(Remark.objects.order_by("pk").values())

    for remark in Remark.objects.all():
        Remark.objects.filter(pk=remark.pk).update(text="", erased_at=remark.erased_at)

    assert list(Remark.objects.order_by("pk").values()) == before


def test_words_by_a_person_are_found(lines: Lines, carla: Person, lena: Person) -> None:
    found = {
        who: {remark.text for remark in remarks.written_by(person.user.pk) if "Zubaida" in remark.text}
        for who, person in (("carla", carla), ("lena", lena))
    }

    by_leads = {CoordinatorEvent, SettingChange, PlaceChange}
    assert found == {
        "carla": {words(model) for model in lines if model not in by_leads},
        "lena": {words(model) for model in by_leads},
    }


def test_erased_words_are_erased_again_after_a_restore(lines: Lines) -> None:
    """A copy from before the erasure has the words. The register names the remark, and its act erases it once more."""
    at, remark = timezone.now(), lines[HostCall].remark
    assert remark is not None
    entry = erasures.Entry("remark", str(remark.pk), at)

    assert erasures.erase_again([entry], since=at - timedelta(hours=1), at=at) == (1, [])
    assert erasures.erase_again([entry], since=at - timedelta(hours=1), at=at) == (0, [])

    line = HostCall.objects.get(pk=lines[HostCall].pk)
    assert (remarks.words_of(line), erasures.register()) == ("(words erased)", [entry])


@pytest.mark.parametrize(("days", "left"), [(364.9, True), (365.1, False)])
def test_words_are_erased_after_a_year_and_lines_stay(lines: Lines, hanna: Person, days: float, left: bool) -> None:
    count = {model: model._default_manager.count() for model in lines}

    forget_what_is_old(at=timezone.now() + timedelta(days=days))

    kept = {model for model, line in lines.items() if Remark.objects.get(pk=line.remark_id).erased_at is None}
    # The words of matches have a clock of their own, which is over by then.
    # Hanna is suspended: the reason stays as long as she is.
    assert kept == (set(lines) - {MatchEvent} if left else {HostEvent})
    assert {model: model._default_manager.count() for model in lines} == count


def test_clock_of_one_history_leaves_the_words_of_the_others(lines: Lines) -> None:
    later = timezone.now() + timedelta(seconds=1)

    assert remarks.forget([MatchEvent, HostCall], before=later) == 2

    kept = {model for model, line in lines.items() if Remark.objects.get(pk=line.remark_id).erased_at is None}
    assert kept == set(lines) - {MatchEvent, HostCall}


def test_reason_of_a_refusal_that_waits_is_encrypted_and_erased_with_its_line(carla: Person) -> None:
    host, at = people.hanna(vetted=False).host, timezone.now()
    hosts.refuse(host.pk, by=carla.user, at=at, reason="Zubaida saw no bed")

    with connection.cursor() as cursor:
        cursor.execute("SELECT refusal_reason FROM accounts_host WHERE id = %s", [host.pk])
        assert cursor.fetchone()[0].startswith("s1.")
    forget_what_is_old(at=at + timedelta(days=364))
    assert Host.objects.get(pk=host.pk).refusal_reason == "Zubaida saw no bed"
    forget_what_is_old(at=at + timedelta(days=366))

    assert (Host.objects.get(pk=host.pk).refusal_reason, HostEvent.objects.filter(host=host).count()) == ("", 1)


def test_encrypted_kinds_of_column_are_text_or_bytes() -> None:
    """`free_text_in` knows each kind of column that holds ciphertext."""
    assert {type(field) for field in encrypted_fields()} == {EncryptedTextField, EncryptedBytesField}
