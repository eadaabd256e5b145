"""Turn the sentences of refusals that rows keep into codes with numbers.

They stand in the problems of a sheet's row, in the reason why an undone import kept a row, and in a decision that was not
carried out. The wordings below are those of the version before this migration, in English. A row may hold one in any
language of the service: the catalogs of this version translate the English.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils.translation import gettext, override

REFUSALS: tuple[tuple[str, str, str], ...] = (
    ("wrong_standing", "no_refusal_asked", "Nobody has asked to refuse this host."),
    ("second_person_refuses", "", "You have asked for this refusal already: another coordinator must refuse too."),
    ("no_room_left", "", "There is no room left in this space on these nights. Choose another space or other nights."),
    ("outside_window", "", "The space is not free on all of these nights. Choose nights within its windows."),
    ("outside_request", "", "The household does not ask for all of these nights now. Choose among the nights it asks for."),
    ("space_not_open", "", "This space cannot be matched now: its host is not vetted, or it is paused or withdrawn."),
    ("request_not_open", "", "This request was withdrawn."),
    ("placed_already", "", "This household has a place on some of these nights already. End that match first, or choose other nights."),
    ("illegal_move", "", "This is no longer possible: the match has moved on. Look at its present state."),
    ("illegal_move", "not_on_hold", "This match is not on hold."),
    ("not_yours", "", "You may not do this."),
    ("not_yours", "other_coordinator", "Choose another coordinator of this place."),
    ("person_needed", "", "A person must decide on this proposal."),
    ("leg_taken", "", "There is already a match for this leg of the request."),
    ("declined_before", "", "This pair was declined before and is not proposed again."),
    ("reason_needed", "", "Choose a reason from the list."),
    ("second_person_needed", "", "This match is high-risk and you have approved it already: another coordinator must approve it too."),
    ("frozen", "", "This match is on hold until a coordinator has looked at it."),
    ("already_answered", "", "You have accepted already."),
    ("has_live_matches", "", "There are live matches that this would contradict. End or cancel them first."),
    ("has_live_matches", "stay_going_on", "A stay is going on. End the stay first, then withdraw the request."),
    ("has_live_matches", "both_decided", "Both have a match that somebody has decided on. End one of them first."),
    ("incomplete", "beds", "Say how many people can sleep here: a number from 1 to %(most)d."),
    ("incomplete", "windows", "Say from which night until which day the space is free."),
    ("incomplete", "longest_stay", "The longest stay is at least one night; leave it empty for no limit."),
    ("incomplete", "window_backwards", "A window ends after it begins: the last day comes after the first night."),
    ("incomplete", "windows_overlap", "Two windows overlap. Join them into one."),
    ("incomplete", "people", "Say how many people need a place to sleep: a number from 1 to %(most)d."),
    ("incomplete", "children", "There are more children than people. Count the children among the people."),
    ("incomplete", "ages", "There are more ages than children."),
    ("incomplete", "nights", "Say for how many nights: a number from 1 to %(most)d."),
    ("incomplete", "shortest_stay", "The shortest stay that helps cannot be longer than the whole stay."),
    ("incomplete", "radius", "Say how far from the place it may be: more than 0 km."),
    ("incomplete", "women_only", "A women-only space can be asked for only by a household of women."),
    ("incomplete", "composition", "Say who they are: women, mixed or unsaid; leave it empty if nobody asked."),
    ("incomplete", "composition_contradicts", "The two answers about who they are contradict each other. Give one of them."),
    ("incomplete", "too_far_ahead", "The first night is too far ahead: give one within the next two years."),
    ("incomplete", "not_on_earth", "The coordinates are not on Earth: latitude is -90 to 90, longitude -180 to 180."),
    ("incomplete", "nights_passed", "These nights have passed. Give later ones."),
    ("incomplete", "withdrawn", "This request is withdrawn. Ask again instead."),
    ("incomplete", "empty_note", "Write something first."),
    ("stale", "", "Somebody changed this in the meantime. Load it again and repeat."),
    ("decided_already", "", "Somebody has just decided on this. The decision can be undone until it goes out."),
    ("gone_out", "", "This can no longer be undone: the messages have gone. Open the match to see what is possible now."),
    ("taken_by_another", "", "Another coordinator is looking at this. Take the next one, or ask them to hand it over."),
    ("taken_by_another", "named", "%(who)s is looking at this. Take the next one, or take it over first."),
    ("unreadable_contact", "", "This is not a phone number or e-mail address. Write it like +7 700 123 45 67."),
    ("unreadable_contact", "email", "This is not an e-mail address. Write it like name@example.org."),
    ("contact_taken", "", "Another host is reached by this phone, e-mail or Telegram name already. Look among the duplicates."),
    ("refused_by_database", "", "The database refuses this row. Look at its dates and numbers, and import it again."),
    ("gazetteer_not_loaded", "", "The places are not in the database yet. Run: python manage.py load_gazetteer"),
    ("other_place", "", "This place is not one of yours: a coordinator of that place has to import this row."),
    ("changed_since", "", "It was changed since the import."),
    ("changed_since", "host_checked", "The host has been checked since the import."),
    ("too_long_ago", "", "The import is too long ago: what was there before is forgotten."),
    ("partly_kept", "space_withdrawn", "It was withdrawn: its earlier matches stay on record."),
    ("partly_kept", "host_stays", "The host stays: there is a history with them."),
    ("partly_kept", "request_withdrawn", "It was withdrawn: there is a history with this household."),
)
"""Code, name of the sentence, and the sentence. Refusals with a date or a list in them are kept as `said`."""

SHEETS: tuple[tuple[str, str], ...] = (
    ("yes_or_no", "Write yes or no."),
    ("one_whole_number", "Write one whole number from %(smallest)s to %(greatest)s, like %(example)s."),
    ("whole_number", "Write a whole number from %(smallest)s to %(greatest)s."),
    ("one_number", "Write one number, like 43.25."),
    ("latitude", "A latitude is between -90 and 90 degrees."),
    ("longitude", "A longitude is between -180 and 180 degrees."),
    ("radius", "Write how many km away it may be: more than 0, at most %(most)s."),
    ("urgency", "Write 1, 1.5, 2.5 or 4 (4: nowhere to sleep tonight)."),
    ("who", "Write anyone, women or families."),
    ("date", "Write the date like 2022-09-28 or 28.09.2022."),
    ("year_of_date", "The year %(year)s cannot be meant. Write the date like 2022-09-28 or 28.09.2022."),
    ("no_such_day", "There is no such day: %(day)s. Check the day and the month."),
    ("window", "Write each window as first night/last day, like 2022-09-26/2022-10-10, with ; between windows."),
    ("window_backwards", "The window %(window)s ends before it begins: the day of leaving comes after the first night."),
    ("window_too_long", "The window %(window)s is longer than three years. Write a nearer end; it can be moved later."),
    ("no_window", "Write at least one window, like 2022-09-26/2022-10-10."),
    ("windows_overlap", "Two windows overlap around %(day)s. Join them into one."),
    ("year_of_moment", "The year %(year)s cannot be meant. Write the moment like 2022-09-26T08:00:00+06:00."),
    ("moment", "Write the moment like 2022-09-26T08:00:00+06:00 or 26.09.2022 08:00."),
    ("language", "\"%(word)s\" is no language code. Write codes of two letters with spaces, like ru kk en."),
    ("phone", "This is not one phone number. Write it like +7 701 555 01 01."),
    ("email", "This is not one e-mail address. Write it like name@example.org."),
    ("telegram", "This is not a Telegram name. Write it like @name."),
    ("long_identifier", "An identifier has at most 100 signs."),
    ("unreadable_sign", "There is an unreadable sign (NUL) in this cell. Type it anew."),
    ("space_identifier", "Give every space an identifier that stays the same, like s1."),
    ("request_identifier", "Give every request an identifier that stays the same, like r1."),
    ("same_identifier", "Line %(line)s has the same identifier. Give every row its own."),
    ("beds_needed", "Say how many people can sleep here."),
    ("windows_needed", "Say when the space is free, like 2022-09-26/2022-10-10."),
    ("people_needed", "Say how many people need a place to sleep."),
    ("first_night_needed", "Say from which night, like 2022-09-28."),
    ("nights_needed", "Say for how many nights."),
    ("children", "There are more children than people. Count the children among the people."),
    ("shortest_stay", "The shortest stay that helps is longer than the whole stay of %(nights)s nights."),
    ("women_only", "Only a household of women can ask for a women-only space: write yes in all_women, or no here."),
    ("language_unnamed", "Name the language in the column languages, or write no here."),
    ("half_a_point", "Give both lat and lon, or leave both empty."),
    ("swapped", "lat and lon are swapped: %(place)s lies at %(lat)s, %(lon)s."),
    ("unknown_place", "No place of this name is known. Check the spelling, name the nearest town, or give lat and lon."),
    ("no_place", "Say where: name a place, or give lat and lon."),
    ("open_quote", "A quotation mark opens a cell and nothing closes it as it should. Remove it, or double it."),
    ("cells", "This row has %(cells)s cells where the header has %(width)s. Write every cell, also the empty ones, and put quotation marks around a cell with a delimiter in it."),
    ("unknown_columns", "Unknown columns: %(columns)s."),
    ("columns_twice", "Columns that stand twice: %(columns)s."),
    ("missing_columns", "Missing columns: %(columns)s."),
    ("columns", "The columns of %(sheet)s are %(columns)s."),
    ("empty_file", "The file is empty. Its first line must name the columns."),
    ("workbook", "This is a workbook, not a CSV file. In the spreadsheet program choose \"Save as\" and then CSV."),
    ("unreadable_letters", "The letters of this file cannot be read: it is not UTF-8, UTF-16 or Windows-1251. Save it anew as CSV UTF-8."),
)
"""Code and template of each sentence about a sheet. These were stored as a template with its values."""

REFUSED = models.Q(foreseen="refused") | models.Q(outcome="refused")
"""The rows that have problems; no query can ask for an encrypted column."""

NUMBERS = {"most": (r"\d+", int), "who": (r".+", str)}


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)[sd]", sentence)
    named = [f"(?P<{part}>{NUMBERS[part][0]})" if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return re.compile("".join(named), re.DOTALL)


@cache
def _read() -> list[tuple[str, str, re.Pattern[str]]]:
    found = []
    for language in dict.fromkeys(("en", *(code for code, _name in settings.LANGUAGES))):
        with override(language):
            found += [(code, name, _pattern(gettext(sentence))) for code, name, sentence in REFUSALS]
    return found


@cache
def as_json(words: str) -> str:
    """Return the JSON of the value that a stored sentence becomes, or `said` with the sentence as it is."""
    for code, name, pattern in _read():
        if found := pattern.fullmatch(words):
            numbers = {key: NUMBERS[key][1](text) for key, text in found.groupdict().items()}
            return json.dumps({"code": code, **({"sentence": name} if name else {}), **numbers}, ensure_ascii=False)
    return json.dumps({"code": "said", "text": words}, ensure_ascii=False)


def as_value(words: str) -> dict[str, Any]:
    """Return the value of a stored sentence."""
    value: dict[str, Any] = json.loads(as_json(words))
    return value


def problem_as_value(words: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the value of a problem of a row, stored as the template of a sentence about a sheet or as a refusal."""
    for code, template in SHEETS:
        if template == words and (values or "%(" not in template):
            return {"code": f"sheet:{code}", **values}
    return as_value(words)


def as_words(value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the English sentence, and its values, that the version before kept for a value."""
    numbers = {key: each for key, each in value.items() if key not in ("code", "sentence")}
    if value["code"] == "said":
        return str(value["text"]), {}
    if value["code"].startswith("sheet:"):
        return dict(SHEETS)[value["code"].removeprefix("sheet:")], numbers
    known = {(code, name): sentence for code, name, sentence in REFUSALS}
    sentence = known.get((value["code"], value.get("sentence", "")), value["code"])
    return (sentence % numbers if numbers and "%(" in sentence else sentence), {}


def to_codes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Turn sentences into codes; say how many there were."""
    count: Counter[str] = Counter()
    row_model, decision_model = apps.get_model("matching", "SheetImportRow"), apps.get_model("matching", "PendingDecision")
    for row in _rows(row_model.objects.filter(REFUSED).only("problems")):
        listed = [
            [column, problem_as_value(words, values[0] if values else {})]
            for column, words, *values in json.loads(row.problems or "[]")
        ]
        count.update(value["code"] for _column, value in listed)
        row.problems = json.dumps(listed) if listed else ""
        row.save(update_fields=["problems"])
    for row in _rows(row_model.objects.exclude(kept_words="").only("kept_words")):
        row.kept_because = as_value(row.kept_words)
        count[row.kept_because["code"]] += 1
        row.save(update_fields=["kept_because"])
    for row in _rows(decision_model.objects.exclude(refusal="").only("refusal")):
        row.refusal_value = as_value(row.refusal)
        row.refusal = row.refusal_value["code"]
        count[row.refusal] += 1
        row.save(update_fields=["refusal", "refusal_value"])
    if count:
        said = count.pop("said", 0)
        print(f"\n    {sum(count.values())} refusals became codes, {said} are kept as `said`.")


def to_sentences(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Turn codes into the sentences that the version before showed, in English."""
    row_model, decision_model = apps.get_model("matching", "SheetImportRow"), apps.get_model("matching", "PendingDecision")
    for row in _rows(row_model.objects.filter(REFUSED).only("problems")):
        listed = [(column, *as_words(value)) for column, value in json.loads(row.problems or "[]")]
        row.problems = json.dumps([[column, words, *([values] if values else [])] for column, words, values in listed])
        row.save(update_fields=["problems"])
    for row in _rows(row_model.objects.exclude(kept_because=None).only("kept_because")):
        row.kept_words = as_words(row.kept_because)[0][:300]
        row.save(update_fields=["kept_words"])
    for row in _rows(decision_model.objects.exclude(refusal="").only("refusal_value")):
        row.refusal = as_words(row.refusal_value)[0][:300]
        row.save(update_fields=["refusal"])


def _rows(rows: Any) -> Iterator[Any]:
    return iter(rows.order_by("pk").iterator(chunk_size=1_000))


SETTLE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
"""Check the foreign keys of the rows written so far: PostgreSQL alters no table while such checks are pending."""


class Migration(migrations.Migration):
    dependencies = [("matching", "0016_standing")]

    operations = [
        migrations.AddField("pendingdecision", "refusal_value", models.JSONField(blank=True, null=True)),
        migrations.RenameField("sheetimportrow", "kept_because", "kept_words"),
        migrations.AddField("sheetimportrow", "kept_because", models.JSONField(blank=True, null=True)),
        migrations.RunSQL(SETTLE, SETTLE),
        migrations.RunPython(to_codes, to_sentences),
        migrations.RunSQL(SETTLE, SETTLE),
        migrations.RemoveField("sheetimportrow", "kept_words"),
        migrations.AlterField("pendingdecision", "refusal", models.CharField(blank=True, max_length=40)),
    ]
