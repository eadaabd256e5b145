"""The pictures of the pages are complete and small; docs/pages.md or docs/desk.md lists each, and README.md shows two."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.browser import take_desk_screenshots, take_screenshots
from tests.browser.picture_lists import FOLDER, as_list, listed_in, write_list
from tests.unit.documents import ROOT

MOST_BYTES = 60_000
LISTS = (take_screenshots, take_desk_screenshots)


def shown_in(document: str) -> list[str]:
    """Return the names of the pictures that a document shows."""
    return re.findall(r'<img src="[^"]*screenshots/([^"/]+)"', (ROOT / document).read_text(encoding="utf-8"))


@pytest.mark.parametrize("taken", LISTS, ids=lambda taken: taken.__name__)
def test_list_in_the_document_matches_the_pictures_taken(taken: ModuleType) -> None:
    assert listed_in(taken.DOCUMENT) == as_list(taken.pictures())


def test_every_picture_listed_is_there_and_no_other() -> None:
    listed = {file for taken in LISTS for pictures in taken.pictures().values() for file, _alt, _width in pictures}

    assert {path.name for path in FOLDER.iterdir()} == listed


def test_readme_shows_the_desk_and_a_phone_once() -> None:
    shown = shown_in("README.md")

    assert len(shown) == 2
    assert [bool(re.match("desk-.*-1280-", name)) for name in shown] == [True, False]
    assert [name for name in shown if not (FOLDER / name).exists()] == []


def test_every_picture_shown_says_what_it_shows() -> None:
    texts = (
        (ROOT / document).read_text(encoding="utf-8") for document in ("README.md", "docs/desk.md", "docs/pages.md")
    )
    tags = [tag for text in texts for tag in re.findall(r"<img [^>]*>", text)]

    assert [tag for tag in tags if not re.search(r'alt="[^"]{10,}"', tag)] == []


def test_writing_a_list_keeps_the_text_around_it(tmp_path: Path) -> None:
    document = tmp_path / "pages.md"
    document.write_text("above\n<!-- pictures: begin -->\nold\n<!-- pictures: end -->\nbelow\n")

    write_list(document, {"A page": [("page.png", "A page, wide", 150)]})

    assert document.read_text() == (
        "above\n<!-- pictures: begin -->\n\n**A page**\n\n"
        '<img src="screenshots/page.png" width="150" alt="A page, wide">\n\n<!-- pictures: end -->\nbelow\n'
    )


def test_pictures_are_small() -> None:
    assert {path.name: path.stat().st_size for path in FOLDER.iterdir() if path.stat().st_size > MOST_BYTES} == {}
