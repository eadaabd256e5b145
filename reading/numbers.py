"""Numbers as people and programs write them, with a word for what is counted."""

from __future__ import annotations

import re

from reading.signs import Unreadable, plain

_WORDS = """
night nights day days people person persons adult adults child children kid kids bed beds place places km
ночь ночи ночей день дня дней дн сут сутки суток человек человека чел людей взрослый взрослых взрослые ребенок ребёнок
ребенка ребёнка детей дети место места мест кровать кровати кроватей км
түн күн адам ересек бала балалар орын төсек
ніч ночі днів дні доба діб людина людини людей осіб особи дорослий дорослих дитина дитини діти дітей місце місця місць
ღამე დღე ადამიანი კაცი ბავშვი ადგილი საწოლი კმ
"""
BESIDE_A_NUMBER = frozenset(_WORDS.split())
"""The words that may stand beside a number. Weeks and months are none of them: "2 weeks" are not two nights."""

_WHOLE = re.compile(r"([^\W\d_]*)\s*[:=]?\s*([+-]?\d{1,9})(?:[.,]0+)?\s*([^\W\d_]*)\.?")
_DECIMAL = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*([^\W\d_]*)\.?")


def whole(text: str) -> int:
    """Return the one whole number in `text`: "7", "7.0", "7 дней", "взрослых: 2". Raises Unreadable("one_whole_number")."""
    found = _WHOLE.fullmatch(plain(text).casefold())
    if found is None or not {found[1], found[3]} - {""} <= BESIDE_A_NUMBER:
        raise Unreadable("one_whole_number")
    return int(found[2])


def decimal(text: str) -> float:
    """Return a number with a decimal point or comma, "km" after it left out. Raises Unreadable("one_number")."""
    found = _DECIMAL.fullmatch(plain(text).casefold())
    if found is None or found[2] not in ("", "km", "км", "კმ"):
        raise Unreadable("one_number")
    return float(found[1].replace(",", "."))
