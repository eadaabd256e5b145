"""Run a service in a folder, drive it through every door and every failure, and leave the folder as an attacker finds it.

python -m tests.sentinel.drive FOLDER
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import django

from shelter import environment
from tests.sentinel.servers import processes, servers


def main(folder: Path) -> None:
    began = time.monotonic()

    def step(words: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {words}", flush=True)

    step("begun")
    with servers(folder) as running:
        step("the servers are up")
        os.environ.update(running.env | {"SENTINEL_FILES_TOLD_IN": "", "SHELTER_LOG_LEVEL": "WARNING"})
        environment.env = environment.Environment(os.environ)  # It read the environment when it was imported.
        django.setup()
        from tests.sentinel import acts, doors, left

        acts.others()
        step("everything else")
        with processes(running):
            everybody = acts.cast(running)
            step("the service is up")
            for act in (*acts.EVERYTHING, doors.sweep, doors.break_everything):
                act(everybody)
                step(act.__name__)
            left.write_down(running, everybody)
        step("what is left is written down")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
