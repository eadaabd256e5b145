"""Every table with an encrypted column, or with a way to a person, says how long it keeps what, and what is erased and shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models
from django.test.utils import isolate_apps

from privacy import kept
from privacy.fields import EncryptedBytesField, EncryptedTextField
from privacy.kept import Kept, by_user, register
from privacy.retention import clocks
from tests.unit.documents import APPS

SEALED = (EncryptedTextField, EncryptedBytesField)


def leads_to_a_person(table: type[models.Model], passed: frozenset[type[models.Model]] = frozenset()) -> bool:
    """Return whether the table is that of the users, or foreign keys lead from it to them, over any number of tables."""
    if table is get_user_model():
        return True
    return any(
        leads_to_a_person(column.related_model, passed | {table})
        for column in table._meta.concrete_fields
        if column.is_relation and column.related_model not in {*passed, table}
    )


def must_be_declared(table: type[models.Model]) -> bool:
    return leads_to_a_person(table) or any(isinstance(column, SEALED) for column in table._meta.concrete_fields)


def of_our_apps() -> Iterator[type[models.Model]]:
    for app in APPS:
        if apps.is_installed(app):
            # A proxy is the table of another model.
            yield from (table for table in apps.get_app_config(app).get_models() if not table._meta.proxy)


def undeclared(tables: Iterator[type[models.Model]] | list[type[models.Model]]) -> set[str]:
    return {table._meta.label for table in tables if must_be_declared(table) and table._meta.label not in register()}


def test_every_table_that_keeps_something_of_people_is_declared() -> None:
    assert undeclared(of_our_apps()) == set()


@isolate_apps("matching")
def test_table_that_nobody_declared_is_found() -> None:
    class Letter(models.Model):  # noqa: DJ008
        match = models.ForeignKey("matching.Match", on_delete=models.PROTECT, related_name="+")

        class Meta:
            app_label = "matching"

    class Sealed(models.Model):  # noqa: DJ008
        text = EncryptedTextField()

        class Meta:
            app_label = "matching"

    class Plain(models.Model):  # noqa: DJ008
        place = models.ForeignKey("places.Place", on_delete=models.PROTECT, related_name="+")

        class Meta:
            app_label = "matching"

    Letter._meta.get_field("match").remote_field.model = apps.get_model("matching.Match")
    Plain._meta.get_field("place").remote_field.model = apps.get_model("places.Place")

    assert undeclared([Letter, Sealed, Plain]) == {"matching.Letter", "matching.Sealed"}


@pytest.mark.parametrize("label", sorted(register()))
def test_declaration_says_clock_erasure_and_download(label: str) -> None:
    declared = register()[label]

    assert declared.problems() == []
    assert not declared.clock or declared.clock in clocks(), f"{declared.clock} is no clock"
    names = {column.name for column in declared.table._meta.concrete_fields}
    assert {*declared.empties, *(name.removesuffix("__date") for name in declared.shows)} <= names


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"about": by_user("user"), "clock": "looks", "deletes": True}, ["no download, and no reason why"]),
        ({"clock": "looks", "no_erasure": "x", "no_download": "x"}, []),
        (
            {"about": by_user("user"), "deletes": True, "no_erasure": "x", "no_clock": "x", "no_download": "x"},
            ["a erasure, and a reason for none"],
        ),
        (
            {"about": by_user("user"), "empties": {"status": ""}, "clock": "looks", "no_download": "x"},
            ["a status is written by its own acts only"],
        ),
        ({"deletes": True, "clock": "looks", "no_download": "x"}, ["nothing says which rows are about a person"]),
        ({}, ["no clock, and no reason why", "no erasure, and no reason why", "no download, and no reason why"]),
    ],
)
def test_declaration_with_a_part_missing_is_refused(parts: dict[str, object], says: list[str]) -> None:
    found = Kept("matching.Letter", **parts).problems()  # type: ignore[arg-type]

    assert [problem.removeprefix("matching.Letter: ") for problem in found] == says


def test_column_with_words_of_a_person_is_emptied_or_its_row_goes() -> None:
    """Each encrypted column is emptied by an erasure, or the whole row goes, or the table says why not."""
    for declared in register().values():
        sealed = {column.name for column in declared.table._meta.concrete_fields if isinstance(column, SEALED)}
        if declared.deletes or declared.elsewhere or declared.no_erasure:
            continue
        assert sealed <= set(declared.empties), declared.model


def test_a_table_is_declared_once() -> None:
    with pytest.raises(ValueError, match=r"accounts\.User"):
        kept.kept("accounts.User")


def test_exceptions_are_few() -> None:
    """Who adds one changes this list, and has to say why in review."""
    assert sorted(label for label, declared in register().items() if declared.no_clock) == [
        "deployment.SettingChange",
        "matching.ColumnMapping",
        "matching.DeskEvent",
        "places.PlaceChange",
        "privacy.PersonErasure",
    ]
    assert sorted(label for label, declared in register().items() if declared.no_erasure) == [
        "accounts.Arrival",
        "accounts.Coordinator",
        "deployment.SettingChange",
        "matching.ColumnMapping",
        "matching.DeskEvent",
        "matching.Incident",
        "matching.IncidentEvent",
        "matching.IncidentNote",
        "matching.IncidentPage",
        "matching.Match",
        "matching.SpaceWindow",
        "places.PlaceChange",
        "privacy.PersonErasure",
    ]
