"""Lines of a log without one-tap links. Whoever has such a link answers in its owner's name, so no log may keep one."""

from __future__ import annotations

import logging
import re

LINK = re.compile(r"(/t/)[^/\s?#'\"]+")
HIDDEN = r"\1…"


def without_links(text: str) -> str:
    """Return `text` with the token of every one-tap link left out."""
    return LINK.sub(HIDDEN, text)


class WithoutLinks(logging.Formatter):
    """Formats a record as the formatter `inner` does, or by the given form, and leaves out the token of each link."""

    def __init__(self, *args: object, inner: logging.Formatter | None = None, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole line, with a traceback if the record has one: both may quote an address."""
        return without_links(self.inner.format(record) if self.inner else super().format(record))
