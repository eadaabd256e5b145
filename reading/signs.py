"""Signs that people do not see, and the same sign in several forms."""

from __future__ import annotations

import unicodedata
from typing import Any


class Unreadable(ValueError):
    """The text means no value of this kind. `code` and its `values` say why; the door that shows it has the words."""

    def __init__(self, code: str, **values: Any) -> None:
        self.code, self.values = code, values
        super().__init__(code)


def plain(text: str) -> str:
    """Return `text` with one form for each sign (Unicode NFKC), without invisible signs, and with single spaces.

    Programs leave zero-width signs, marks of direction and byte order marks in what people copy. A non-breaking space
    becomes a space, and a full-width digit becomes a digit.
    """
    visible = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return " ".join(visible.split())
