"""Supervise web, worker, placer and beat: prefix their output, restart the ones that die, end all of them together."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from shelter.running import process
from shelter.running.state import CHECKOUT

CALM_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 30.0


class Child:
    """One supervised command."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.name, self._command, self._env = name, list(command), env
        self._pause = 1.0
        self._started = 0.0
        self._due = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # Programs of this environment lie beside its interpreter. PATH may lead to others.
        program = Path(sys.executable).parent / self._command[0]
        self._process = process.start(
            [sys.executable, program, *self._command[1:]], env=self._env, output=subprocess.PIPE, cwd=CHECKOUT
        )
        self._started = time.monotonic()
        threading.Thread(target=self._relay, args=(self._process,), daemon=True).start()

    def look(self) -> None:
        """Start the command again when it has died, after a pause that doubles until the command stays alive for a while."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            if now - self._started > CALM_SECONDS:
                self._pause = 1.0
            say(f"{self.name} ended with status {self._process.returncode}; starting it again in {self._pause:.0f} s")
            process.stop(self._process, seconds=0)
            self._process = None
            self._due = now + self._pause
            self._pause = min(LONGEST_PAUSE_SECONDS, self._pause * 2)
        if self._process is None and now >= self._due:
            self.start()

    def ask_to_end(self) -> None:
        """Send SIGTERM and return at once, so that all children end at the same time."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        if self._process is not None:
            process.stop(self._process, seconds=10)

    def _relay(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            tell(f"{self.name:>6} | {line.decode(errors='replace')}")


def say(words: str) -> None:
    """Print a line of the supervisor itself."""
    tell(f"     * | {words}\n")


_telling = threading.Lock()


def tell(text: str) -> None:
    """Print `text` undivided: no line of a child stands in its middle."""
    with _telling:
        sys.stdout.write(text)
        sys.stdout.flush()
