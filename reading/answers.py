"""Yes and no as people write them, and as spreadsheet programs write them in their own language."""

from __future__ import annotations

from reading.signs import Unreadable, plain

_YES = ("yes", "y", "true", "1", "1.0", "1,0", "да", "д", "истина", "иә", "ия", "ақиқат", "так", "істина", "კი")
_NO = (
    "no",
    "n",
    "false",
    "0",
    "0.0",
    "0,0",
    "нет",
    "н",
    "ложь",
    "жоқ",
    "жок",
    "жалған",
    "ні",
    "хибність",
    "хиба",
    "არა",
)
_IN_GEORGIAN_PROGRAMS = {"ჭეშმარიტი": True, "მცდარი": False}
_YES_NO = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False) | _IN_GEORGIAN_PROGRAMS


def yes_no(text: str) -> bool:
    """Return whether `text` says yes, in any language of the service. Raises Unreadable("yes_or_no")."""
    found = _YES_NO.get(text)
    if found is None:
        found = _YES_NO.get(plain(text).casefold().rstrip("."))
    if found is None:
        raise Unreadable("yes_or_no")
    return found
