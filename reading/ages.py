"""Ages of children as people write them: "3, 11", "7 лет", "6 месяцев, 4 года"."""

from __future__ import annotations

import re

from reading.signs import Unreadable, plain

MOST = 17
"""Years: whoever is older is no child."""

_AGES = re.compile(r"(\d+)(?:[.]\d+)?\s*([^\W\d]*)")
_MONTHS = re.compile(r"month|mo\b|мес|міс|ай|თვ", re.IGNORECASE)


def ages(text: str) -> tuple[int, ...]:
    """Return the ages in full years, in the order of `text`; months are 0. An empty text holds none.

    Raises Unreadable("ages").
    """
    written = plain(text)
    found = tuple(0 if _MONTHS.match(unit) else int(years) for years, unit in _AGES.findall(written))
    if (written and not found) or "-" in written or not all(age <= MOST for age in found):
        raise Unreadable("ages")
    return found
