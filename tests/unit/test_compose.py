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
from redis import AuthenticationError
from redis import Redis as Client
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from shelter.environment import FORMER_NAMES, SECRETS
from shelter.running import commands, programs
from shelter.running.postgres import NO_VALUES_IN_THE_LOG

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

    assert without == {"proxy", "migrate", "backup"}


# -- shut in -------------------------------------------------------------------------------------


def test_every_container_is_shut_in_and_limited(compose: dict[str, Any]) -> None:
    """A service that somebody adds is held to the same."""
    found = {
        name: (
            service.get("read_only"),
            service.get("cap_drop"),
            service.get("security_opt"),
            sorted({"mem_limit", "pids_limit", "cpus"} & set(service)),
            bool(service.get("networks")),
        )
        for name, service in compose["services"].items()
    }

    shut_in = (True, ["ALL"], ["no-new-privileges:true"], ["cpus", "mem_limit", "pids_limit"], True)
    assert found == dict.fromkeys(compose["services"], shut_in)


def test_only_the_proxy_has_a_capability_and_none_is_privileged(compose: dict[str, Any]) -> None:
    """Port 443 needs it."""
    assert {name: each["cap_add"] for name, each in compose["services"].items() if "cap_add" in each} == {
        "proxy": ["NET_BIND_SERVICE"]
    }
    assert [
        (name, key)
        for name, each in compose["services"].items()
        for key in ("privileged", "network_mode", "pid", "ipc", "devices")
        if key in each
    ] == []
    assert "docker.sock" not in (ROOT / "docker-compose.yml").read_text()


def test_networks_are_apart(compose: dict[str, Any]) -> None:
    on = {name: set(service["networks"]) for name, service in compose["services"].items()}

    def reached(name: str) -> set[str]:
        return {other for other, networks in on.items() if networks & on[name]} - {name}

    assert reached("proxy") == {"web"}
    for server in ("postgres", "redis"):
        assert reached(server) == set(on) - {"proxy", server}
    # A network that is not internal leads to the internet.
    outside = {name for name, network in compose["networks"].items() if not (network or {}).get("internal")}
    assert {name for name, networks in on.items() if networks & outside} == {"proxy", "worker", "backup"}
    assert {name: each["ports"] for name, each in compose["services"].items() if "ports" in each} == {
        "proxy": ["80:80", "443:443"]
    }


def test_lasting_files_are_in_volumes_and_the_others_in_memory(compose: dict[str, Any]) -> None:
    """With a read-only root, a folder that a program writes must be one of these."""
    written = {
        name: sorted(
            [volume.rpartition(":")[2] for volume in service.get("volumes", [])]
            + [folder.partition(":")[0] for folder in service.get("tmpfs", [])]
        )
        for name, service in compose["services"].items()
    }

    of_the_image = ["/tmp", "/var/cache/shanyrak"]
    assert written == {
        "proxy": ["/config", "/data", "/tmp"],
        "migrate": of_the_image,
        "web": [*of_the_image, "/var/lib/shanyrak"],
        "worker": of_the_image,
        "placer": of_the_image,
        "beat": [*of_the_image, "/var/lib/shanyrak"],
        "backup": [*of_the_image[:1], "/var/backups/shanyrak", *of_the_image[1:]],
        "postgres": ["/run/postgresql", "/tmp", "/var/lib/postgresql"],
        "redis": ["/data", "/tmp"],
    }


# -- secrets ---------------------------------------------------------------------------------------


def test_secrets_come_from_files_and_each_container_gets_its_own_only(compose: dict[str, Any]) -> None:
    given = {name: set(service.get("secrets", [])) for name, service in compose["services"].items()}
    everything = set(compose["secrets"])

    assert given == {
        "proxy": set(),
        **dict.fromkeys(("migrate", "web", "worker", "placer", "beat", "backup"), everything),
        "postgres": {"POSTGRES_PASSWORD"},
        "redis": {"REDIS_PASSWORD"},
    }


def test_no_variable_of_a_container_holds_a_secret(compose: dict[str, Any]) -> None:
    held = {
        (service, name)
        for service, each in compose["services"].items()
        for name in each.get("environment", {})
        if name in SECRETS or re.search(r"(PASSWORD|TOKEN|_KEY|KEYS)$", name)
    }

    # Neither address has a password in it.
    assert {name for _service, name in held} == {"DATABASE_URL", "REDIS_URL"}
    assert {compose["services"]["web"]["environment"][name] for _service, name in held} == {
        "postgres://shanyrak@postgres:5432/shanyrak",
        "redis://redis:6379/0",
    }


def test_every_secret_that_the_settings_read_can_come_from_a_file() -> None:
    settings = (ROOT / "shelter" / "settings.py").read_text()
    secret = set(re.findall(r"""env\.(?:secret|field_keys|address)\(["'](\w+)["']""", settings))
    secret |= set(re.findall(r"""env\.\w+\(["'](\w*(?:PASSWORD|TOKEN|_KEYS?|_KEY_BEFORE))["']""", settings))

    assert secret == set(SECRETS)


def test_redis_starts_with_the_password_of_the_file_and_keeps_an_append_only_file(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    """The command of the container, run here: its folders become folders of the test."""
    redis = compose["services"]["redis"]
    password = tmp_path / "REDIS_PASSWORD"
    password.write_text("told-to-nobody\n")
    (tmp_path / "data").mkdir()
    here = redis["command"][-1].replace("$$", "$").replace("/run/secrets", str(tmp_path))
    here = here.replace("/tmp/redis.conf", str(tmp_path / "redis.conf")).replace("/data", str(tmp_path / "data"))
    here = here.replace("exec redis-server", f"exec {programs.redis_server(programs.redis())}")
    socket = tmp_path / "redis.sock"
    here = here.rstrip() + f" --port 0 --unixsocket {socket}\n"

    with subprocess.Popen([*redis["command"][:-1], here], stdout=subprocess.DEVNULL) as server:
        try:
            given = Client(
                unix_socket_path=str(socket), password="told-to-nobody", retry=Retry(ConstantBackoff(0.1), 100)
            )
            assert given.ping() is True
            assert given.config_get("appendonly") == {"appendonly": "yes"}
            with pytest.raises(AuthenticationError):
                Client(unix_socket_path=str(socket)).ping()
        finally:
            server.terminate()
    assert "told-to-nobody" not in " ".join(redis["command"])
    assert (tmp_path / "redis.conf").stat().st_mode & 0o777 == 0o600
    assert redis["volumes"] == ["redis:/data"]
    # Redis 7 and later keep a folder of such files.
    assert [path.name[:10] for path in (tmp_path / "data").iterdir() if path.name.startswith("append")] == [
        "appendonly"
    ]


def test_postgres_logs_no_value_here_as_on_a_trial(compose: dict[str, Any]) -> None:
    program, *options = compose["services"]["postgres"]["command"]

    assert (program, options) == ("postgres", NO_VALUES_IN_THE_LOG)
    # docs/running.md tells whoever has a PostgreSQL of their own.
    told = (ROOT / "docs" / "running.md").read_text()
    assert [option for option in options[1::2] if option.replace("=", " = ") not in told] == []


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

    given = set(compose["services"]["web"]["environment"])
    given |= {name for name in SECRETS if f"{name}_FILE" in given}

    assert read - given == OWN_TO_THE_IMAGE | FOR_ONES_OWN_MACHINE


def test_every_former_name_reaches_the_check_that_refuses_it(compose: dict[str, Any]) -> None:
    assert set(FORMER_NAMES) <= set(compose["services"]["web"]["environment"])


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
