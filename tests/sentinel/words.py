"""Words that occur nowhere else, every form in which they may be written, and the search for them in bytes."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from urllib.parse import quote, quote_plus

NAME = "Zhuldyzqwx Щербакюжева"
PHONE = "+77015559182"
PHONE_AS_TYPED = "8 (701) 555-91-82"
EMAIL = "Qwxpost.Box@petnames.example.org"
TELEGRAM = "@qwxhandle_tg"
ADDRESS = "Kunayevqwx Street 77, пятаядверьюж"
NOTE = "noteqwxnote: заметкаюжная"
IPV4 = "203.0.113.177"
IPV6 = "2001:db8:5e17:ab1e::177"
AGENT = "QwxBrowser/9.81 (Sentinelphone)"

WORDS: dict[str, tuple[str, ...]] = {
    "name": ("Zhuldyzqwx", "Щербакюжева"),
    "phone": ("+77015559182", "77015559182", "7015559182", "701 555 91 82", "701) 555-91-82"),
    "e-mail": ("Qwxpost.Box", "petnames.example.org"),
    "telegram": ("qwxhandle_tg",),
    "address": ("Kunayevqwx", "пятаядверьюж"),
    "note": ("noteqwxnote", "заметкаюжная"),
    "IP": (IPV4, "2001:db8:5e17", "2001:0db8:5e17"),
    "user agent": ("QwxBrowser", "Sentinelphone"),
}
"""For each kind, the parts that are searched for; each would give the person away, however the rest is cut off."""

TYPED: dict[str, str] = {
    "name": NAME,
    "phone": PHONE,
    "e-mail": EMAIL,
    "telegram": TELEGRAM,
    "address": ADDRESS,
    "note": NOTE,
}
"""What somebody types, by kind."""

SHORTEST = 8
"""Bytes. Shorter needles would be found by chance in pages of a database."""

PHONE_ANYHOW = re.compile(rb"7\D{0,2}0\D{0,2}1\D{0,2}5\D{0,2}5\D{0,2}5\D{0,2}9\D{0,2}1\D{0,2}8\D{0,2}2")


def forms(word: str) -> dict[str, bytes]:
    """Return each form of a word, by the name of the form, in lower case: the search lowers what it reads."""
    found: dict[str, bytes] = {}
    for case, text in {"": word, "lower ": word.lower(), "upper ": word.upper(), "title ": word.title()}.items():
        encoded = {
            "utf-8": text.encode(),
            "utf-16-le": text.encode("utf-16-le"),
            "utf-16-be": text.encode("utf-16-be"),
            "url": quote(text, safe="").encode(),
            "url, plus": quote_plus(text).encode(),
            "json": json.dumps(text)[1:-1].encode(),
            "html": escape(text).encode(),
            "hex": text.encode().hex().encode(),
            "repr": repr(text.encode())[2:-1].encode(),
            "octal": b"".join(b"\\%03o" % byte for byte in text.encode()),
        }
        encoded |= {f"base64, {shift}": _in_base64(text.encode(), shift) for shift in range(3)}
        if all(ord(letter) < 256 for letter in text):
            encoded["latin-1"] = text.encode("latin-1")
        elif all(letter in CYRILLIC or letter.isascii() for letter in text):
            encoded["cp1251"] = text.encode("cp1251")
        found |= {case + name: needle.lower() for name, needle in encoded.items() if len(needle) >= SHORTEST}
    return found


CYRILLIC = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ")


def _in_base64(raw: bytes, shift: int) -> bytes:
    """Return the letters of Base64 that stand for `raw` alone where it begins `shift` bytes after a group of three."""
    whole = base64.b64encode(b"\0" * shift + raw)
    first = -(-shift * 8 // 6)
    last = (shift + len(raw)) * 8 // 6
    return whole[first:last]


@cache
def needles() -> dict[bytes, str]:
    """Return every needle, and what it is: the kind of sentinel and the form."""
    found: dict[bytes, str] = {}
    for kind, words in WORDS.items():
        for word in words:
            for form, needle in forms(word).items():
                found.setdefault(needle, f"{kind} ({word}) as {form}")
    return found


def found_in(raw: bytes, *, text: bool = False, context: int = 0) -> Iterator[str]:
    """Yield what is found in `raw`, each once. `text` also looks for the digits of the phone with anything between them.

    With `context`, this many bytes around the first hit stand beside it.
    """
    lowered = raw.lower()
    for needle, what in needles().items():
        if (at := lowered.find(needle)) >= 0:
            yield what + (f": {raw[max(0, at - context) : at + len(needle) + context]!r}" if context else "")
    if text and PHONE_ANYHOW.search(raw):
        yield "phone, its digits"
