"""Start child processes that end with this one."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1


def start(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    output: IO[bytes] | int | None = None,
    user: tuple[int, int] | None = None,
    cwd: Path | None = None,
    dies_by: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own. On Linux it gets the signal `dies_by` when this process is killed outright.

    `user` is the (uid, gid) to run as; only root may give it.
    """
    return subprocess.Popen(  # noqa: S603 - commands come from this project alone
        [str(word) for word in command],
        env=dict(env) if env is not None else None,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        cwd=cwd,
        user=user[0] if user else None,
        group=user[1] if user else None,
        extra_groups=[] if user else None,
        preexec_fn=_follow_parent(dies_by),
    )


def _follow_parent(dies_by: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, int(dies_by))


def stop(process: subprocess.Popen[bytes], *, by: signal.Signals = signal.SIGTERM, seconds: float = 15.0) -> None:
    """Ask the process to end and wait. After `seconds`, every process that is left of its session is killed."""
    if process.poll() is None:
        process.send_signal(by)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], *, seconds: float, what: str) -> None:
    """Wait until `ready()`; raise RuntimeError when the process ends first or `seconds` pass."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with status {process.returncode} while starting")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not start within {seconds:.0f} seconds")
        time.sleep(0.05)
