"""Read the variables of the environment, and collect what is wrong with them instead of raising.

A variable that makes no sense gets its default for the moment, so that the settings load and `manage.py check` can name
everything that is wrong at once, with a hint for each. Nothing but `check` runs with such variables: the web server, the
workers and beat call `refuse`, and every command of manage.py that touches data is stopped by the system checks.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Value = TypeVar("Value")

YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off")
FIELD_KEY_BYTES = 32
"""Length of a master key before it is written in base64."""


SECRETS = (
    "SECRET_KEY",
    "SHELTER_FIELD_KEYS",
    "SHELTER_INDEX_KEY",
    "SHELTER_INDEX_KEY_BEFORE",
    "DATABASE_URL",
    "PGPASSWORD",
    "REDIS_URL",
    "REDIS_PASSWORD",
    "SHELTER_GATEWAY_TOKEN",
    "EMAIL_HOST_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
)
"""Variables that may hold a secret. Each may stand in a file instead, which `NAME_FILE` names: an environment is copied to every
child process and shown by `docker inspect`, a file is neither."""


FORMER_NAMES = {"SHELTER_CHANNELS": "SHELTER_TRANSPORTS"}
"""Names that variables had once. One that is still set is refused: to pass over it would change the service without a word."""


class SettingProblem(NamedTuple):
    """One thing that is wrong with a variable: the id of its system check, the fault, and the way out."""

    id: str
    fault: str
    hint: str


class Environment:
    """The variables of one process. Each method returns a usable value and notes in `problems` what was wrong."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.problems: list[SettingProblem] = []
        self.unread: set[str] = set()
        """Secrets whose file could not be read: that is the fault, and not that they are missing."""
        self.given = {**given, **self._secrets_in_files(given)}
        for former, name in FORMER_NAMES.items():
            if given.get(former):  # docker-compose.yml passes an empty one on.
                hint = f"Write the same value as {name}, and take {former} out."
                self.problems.append(SettingProblem("shelter.E009", f"{former} is now called {name}.", hint))

    def text(self, name: str, default: str = "") -> str:
        return self.given.get(name, default)

    def words(self, name: str, default: list[str]) -> list[str]:
        """Return the comma-separated words of a variable; an empty one has none."""
        if name not in self.given:
            return default
        return [word.strip() for word in self.given[name].split(",") if word.strip()]

    def path(self, name: str, default: Path) -> Path:
        return Path(self.given.get(name) or default)

    def flag(self, name: str, default: bool) -> bool:
        def read(text: str) -> bool:
            if text.lower() not in YES + NO:
                raise ValueError("Write yes or no")
            return text.lower() in YES

        return self._read(name, default, read, shown="yes" if default else "no")

    def whole(self, name: str, default: int, *, least: int = 0) -> int:
        """Return a whole number of at least `least`."""

        def read(text: str) -> int:
            if not re.fullmatch(r"\d{1,9}", text) or int(text) < least:
                raise ValueError(f"Write a whole number of at least {least}")
            return int(text)

        return self._read(name, default, read)

    def seconds(self, name: str, default: float) -> float:
        """Return a duration in seconds that is more than none; it may have a fraction."""

        def read(text: str) -> float:
            if not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", text) or not float(text):
                raise ValueError("Write a number of seconds, such as 10 or 2.5")
            return float(text)

        return self._read(name, default, read)

    def one_of(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        def read(text: str) -> str:
            if text not in choices:
                raise ValueError(f"Write one of {', '.join(choices)}")
            return text

        return self._read(name, default, read)

    def time_zone(self, name: str, default: str) -> str:
        def read(text: str) -> str:
            try:
                return ZoneInfo(text).key
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError("Write a time zone such as Asia/Almaty") from None

        return self._read(name, default, read)

    def secret(self, name: str, stand_in: str | None) -> str:
        """Return a secret that has no default. `stand_in` is used in development; None: a missing one is a problem."""
        value = self.given.get(name, "")
        if value or stand_in or name in self.unread:
            return value or stand_in or ""
        hint = f"Set {name} in the environment (see .env.example), or DEBUG=yes on your own machine."
        self.problems.append(SettingProblem("shelter.E002", f"The secret {name} is not set.", hint))
        return ""

    def field_keys(self, name: str, stand_in: str | None) -> list[str]:
        """Return the master keys of what is encrypted, newest first."""
        keys = self.words(name, [])
        if not keys and (stand_in or name in self.unread):
            return [stand_in] if stand_in else []
        if bad := [at for at, key in enumerate(keys, start=1) if not is_field_key(key)]:
            which = ", ".join(str(at) for at in bad)
            fault = f"{name} has a key that is none (number {which} of {len(keys)})."
        elif not keys:
            fault = f"The secret {name} is not set."
        else:
            return keys
        hint = (
            f"A key is 32 random bytes in URL-safe base64, 44 characters. docs/running.md makes {name} with one line."
        )
        self.problems.append(SettingProblem("shelter.E003", fault, hint))
        return []

    def address(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """Return the URL of a server. Its password must be percent-encoded where it is not made of letters and digits."""

        def read(text: str) -> str:
            split_address(text, schemes)
            return text

        # The value is never shown: it may hold a password.
        return self._read(name, default, read, problem="shelter.E004", shown=None)

    def private_connection(self, what: str, host: str, *, encrypted: bool, plain_hosts: list[str], way: str) -> None:
        """Note a problem where a connection to `host` could be read or answered by others on the way.

        A host on this machine (a socket or a loopback address) and those of `plain_hosts` may be reached in the clear.
        """
        if encrypted or is_this_machine(host) or host in plain_hosts:
            return
        fault = f"{what} leads to {host}, which is another machine, without TLS that proves which machine answers."
        hint = f"{way} Where the network between the two is this machine's own, name the host in SHELTER_PLAIN_HOSTS instead."
        self.problems.append(SettingProblem("shelter.E008", fault, hint))

    def _secrets_in_files(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the secrets that stand in files, without the line end; note each file that gives none."""
        found = {}
        for name in SECRETS:
            variable = f"{name}_FILE"
            if not (path := given.get(variable, "").strip()):
                continue
            fault = ""
            if given.get(name):
                fault = f"{name} and {variable} are both set."
                way = "Take one of the two out."
            else:
                way = f"{variable} must name a file that holds {name} alone and that this process may read."
                try:
                    text = Path(path).read_text(encoding="utf-8").strip()
                except FileNotFoundError:
                    fault = f"The file that {variable} names does not exist."
                except (OSError, UnicodeDecodeError):
                    fault = f"The file that {variable} names cannot be read."
                else:
                    if text:
                        found[name] = text
                    else:
                        fault = f"The file that {variable} names is empty."
            if fault:
                self.unread.add(name)
                self.problems.append(SettingProblem("shelter.E007", fault, way))
        return found

    def _read(
        self,
        name: str,
        default: Value,
        read: Callable[[str], Value],
        *,
        problem: str = "shelter.E001",
        shown: str | None = "",
    ) -> Value:
        """Return what `read` makes of the variable; where it raises ValueError, note its words and return the default."""
        if name not in self.given:
            return default
        text = self.given[name].strip()
        try:
            return read(text)
        except ValueError as wrong:
            fault = f"{name} is empty." if not text else f"{name} has a value that makes no sense."
            otherwise = "" if shown is None else f", or take the line out: it is then {shown or default}"
            self.problems.append(SettingProblem(problem, fault, f"{wrong}{otherwise}."))
            return default


def is_field_key(key: str) -> bool:
    """Return whether `key` is a master key: 32 bytes in URL-safe base64."""
    try:
        return len(base64.b64decode(key.encode(), altchars=b"-_", validate=True)) == FIELD_KEY_BYTES
    except (binascii.Error, UnicodeEncodeError):
        return False


def split_address(url: str, schemes: tuple[str, ...]) -> SplitResult:
    """Return the parts of the URL of a server (RFC 3986).

    Raises ValueError if the password was pasted in without percent-encoding. Then `/`, `#` and `?` would cut the password
    short, two readers would split at different `@`s, and `%` would begin an escape. The error repeats nothing of the URL.
    """
    encode = "Percent-encode its password (/ is %2F, @ is %40, # is %23, % is %25), or use letters and digits only"
    try:
        parts = urlsplit(url)
        _port = parts.port  # Raises ValueError where the text behind the host is no number.
    except ValueError:
        raise ValueError(encode) from None
    if parts.scheme not in schemes:
        raise ValueError(f"Begin it with {schemes[0]}://")
    late = parts.path + parts.query + parts.fragment
    if "@" in late or parts.fragment or parts.netloc.count("@") > 1 or re.search(r"%(?![0-9A-Fa-f]{2})", url):
        raise ValueError(encode)
    return parts


def is_this_machine(host: str) -> bool:
    """Return whether a host is reached without leaving this machine: a Unix socket, `localhost` or a loopback address."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


env = Environment(os.environ)
"""The environment of this process, as the settings and the web server's configuration read it."""


def refuse() -> None:
    """Raise SystemExit, with everything that is wrong in plain words, where a variable makes no sense."""
    if env.problems:
        lines = [f"  {problem.fault} {problem.hint}" for problem in env.problems]
        sys.exit("\n".join(["Shanyrak does not start with this environment:", *lines]))
