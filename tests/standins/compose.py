"""Docker Compose without Docker: the values that docker-compose.yml takes from an .env, by the Compose specification."""

from __future__ import annotations

import io
import re
from pathlib import Path

import yaml
from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::([?+-])([^}]*))?\}")
MOUNTED = "/run/secrets/"


class NotSet(Exception):
    """A variable that must be set is missing or empty, or a file that a container must get does not exist."""


def interpolated(text: str, given: dict[str, str]) -> str:
    """Replace `${NAME}`, `${NAME:-default}`, `${NAME:+instead}` and `${NAME:?words}`. Raises NotSet."""

    def value(found: re.Match[str]) -> str:
        name, operator, more = found.groups()
        if name is None:
            return "$"
        if operator == "+":
            return more if given.get(name) else ""
        if given.get(name):
            return given[name]
        if operator == "?":
            raise NotSet(f"{name}: {more}")
        return more or ""

    return VARIABLE.sub(value, text)


def environment_of(service: str, dotenv: str, folder: Path) -> dict[str, str]:
    """Return the environment that a service of docker-compose.yml gets with this text of an .env in this folder. Raises NotSet.

    A secret is mounted under /run/secrets; here the path to it is that of the file itself.
    """
    given = {name: value or "" for name, value in dotenv_values(stream=io.StringIO(dotenv), interpolate=False).items()}
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    files = {
        name: folder / interpolated(compose["secrets"][name]["file"], given)
        for name in compose["services"][service]["secrets"]
    }
    if missing := [name for name, file in files.items() if not file.exists()]:
        raise NotSet(f"no file for {', '.join(missing)}")
    # A variable without a value in the file is passed on if it is set, and left out if it is not.
    env = {
        name: given[name] if value is None else interpolated(str(value), given)
        for name, value in compose["services"][service]["environment"].items()
        if value is not None or name in given
    }
    return {
        name: str(files[value.removeprefix(MOUNTED)]) if value.startswith(MOUNTED) else value
        for name, value in env.items()
    }
