"""No row holds a sentence of the service: a row holds a code with numbers, and each reader gets it in their own language.

The test makes everything happen that has words at the desk, in importing and in deliveries, while Georgian is active. It
then reads every text of every row and looks for the words of the catalogs, in all languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test import Client
from django.utils.translation import override

from accounts.models import HostCheck
from accounts.refusals import Refused
from matching.models import PendingDecision, SheetImportRow
from matching.refusals import Frozen, Incomplete
from notifications.models import Delivery
from tests import people
from tests.desk_pages import everything

pytestmark = pytest.mark.django_db

OURS = ("accounts", "deployment", "matching", "notifications", "places", "privacy")
"""The apps whose rows are read. Django's own tables hold names of permissions in English, which no page shows."""

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}|</?\w+[^>]*>|\s{2,}|\n")
SHORTEST = 8
"""Signs. A shorter piece of a sentence may be a name, or two words that somebody typed."""


@cache
def pieces() -> tuple[str, ...]:
    """Return the longest piece between placeholders of every sentence, in English and in each language."""
    found = set()
    for path in sorted(Path(settings.BASE_DIR).glob("locale/*/LC_MESSAGES/django.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=path.parts[-3]):
                for words in _several(message.id) + _several(message.string):
                    longest = max((piece.strip(" .:,;") for piece in PLACEHOLDER.split(words)), key=len)
                    if len(longest) >= SHORTEST and " " in longest:
                        found.add(longest.lower())
    return tuple(sorted(found))


def _several(words: Any) -> list[str]:
    return [words] if isinstance(words, str) else [each for each in words or () if each]


def texts() -> Iterator[tuple[str, str]]:
    """Yield every text of every row as (model.column, text): encrypted ones too, and each text inside JSON."""
    for app in OURS:
        for model in apps.get_app_config(app).get_models():
            columns = [
                field.attname
                for field in model._meta.concrete_fields
                if isinstance(field, models.CharField | models.TextField | models.JSONField) and not field.is_relation
            ]
            for row in model._default_manager.values(*columns) if columns else ():
                for column, value in row.items():
                    yield from ((f"{model.__name__}.{column}", text) for text in _in(value))


def _in(value: Any) -> Iterator[str]:
    match value:
        case str() if value.startswith(("[", "{")):  # JSON in an encrypted text
            try:
                yield from _in(json.loads(value))
            except ValueError:
                yield value
        case str():
            yield value
        case dict():
            for name, each in value.items():
                yield from (name, *_in(each))
        case list():
            for each in value:
                yield from _in(each)


def sentences_stored() -> dict[str, str]:
    """Return each column that holds a piece of a sentence of ours, with one such text."""
    there = {(column, text.lower()) for column, text in texts() if " " in text and len(text) >= SHORTEST}
    return {column: text for column, text in sorted(there) if any(piece in text for piece in pieces())}


def test_no_row_holds_a_sentence_of_the_service() -> None:
    with override("ka"):
        there = everything("ka")
        client = Client(headers={"accept-language": "ka"})
        client.force_login(there.carla.user)
        for stop in there._acts():
            client.post(stop.address, stop.posted)

    assert sentences_stored() == {}


def test_everything_reaches_the_rows_that_once_held_sentences() -> None:
    everything("ka")

    kept = {row.kept_because["code"] for row in SheetImportRow.objects.exclude(kept_because=None)}
    problems = {value["code"] for row in SheetImportRow.objects.all() for _column, value in row.what_is_wrong}
    assert kept == {"changed_since", "partly_kept"}
    assert {"contact_taken", "incomplete", "sheet:one_whole_number"} <= problems
    assert list(PendingDecision.objects.exclude(refusal="").values_list("refusal", "refusal_value")) == [
        ("illegal_move", {"code": "illegal_move"})
    ]
    assert {"vouched", "import_undone"} == {check.said["code"] for check in HostCheck.objects.exclude(said=None)}


@pytest.mark.parametrize("language", ["en", "ru", "kk", "uk", "ka"])
def test_a_sentence_that_is_stored_is_found(language: str) -> None:
    """The negative control: a sentence in a text, in an encrypted text and in JSON is found, in every language."""
    hanna = people.hanna(contact="hanna@example.org")
    assert sentences_stored() == {}

    with override(language):
        check = HostCheck.objects.filter(host=hanna.host).first()
        assert check is not None
        check.note, check.said = f"{Frozen.message}"[:100], {"code": "vouched", "text": str(Incomplete("beds", most=9))}
        check.save()
        Delivery.objects.update(error_text=str(Incomplete("windows_overlap")))

    assert set(sentences_stored()) == {"HostCheck.note", "HostCheck.said", "Delivery.error_text"}


def test_refusals_kept_as_words_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the walk: a refusal that gives rows its words instead of its code is found in all of them."""
    monkeypatch.setattr(Refused, "value", property(lambda self: {"code": self.code, "text": str(self)}))

    with override("ka"):
        everything("ka")

    assert set(sentences_stored()) == {
        *("PendingDecision.refusal_value", "SheetImportRow.kept_because", "SheetImportRow.problems"),
    }
