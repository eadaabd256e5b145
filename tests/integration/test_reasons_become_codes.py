"""The migration of stored reasons: every old sentence becomes its code and back, and an unknown sentence is kept."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils.translation import override

from matching.engine.reasons import NUMBERS, Code, reason_in
from matching.models import Match, ShelterRequest
from matching.reason_words import words_of
from tests import people
from tests.people import Person

migration = import_module("matching.migrations.0009_reasons_are_codes")

EXAMPLES: dict[str, list[Any]] = {
    "km": [0.0, 12.3],
    "radius_km": [10.0, 10.95, 1e6],
    "languages": [["ru"], ["kk", "ru"]],
    "first_night": ["2026-09-28"],
}
FORMS = [(code, form) for code, form in migration.FORMS] + [(code, form) for code, _name, form in migration.FOR_ONE]
UNKNOWN = ["both speak Russian", "0.0 miles", "2 free from 2026-02-31", "", "3 free within 40 km!"]

SINGULAR = {"all 1 nights", "1 of 1 nights", "shared space, 1 of 1 beds"}
"""Old sentences with wrong English, which the new words correct."""


def sentences() -> list[str]:
    """Return every sentence that versions before the migration could store, with several numbers in each."""
    found = []
    for code, form in FORMS:
        names = NUMBERS[Code(code)]
        one = next((name for other, name, singular in migration.FOR_ONE if singular == form), None)
        for at in range(3):
            numbers = {name: EXAMPLES.get(name, [2, 5, 21])[at % len(EXAMPLES.get(name, [2, 5, 21]))] for name in names}
            if one:
                numbers[one] = 1
            found.append(form.format(**{name: migration._written(name, number) for name, number in numbers.items()}))
    return found


def migrate(run: Any) -> None:
    with connection.schema_editor(atomic=False) as editor:
        run(apps, editor)


def test_migration_knows_every_code_of_the_engine() -> None:
    assert {code for code, _form in migration.FORMS} == {code.value for code in Code} - {"said"}


@pytest.mark.parametrize("sentence", sentences())
def test_words_of_the_code_are_the_old_sentence(sentence: str) -> None:
    """People must read the same words after the migration as before it."""
    reason = reason_in(migration.json.loads(migration.as_code(sentence)))

    assert reason.code is not Code.SAID
    with override(None):
        assert words_of(reason) == sentence


@pytest.mark.django_db
def test_stored_sentences_become_codes_and_back(
    amira: Person, hanna: Person, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "ROWS_AT_ONCE", 2)
    old = [*sentences(), *SINGULAR, *UNKNOWN]
    match = people.proposed(people.request(amira.arrival), people.space(hanna.host))
    Match.objects.filter(pk=match.pk).update(reasons=old[:9])
    asked = [people.request(people.amira().arrival) for _ in range(5)]
    for at, each in enumerate(asked):
        ShelterRequest.objects.filter(pk=each.pk).update(left_over_reasons=old[at::5])
    ShelterRequest.objects.filter(pk=match.request_id).update(left_over_reasons=[])

    migrate(migration.to_codes)

    stored = {each.pk: each.left_over_reasons for each in ShelterRequest.objects.all()}
    assert stored.pop(match.request_id) == []
    for at, each in enumerate(asked):
        assert [migration.as_sentence(one) for one in stored[each.pk]] == old[at::5]
    codes = [one["code"] for reasons in stored.values() for one in reasons]
    assert codes.count("said") == len(UNKNOWN)
    assert set(codes) == {code.value for code in Code}
    assert Match.objects.get(pk=match.pk).reasons[0] == {"code": "distance", "km": 0.0}
    said = capsys.readouterr().out
    assert f"{len(old) - len(UNKNOWN) + 9} sentences became codes, {len(UNKNOWN)} are kept as `said`." in said

    migrate(migration.to_codes)
    assert {each.pk: each.left_over_reasons for each in ShelterRequest.objects.exclude(pk=match.request_id)} == stored

    migrate(migration.to_sentences)

    assert [ShelterRequest.objects.get(pk=each.pk).left_over_reasons for each in asked] == [
        old[at::5] for at in range(5)
    ]
    assert Match.objects.get(pk=match.pk).reasons == old[:9]


def test_numbers_of_a_code_are_those_the_engine_reads() -> None:
    for code, form in FORMS:
        named = {name for name in NUMBERS[Code(code)] if f"{{{name}}}" in form}

        assert named == set(NUMBERS[Code(code)])
    assert reason_in(migration.json.loads(migration.as_code("1 free from 2026-09-28"))).numbers == (
        1,
        date(2026, 9, 28),
    )
