"""The code that docs/debugging.md tells people to paste into a shell works on the demo, block after block."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.core.management.commands import shell
from django.utils import timezone, translation

from matching import intake
from matching.engine.reasons import Code, Reason
from matching.models import MatchingDue, ShelterRequest
from matching.worker import matchmaking
from tests.unit.documents import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo_with_a_round() -> Iterator[None]:
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        for command in ("load_gazetteer", "load_demo"):
            call_command(command, stdout=nowhere)
    matchmaking.match_open_requests(now=timezone.now)
    with translation.override("en"):  # the page activates a language, and the next test must not find it
        yield


def blocks() -> list[str]:
    text = (ROOT / "docs" / "debugging.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)


def run(code: list[str]) -> None:
    """Run pieces of code one after the other, with the names that the project's shell defines."""
    names = shell.Command().get_namespace(verbosity=0)
    for piece in code:
        exec(piece, names)


def test_every_block_of_the_page_works_on_the_demo(demo_with_a_round: None, capsys: pytest.CaptureFixture[str]) -> None:
    run([f"{block}\nprint('-- end of block')" for block in blocks()])
    placed = capsys.readouterr().out.split("-- end of block\n")[:-1]

    assert len(placed) == len(blocks()) == 5
    assert "met\nwaits to be placed: False\nleft over because: []\napproved " in placed[0]
    assert placed[1] == "0 spaces are possible, 0 of the nearest are not\n"
    assert placed[2] == "told on their page: 2 addresses: 0\n"
    assert re.match(r"began \S+ \S+ ended \S+ \S+\n1 ended .* 299 needs 168 offers \{.*\}\ndue rows: 0", placed[3])

    left_over = ShelterRequest.objects.filter(matches=None).order_by("pk")[0]
    intake.note_unplaced({str(left_over.pk): [Reason(Code.MOVE)]})
    MatchingDue.objects.create(at=timezone.now(), request_id=left_over.pk)
    run([block.replace("10002000", left_over.arrival.user.username) for block in blocks()[:2]])
    said = capsys.readouterr().out

    why = "['possible with a move between two spaces']"
    assert f"{left_over.pk} open\nwaits to be placed: True\nleft over because: {why}\n" in said
    assert re.search(r"^\d+ spaces are possible, \d+ of the nearest are not\n[\d.]+ km: [a-z\d]", said, re.M)
