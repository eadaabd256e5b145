"""Docker Compose without Docker: the values that docker-compose.yml takes from an .env, by the Compose specification."""

from __future__ import annotations

import io
import re
from pathlib import Path

import yaml
from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::([?-])([^}]*))?\}")


class NotSet(Exception):
    """A variable that must be set is missing or empty."""


def interpolated(text: str, given: dict[str, str]) -> str:
    """Replace `${NAME}`, `${NAME:-default}` and `${NAME:?words}`. Raises NotSet."""

    def value(found: re.Match[str]) -> str:
        name, operator, more = found.groups()
        if name is None:
            return "$"
        if given.get(name):
            return given[name]
        if operator == "?":
            raise NotSet(f"{name}: {more}")
        return more or ""

    return VARIABLE.sub(value, text)


def environment_of(service: str, dotenv: str) -> dict[str, str]:
    """Return the environment that a service of docker-compose.yml gets with this text of an .env. Raises NotSet."""
    given = {name: value or "" for name, value in dotenv_values(stream=io.StringIO(dotenv), interpolate=False).items()}
    wanted = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][service]["environment"]
    # A variable without a value in the file is passed on if it is set, and left out if it is not.
    return {
        name: given[name] if value is None else interpolated(str(value), given)
        for name, value in wanted.items()
        if value is not None or name in given
    }
