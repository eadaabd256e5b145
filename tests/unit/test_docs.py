"""The documents name only things that exist: links, files, targets, commands, code, layers, constraints, variables."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from accounts.arrivals import grouped
from benchmarks.proof import PROOFS
from matching.engine.rules import RULES
from matching.management import demo
from matching.refusals import BY_CONSTRAINT
from matching.sheets import columns
from shelter.environment import FORMER_NAMES, SECRETS
from tests.unit.documents import APPS, ROOT, backticked, documents, links, table_under

NAMED = (*APPS, "tests", "benchmarks")
SUFFIXES = ("py", "md", "toml", "txt", "in", "yml", "html", "css", "csv", "tsv", "sh")

TASKS = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

MADE_BY_THE_READER = {"SPACES.csv", "REQUESTS.csv", "MATCHES.csv", "SUMMARY.json", "DECLINED.csv", "keys.json"}


def named(document: Path, text: str) -> Iterator[str]:
    """Yield each thing that the text names and that does not exist."""
    for link in links(text):
        if not (document.parent / link).exists():
            yield f"link {link}"
    for word in backticked(text):
        if is_path(word) and not (ROOT / word).exists() and not (document.parent / word).exists():
            yield f"file {word}"
        elif re.fullmatch(rf"({'|'.join(NAMED)})(\.\w+)+", word) and not is_known(word):
            yield f"name {word}"
    for target in re.findall(r"^make ([a-z][a-z-]*)", in_code(text), re.M):
        if target not in targets():
            yield f"target {target}"
    for command in re.findall(r"(?:manage\.py|shelter\.running manage) ([a-z_]+)", text):
        if command not in get_commands():
            yield f"command {command}"


def is_path(word: str) -> bool:
    """Return whether the word can only be a file or folder of the project: `a/b`, `a/` or `name.py`."""
    if word in MADE_BY_THE_READER or not re.fullmatch(r"\.?[A-Za-z][\w.-]*(/[\w.-]+)*/?", word):
        return False
    return "/" in word or word.rpartition(".")[2] in SUFFIXES


def is_known(name: str) -> bool:
    """Return whether a dotted name is a module, an attribute of a module, or a task of the worker."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        return found is not None or name in TASKS
    return False


def in_code(text: str) -> str:
    """Return only the texts in backticks and in blocks of code."""
    return "\n".join([*re.findall(r"^```.*?^```", text, re.M | re.S), *re.findall(r"`([^`\n]+)`", text)])


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))


@pytest.mark.parametrize("document", documents(), ids=lambda document: str(document.relative_to(ROOT)))
def test_document_names_only_what_exists(document: Path) -> None:
    assert list(named(document, document.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("[here](docs/nowhere.md)", "link docs/nowhere.md"),
        ("`matching/nowhere.py`", "file matching/nowhere.py"),
        ("`nowhere.py`", "file nowhere.py"),
        ("`matching.states.NOWHERE`", "name matching.states.NOWHERE"),
        ("`make nothing`", "target nothing"),
        ("```\nmake nothing\n```", "target nothing"),
        ("`python manage.py do_nothing`", "command do_nothing"),
    ],
)
def test_what_does_not_exist_is_noticed(text: str, missing: str) -> None:
    assert list(named(ROOT / "README.md", text)) == [missing]


# -- the map and the contract ----------------------------------------------------------------------


def contract(number: int) -> list[set[str]]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return [set(layer.split(" | ")) for layer in config["contracts"][number]["layers"]]


@pytest.mark.parametrize(
    ("heading", "number"),
    [
        ("Between the apps", 0),
        ("Inside matching", 1),
        ("Inside the desk", 2),
        ("Inside the transitions", 3),
        ("Inside the worker", 4),
        ("Inside importing", 5),
    ],
)
def test_documented_layers_are_the_contract(heading: str, number: int) -> None:
    rows = table_under((ROOT / "ARCHITECTURE.md").read_text(), heading)

    assert [set(re.findall(r"`(\w+)`", row[0])) for row in rows] == contract(number)


def test_matching_has_at_most_eight_layers() -> None:
    assert len(contract(1)) == 8


def test_numbers_that_files_agree_on_may_import_no_part_of_matching() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    forbidden = next(each for each in config["contracts"] if each.get("source_modules") == ["matching.limits"])
    parts = {f"matching.{part}" for layer in contract(1) for part in layer}

    assert parts - set(forbidden["forbidden_modules"]) == set()


def test_documented_guarantees_are_the_named_constraints() -> None:
    rows = table_under((ROOT / "ARCHITECTURE.md").read_text(), "What the database guarantees")

    assert {row[0].strip("`"): row[2].strip("`") for row in rows} == {
        name: refusal.__name__ for name, refusal in BY_CONSTRAINT.items()
    }


def test_documented_hard_rules_are_the_rules() -> None:
    rows = table_under((ROOT / "docs" / "matching.md").read_text(), "The hard rules")

    assert sorted(row[0].strip("`") for row in rows) == sorted(rule.__name__ for rule in RULES)


def test_documented_options_are_those_of_match_files() -> None:
    rows = table_under((ROOT / "docs" / "matching.md").read_text(), "The files")
    django_s = {option for action in BaseCommand().create_parser("", "")._actions for option in action.option_strings}
    parser = load_command_class("matching", "match_files").create_parser("", "")
    ours = {option for action in parser._actions for option in action.option_strings} - django_s

    assert {row[0].strip("`").split()[0] for row in rows} == ours


@pytest.mark.parametrize(
    ("sheet", "known"), [("SPACES.csv", columns.SPACE_SHEET), ("REQUESTS.csv", columns.request(UTC))]
)
def test_documented_columns_are_those_of_the_sheets(sheet: str, known: columns.SheetColumns) -> None:
    rows = table_under((ROOT / "docs" / "sheets.md").read_text(), sheet)
    must_be_filled = [row[0].strip("`") for row in rows if row[2] == "not allowed"]

    assert [row[0].strip("`") for row in rows] == list(known)
    assert must_be_filled == [name for name, column in known.items() if column.needed]


@pytest.mark.parametrize(
    ("sheet", "known"), [("SPACES.csv", columns.SPACE_SHEET), ("REQUESTS.csv", columns.request(UTC))]
)
def test_documented_defaults_are_those_of_the_sheets(sheet: str, known: columns.SheetColumns) -> None:
    rows = table_under((ROOT / "docs" / "sheets.md").read_text(), sheet)
    told = {row[0].strip("`"): row[2] for row in rows}

    yes_or_no = {"yes": True, "no": False}
    for name, column in known.items():
        if isinstance(column.default, bool):
            assert (name, yes_or_no[told[name]]) == (name, column.default)
        elif isinstance(column.default, float):
            assert (name, float(told[name])) == (name, column.default)


def test_every_decision_is_in_the_index_and_no_other() -> None:
    folder = ROOT / "docs" / "decisions"
    told = re.findall(r"^\| \[(\d+)\]\((\S+)\) \|", (folder / "README.md").read_text(), re.M)
    there = sorted(path.name for path in folder.glob("[0-9]*.md"))

    assert told == [(str(int(name[:4])), name) for name in there]


def test_every_decision_is_numbered_as_its_file_is() -> None:
    pages = (ROOT / "docs" / "decisions").glob("[0-9]*.md")
    numbers = {page.name: re.match(r"# (\d+)\. ", page.read_text()) for page in pages}

    assert {name: found and int(found[1]) for name, found in numbers.items()} == {
        name: int(name[:4]) for name in numbers
    }


def test_readme_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_documented_demo_is_the_demo() -> None:
    readme = (ROOT / "README.md").read_text()
    told = [demo.CARLA.username, demo.DANA.username, demo.PASSWORD, demo.HANNA_CONTACT]
    told += [grouped(demo.AMIRA_CASE_NUMBER), grouped(demo.AMIRA_SECRET)]

    assert [key for key in told if f"`{key}`" not in readme] == []


def test_documented_intervals_are_those_of_beat() -> None:
    rows = table_under((ROOT / "docs" / "running.md").read_text(), "What runs at intervals")

    assert {row[0].strip("`"): float(row[1]) for row in rows} == {
        entry["task"]: entry["schedule"] for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }


# -- the environment ------------------------------------------------------------------------------

OF_THE_SYSTEM = {"PATH", "XDG_STATE_HOME", "DJANGO_SETTINGS_MODULE"}


def read_from_the_environment(source: str) -> Iterator[str]:
    """Yield the names of the variables that a file of Python reads."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = ast.unparse(node.func)
            if function in ("os.environ.get", "os.getenv") or re.fullmatch(r"env(_of_this)?\.\w+", function):
                yield str(node.args[0].value)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            yield ast.literal_eval(node.slice)


def test_every_variable_that_is_read_is_in_the_example_and_no_other() -> None:
    read = {name for file in (ROOT / "shelter").rglob("*.py") for name in read_from_the_environment(file.read_text())}
    compose = (ROOT / "docker-compose.yml").read_text()
    read |= set(re.findall(r"\$\{(\w+)", compose))
    example = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)

    # A secret stands in a file, which NAME_FILE names. The two addresses may stand there themselves as well.
    wanted = (
        read - OF_THE_SYSTEM - set(SECRETS) - set(FORMER_NAMES)
        | {f"{name}_FILE" for name in SECRETS}
        | {"DATABASE_URL", "REDIS_URL"}
    )
    assert sorted(example) == sorted(wanted)
    assert {
        name for name, value in yaml.safe_load(compose)["x-service"]["environment"].items() if value is None
    } <= read


# -- the commands of make --------------------------------------------------------------------------


def test_documented_proofs_are_those_of_make_proof() -> None:
    rows = table_under((ROOT / "docs" / "proof.md").read_text(), "Proofs that take longer than a test")

    assert {row[0]: row[1].strip("`") for row in rows} == PROOFS


def test_every_command_of_make_that_is_documented_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    texts = [
        path.read_text() for path in [*documents(), ROOT / "Makefile", ROOT / ".ci" / "run", ROOT / ".env.example"]
    ]
    named = {name for text in texts for name in re.findall(r"`make ([a-z]+(?:-[a-z]+)*)", text)}

    assert named - targets == set()
    assert {"run", "test", "lint", "shell", "one", "proof"} <= targets
