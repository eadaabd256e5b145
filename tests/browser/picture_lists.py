"""The lists of pictures in the documents, written from the pictures' names so that none is missing or left over."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import Image

from tests.unit.documents import ROOT

FOLDER = ROOT / "docs" / "screenshots"
BEGIN, END = "<!-- pictures: begin -->", "<!-- pictures: end -->"
COLOURS = 128

Picture = tuple[str, str, int]
"""A picture: the name of its file, what it shows, and its width in the document, in pixels."""


def write_small(png: bytes, path: Path) -> None:
    """Write a picture with a reduced palette: a third of the bytes, and no difference that the eye can see."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def as_list(pages: Mapping[str, Iterable[Picture]]) -> str:
    """Return the Markdown that shows the pictures of each page under its title."""
    parts = []
    for title, pictures in pages.items():
        tags = (f'<img src="screenshots/{file}" width="{width}" alt="{alt}">' for file, alt, width in pictures)
        parts.append("\n".join([f"**{title}**", "", *tags]))
    return "\n\n".join(parts)


def listed_in(document: Path) -> str:
    """Return the list that stands between a document's two marks."""
    return re.split(f"{BEGIN}|{END}", document.read_text(encoding="utf-8"))[1].strip()


def write_list(document: Path, pages: Mapping[str, Iterable[Picture]]) -> None:
    """Write the list of pictures between a document's two marks, and keep the text around them."""
    before, _old, after = re.split(f"{BEGIN}|{END}", document.read_text(encoding="utf-8"))
    document.write_text(f"{before}{BEGIN}\n\n{as_list(pages)}\n\n{END}{after}", encoding="utf-8")
