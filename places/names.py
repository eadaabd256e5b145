"""How names of places are compared: what people type differs in case, accents, signs and spacing."""

from __future__ import annotations

import re
import unicodedata

# People without a Kazakh keyboard type Костанай for Қостанай: both are looked up under the plain letter.
_PLAIN_LETTERS = str.maketrans("әғқңөұүһі", "агкноууhи", "ъь")
_APOSTROPHES = str.maketrans("", "", "'`´ʹʻʼʾʿ‘’′")
_KIND_BEFORE = re.compile(r"^\s*(?:(?:г|с|п|пос|қ)\.\s*|(?:г|город|село|поселок|қала|city of)\s+)")
_KIND_AFTER = re.compile(r"\s+(?:city|town|қаласы|қ\.)\s*$")
_SEPARATORS = re.compile(r"[\W_]+")


def key_of(name: str) -> str:
    """Return the form under which `name` is looked up; empty when it has no letter or digit.

    Case, accents (ё is е, й is и), apostrophes, soft and hard signs, hyphens and spaces do not
    matter, Kazakh letters count as the plain ones, and "г." before or "қаласы" after is dropped.
    """
    folded = unicodedata.normalize("NFKC", name.translate(_APOSTROPHES)).casefold()
    folded = _KIND_AFTER.sub("", _KIND_BEFORE.sub("", folded))
    folded = unicodedata.normalize("NFD", folded.translate(_PLAIN_LETTERS))
    bare = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return _SEPARATORS.sub("", bare)
