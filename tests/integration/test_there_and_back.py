"""What the desk exports comes back as no change, and edited in one cell as one change: over random rows."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError
from django.utils import timezone

from accounts.contacts import add_contact_point
from matching.importing import exports
from matching.importing.exports import ExportKind
from matching.importing.row_by_row import Imported, take_in_requests, take_in_spaces
from matching.models import ShelterRequest, Space
from matching.sheets import read_requests, read_spaces
from places.queries import heard
from tests import people
from tests.integration.test_imports import counts, everything, run, space_rows
from tests.integration.test_sheet_imports import of_spaces, previewed, taken_in
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

MANY = 12

TEXTS = [
    *("", "ул. Абая, 10; кв. 5", "=1+1", "'=1+1", "'quoted'", "-2 stairs", "@home", "+7", "two\nlines", "two\r\nlines"),
    *(' says "yes" ', "\ttab", "no-break\u00a0", " \u3000wide", "ends with zero width\u200b", "none", "нет", "0", "0071", "1.0"),
    *("'", "''", "＝1", "a,b", "🙂", "ИСТИНА", "2027-03-28"),
]  # fmt: skip
PHONES = ["+77015550101", "+79161234567", "+995555123456", "+380501234567"]


def a_space(random: Random, number: int) -> Space:
    host = people.hanna(
        name=random.choice([*TEXTS, "Hanna"]), contact=f"host{number}@example.org", vetted=random.random() < 0.7
    )
    if random.random() < 0.5:
        add_contact_point(host.host.user, "telegram", f"@host_{number}")
    first = tonight(random.randint(1, 30))
    windows = [(first, first + timedelta(days=random.randint(1, 20)))]
    if random.random() < 0.5:
        later = windows[0][1] + timedelta(days=3)
        windows.append((later, later + timedelta(days=5)))
    where = people.place(random.choice(["Almaty", "Oral"]))
    space = people.space(
        host.host,
        place=where,
        latitude=round(where.latitude + random.uniform(-0.3, 0.3), 5),
        longitude=round(where.longitude + random.uniform(-0.3, 0.3), 5),
        address=random.choice(TEXTS),
        beds=random.randint(1, 500),
        windows=tuple(windows),
        languages=tuple(random.sample(["ru", "kk", "en", "uk", "ka"], random.randint(0, 5))),
        max_nights=random.choice([None, 1, 90]),
        who=random.choice(["anyone", "women", "families"]),
        others=random.choice([None, 0, 3]),
        directions=random.choice(TEXTS),
        **{name: random.random() < 0.5 for name in ("shared", "children", "pets", "smoking", "step_free")},
    )
    if random.random() < 0.5:
        Space.objects.filter(pk=space.pk).update(status=random.choice(["paused", "listed"]))
    return space


def a_request(random: Random, number: int) -> ShelterRequest:
    contact = random.choice(["", f"amira{number}@example.org", random.choice(PHONES)])
    person = people.amira(name=random.choice([*TEXTS, "Amira"]), contact=contact)
    where = people.place(random.choice(["Almaty", "Oral"]))
    adults, children, nights = random.randint(1, 9), random.randint(0, 3), random.randint(1, 60)
    composition = random.choice(["women", "mixed", "unsaid", ""])
    spoken = tuple(random.sample(["ru", "kk", "en"], random.randint(0, 3)))
    return people.request(
        person.arrival,
        place=where,
        radius_km=random.choice([0.5, 20, 50.0, 333.3]),
        people=adults + children,
        children=children,
        children_ages=tuple(random.randint(0, 17) for _child in range(random.randint(0, children))),
        all_women=composition == "women",
        composition=composition,
        women_only=composition == "women" and random.random() < 0.5,
        first_night=tonight(random.randint(0, 30)),
        nights=nights,
        min_nights=random.choice([None, 1, nights]),
        smoking=random.choice(["", "yes", "no"]),
        languages=spoken,
        language_required=bool(spoken) and random.random() < 0.5,
        urgency=random.choice(["1", "1.5", "2.5", "4"]),
        notes=random.choice(TEXTS),
        **{name: random.random() < 0.5 for name in ("pets", "step_free", "may_move", "may_split")},
    )


MADE = {ExportKind.SPACES: a_space, ExportKind.REQUESTS: a_request}


def exported(kind: ExportKind, by: Person, *, personal: bool) -> list[dict[str, str]]:
    """Return the cells of a CSV export of the desk."""
    now = timezone.now()
    if personal:
        lines = exports.open_personal(kind, by=by.user, at=now, reason="other", note="drill")
    else:
        lines = exports.take(kind, by=by.user, at=now, in_words=lambda reasons: [])
    data = b"".join(exports.as_csv(exports.columns_of(kind, personal=personal), lines))
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"), newline="")))


def brought(kind: ExportKind, cells: list[dict[str, str]], by: Person) -> Imported:
    """Take in these cells; a row that is refused fails the test."""
    out = StringIO(newline="")
    writer = csv.DictWriter(out, list(cells[0]))
    writer.writeheader()
    writer.writerows(cells)
    data, now = out.getvalue().encode(), timezone.now()
    if kind is ExportKind.SPACES:
        read: Any = read_spaces(data, find_place=heard)
        done = take_in_spaces(read.rows, by=by.user, at=now, trust_vetted=True)
    else:
        read = read_requests(data, find_place=heard, zone=timezone.get_default_timezone())
        done = take_in_requests(read.rows, by=by.user, at=now)
    assert [*read.problems, *done.problems] == []
    return done


@pytest.mark.parametrize("personal", [False, True])
@pytest.mark.parametrize("kind", MADE)
def test_workbook_comes_back_as_no_change_and_edited_in_one_cell_as_one(kind: ExportKind, personal: bool) -> None:
    random, lead = Random(1109), people.lena()
    made = [MADE[kind](random, number) for number in range(MANY)]
    now, columns = timezone.now(), exports.columns_of(kind, personal=personal)
    if personal:
        lines = exports.open_personal(kind, by=lead.user, at=now, reason="other", note="drill")
    else:
        lines = exports.take(kind, by=lead.user, at=now, in_words=lambda reasons: [])
    out = BytesIO()
    exports.write_xlsx(out, columns, lines)

    same = taken_in(out.getvalue(), lead, kind.value)
    assert [row.outcome for row in same.rows.all()] == ["unchanged"] * len(made), [
        (row.what_changes, row.what_is_wrong) for row in same.rows.all()
    ]

    book = openpyxl.load_workbook(BytesIO(out.getvalue()))
    cell = book.active.cell(2, columns.index("step_free") + 1)
    cell.value = {"yes": "no", "no": "yes"}[cell.value]
    edited = BytesIO()
    book.save(edited)
    changed = taken_in(edited.getvalue(), lead, kind.value)
    different_rows = [row.what_changes for row in changed.rows.all() if row.outcome != "unchanged"]
    assert different_rows == [[["step_free", cell.value == "no", cell.value == "yes"]]]


def different(some: list[dict[str, str]], others: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """Return [column, one value, the other value] for each cell that differs."""
    pairs = list(zip(some, others, strict=True))
    return [
        (column, one[column], other[column]) for one, other in pairs for column in one if one[column] != other[column]
    ]


def of_everything() -> dict[str, list[dict[str, Any]]]:
    return {name: rows for name, rows in everything().items() if name != "MatchingDue"}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("personal", [True, False])
@pytest.mark.parametrize("kind", MADE)
def test_export_comes_back_as_no_change_and_edited_as_one(kind: ExportKind, personal: bool, seed: int) -> None:
    random, lead = Random(f"{kind}{seed}"), people.lena()
    for number in range(MANY):
        MADE[kind](random, number)
    cells, before = exported(kind, lead, personal=personal), of_everything()

    assert counts(brought(kind, cells, lead)) == (0, 0, MANY)
    assert of_everything() == before

    edited = random.choice(cells)
    edited["step_free"] = {"yes": "no", "no": "yes"}[edited["step_free"]]
    assert counts(brought(kind, cells, lead)) == (0, 1, MANY - 1)
    assert different(exported(kind, lead, personal=personal), cells) == []


# -- what an empty cell changes ---------------------------------------------------------------------

KEPT = {"space_id": "a", "beds": "2", "who": "women", "children": "no", "shared": "yes", "pets": "yes"}
EMPTY = {"space_id": "a", "beds": "2", "who": "", "children": "", "shared": "", "pets": ""}


def by_command(cells: dict[str, str], folder: Path, *options: str) -> tuple[str, list[tuple[str, str]]]:
    """Import one row by the command; return what it says and each bad row it lists."""
    file = folder / "SPACES.csv"
    file.write_bytes(of_spaces(cells))
    try:
        return run("import_spaces", file, *options)
    except CommandError as why:
        return str(why), []


def stored() -> tuple[Any, ...]:
    return Space.objects.values_list("who", "children", "shared", "pets").get()


def test_command_lets_no_empty_cell_widen_a_space_unless_told_to(tmp_path: Path) -> None:
    people.place("Almaty")
    by_command(KEPT, tmp_path)

    assert by_command(EMPTY, tmp_path) == ("No row got in.", [])
    assert stored() == ("women", False, True, True)
    assert by_command(EMPTY | {"who": "women", "children": "no", "shared": "yes"}, tmp_path)[0].startswith(
        "0 new, 1 changed"
    )
    assert stored() == ("women", False, True, False)
    assert by_command(EMPTY, tmp_path, "--apply-empty")[0].startswith("0 new, 1 changed")
    assert stored() == ("anyone", True, False, False)


def test_refusal_names_each_column_that_is_empty(carla: Person) -> None:
    people.place("Almaty")
    take_in_spaces(space_rows(KEPT), by=carla.user, at=timezone.now())

    done = take_in_spaces(space_rows(EMPTY), by=carla.user, at=timezone.now(), apply_empty=False)

    assert [reason.value for reason in (problem.reason for problem in done.problems)] == [
        {"code": "empty_cell", "columns": "shared, who, children"}
    ]


def test_preview_shows_what_an_empty_cell_would_change(carla: Person) -> None:
    people.place("Almaty")
    taken_in(of_spaces(KEPT), carla)

    (row,) = previewed(of_spaces(EMPTY), carla).rows.all()

    assert row.what_changes == [
        ["shared", True, False, True],
        ["who", "women", "anyone", True],
        ["children", False, True, True],
        ["pets", True, False, True],
    ]
    page = people.desk_client(carla).get(f"/admin/matching/sheetimport/{row.sheet_id}/change/").content.decode()
    assert page.count("(the cell is empty)") == 4
