"""The lists of pictures in the documents: written from the names of the pictures, so that none is missing or left over."""

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
"""Name of the file, what it shows, and how wide it stands in the document, in pixels."""


def write_small(png: bytes, path: Path) -> None:
    """Write a picture with no more colours than it needs: a third of the bytes, and the same to the eye."""
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
    """Return the list that stands between the two marks of a document."""
    return re.split(f"{BEGIN}|{END}", document.read_text(encoding="utf-8"))[1].strip()


def write_list(document: Path, pages: Mapping[str, Iterable[Picture]]) -> None:
    """Put the list of pictures between the two marks of a document; whatever stands around it stays."""
    before, _old, after = re.split(f"{BEGIN}|{END}", document.read_text(encoding="utf-8"))
    document.write_text(f"{before}{BEGIN}\n\n{as_list(pages)}\n\n{END}{after}", encoding="utf-8")
