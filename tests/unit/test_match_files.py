"""The command `match_files`: the files it writes, its messages about bad rows, and its refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

SPACES = """space_id,place,lat,lon,beds,shared,windows,languages,vetted
hanna,,43.25,76.95,2,no,2022-09-26/2022-10-10,ru,yes
oskar,,43.25,76.95,8,yes,2022-09-26/2022-10-10,ru,no
"""
REQUESTS = """request_id,place,lat,lon,people,first_night,nights,languages,urgency,registered_at
amira,,43.25,76.95,2,2022-09-26,4,ru,1,2022-09-22T00:00:00Z
bota,,43.25,76.95,1,2022-09-28,4,ru,1,2022-09-26T00:00:00Z
"""
NOW = "2022-09-26T00:00:00Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "SPACES.csv").write_text(SPACES, encoding="utf-8")
    (tmp_path / "REQUESTS.csv").write_text(REQUESTS, encoding="utf-8")
    return tmp_path


def match_files(folder: Path, *options: str) -> tuple[list[dict[str, str]], dict[str, object]]:
    out, summary = folder / "MATCHES.csv", folder / "SUMMARY.json"
    files = (str(folder / "SPACES.csv"), str(folder / "REQUESTS.csv"))
    call_command("match_files", *files, f"--out={out}", f"--json={summary}", f"--now={NOW}", *options)
    with out.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines)), json.loads(summary.read_text(encoding="utf-8"))


def test_match_files_writes_a_line_for_each_leg(folder: Path) -> None:
    lines, _summary = match_files(folder)

    assert lines == [
        {
            "request_id": "amira",
            "leg": "1",
            "space_id": "hanna",
            "first_night": "2022-09-26",
            "last_day": "2022-09-30",
            "people": "2",
            "score": "2.880000",
            "reasons": "0.0 km; common language: ru; fits the beds exactly; all 4 nights",
        }
    ]


def test_match_files_sums_up_in_the_keys_of_the_design(folder: Path) -> None:
    _lines, summary = match_files(folder)

    figures = {key: value for key, value in summary.items() if not isinstance(value, (float, list, dict))}
    figures.pop("peak_memory_mb")
    assert figures == {
        "households_asked": 2,
        "people_asked": 3,
        "households_placed": 1,
        "people_placed": 2,
        "full_stays": 1,
        "moves": 0,
        "splits": 0,
        "now": "2022-09-26T00:00:00+00:00",
    }
    assert summary["objective"] == pytest.approx(2.88)
    assert summary["bound"] >= summary["objective"]
    assert summary["gap"] == pytest.approx(summary["bound"] / summary["objective"] - 1)


def test_match_files_goes_on_with_the_good_rows_and_names_the_bad_ones(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "REQUESTS.csv").open("a", encoding="utf-8") as requests:
        requests.write("carla,,43.25,76.95,many,2022-09-26,4,ru,1,\n")

    lines, _summary = match_files(folder)

    said = capsys.readouterr().err.splitlines()
    assert [line["request_id"] for line in lines] == ["amira"]
    assert said[0].startswith(f"{folder / 'REQUESTS.csv'}, line 4, column people: 'many': ")
    assert said[1] == f"{folder / 'REQUESTS.csv'}: 1 row was not used; the others were."


def test_match_files_leaves_the_beds_of_existing_matches_alone(folder: Path) -> None:
    existing = folder / "EXISTING.csv"
    existing.write_text(
        "request_id,leg,space_id,first_night,last_day,people\nbota,1,hanna,2022-09-28,2022-10-02,1\n", encoding="utf-8"
    )

    lines, summary = match_files(folder, f"--existing={existing}")

    assert lines == []
    assert summary["households_asked"] == 1


def test_match_files_does_not_propose_a_declined_pair_again(folder: Path) -> None:
    declined = folder / "DECLINED.csv"
    declined.write_text("request_id,space_id\namira,hanna\n", encoding="utf-8")

    lines, _summary = match_files(folder, f"--declined={declined}")

    assert [line["request_id"] for line in lines] == ["bota"]


def test_match_files_reads_other_files_as_it_reads_the_sheets_and_says_what_it_skips(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in {
        "SPACES.csv": SPACES.replace("hanna", "0071"),
        "REQUESTS.csv": REQUESTS.replace("bota", "0099"),
        "EXISTING.csv": "request_id,leg,space_id,first_night,last_day,people\n99,1,71.0,28.09.2022,2022-10-02 00:00:00,1.0\n",
        "DECLINED.csv": "request_id,space_id\namira,\u200b71\namira,nobody\n",
    }.items():
        (folder / name).write_text(text, encoding="utf-8")

    lines, summary = match_files(
        folder, f"--existing={folder / 'EXISTING.csv'}", f"--declined={folder / 'DECLINED.csv'}"
    )

    assert (lines, summary["households_asked"]) == ([], 1)
    assert capsys.readouterr().err.replace(f"{folder}/", "").splitlines()[:-1] == [
        "SPACES.csv: 1 row is not used, because the column vetted does not say yes: oskar.",
        "REQUESTS.csv: 1 row is matched in EXISTING.csv already, so not planned: 0099.",
        "DECLINED.csv: 1 row is not used; no good rows are called amira, nobody.",
    ]


def test_match_files_never_writes_a_formula(folder: Path) -> None:
    spaces = folder / "SPACES.csv"
    spaces.write_text(SPACES.replace("hanna", "=hanna()"), encoding="utf-8")

    lines, _summary = match_files(folder)

    assert [line["space_id"] for line in lines] == ["'=hanna()"]


def test_match_files_reads_its_own_matches_back_as_existing_ones(folder: Path) -> None:
    match_files(folder)
    (folder / "MATCHES.csv").rename(folder / "YESTERDAY.csv")

    lines, summary = match_files(folder, f"--existing={folder / 'YESTERDAY.csv'}")

    assert lines == []
    assert summary["households_asked"] == 1


@pytest.mark.parametrize(
    ("existing", "words"),
    [
        ("request_id,space_id\n", "missing columns: first_night, last_day, people"),
        ("request_id,leg,space_id,first_night,last_day,people\na,1,hanna,soon,2022-10-02,1\n", "line 2"),
        ("request_id,leg,space_id,first_night,last_day,people\na,1,nobody,2022-10-01,2022-10-02,1\n", "nobody"),
    ],
)
def test_match_files_refuses_existing_matches_it_cannot_hold(folder: Path, existing: str, words: str) -> None:
    (folder / "EXISTING.csv").write_text(existing, encoding="utf-8")

    with pytest.raises(CommandError, match=words):
        match_files(folder, f"--existing={folder / 'EXISTING.csv'}")
    assert not (folder / "MATCHES.csv").exists()


@pytest.mark.parametrize("option", ["--now=soon", "--time-limit=0", "--time-limit=long"])
def test_match_files_refuses_an_option_that_makes_no_sense(folder: Path, option: str) -> None:
    with pytest.raises(CommandError, match=option.partition("=")[2]):
        match_files(folder, option)


def test_match_files_says_which_file_is_missing(folder: Path) -> None:
    (folder / "SPACES.csv").unlink()

    with pytest.raises(CommandError, match=r"SPACES\.csv: No such file"):
        match_files(folder)


def test_match_files_shows_its_progress_as_lines_of_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    match_files(folder, "--progress=json")

    steps = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert {tuple(step) for step in steps} == {("phase", "done", "objective", "bound", "gap")}
    assert steps[-1]["objective"] == pytest.approx(2.88)


def test_match_files_says_how_fair_the_plan_is(folder: Path) -> None:
    _lines, summary = match_files(folder)

    assert summary["fairness"] == {
        "waited": [
            {"days_from": 4.0, "days_to": 4.0, "placed": 1, "left": 0, "people_placed": 2, "people_left": 0},
            {"days_from": 0.0, "days_to": 0.0, "placed": 0, "left": 1, "people_placed": 0, "people_left": 1},
        ],
        "passed_over": [],
    }


def test_match_files_says_where_one_more_space_would_help(folder: Path) -> None:
    _lines, summary = match_files(folder)

    best = summary["advice"][0]
    assert {key: best[key] for key in ("place", "lat", "lon", "kind", "beds")} == {
        "place": "Almaty",
        "lat": 43.25,
        "lon": 76.95,
        "kind": "single",
        "beds": 1,
    }
    # The gain of Bota's four nights in a bed of her own: 1 + 0.2 x 1.
    assert best["gain"] >= best["at_least"] == pytest.approx(1.2)
    assert sum(best["nights"].values()) == pytest.approx(best["gain"], abs=1e-3)


def verify(folder: Path) -> None:
    files = (str(folder / name) for name in ("SPACES.csv", "REQUESTS.csv", "MATCHES.csv", "SUMMARY.json"))
    call_command("verify_plan", *files)


def test_verify_plan_believes_what_match_files_wrote(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    match_files(folder)

    verify(folder)

    assert capsys.readouterr().out.startswith("The plan holds: every rule is kept, nobody passed over, ")


def test_verify_plan_finds_a_household_that_was_passed_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The negative control: two households ask for the same, and the one that waited less was given the space."""
    header, amira, _bota = REQUESTS.splitlines()
    longer = amira.replace("amira", "carla").replace("2022-09-22", "2022-09-20")
    (folder / "REQUESTS.csv").write_text(f"{header}\n{amira}\n", encoding="utf-8")
    match_files(folder)
    (folder / "REQUESTS.csv").write_text(f"{header}\n{amira}\n{longer}\n", encoding="utf-8")

    with pytest.raises(CommandError, match="does not hold"):
        verify(folder)
    assert "carla: passed over, amira was given a place" in capsys.readouterr().err


def test_match_files_writes_english_in_every_active_language(folder: Path) -> None:
    lines, _summary = match_files(folder)

    with override("ka"):
        others, summary = match_files(folder)

    assert others == lines
    assert summary["left_over"] == {"bota": ["1 possible within 50 km, all taken by others", "1 free from 2022-09-30"]}
