"""The files that hold contributors' habits: the editor's settings, the hooks, the forge's workflow and its templates."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.documents import ROOT
from tests.unit.test_citations import files

TEMPLATES = ROOT / ".github" / "ISSUE_TEMPLATE"


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def fits(schema: str, *paths: Path) -> bool:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    return subprocess.run([*checker, *map(str, paths)], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("github-workflows", sorted((ROOT / ".github" / "workflows").glob("*.yml"))),
        ("github-issue-forms", sorted(TEMPLATES.glob("[0-9]*.yml"))),
        ("github-issue-config", [TEMPLATES / "config.yml"]),
    ],
)
def test_file_of_the_forge_obeys_its_schema(schema: str, paths: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(re.sub(r"^\w+", "no_such_key", paths[0].read_text(encoding="utf-8"), count=1, flags=re.M))

    assert fits(schema, *paths)
    assert not fits(schema, broken)


def test_workflow_runs_the_proof_reads_only_and_knows_no_secret() -> None:
    text = (ROOT / ".github" / "workflows" / "proof.yml").read_text(encoding="utf-8")
    workflow = read(".github/workflows/proof.yml")
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]

    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    assert [step["uses"] for step in steps if "uses" in step and "@" not in step["uses"]] == []


def test_reporter_of_a_danger_to_people_is_sent_to_the_security_page_first() -> None:
    first = min(TEMPLATES.glob("[0-9]*.yml")).read_text(encoding="utf-8")

    assert "SECURITY.md" in first
    assert "textarea" not in first


def test_hooks_run_only_tools_of_the_project_s_own_environment() -> None:
    config = read(".pre-commit-config.yaml")
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]

    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [hook["id"] for hook in hooks if not re.match(r"(env \w+=\w+ )?\.venv/bin/", hook["entry"])] == []
    for hook in hooks:
        for word in hook["entry"].split():
            assert "/" not in word or (ROOT / word).exists(), word


def test_editor_and_formatter_agree_on_the_length_of_a_line() -> None:
    editor = configparser.ConfigParser()
    editor.read_string("[all]\n" + (ROOT / ".editorconfig").read_text())
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]

    assert int(editor["*.py"]["max_line_length"]) == ruff["line-length"]


def test_files_follow_the_settings_of_the_editor() -> None:
    wrong = []
    for path in files():
        text = path.read_bytes()
        if text and not text.endswith(b"\n"):
            wrong.append(f"{path.relative_to(ROOT)}: no line feed at the end")
        if b"\r" in text:
            wrong.append(f"{path.relative_to(ROOT)}: carriage return")
        if re.search(rb"[ \t]\n", text):
            wrong.append(f"{path.relative_to(ROOT)}: white space at the end of a line")
    assert wrong == []
