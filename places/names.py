"""Comparing names of places and addresses, which people type with different case, accents, signs and spacing."""

from __future__ import annotations

import re
import unicodedata

HOME_REGION = "KZ"
"""The country of this deployment (ISO 3166-1 alpha-2): of a phone number without a country code, and of places first."""

SPELT_IN = ("ru", "kk", "uk", "ka")
"""The languages in which a place has a name of its own (ISO 639-1), beside its main name, which is in Latin letters."""

# People without a Kazakh keyboard type Костанай for Қостанай, so both are looked up under the plain letter.
_PLAIN_LETTERS = str.maketrans("әғқңөұүһі", "агкноууhи", "ъь")
_APOSTROPHES = str.maketrans("", "", "'`´ʹʻʼʾʿ‘’′")
_KIND_BEFORE = re.compile(r"^\s*(?:(?:г|с|п|пос|қ)\.\s*|(?:г|город|село|поселок|қала|city of)\s+)")
_KIND_AFTER = re.compile(r"\s+(?:city|town|қаласы|қ\.)\s*$")
_SEPARATORS = re.compile(r"[\W_]+")
_PARTS_OF_ADDRESSES = re.compile(r"\d+|[^\W\d_]+")


def key_of(name: str) -> str:
    """Return the form under which `name` is looked up; "" if it has no letter or digit.

    The form ignores case, accents (ё is е, й is и), apostrophes, soft and hard signs, hyphens and spaces. It writes
    Kazakh letters as the plain ones, and drops "г." in front and "қаласы" at the end.
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
    """Return a form of `address` that is equal for two ways of writing it; "" if only words like "flat" are in it.

    The form ignores case, signs, spacing and the words for street, house and flat. It keeps the order of the rest.
    """
    folded = unicodedata.normalize("NFKC", address.translate(_APOSTROPHES)).casefold()
    words = [word for word in _PARTS_OF_ADDRESSES.findall(folded) if not _WORDS_OF_ADDRESSES.fullmatch(word)]
    plain = unicodedata.normalize("NFD", " ".join(words).translate(_PLAIN_LETTERS))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))
