"""Every sentence that promises an act of a person or of the service names the row that makes it true.

A sentence of the source English that has words of a promise stands in PROMISES under that row, or in NO_PROMISE. A new
sentence with such words fails here until somebody has looked for its row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

from notifications.texts.en import TEXTS
from shelter.translations import own_strings
from tests.promises import NO_PROMISE, PROMISES, ROWS

ROOT = Path(__file__).parents[2]

PROMISING = re.compile(
    r"""\b(
      will | promised | in\ touch | ahead\ of | before\ all | calls\ whoever | keeps?\ on
    | we\ (go\ on|look|are|tell|ask|call|try|stop|pause|keep|write|send|plan|can|may|come|check|find|give|help)
    | (coordinators?|somebody|people|others)\ (has\ to|are|is|(look|call|talk|check|read|decide|answer|get|visit|see|come|help)s?)
    | (is|are|be|being)\ (told|called|asked|paged|sent)
    | they\ (answer|call|come|look)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


def sentences_of(text: str) -> list[str]:
    return [sentence for each in re.split(r"(?<=[.!?])\s+", text) if (sentence := each.strip())]


@cache
def said() -> set[str]:
    """Return every sentence of templates, code and messages, in the source English."""
    texts = [part for words in TEXTS.values() for part in words]
    for message in own_strings():
        texts += message.id if isinstance(message.id, (tuple, list)) else [message.id]
    return {sentence for text in texts for sentence in sentences_of(text)}


def promising(sentences: Iterable[str]) -> set[str]:
    return {sentence for sentence in sentences if PROMISING.search(sentence)}


def unheld(sentences: Iterable[str], promises: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the sentences with words of a promise that no row holds and nobody has found to be none."""
    return promising(sentences) - {sentence for held in promises.values() for sentence in held} - NO_PROMISE


def test_every_promise_has_a_row() -> None:
    assert unheld(said(), PROMISES) == set()


def test_every_entry_is_said_somewhere_once() -> None:
    entries = [sentence for held in PROMISES.values() for sentence in held] + sorted(NO_PROMISE)

    assert sorted(entries) == sorted(set(entries))
    assert set(entries) - said() == set()


def test_every_row_names_a_test_that_exists() -> None:
    assert set(PROMISES) == set(ROWS)
    for row, (path, test) in ROWS.items():
        assert re.search(rf"^def {test}\(", (ROOT / path).read_text(), re.MULTILINE), row


@pytest.mark.parametrize(
    "sentence",
    [
        "A coordinator will ring you tomorrow.",
        "We call you back.",
        "Somebody looks at it within the hour.",
        "You are told as soon as there is something.",
        "A coordinator gets in touch.",
    ],
)
def test_new_promise_without_a_row_is_noticed(sentence: str) -> None:
    """The negative control."""
    assert unheld({*said(), sentence}, PROMISES) == {sentence}


def test_promise_whose_row_goes_is_noticed() -> None:
    """The other negative control."""
    row = "call_list.SUSPENDED"
    without = {name: held for name, held in PROMISES.items() if name != row}

    assert unheld(said(), without) == set(PROMISES[row])
