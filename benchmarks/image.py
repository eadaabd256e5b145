"""Test the image without Docker: carry out the steps of the Dockerfile in a folder, start its command, and load a page.

`PYTHON=/path/to/python3.13 python -m benchmarks.image` needs the Python that the Dockerfile names, and downloads the
libraries. Paths in the image become paths below the folder, and the steps for the image's user are left out. Prints one line
of JSON.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.first_page import free_port
from shelter.running.state import keys

ROOT = Path(__file__).resolve().parent.parent
OF_THE_IMAGE = re.compile(r"(?<![\w.])/(?:opt|srv|var|tmp|etc)(?=/)")
NOT_HERE = 'useradd() { :; }; chown() { :; }; apt-get() { :; }; install() { for last; do :; done; mkdir -p "$last"; }; '
"""Shell functions that replace the commands about the image's own user and its Debian packages."""


def main() -> None:
    python = os.environ.get("PYTHON") or shutil.which(f"python{wanted()}")
    if not python:
        raise SystemExit(f"Set PYTHON to a Python {wanted()}, the one of the image.")
    root = Path(tempfile.mkdtemp(prefix="shanyrak-image-"))
    try:
        began = time.monotonic()
        env, folder, command = built(root, Path(python))
        made = time.monotonic()
        status = page_of(env, folder, command, root)
        megabytes = (
            sum(file.stat().st_size for file in root.rglob("*") if file.is_file() and not file.is_symlink()) / 1e6
        )
        report = {
            "python": wanted(),
            "seconds": round(made - began),
            "megabytes": round(megabytes),
            "first_page": status,
        }
        print(json.dumps(report))
    finally:
        shutil.rmtree(root)


def wanted() -> str:
    found = re.search(r"^FROM python:(\d+\.\d+)-slim", (ROOT / "Dockerfile").read_text(), re.M)
    assert found
    return found[1]


def built(root: Path, python: Path) -> tuple[dict[str, str], Path, list[str]]:
    """Carry out the steps of the Dockerfile below `root`; return the environment, working folder and command of the image.

    Raises CalledProcessError at the first step that fails.
    """

    def inside(text: str) -> str:
        return OF_THE_IMAGE.sub(lambda found: f"{root}{found[0]}", text)

    context = root / "context"
    context.mkdir()
    subprocess.run(f"git archive HEAD | tar -x -C {context}", shell=True, cwd=ROOT, check=True)
    (root / "bin").mkdir()
    (root / "etc" / "apt" / "sources.list.d").mkdir(parents=True)
    (root / "bin" / "python").symlink_to(python)
    env = {"PATH": f"{root}/bin:/usr/bin:/bin", "HOME": str(root)} | of_pip()
    folder, entrypoint, command = root, [""], [""]
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    for line in (line.strip() for line in text.splitlines()):
        word, _, rest = line.partition(" ")
        if word == "ENV":
            env |= dict(pair.split("=", 1) for pair in inside(rest.replace("$PATH", env["PATH"])).split())
        elif word == "WORKDIR":
            folder = Path(inside(rest))
            folder.mkdir(parents=True, exist_ok=True)
        elif word == "COPY" and "--from" not in rest:
            *names, to = rest.split()
            target = Path(inside(to)) if to.startswith("/") else folder / to
            for name in names:
                into = target / name if len(names) > 1 or to in ("./", ".") else target
                into.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (context / name).is_dir() else shutil.copy
                copy(context / name, into)
        elif word == "RUN":
            subprocess.run(["/bin/sh", "-euc", NOT_HERE + inside(rest)], cwd=folder, env=env, check=True, stdout=2)
        elif word == "ENTRYPOINT":
            entrypoint = [inside(part) for part in json.loads(rest)]
        elif word == "CMD":
            command = json.loads(rest)
    return env, folder, [*entrypoint, *command]


def of_pip() -> dict[str, str]:
    """Return the environment variables that pip needs to download packages here."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_")} | {"PIP_NO_CACHE_DIR": "1"}


def page_of(env: dict[str, str], folder: Path, command: list[str], root: Path) -> int:
    """Start the command of the image as Compose does, and return the HTTP status of `/healthz`, which needs no database."""
    port = free_port()
    given = (
        env | keys(root) | {"BIND": f"127.0.0.1:{port}", "ALLOWED_HOSTS": "127.0.0.1", "SHELTER_TRANSPORTS": "console"}
    )
    given |= {"PGPASSWORD": secrets.token_urlsafe(), "DATABASE_URL": "postgres://shanyrak@127.0.0.1:1/shanyrak"}
    with subprocess.Popen(command, cwd=folder, env=given, stdout=2) as server:
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                        return int(answer.status)
                except OSError:
                    if time.monotonic() > deadline or server.poll() is not None:
                        raise
                    time.sleep(0.2)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
