"""Values of variables that make no sense: all are named at once, each with a way out, and no process starts with them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shelter import checks
from shelter.environment import FORMER_NAMES, SECRETS, Environment, SettingProblem, split_address
from shelter.running.state import keys
from shelter.settings import LOG_LEVELS, POSTGRES, REDIS, broker, database, redis_address
from tests.processes import BIN, ROOT

Reading = Callable[[Environment], object]
FIELD_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def read(reading: Reading, value: str | None) -> tuple[object, list[SettingProblem]]:
    """Return the value read from the variable X, and the problems found with it."""
    given = Environment({} if value is None else {"X": value})
    return reading(given), given.problems


WHOLE: Reading = lambda given: given.whole("X", 30, least=1)  # noqa: E731
SECONDS: Reading = lambda given: given.seconds("X", 10.0)  # noqa: E731
FLAG: Reading = lambda given: given.flag("X", True)  # noqa: E731
ZONE: Reading = lambda given: given.time_zone("X", "Asia/Almaty")  # noqa: E731
LEVEL: Reading = lambda given: given.one_of("X", "INFO", LOG_LEVELS)  # noqa: E731
KEYS: Reading = lambda given: given.field_keys("X", None)  # noqa: E731
SECRET: Reading = lambda given: given.secret("X", None)  # noqa: E731
DATABASE: Reading = lambda given: given.address("X", "postgres://here/name", POSTGRES)  # noqa: E731
BROKER: Reading = lambda given: given.address("X", "redis://here", REDIS)  # noqa: E731


@pytest.mark.parametrize(
    ("reading", "value", "expected"),
    [
        (WHOLE, None, 30),
        (WHOLE, "7", 7),
        (WHOLE, " 7 ", 7),
        (SECONDS, "2.5", 2.5),
        (FLAG, "no", False),
        (FLAG, "True", True),
        (ZONE, "Asia/Tbilisi", "Asia/Tbilisi"),
        (LEVEL, "ERROR", "ERROR"),
        (KEYS, FIELD_KEY, [FIELD_KEY]),
        (KEYS, f"{FIELD_KEY}, {FIELD_KEY}", [FIELD_KEY, FIELD_KEY]),
        (SECRET, "told to nobody", "told to nobody"),
        (DATABASE, "postgres://u:a%2Fb%40c@h:5432/d", "postgres://u:a%2Fb%40c@h:5432/d"),
        (DATABASE, "postgres://u@/d?host=%2Frun%2Fpg", "postgres://u@/d?host=%2Frun%2Fpg"),
        (BROKER, "unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1"),
    ],
)
def test_sensible_value_is_read_without_a_problem(reading: Reading, value: str | None, expected: object) -> None:
    assert read(reading, value) == (expected, [])


@pytest.mark.parametrize(
    ("reading", "value", "instead", "check", "fault"),
    [
        (WHOLE, "", 30, "shelter.E001", "X is empty."),
        (WHOLE, "  ", 30, "shelter.E001", "X is empty."),
        (WHOLE, "many", 30, "shelter.E001", "X has a value that makes no sense."),
        (WHOLE, "0", 30, "shelter.E001", "X has a value that makes no sense."),
        (WHOLE, "-1", 30, "shelter.E001", "X has a value that makes no sense."),
        (WHOLE, "2.5", 30, "shelter.E001", "X has a value that makes no sense."),
        (SECONDS, "", 10.0, "shelter.E001", "X is empty."),
        (SECONDS, "0", 10.0, "shelter.E001", "X has a value that makes no sense."),
        (SECONDS, "nan", 10.0, "shelter.E001", "X has a value that makes no sense."),
        (FLAG, "", True, "shelter.E001", "X is empty."),
        (FLAG, "perhaps", True, "shelter.E001", "X has a value that makes no sense."),
        (ZONE, "Asia/Almatty", "Asia/Almaty", "shelter.E001", "X has a value that makes no sense."),
        (ZONE, "", "Asia/Almaty", "shelter.E001", "X is empty."),
        (ZONE, "/absolute", "Asia/Almaty", "shelter.E001", "X has a value that makes no sense."),
        (LEVEL, "LOUD", "INFO", "shelter.E001", "X has a value that makes no sense."),
        (SECRET, None, "", "shelter.E002", "The secret X is not set."),
        (SECRET, "", "", "shelter.E002", "The secret X is not set."),
        (KEYS, None, [], "shelter.E003", "The secret X is not set."),
        (KEYS, "", [], "shelter.E003", "The secret X is not set."),
        (KEYS, "too-short", [], "shelter.E003", "X has a key that is none (number 1 of 1)."),
        (KEYS, f"{FIELD_KEY},{FIELD_KEY[1:]}", [], "shelter.E003", "X has a key that is none (number 2 of 2)."),
        (KEYS, "шаңырақ", [], "shelter.E003", "X has a key that is none (number 1 of 1)."),
        (DATABASE, "", "postgres://here/name", "shelter.E004", "X is empty."),
        (DATABASE, "mysql://u@h/d", "postgres://here/name", "shelter.E004", "X has a value that makes no sense."),
        *(
            (
                DATABASE,
                f"postgres://u:{bad}@h:5432/d",
                "postgres://here/name",
                "shelter.E004",
                "X has a value that makes no sense.",
            )
            for bad in ("a/b", "a@b", "a#b", "a?b", "a%b", "12/b", "12#b", "12?b", "a[b", "a%")
        ),
        (BROKER, "redis://:a/b@h:6379/0", "redis://here", "shelter.E004", "X has a value that makes no sense."),
    ],
)
def test_value_that_makes_no_sense_is_named_and_the_default_is_used_meanwhile(
    reading: Reading, value: str | None, instead: object, check: str, fault: str
) -> None:
    found, problems = read(reading, value)

    assert (found, [(each.id, each.fault) for each in problems]) == (instead, [(check, fault)])
    assert problems[0].hint.endswith(".")


@pytest.mark.parametrize("reading", [KEYS, DATABASE, BROKER])
def test_no_problem_repeats_a_secret(reading: Reading) -> None:
    _found, problems = read(reading, "postgres://u:planted/secret@h")

    assert len(problems) == 1
    assert "planted" not in " ".join(problems[0])


@pytest.mark.parametrize("password", ["plain", "a/b@c#d%e?f:g[h", "50%41", "пароль"])
def test_password_beside_the_address_is_taken_literally(password: str) -> None:
    url = redis_address("redis://redis:6379/0", password)

    assert split_address(url, REDIS).hostname == "redis"
    # redis-py and Celery's kombu each parse the address with their own parser.
    from kombu.utils.url import url_to_parts
    from redis.connection import parse_url

    assert parse_url(url)["password"] == password
    assert url_to_parts(broker(url))[4] == password


def test_password_in_the_address_wins_and_a_socket_needs_none() -> None:
    assert redis_address("redis://:own@redis/0", "other") == "redis://:own@redis/0"
    assert redis_address("unix:///run/redis.sock", "other") == "unix:///run/redis.sock"


def test_address_without_a_password_leaves_it_to_libpq() -> None:
    assert database("postgres://shanyrak@postgres:5432/shanyrak")["PASSWORD"] == ""
    assert database("postgres://shanyrak:a%2Fb@postgres/shanyrak")["PASSWORD"] == "a/b"


# -- secrets in files ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_is_read_from_the_file_that_is_named(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("told to nobody\n")

    given = Environment({f"{name}_FILE": str(file)})

    assert (given.text(name), given.problems) == ("told to nobody", [])


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "The file that {name}_FILE names does not exist."),
        (b"", "The file that {name}_FILE names is empty."),
        (b" \n", "The file that {name}_FILE names is empty."),
        (b"\xff\xfe", "The file that {name}_FILE names cannot be read."),
    ],
)
def test_file_that_gives_no_secret_is_the_only_problem(
    tmp_path: Path, name: str, content: bytes | None, fault: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    given = Environment({f"{name}_FILE": str(file)})
    if name == "SHELTER_FIELD_KEYS":
        given.field_keys(name, None)
    elif not name.endswith("_URL"):
        given.secret(name, None)

    assert [(each.id, each.fault) for each in given.problems] == [("shelter.E007", fault.format(name=name))]
    assert str(tmp_path) not in " ".join(given.problems[0])


def test_folder_in_place_of_a_file_cannot_be_read(tmp_path: Path) -> None:
    given = Environment({"SECRET_KEY_FILE": str(tmp_path)})

    assert [each.fault for each in given.problems] == ["The file that SECRET_KEY_FILE names cannot be read."]


def test_secret_given_twice_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("one")
    given = Environment({"SECRET_KEY": "another", "SECRET_KEY_FILE": str(tmp_path / "file")})

    assert [each.fault for each in given.problems] == ["SECRET_KEY and SECRET_KEY_FILE are both set."]


def test_service_starts_with_its_secrets_in_files(tmp_path: Path) -> None:
    files = {}
    for name, value in keys(tmp_path).items():
        (tmp_path / name).write_text(value)
        files |= {f"{name}_FILE": str(tmp_path / name), name: ""}

    passed = ran(tmp_path, sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **files)

    assert (passed.returncode, passed.stderr) == (0, "")


# -- servers on other machines ---------------------------------------------------------------------

LOCAL = [
    "postgres://u@/d?host=%2Frun%2Fpg",
    "postgres://u@localhost/d",
    "postgres://u@127.0.0.1:5432/d",
    "postgres://u@127.8.8.8/d",
    "postgres://u@[::1]/d",
]
REMOTE = [
    "postgres://u@db.example.org/d",
    "postgres://u@10.0.0.8/d",
    "postgres://u@[fd00::8]/d",
    "postgres://u@postgres/d",
]


def tls_of(url: str, plain_hosts: list[str] | None = None) -> object:
    return database(url, plain_hosts=plain_hosts or [])["OPTIONS"].get("sslmode")


def test_database_on_another_machine_must_prove_that_it_is_the_one() -> None:
    assert {url: tls_of(url) for url in LOCAL} == dict.fromkeys(LOCAL)
    assert {url: tls_of(url) for url in REMOTE} == dict.fromkeys(REMOTE, "verify-full")
    assert tls_of("postgres://u@postgres/d", ["postgres"]) is None
    assert database("postgres://u@h/d?sslmode=require&sslrootcert=%2Fetc%2Fa.crt")["OPTIONS"] == {
        **database("postgres://u@localhost/d")["OPTIONS"],
        "sslmode": "require",
        "sslrootcert": "/etc/a.crt",
    }


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"DATABASE_URL": "postgres://u@db.example.org/d"}, []),
        ({"DATABASE_URL": "postgres://u@db.example.org/d?sslmode=verify-full"}, []),
        *(
            ({"DATABASE_URL": f"postgres://u@db.example.org/d?sslmode={mode}"}, ["DATABASE_URL"])
            for mode in ("disable", "allow", "prefer", "require", "verify-ca")
        ),
        ({"DATABASE_URL": "postgres://u@db/d?sslmode=disable", "SHELTER_PLAIN_HOSTS": "db"}, []),
        ({"DATABASE_URL": "postgres://u@db/d?sslmode=disable", "SHELTER_PLAIN_HOSTS": "redis"}, ["DATABASE_URL"]),
        ({"REDIS_URL": "redis://redis/0"}, ["REDIS_URL"]),
        ({"REDIS_URL": "redis://redis/0", "SHELTER_PLAIN_HOSTS": "redis"}, []),
        ({"REDIS_URL": "rediss://redis/0"}, []),
        ({"REDIS_URL": "rediss://redis/0?ssl_cert_reqs=none"}, ["REDIS_URL"]),
        ({"REDIS_URL": "redis://redis/0", "DEBUG": "yes"}, []),
    ],
)
def test_nothing_starts_with_a_plain_connection_to_another_machine(
    tmp_path: Path, more: dict[str, str], found: list[str]
) -> None:
    """The settings are read in a process of their own, as each process of the service reads them."""
    said = ran(tmp_path, sys.executable, "-c", "import shelter.settings; shelter.environment.refuse()", **more)

    assert [name for name in ("DATABASE_URL", "REDIS_URL") if f"{name} leads to" in said.stderr] == found
    assert said.returncode == bool(found)


# -- the real processes --------------------------------------------------------------------------

SERVERS = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
GOOD = {
    "SHELTER_SITE_URL": "https://shelter.example.org",
    "ALLOWED_HOSTS": "shelter.example.org",
    "SHELTER_TRANSPORTS": "email",
    "EMAIL_HOST": "smtp.example.org",
    "SHELTER_HELP_CONTACT": "+7 700 000 00 00",
    "SHELTER_EMERGENCY_CONTACT": "+7 700 000 00 01,emergency@example.org",
}
BAD = {
    "SHELTER_SWEEP_SECONDS": "",
    "WEB_WORKERS": "",
    "SHELTER_TIME_ZONE": "Nowhere",
    "SHELTER_INDEX_KEY": "",
    "SHELTER_FIELD_KEYS": "only-for-this-check",
    "DATABASE_URL": "postgres://u:a/b@h/d",
    "EMAIL_HOST": "",
    "EMAIL_USE_SSL": "yes",
    "EMAIL_USE_TLS": "yes",
    "SHELTER_HSTS_PRELOAD": "yes",
    "SHELTER_SITE_URL": "http://127.0.0.1:8000",
    "SHELTER_HELP_CONTACT": "",
    "SHELTER_EMERGENCY_CONTACT": "",
    "SHELTER_GATEWAY_TOKEN_FILE": "/nowhere",
    "REDIS_URL": "redis://elsewhere.example.org:6379/0",
    "SHELTER_CHANNELS": "email",
}


def ran(folder: Path, *command: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment that is valid except for `more`."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env={**SERVERS, **keys(folder), **GOOD, **more},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_good_environment_passes_the_check_of_a_deployment(tmp_path: Path) -> None:
    passed = ran(tmp_path, sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert (passed.returncode, passed.stderr) == (0, "")


def test_check_names_everything_that_is_wrong_at_once(tmp_path: Path) -> None:
    refused = ran(tmp_path, sys.executable, "manage.py", "check", "--deploy", **BAD)

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert [number for number in range(1, 20) if f"(shelter.E{number:03})" in refused.stderr] == list(range(1, 12))
    assert [f"(notifications.{id})" in refused.stderr for id in ("E003", "E004")] == [True, True]
    assert [f"{name} is empty." in refused.stderr for name in ("SHELTER_SWEEP_SECONDS", "WEB_WORKERS")] == [True, True]


@pytest.mark.parametrize(
    "command",
    [
        (BIN / "gunicorn", "--config", "shelter/gunicorn_conf.py", "shelter.wsgi"),
        (BIN / "celery", "--quiet", "--app", "shelter", "worker", "--queues", "celery"),
        (BIN / "celery", "--quiet", "--app", "shelter", "beat"),
        (sys.executable, "manage.py", "migrate"),
        (sys.executable, "manage.py", "sweep"),
    ],
    ids=["web", "worker", "beat", "migrate", "sweep"],
)
def test_nothing_starts_with_a_variable_that_makes_no_sense(tmp_path: Path, command: tuple[str | Path, ...]) -> None:
    refused = ran(
        tmp_path, *command, SHELTER_SWEEP_SECONDS="", SHELTER_BEAT_FILE=str(tmp_path / "beat"), BIND="127.0.0.1:0"
    )

    assert refused.returncode != 0
    assert "SHELTER_SWEEP_SECONDS is empty" in refused.stderr + refused.stdout


@pytest.mark.parametrize(("former", "name"), FORMER_NAMES.items())
def test_variable_under_its_former_name_is_refused_with_its_new_one(former: str, name: str) -> None:
    refused = [(each.id, each.fault) for each in Environment({former: "email"}).problems]

    assert refused == [("shelter.E009", f"{former} is now called {name}.")]
    assert [Environment(given).problems for given in ({}, {former: ""}, {name: "email"})] == [[], [], []]


def test_service_does_not_start_with_a_variable_under_its_former_name(tmp_path: Path) -> None:
    refused = ran(tmp_path, sys.executable, "manage.py", "check", "--deploy", SHELTER_CHANNELS="email")

    assert (refused.returncode, "(shelter.E009)" in refused.stderr) == (1, True)


# -- settings of a deployment only ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("preload", "subdomains", "seconds", "found"),
    [
        (False, False, 31_536_000, []),
        (True, True, 31_536_000, []),
        (True, False, 31_536_000, ["shelter.E005"]),
        (True, True, 0, ["shelter.E005"]),
    ],
)
def test_check_refuses_half_a_preload(
    settings: Any, preload: bool, subdomains: bool, seconds: int, found: list[str]
) -> None:
    settings.SECURE_HSTS_PRELOAD, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = preload, subdomains
    settings.SECURE_HSTS_SECONDS = seconds

    assert [message.id for message in checks.preloading_is_whole(None)] == found


@pytest.mark.parametrize(
    ("site", "found"),
    [
        ("https://shelter.example.org", []),
        ("http://shelter.example.org", ["shelter.E006"]),
        ("https://other.example.org", ["shelter.E006"]),
        ("http://127.0.0.1:8000", ["shelter.E006"]),
    ],
)
def test_check_refuses_links_that_lead_elsewhere(settings: Any, site: str, found: list[str]) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = site, ["shelter.example.org", "web"]

    assert [message.id for message in checks.links_in_messages_lead_here(None)] == found


@pytest.mark.parametrize(
    ("emergency", "help_contact", "channels", "found"),
    [
        (["+7 700 000 00 01"], "+7 700 000 00 00", ["gateway"], []),
        (["+7 700 000 00 01", "emergency@example.org"], "+7 700 000 00 00", ["email"], []),
        ([], "+7 700 000 00 00", ["email"], ["shelter.E010"]),
        (["ask Lena"], "+7 700 000 00 00", ["email"], ["shelter.E010"]),
        (["+7 700 000 00 01"], "+7 700 000 00 00", ["email"], ["shelter.E010"]),
        (["emergency@example.org"], "", ["email"], ["shelter.E011"]),
    ],
)
def test_check_refuses_a_deployment_that_could_call_nobody_in_an_emergency(
    settings: Any, emergency: list[str], help_contact: str, channels: list[str], found: list[str]
) -> None:
    settings.EMERGENCY_CONTACTS, settings.HELP_CONTACT = emergency, help_contact
    settings.NOTIFICATION_TRANSPORTS = channels

    assert [message.id for message in checks.somebody_is_called_in_an_emergency(None)] == found


def hsts(folder: Path, **more: str) -> str:
    """Return the Strict-Transport-Security header of a page served by HTTPS."""
    source = "import django; django.setup(); from django.test import Client; "
    source += (
        "print(Client(SERVER_NAME='shelter.example.org').get('/healthz', secure=True)['Strict-Transport-Security'])"
    )
    done = ran(folder, sys.executable, "-c", source, DJANGO_SETTINGS_MODULE="shelter.settings", **more)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_subdomains_and_preload_are_sent_to_browsers_only_when_switched_on(tmp_path: Path) -> None:
    assert hsts(tmp_path) == "max-age=31536000"
    assert hsts(tmp_path, SHELTER_HSTS_SUBDOMAINS="yes", SHELTER_HSTS_PRELOAD="yes") == (
        "max-age=31536000; includeSubDomains; preload"
    )
