"""One list of fields: every other place that names a space's or a request's fields is compared with it."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import date
from typing import Any

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import models

from matching import intake
from matching.engine import Need, Offer
from matching.importing import uploads
from matching.models import ShelterRequest, Space
from matching.sheets import RequestRow, SpaceRow, cells, fields
from matching.sheets.fields import NEEDED, Field, KindOfValue
from places.models import Place
from tests.unit.documents import APPS, ROOT

DECLARED = {Space: fields.SPACE, ShelterRequest: fields.REQUEST}

THE_SERVICES_OWN: dict[type[models.Model], set[str]] = {
    Space: {
        "id",
        "host",
        "external_id",
        "external_index",
        "status",
        "address_index",
        "fresh_until",
        "asked_at",
        "created_at",
        "looked_change",
        "version",
    },
    ShelterRequest: {
        *(
            "id",
            "arrival",
            "external_id",
            "external_index",
            "registered_at",
            "withdrawn_at",
            "left_over_reasons",
            "desk_since",
            "looks_like",
            "version",
        ),
    },
}
"""Columns that neither a host nor an arrival fills in: the row's owner, its dates and its state."""

COLUMN_FOR: dict[Any, type[models.Field[Any, Any]]] = {
    bool: models.BooleanField,
    float: models.FloatField,
    int: models.PositiveSmallIntegerField,
    int | None: models.PositiveSmallIntegerField,
    date: models.DateField,
}

SAID: dict[str, Any] = {
    "windows": ((date(2022, 9, 26), date(2022, 10, 10)), (date(2022, 10, 15), date(2022, 10, 20))),
    "first_night": date(2022, 9, 28),
    "languages": ("kk", "ru"),
    "smoking": "no",
    "urgency": "2.5",
    "who": "families",
    "latitude": 43.25,
    "longitude": 76.95,
    "radius_km": 12.5,
}
"""An example, in the form of the details, of each field that is no boolean, whole number or text."""

ALL = [*fields.SPACE, *fields.REQUEST]


def ids(field: object) -> str:
    return getattr(field, "name", "")


def an_example(field: Field) -> Any:
    if field.name in SAID and not (field.name == "smoking" and field.type is bool):
        return SAID[field.name]
    return {bool: True, int: 3, int | None: 3, str: "as it is"}[field.type]


# -- the other lists of these fields ----------------------------------------------------------------


@pytest.mark.parametrize("model", DECLARED)
def test_a_row_has_a_column_for_every_field_and_no_others(model: type[models.Model]) -> None:
    columns = {column.name for column in model._meta.fields}
    related = {relation.get_accessor_name() for relation in model._meta.related_objects}

    assert {field.name for field in DECLARED[model]} - {"windows"} == columns - THE_SERVICES_OWN[model]
    assert "windows" in related or model is ShelterRequest


@pytest.mark.parametrize("model", DECLARED)
def test_a_column_has_the_type_and_the_default_of_its_field(model: type[models.Model]) -> None:
    for field in DECLARED[model]:
        if field.name == "windows":
            continue
        column = model._meta.get_field(field.name)
        assert isinstance(column, models.Field)
        assert isinstance(column, COLUMN_FOR.get(field.type, models.Field)), field.name
        if field.name == "min_nights":
            assert not column.null  # `intake.complete_request` replaces an empty value by the whole stay.
        elif field.default is NEEDED:
            assert not column.has_default(), field.name
        elif isinstance(column, ArrayField):
            assert tuple(column.get_default()) == field.default
        else:
            assert column.get_default() == (field.default if field.name != "directions" else ""), field.name


@pytest.mark.parametrize(
    ("value", "declared", "its_own"),
    [
        (Need, fields.REQUEST, {"id", "days_waiting", "declined", "apart"}),
        (Offer, fields.SPACE, {"id", "vetted", "listed", "fresh", "held"}),
    ],
)
def test_the_engine_takes_the_fields_that_say_so(value: Any, declared: list[Field], its_own: set[str]) -> None:
    assert {each.name for each in dataclasses.fields(value)} - its_own == {
        each.engine for each in fields.weighed(declared)
    }


@pytest.mark.parametrize(
    ("record", "declared"),
    [
        (intake.SpaceDetails, fields.SPACE),
        (intake.RequestDetails, fields.REQUEST),
        (SpaceRow, fields.SPACE),
        (RequestRow, fields.REQUEST),
    ],
)
def test_details_and_rows_consist_of_the_fields(record: Any, declared: list[Field]) -> None:
    assert [each.name for each in dataclasses.fields(record)][: len(declared)] == [field.name for field in declared]


@pytest.mark.parametrize("record", [intake.SpaceDetails, intake.RequestDetails])
def test_details_have_nothing_else_and_the_declared_defaults(record: Any) -> None:
    declared = fields.SPACE if record is intake.SpaceDetails else fields.REQUEST

    assert [(each.name, each.default) for each in dataclasses.fields(record)] == [
        (field.name, field.default) for field in declared
    ]


# -- one value in all its forms -------------------------------------------------------------------


@pytest.mark.parametrize("field", [field for field in ALL if field.column and field.name != "place"], ids=ids)
def test_what_an_export_writes_a_sheet_reads(field: Field) -> None:
    said = an_example(field)
    cell = str(field.kind.write(said))

    assert field.kind.keep(field.kind.read(cell)) == said


@pytest.mark.parametrize("field", [field for field in ALL if field.engine], ids=ids)
def test_the_engine_s_form_and_the_details_form_are_the_same_value(field: Field) -> None:
    said = an_example(field)

    assert field.kind.keep(field.kind.weigh(said)) == said


@pytest.mark.parametrize("field", [field for field in ALL if field.name not in ("place", "children_ages")], ids=ids)
def test_what_an_undo_keeps_it_reads(field: Field) -> None:
    said = an_example(dataclasses.replace(field, type=str) if field.type == str | None else field)

    assert field.kind.load(json.loads(json.dumps(uploads._plain(said)))) == said


def test_a_kind_that_loses_a_value_is_found() -> None:
    forgetful = dataclasses.replace(
        fields.REQUEST[0], name="urgency", type=str, kind=KindOfValue(cells.urgency, weigh=float)
    )

    with pytest.raises(AssertionError):
        test_what_an_export_writes_a_sheet_reads(forgetful)
    with pytest.raises(AssertionError):
        test_the_engine_s_form_and_the_details_form_are_the_same_value(forgetful)


def test_a_place_is_written_by_its_name() -> None:
    assert fields.PLACE.write(Place(name="Almaty", geoname_id=1526384)) == "Almaty"
    assert fields.PLACE.write(None) == ""


# -- who may name a field -------------------------------------------------------------------------

MAY_NAME = {
    "matching/sheets/fields.py": "the declaration",
    "matching/models/requests.py": "the column of the database",
    "matching/intake.py": "what contradicts it at any door",
    "matching/sheets/consistency.py": "what contradicts it in a sheet",
    "matching/web/need_forms.py": "the question to an arrival, in words",
    "matching/admin/on_behalf.py": "the question at the desk, in words",
    "matching/engine/values.py": "the engine's own value, which imports nothing of the service",
    "matching/engine/rules.py": "the rule",
    "matching/engine/columns.py": "the rule for one need and many spaces",
    "matching/engine/compiled/problem.py": "the rule for arrays",
    "matching/engine/compiled/__main__.py": "a need to compile the kernels with",
    "matching/engine/checking.py": "the rule a second time, from its description",
    "matching/engine/checking_bound.py": "the rule a second time, from its description",
    "benchmarks/engine_weeks.py": "how often it is asked for in a made-up week",
    "sample_data/make_sample.py": "how often it is asked for in the sample week",
}
"""The files that must name the field `language_required`, each with its reason. A field of this kind needs no others."""


def naming(field: str) -> set[str]:
    """Return the Python files, without tests and migrations, that name this field."""
    folders = [*APPS, "benchmarks", "sample_data"]
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py") if "migrations" not in file.parts]
    return {
        str(file.relative_to(ROOT)) for file in files if re.search(rf"\b{field}\b", file.read_text(encoding="utf-8"))
    }


def test_only_these_files_name_a_field() -> None:
    assert naming("language_required") == set(MAY_NAME)
