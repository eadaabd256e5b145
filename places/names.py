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
_PARTS_OF_ADDRESSES = re.compile(r"\d+|[^\W\d_]+")


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


_WORDS_OF_ADDRESSES = re.compile(
    r"улица|ул|проспект|пр|просп|пркт|переулок|пер|микрорайон|мкрн?|бульвар|бул|дом|д|корпус|корп|к|квартира|кв|этаж|"
    r"город|г|көшесі|кошеси|даңғылы|дангылы|үй|уй|пәтер|патер|street|st|avenue|ave|road|rd|lane|house|building|"
    r"apartment|apt|flat|no|ქუჩა|ქ|ბინა|სახლი"
)


def key_of_address(address: str) -> str:
    """Return the form under which two ways of writing one address are equal; empty when nothing but words like "flat" is left.

    Case, signs, spacing and the words for street, house and flat do not matter; the order of the rest does.
    """
    folded = unicodedata.normalize("NFKC", address.translate(_APOSTROPHES)).casefold()
    words = [word for word in _PARTS_OF_ADDRESSES.findall(folded) if not _WORDS_OF_ADDRESSES.fullmatch(word)]
    plain = unicodedata.normalize("NFD", " ".join(words).translate(_PLAIN_LETTERS))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))
