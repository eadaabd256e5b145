"""Keys of rows as spreadsheet programs rewrite them."""

from __future__ import annotations

import re

from reading.signs import plain

MOST_ZEROS = 12
"""Digits: zeros in front fill a number up to this length at most."""

_A_NUMBER = re.compile(r"0*(\d+?)(?:[.,]0+)?")


def key(text: str) -> str:
    """Return the key without invisible signs."""
    return plain(text)


def unwritten(key: str) -> str:
    """Return what all forms of a key have in common: a program that takes 0071 for a number saves 71 or 71.0."""
    number = _A_NUMBER.fullmatch(key)
    return number[1] if number else key


def forms(key: str) -> list[str]:
    """Return the forms under which a row with this key may be stored already."""
    number = unwritten(key)
    if not number.isdigit() or len(number) > MOST_ZEROS:
        return [key]
    filled = [number.zfill(width) for width in range(len(number), MOST_ZEROS + 1)]
    return list(dict.fromkeys([key, *filled, f"{number}.0"]))
