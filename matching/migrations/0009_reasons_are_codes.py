"""Turn the English sentences stored as reasons into codes with numbers.

The wordings below are those of the versions before this migration. They are written down here once more, so that this
migration stays what it is when the engine's codes or their words change.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROWS_AT_ONCE = 5_000

STORED = (("matching_match", "reasons"), ("matching_shelterrequest", "left_over_reasons"))

FORMS: tuple[tuple[str, str], ...] = (
    ("distance", "{km} km"),
    ("common_language", "common language: {languages}"),
    ("no_common_language", "no common language"),
    ("shared_space", "shared space, {people} of {beds} beds"),
    ("fits_exactly", "fits the beds exactly"),
    ("people_in_beds", "{people} people in {beds} beds"),
    ("all_nights", "all {nights} nights"),
    ("some_nights", "{nights} of {wanted} nights"),
    ("same_space", "the same space as before, for longer"),
    ("host_not_vetted", "the host is not vetted"),
    ("space_not_listed", "the space is paused or withdrawn"),
    ("space_not_fresh", "the host has not confirmed that it still stands"),
    ("too_far", "{km} km away, {radius_km} km wanted"),
    ("women_households_only", "only for households of women"),
    ("families_only", "only for families with a child"),
    ("not_women_only", "not a women-only space"),
    ("no_children", "no children allowed"),
    ("no_pets", "no pets allowed"),
    ("not_step_free", "not step-free"),
    ("no_smoking", "smoking is not allowed"),
    ("smoking_allowed", "smoking is allowed there"),
    ("too_few_beds", "{beds} beds for {people} people"),
    ("not_free", "not free on {first_night}"),
    ("too_few_nights", "only {nights} of {wanted} nights, at least {min_nights} wanted"),
    ("taken", "taken on some of these nights"),
    ("declined_before", "declined before"),
    ("children_alone", "children alone: a coordinator places them"),
    ("no_space", "no space may be matched at all: none is vetted, listed and fresh"),
    ("no_time", "not looked into: the time limit was over; plan again with more time"),
    ("none_within", "no space within {radius_km} km"),
    ("all_taken", "{count} possible within {radius_km} km, all taken by others"),
    ("none_free", "{count} suitable within {radius_km} km, none free for {min_nights} nights from {first_night}"),
    ("count_too_few_beds", "{count} too few beds"),
    ("count_women_households_only", "{count} only for households of women"),
    ("count_not_women_only", "{count} not women-only"),
    ("count_no_children", "{count} no children allowed"),
    ("count_families_only", "{count} only for families with a child"),
    ("count_no_pets", "{count} no pets allowed"),
    ("count_not_step_free", "{count} not step-free"),
    ("count_other_smoking_rule", "{count} another smoking rule"),
    ("count_no_common_language", "{count} no common language"),
    ("count_declined_before", "{count} declined before"),
    ("farther", "{count} free within {radius_km} km"),
    ("shorter", "{count} free for {nights} nights"),
    ("other_dates", "{count} free from {first_night}"),
    ("move", "possible with a move between two spaces"),
    ("split", "possible when split over two neighbouring spaces"),
)
"""Every sentence there was, by the code it becomes."""

FOR_ONE: tuple[tuple[str, str, str], ...] = (
    ("people_in_beds", "people", "{people} person in {beds} beds"),
    ("too_few_beds", "beds", "{beds} bed for {people} people"),
    ("shorter", "nights", "{count} free for {nights} night"),
)
"""The sentences that have a singular: the code, the number that is 1 then, and the sentence."""

WHOLE = r"\d+"
PATTERNS = {
    "km": r"\d+\.\d",
    "radius_km": r"\d+(?:\.\d+)?(?:e[+-]\d+)?",
    "first_night": r"\d{4}-\d\d-\d\d",
    "languages": r"\w+(?:, \w+)*",
}


def _number(name: str, text: str) -> Any:
    match name:
        case "km" | "radius_km":
            return float(text)
        case "first_night":
            return date.fromisoformat(text).isoformat()
        case "languages":
            return text.split(", ")
    return int(text)


def _written(name: str, number: Any) -> str:
    match name:
        case "km":
            return f"{number:.1f}"
        case "radius_km":
            return f"{number:g}"
        case "languages":
            return ", ".join(number)
    return str(number)


def _pattern(form: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", form)
    named = [f"(?P<{part}>{PATTERNS.get(part, WHOLE)})" if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return re.compile("".join(named))


READ = [(code, _pattern(form)) for code, form in FORMS] + [(code, _pattern(form)) for code, _name, form in FOR_ONE]


@cache
def as_code(sentence: str) -> str:
    """Return the JSON of the reason that a sentence becomes: its code and numbers, or `said` with the sentence as it is."""
    for code, pattern in READ:
        if found := pattern.fullmatch(sentence):
            try:
                numbers = {name: _number(name, text) for name, text in found.groupdict().items()}
            except ValueError:  # a date that is in no calendar
                continue
            return json.dumps({"code": code} | numbers, ensure_ascii=False)
    return json.dumps({"code": "said", "text": sentence}, ensure_ascii=False)


def as_sentence(reason: dict[str, Any]) -> str:
    """Return the sentence that the versions before had for a reason."""
    code, numbers = reason["code"], {name: number for name, number in reason.items() if name != "code"}
    if code == "said":
        return str(numbers["text"])
    form = dict(FORMS)[code]
    for other, name, for_one in FOR_ONE:
        if other == code and numbers[name] == 1:
            form = for_one
    return form.format(**{name: _written(name, number) for name, number in numbers.items()})


def to_codes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Turn sentences into codes; say how many of each code there were."""
    count: Counter[str] = Counter()

    def one(reason: Any) -> Any:
        if not isinstance(reason, str):
            return reason
        found = json.loads(as_code(reason))
        count[found["code"]] += 1
        return found

    _rewrite(schema_editor, "string", one)
    if count:
        said = count.pop("said", 0)
        print(f"\n    {sum(count.values())} sentences became codes, {said} are kept as `said`.")
        for code, times in count.most_common():
            print(f"      {code}: {times}")


def to_sentences(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Turn codes into the sentences that the versions before understand."""
    _rewrite(schema_editor, "object", lambda reason: as_sentence(reason) if isinstance(reason, dict) else reason)


def _rewrite(schema_editor: BaseDatabaseSchemaEditor, kind: str, one: Callable[[Any], Any]) -> None:
    """Put every list with an item of this JSON `kind` through `one`, item by item.

    Batches are transactions of their own, in the order of the ids: the rows of a nation are never locked all at once,
    and a migration that was stopped goes on where it was.
    """
    connection = schema_editor.connection
    for table, column in STORED:
        last = "00000000-0000-0000-0000-000000000000"
        while True:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                cursor.execute(
                    f"""
                    SELECT id::text, {column}::text FROM {table}
                     WHERE id > %s::uuid AND jsonb_path_exists({column}, %s::jsonpath)
                     ORDER BY id LIMIT %s FOR UPDATE
                    """,
                    [last, f'$[*] ? (@.type() == "{kind}")', ROWS_AT_ONCE],
                )
                rows = cursor.fetchall()
                if not rows:
                    break
                last = rows[-1][0]
                written = [json.dumps([one(reason) for reason in json.loads(text)]) for _id, text in rows]
                cursor.execute(
                    f"""
                    UPDATE {table} SET {column} = given.reasons::jsonb
                      FROM unnest(%s::uuid[], %s::text[]) AS given (id, reasons) WHERE {table}.id = given.id
                    """,
                    [[row[0] for row in rows], written],
                )


class Migration(migrations.Migration):
    # Each batch is a transaction of its own.
    atomic = False

    dependencies = [("matching", "0008_between_coordinators")]

    operations = [migrations.RunPython(to_codes, to_sentences)]
