"""The pictures of the main pages: all of them there, shown in README.md, and small."""

from __future__ import annotations

import re

from tests.browser.take_screenshots import FOLDER, LANGUAGES, PAGES, SIZES
from tests.unit.documents import ROOT

MOST_BYTES = 60_000


def test_every_picture_is_there_and_shown_in_the_readme() -> None:
    wanted = {f"{page}-{language}-{width}.png" for page in PAGES for language in LANGUAGES for width in SIZES}
    shown = re.findall(r'<img src="docs/screenshots/([^"]+)"', (ROOT / "README.md").read_text(encoding="utf-8"))

    assert (set(shown), {path.name for path in FOLDER.iterdir()}) == (wanted, wanted)


def test_every_picture_shown_says_what_it_shows() -> None:
    tags = re.findall(r"<img [^>]*>", (ROOT / "README.md").read_text(encoding="utf-8"))

    assert [tag for tag in tags if not re.search(r'alt="[^"]{10,}"', tag)] == []


def test_pictures_are_small() -> None:
    assert {path.name: path.stat().st_size for path in FOLDER.iterdir() if path.stat().st_size > MOST_BYTES} == {}
