"""Measure how long a newcomer waits from `git clone` to the first page of `make run`, and how large the environment is.

    python -m benchmarks.first_page [COMMIT ...]

Clones each commit (default: HEAD) into its own folder and starts it by `make run`, with an empty pip cache, an empty state
folder and no PostgreSQL or Redis given. Prints one line of JSON for each commit:

- `environment_mb`: size of the files in `.venv` in megabytes (10^6 bytes); `packages`: number of distributions in it;
- `seconds`: wall clock from the start of the clone until the repository was cloned, the libraries were installed, the
  engine was compiled, and `/` answered 200 for the first time;
- `cpu_seconds`: processor time of all of that. It depends less on other work of the machine.

`PYTHON` chooses another interpreter for the environment. The libraries are downloaded, so the wall clock also depends on
the network.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_WAIT_SECONDS = 900
NOT_A_NEWCOMERS = ("DATABASE_URL", "REDIS_URL", "DEBUG", "VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL")


def main(commits: list[str]) -> None:
    for commit in commits or ["HEAD"]:
        parent = Path(tempfile.mkdtemp(prefix="shanyrak-first-page-"))
        parent.chmod(0o755)  # If root runs this, PostgreSQL runs as `nobody` and must be able to enter the folder.
        try:
            print(json.dumps(measured(commit, parent)), flush=True)
        finally:
            shutil.rmtree(parent)


def measured(commit: str, parent: Path) -> dict[str, object]:
    """Clone `commit` into `parent`, start it, wait for its first page, stop it, and return the figures.

    Raises RuntimeError with the end of the output of `make run` when no page comes.
    """
    checkout, state, port = parent / "checkout", parent / "state", free_port()
    used_before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.time()
    full = subprocess.run(
        ["git", "rev-parse", commit], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(checkout)], check=True)
    subprocess.run(["git", "checkout", "--quiet", "--detach", full], cwd=checkout, check=True)
    cloned = time.time()
    env = {name: value for name, value in os.environ.items() if name not in NOT_A_NEWCOMERS}
    env |= {
        "SHELTER_STATE_DIR": str(state),
        "PORT": str(port),
        "PIP_NO_CACHE_DIR": "1",
        "PYTHON": os.environ.get("PYTHON", sys.executable),
    }
    with (parent / "log").open("wb") as log:
        service = subprocess.Popen(
            ["make", "run"], cwd=checkout, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            wait_for_page(port, service, parent / "log")
            answered = time.time()
        finally:
            os.killpg(service.pid, signal.SIGINT)
            service.wait(120)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = checkout / ".venv"
    files = [file for file in environment.rglob("*") if file.is_file() and not file.is_symlink()]
    return {
        "commit": full[:12],
        "environment_mb": round(sum(file.stat().st_size for file in files) / 1e6),
        "packages": len(list(environment.glob("lib/python*/site-packages/*.dist-info"))),
        "seconds": {
            "cloned": round(cloned - began, 1),
            "installed": round((environment / "installed").stat().st_mtime - began, 1),
            "compiled": round((environment / "compiled").stat().st_mtime - began, 1),
            "first_page": round(answered - began, 1),
        },
        "cpu_seconds": round(
            used.ru_utime + used.ru_stime - used_before.ru_utime - used_before.ru_stime,
            1,
        ),
        "load": round(os.getloadavg()[0], 1),
    }


def wait_for_page(port: int, service: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until `/` answers 200. Raises RuntimeError when `make run` ends first, or after LONGEST_WAIT_SECONDS."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while service.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"no first page; make run said: {log.read_text()[-2000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main(sys.argv[1:])
