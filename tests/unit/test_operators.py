"""An operator's steps, followed to the letter of docs/running.md: make .env, start the units, write the line of cron."""

from __future__ import annotations

import configparser
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values

from shelter.environment import Environment, is_field_key
from shelter.running import commands, programs
from tests.standins.compose import NotSet, environment_of
from tests.unit.documents import ROOT, table_under

RUNNING = (ROOT / "docs" / "running.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
SECRETS = ("SECRET_KEY", "SHELTER_INDEX_KEY", "SHELTER_FIELD_KEYS", "POSTGRES_PASSWORD", "REDIS_PASSWORD")


def line_with(words: str) -> str:
    """Return the line of docs/running.md, in a block of code, that begins with these words."""
    (line,) = re.findall(rf"^ {{4,}}({re.escape(words)}.*)$", RUNNING, re.M)
    return line


def shell(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command by /bin/sh with an almost empty environment, as cron does."""
    return subprocess.run(
        ["/bin/sh", "-euc", command],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def dotenv(tmp_path: Path) -> str:
    """The .env that the documented line makes, with a file for each secret beside it."""
    shutil.copy(ROOT / ".env.example", tmp_path)
    made = shell(line_with("cp .env.example .env"), tmp_path)
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    return (tmp_path / ".env").read_text()


# -- secrets -------------------------------------------------------------------------------------


def test_one_line_without_packages_makes_every_secret_anew(dotenv: str, tmp_path: Path) -> None:
    files = [tmp_path / "secrets" / name for name in SECRETS]

    secrets = [file.read_text() for file in files]
    assert len(set(secrets)) == len(SECRETS)
    assert [len(value) for value in secrets] == [64, 64, 44, 64, 64]
    assert is_field_key(secrets[SECRETS.index("SHELTER_FIELD_KEYS")])
    # A configuration of Redis and an address give no special meaning to these characters.
    assert [value for value in secrets if not re.fullmatch(r"[\w=-]+", value)] == []
    assert [name for name in SECRETS if name in dotenv_values(stream=io.StringIO(dotenv))] == []


def test_secrets_are_closed_to_other_users_of_the_machine_and_open_to_the_users_in_the_containers(
    dotenv: str, tmp_path: Path
) -> None:
    """Compose mounts a file as it lies here, and the containers have users of their own, which the folder would keep out."""
    folder = tmp_path / "secrets"

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o444}


def test_secrets_of_an_older_env_become_files_by_one_line(tmp_path: Path) -> None:
    old = "".join(f"{name}={at}-_=\n" for at, name in enumerate(SECRETS)) + "SHELTER_HOST=shelter.example.org\n"
    (tmp_path / ".env").write_text(old)

    moved = shell(line_with("mkdir -m 700 secrets && for secret in SECRET_KEY SHELTER"), tmp_path)

    assert (moved.returncode, moved.stdout, moved.stderr) == (0, "", "")
    assert (tmp_path / ".env").read_text() == "SHELTER_HOST=shelter.example.org\n"
    assert [(tmp_path / "secrets" / name).read_text() for name in SECRETS] == [
        f"{at}-_=" for at, _name in enumerate(SECRETS)
    ]


def checked(env: dict[str, str]) -> tuple[int, str]:
    """Return the status and the complaints of the check of a deployment."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


def test_compose_takes_that_env_and_the_check_of_a_deployment_passes(dotenv: str, tmp_path: Path) -> None:
    assert checked(environment_of("web", dotenv, tmp_path)) == (0, "")


def test_password_of_a_mail_account_comes_from_the_file_that_env_names(dotenv: str, tmp_path: Path) -> None:
    (tmp_path / "secrets" / "EMAIL_HOST_PASSWORD").write_text("told to nobody\n")
    without = environment_of("worker", dotenv, tmp_path)
    with_one = environment_of("worker", dotenv + "EMAIL_HOST_PASSWORD_FILE=./secrets/EMAIL_HOST_PASSWORD\n", tmp_path)

    assert without["EMAIL_HOST_PASSWORD_FILE"] == ""
    assert with_one["EMAIL_HOST_PASSWORD_FILE"] == str(tmp_path / "secrets" / "EMAIL_HOST_PASSWORD")


@pytest.mark.parametrize("name", SECRETS)
def test_compose_refuses_to_start_without_the_file_of_a_secret(dotenv: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets" / name).unlink()

    with pytest.raises(NotSet, match=name):
        environment_of("web", dotenv, tmp_path)


@pytest.mark.parametrize("name", SECRETS)
def test_check_refuses_an_empty_file_of_a_secret(dotenv: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets" / name).unlink()
    (tmp_path / "secrets" / name).write_text("\n")
    variable = {"POSTGRES_PASSWORD": "PGPASSWORD"}.get(name, name)

    status, complaints = checked(environment_of("web", dotenv, tmp_path))

    assert status == 1
    assert f"(shelter.E007) The file that {variable}_FILE names is empty." in complaints
    assert re.findall(r"\(shelter\.E\d+\)", complaints) == ["(shelter.E007)"]


@pytest.mark.parametrize("password", ["a/b", "a@b", "a#b", "a%b", "a?b:c"])
def test_no_character_of_a_password_breaks_an_address_of_compose(dotenv: str, tmp_path: Path, password: str) -> None:
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        (tmp_path / "secrets" / name).unlink()
        (tmp_path / "secrets" / name).write_text(password)
    given = Environment(environment_of("web", dotenv, tmp_path))

    assert (given.text("PGPASSWORD"), given.text("REDIS_PASSWORD")) == (password, password)
    assert (given.text("DATABASE_URL"), given.text("REDIS_URL")) == (
        "postgres://shanyrak@postgres:5432/shanyrak",
        "redis://redis:6379/0",
    )


# -- one .env, three readers ----------------------------------------------------------------------


def as_systemd_reads_it(text: str) -> dict[str, str]:
    """Return the assignments of an EnvironmentFile (systemd.exec(5)): no `export`, quotes taken off, comments by `#` and `;`."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", ";"))]
    pairs = [line.split("=", 1) for line in lines]
    return {name: (shlex.split(value) or [""])[0] if value[:1] in "\"'" else value for name, value in pairs}


def as_a_shell_reads_it(text: str, folder: Path) -> dict[str, str]:
    (folder / "sourced").write_text(text)
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    said = shell(f"set -a && . ./sourced && set +a && {sys.executable} -c '{code}'", folder)
    assert said.returncode == 0, said.stderr
    values: dict[str, str] = yaml.safe_load(said.stdout)
    return values


def test_shell_systemd_and_compose_read_the_same_in_the_example(dotenv: str, tmp_path: Path) -> None:
    # Include the commented lines, because an operator may take their marks off.
    text = re.sub(r"^#([A-Z_]+=)", r"\1", EXAMPLE, flags=re.M)
    for each in (dotenv, text):
        expected = {
            name: value or "" for name, value in dotenv_values(stream=io.StringIO(each), interpolate=False).items()
        }
        by_shell = as_a_shell_reads_it(each, tmp_path)

        assert {name: by_shell.get(name) for name in expected} == expected
        assert as_systemd_reads_it(each) == expected


def test_value_that_a_shell_reads_differently_is_found(tmp_path: Path) -> None:
    (tmp_path / "bare").write_text("SHELTER_HELP_CONTACT=+7 700 000 00 00\n")

    sourced = shell("set -a && . ./bare && set +a", tmp_path)

    assert sourced.returncode != 0


# -- cron ----------------------------------------------------------------------------------------


def cron_line() -> tuple[list[str], str]:
    """Return the five fields of the documented line, and its command."""
    *fields, command = line_with("* * * * *").split(maxsplit=5)
    return fields, command


def test_line_of_cron_has_five_fields_and_no_percent_sign() -> None:
    fields, command = cron_line()

    assert fields == ["*"] * 5
    assert "%" not in command  # cron turns a percent sign into a new line.


def test_command_of_cron_reads_env_and_calls_the_command(tmp_path: Path) -> None:
    _fields, command = cron_line()
    (tmp_path / ".env").write_text('SHELTER_HELP_CONTACT="+7 700 000 00 00"\nSECRET_KEY=abc\n')
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program = tmp_path / ".venv" / "bin" / "python"
    program.write_text('#!/bin/sh\necho "$SHELTER_HELP_CONTACT|$SECRET_KEY|$*"\n')
    program.chmod(0o755)

    called = shell(command.replace("/srv/shanyrak", shlex.quote(str(tmp_path))), Path("/"))

    assert (called.returncode, called.stdout) == (0, "+7 700 000 00 00|abc|manage.py sweep\n")


# -- systemd -------------------------------------------------------------------------------------

UNITS = sorted((ROOT / "systemd").iterdir())


class Unit(configparser.RawConfigParser):
    """A unit file; if a key stands several times, only its last value is kept."""

    def __init__(self, name: str) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#", ";"))
        self.optionxform = str  # type: ignore[assignment,method-assign]
        self.read(ROOT / "systemd" / name)


def starts(name: str) -> list[list[str]]:
    """Return the commands of a unit, without the path of the virtual environment; `%%` is systemd's `%`."""
    text = (ROOT / "systemd" / name).read_text().replace("%%", "%")
    return [shlex.split(line) for line in re.findall(r"^ExecStart=/srv/shanyrak/\.venv/bin/(.*)$", text, re.M)]


def test_units_run_the_commands_of_make_run() -> None:
    assert {name: starts(f"shanyrak-{name}.service") for name in ("web", "worker", "placer", "beat")} == {
        "web": [commands.WEB],
        "worker": [commands.WORKER],
        "placer": [commands.PLACER],
        "beat": [commands.BEAT],
    }


def test_units_run_the_same_preparation_as_compose() -> None:
    migrate = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["migrate"]["command"][-1]
    by_compose = [shlex.split(step)[1:3] for step in migrate.split("&&")]

    assert [step[1:3] for step in starts("shanyrak-prepare.service")][:3] == by_compose
    assert by_compose[0] == ["manage.py", "check"]


def test_every_unit_sources_the_env_and_the_target_wants_all_four() -> None:
    services = [path.name for path in UNITS if path.suffix == ".service"]

    assert {Unit(name)["Service"]["EnvironmentFile"] for name in services} == {"/srv/shanyrak/.env"}
    assert {Unit(name)["Service"]["User"] for name in services} == {"shanyrak"}
    wanted = Unit("shanyrak.target")["Unit"]["Wants"].split()
    assert sorted([*wanted, "shanyrak-prepare.service"]) == services
    assert {Unit(name)["Unit"]["Requires"] for name in wanted} == {"shanyrak-prepare.service"}


def verified(folder: Path, **changes: str) -> str:
    """Return the complaints of `systemd-analyze verify` about the units, for this checkout and user; "" for none."""
    for path in UNITS:
        text = path.read_text().replace("/srv/shanyrak/.venv/bin", str(Path(sys.executable).parent))
        text = text.replace("/srv/shanyrak", str(ROOT)).replace("User=shanyrak", f"User={os.getuid()}")
        for old, new in changes.items():
            text = text.replace(old, new)
        (folder / path.name).write_text(text)
    units = [str(folder / path.name) for path in UNITS]
    return subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=120).stderr


def test_systemd_accepts_the_units_where_it_is_installed(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        return
    ours = "\n".join(line for line in verified(tmp_path).splitlines() if "shanyrak" in line)
    broken = verified(tmp_path, ProtectSystem="ProtectSytem")

    assert ours == ""
    assert "Unknown key" in broken


def test_units_use_only_known_keys() -> None:
    keys = {key for path in UNITS for section in Unit(path.name).values() for key in section}

    assert keys == {
        *("Description", "Documentation", "Wants", "Requires", "After", "PartOf", "WantedBy"),
        *("Type", "RemainAfterExit", "User", "WorkingDirectory", "EnvironmentFile", "Environment", "ExecStart"),
        *("KillMode", "Restart", "RestartSec", "TimeoutStopSec", "StateDirectory", "CacheDirectory"),
        *SANDBOX,
        *("MemoryMax", "TasksMax"),
    }


SANDBOX = {
    "UMask": "0077",
    "CapabilityBoundingSet": "",
    "NoNewPrivileges": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectHome": "yes",
    "ProtectSystem": "strict",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectProc": "invisible",
    "LockPersonality": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service",
}
"""What every process of the service does without, as systemd.exec(5) names it."""


@pytest.mark.parametrize("path", [path for path in UNITS if path.suffix == ".service"], ids=lambda path: path.stem)
def test_every_unit_is_shut_in_and_limited(path: Path) -> None:
    service = Unit(path.name)["Service"]

    assert {name: service.get(name) for name in SANDBOX} == SANDBOX
    assert {name for name in ("MemoryMax", "TasksMax") if service.get(name)} == {"MemoryMax", "TasksMax"}


# -- the same PostgreSQL everywhere ---------------------------------------------------------------


def test_compose_and_trials_run_the_same_major_version_of_postgresql() -> None:
    image = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["postgres"]["image"]
    embedded = programs.postgres()

    assert embedded.wheel is not None
    assert image.partition("@")[0] == f"postgres:{embedded.version}"


# -- the documents -------------------------------------------------------------------------------


def test_documented_checks_are_the_checks() -> None:
    sources = [*ROOT.glob("shelter/*.py"), *ROOT.glob("notifications/*.py")]
    ids = {id for path in sources for id in re.findall(r'"((?:shelter|notifications)\.[EW]\d{3})"', path.read_text())}

    assert {row[0].strip("`") for row in table_under(RUNNING, "Variables")} == ids


def test_every_service_of_compose_that_the_upgrade_names_is_there() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    upgrade = RUNNING.split("## Upgrading")[1].split("\n## ")[0]
    exec_in = re.findall(r"docker compose exec (?:-T )?(\w+)", upgrade)
    stopped = [name for names in re.findall(r"docker compose stop ([\w ]+)", upgrade) for name in names.split()]

    assert sorted(set(exec_in) | set(stopped)) == ["beat", "placer", "postgres", "web", "worker"]
    assert {*exec_in, *stopped} <= set(services)


def test_maintenance_page_of_the_upgrade_is_switched_on_in_a_place_that_stays() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["web"]
    (file,) = set(re.findall(r"exec web (?:touch|rm) (\S+)", RUNNING))

    assert compose["environment"]["SHELTER_MAINTENANCE_FILE"] == f"${{SHELTER_MAINTENANCE_FILE:-{file}}}"
    assert compose["volumes"] == [f"web:{Path(file).parent}"]
