"""A value in a row that no code of this version knows, or that is damaged, still gets words: a page never fails over it.

Rows outlive the version that wrote them. After a roll back they hold codes and numbers of a later version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from django.utils.translation import override

from accounts.models import HostCheck, HostEvent
from accounts.refusals import REFUSALS, Refused, words_of_value
from matching import reason_words, refusal_words
from matching.admin import line_words
from matching.admin.deployment import rule_in_words
from matching.admin.places import place_in_words
from matching.admin.words import risk_words
from matching.engine.reasons import NUMBERS, Code
from matching.models import DeskNote, MatchEvent
from matching.sheets.sentences import SHEET_SENTENCES

ODD: tuple[Any, ...] = (
    None,
    "",
    "x",
    "%(most)d %",
    0,
    -1,
    1.5,
    True,
    float("inf"),
    float("nan"),
    [],
    [None],
    {},
    {"a": None},
)
"""What may stand in JSON where another value is expected."""

A_NUMBER: Mapping[str, Any] = {"first_night": "2026-12-01", "languages": ["kk", "ru"], "text": "it was so"}


def of_note(said: Any) -> str:
    return line_words.of_note(DeskNote(said=said))


def of_host_event(said: Any) -> str:
    return line_words.of_host_event(HostEvent(said=said))


def of_check(said: Any) -> str:
    return line_words.of_check(HostCheck(said=said, note=""))


def of_limits(numbers: Any) -> str:
    return line_words.of_reason(MatchEvent(numbers=numbers, reason="policy"))


def whole_values() -> Iterator[tuple[Callable[[Any], str], dict[str, Any]]]:
    """Give every function that words a stored value each kind of value that it knows."""
    for code in Code:
        yield reason_words.words_of, {"code": code.value} | {name: A_NUMBER.get(name, 2) for name in NUMBERS[code]}
    for code, kind in REFUSALS.items():
        for sentence in ("", *kind.sentences):
            words = str(kind.sentences[sentence] if sentence else kind.message)
            names = re.findall(r"%\((\w+)\)", words)
            numbers = {name: "2026-12-01" if name == "day" else 2 for name in names}
            yield refusal_words.of_value, {"code": code, "sentence": sentence, **numbers}
            yield words_of_value, {"code": code, "sentence": sentence, **numbers}
    yield refusal_words.of_value, {"code": "said"}
    for code, template in SHEET_SENTENCES.items():
        yield refusal_words.of_value, {"code": f"sheet:{code}"} | dict.fromkeys(re.findall(r"%\((\w+)\)", template), 2)
    yield of_note, {"code": "override", "reason": "other", "score": 0.5, "best": 0.75}
    yield of_note, {"code": "handed_over"}
    yield of_note, {"code": "merged", "number": "1000 2000"}
    for code in ("refusal_asked", "refusal_taken_back", "import_undone"):
        yield of_host_event, {"code": code}
    yield of_host_event, {"code": "merged", "number": 3}
    yield of_check, {"code": "vouched"}
    yield of_check, {"code": "import_undone"}
    yield of_limits, {"km": 5, "stays": 2}
    yield line_words.of_rights, {"role": "coordinator", "all_places": False, "places": ["Almaty"]}
    yield line_words.of_rights, {"code": "said"}
    yield place_in_words, {"name": "Almaty", "names": ["Alma-Ata"], "kind": "city", "latitude": 43.25}


WHOLE = list(whole_values())
NAMES = [f"{function.__module__.rpartition('.')[2]}.{function.__name__}-{value}" for function, value in WHOLE]


@pytest.mark.parametrize(("function", "value"), WHOLE, ids=NAMES)
def test_every_damage_to_a_value_leaves_words(function: Callable[[Any], str], value: dict[str, Any]) -> None:
    damaged: list[Any] = [*ODD, "nothing of the kind", {"code": "of_a_later_version", "number": 5}]
    for name in value:
        damaged.append({key: each for key, each in value.items() if key != name})
        damaged += [value | {name: odd} for odd in ODD]
        damaged.append(value | {name: "of_a_later_version", "of_a_later_version": 5})
    with override("ru"):
        assert "%(" not in function(value)
        for each in damaged:
            assert isinstance(function(each), str), each


@pytest.mark.parametrize("function", [of_note, of_host_event, of_check])
def test_a_code_of_a_later_version_is_not_an_empty_line(function: Callable[[Any], str]) -> None:
    assert function({"code": "of_a_later_version", "number": 5}) == '{"code": "of_a_later_version", "number": 5}'
    assert function(None) == ""


def test_a_sentence_without_its_number_is_not_shown_half_written() -> None:
    with override("en"):
        assert refusal_words.of_value({"code": "incomplete", "sentence": "people"}) == str(Refused.message)
        assert refusal_words.of_value({"code": "sheet:radius"}) == str(Refused.message)
        assert refusal_words.of_value({"code": "sheet:radius", "most": 500}) == (
            "Write how many km away it may be: more than 0, at most 500."
        )


def test_a_risk_and_a_rule_of_a_later_version_are_shown_by_their_codes() -> None:
    with override("en"):
        assert risk_words(["two_women", "of_a_later_version"]) == ["two women", "of_a_later_version"]
        assert risk_words({"a": 1}) == risk_words(None) == []
        for name in ("answer_hours", "required_checks", "two_people", "two_people_new_host", "auto_approve", "later"):
            for value in (*ODD, str(uuid4())):
                assert isinstance(rule_in_words(name, value), str), (name, value)
