"""The production set-up, compared with the Compose specification and with the commands of `make run`.

No Docker engine is needed: the test checks the file by its schema, and its parts by the names in them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from shelter.running import commands

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def check(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)],
        capture_output=True,
        text=True,
    )


def test_compose_file_obeys_the_compose_specification(tmp_path: Path) -> None:
    good = check(ROOT / "docker-compose.yml")
    broken = tmp_path / "docker-compose.yml"
    broken.write_text((ROOT / "docker-compose.yml").read_text().replace("healthcheck:", "healthchecks:"))

    assert (good.returncode, good.stdout) == (0, "ok -- validation done\n")
    assert check(broken).returncode == 1


def test_compose_runs_the_commands_of_make_run(compose: dict[str, Any]) -> None:
    assert {name: compose["services"][name]["command"] for name in ("web", "worker", "placer", "beat")} == {
        "web": commands.WEB,
        "worker": commands.WORKER,
        "placer": commands.PLACER,
        "beat": commands.BEAT,
    }


def test_every_lasting_service_has_a_health_check(compose: dict[str, Any]) -> None:
    without = {name for name, service in compose["services"].items() if "healthcheck" not in service}

    assert without == {"proxy", "migrate"}


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secrets = ("SECRET_KEY", "SHELTER_FIELD_KEYS", "SHELTER_INDEX_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")

    assert {name: re.search(rf"\${{{name}:-", text) for name in secrets} == dict.fromkeys(secrets)
    for name in secrets:
        assert f"${{{name}:?" in text


def test_redis_keeps_an_append_only_file_on_a_volume(compose: dict[str, Any]) -> None:
    redis = compose["services"]["redis"]

    assert redis["command"][:3] == ["redis-server", "--appendonly", "yes"]
    assert redis["volumes"] == ["redis:/data"]


def test_postgres_keeps_its_data_where_its_version_looks_for_it(compose: dict[str, Any]) -> None:
    postgres = compose["services"]["postgres"]

    # Since version 18 the image keeps each major version's data in its own folder inside the volume.
    assert postgres["image"] >= "postgres:18"
    assert postgres["volumes"] == ["postgres:/var/lib/postgresql"]


OWN_TO_THE_IMAGE = {"SHELTER_STATIC_ROOT", "SHELTER_BEAT_FILE", "BIND"}
FOR_ONES_OWN_MACHINE = {"DEBUG", "SHELTER_HTTPS", "PORT"}


def test_every_variable_of_the_settings_reaches_the_service(compose: dict[str, Any]) -> None:
    read = {
        name
        for file in ("settings.py", "gunicorn_conf.py")
        for name in re.findall(r"""env\.\w+\(["'](\w+)["']""", (ROOT / "shelter" / file).read_text())
    }

    assert read - set(compose["services"]["web"]["environment"]) == OWN_TO_THE_IMAGE | FOR_ONES_OWN_MACHINE


def test_image_is_made_of_existing_files_and_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY") and "--from" not in line for word in line.split()[1:-1]]

    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert any("--require-hashes --only-binary :all: -r /tmp/requirements.txt" in line for line in lines)
    assert "USER shanyrak" in lines
    assert lines[-1] == f"CMD {str(commands.WEB).replace(chr(39), chr(34))}"


def test_every_package_of_the_project_is_in_the_image() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/apps.py")}
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert [name for name in sorted(packages) if f"COPY {name} {name}" not in dockerfile] == []
