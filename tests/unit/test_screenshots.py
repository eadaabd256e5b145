"""The pictures of the main pages: all of them there, shown in README.md or docs/desk.md, and small."""

from __future__ import annotations

import re

from tests.browser.take_screenshots import FOLDER, LANGUAGES, PAGES, SIZES
from tests.unit.documents import ROOT

MOST_BYTES = 60_000


def shown_in(document: str) -> list[str]:
    """Return the pictures that a document shows, by their names."""
    return re.findall(r'<img src="[^"]*screenshots/([^"/]+)"', (ROOT / document).read_text(encoding="utf-8"))


def test_every_picture_is_there_and_shown() -> None:
    wanted = {f"{page}-{language}-{width}.png" for page in PAGES for language in LANGUAGES for width in SIZES}
    of_the_desk = {path.name for path in FOLDER.glob("desk-*")}

    assert (set(shown_in("README.md")), set(shown_in("docs/desk.md"))) == (wanted, of_the_desk)
    assert {path.name for path in FOLDER.iterdir()} == wanted | of_the_desk


def test_every_picture_shown_says_what_it_shows() -> None:
    texts = ((ROOT / document).read_text(encoding="utf-8") for document in ("README.md", "docs/desk.md"))
    tags = [tag for text in texts for tag in re.findall(r"<img [^>]*>", text)]

    assert [tag for tag in tags if not re.search(r'alt="[^"]{10,}"', tag)] == []


def test_pictures_are_small() -> None:
    assert {path.name: path.stat().st_size for path in FOLDER.iterdir() if path.stat().st_size > MOST_BYTES} == {}
