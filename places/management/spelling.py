"""Names of places in the languages of the service: which of GeoNames' names belongs to which, and letters for letters.

GeoNames' names come without their languages. A name's script and letters tell most of them apart; where no name of a
language is known, the name is written in its letters. Only `extract_gazetteer` uses these rules; what it writes is data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from rapidfuzz import fuzz

CLOSE: Final = 50.0
"""Per cent of likeness below which a name is another name of the place, not the same in other letters."""

_KAZAKH: Final = frozenset("әғқңөұүһі")
_KAZAKH_ONLY: Final = frozenset("әғқңөұүһ")
_UKRAINIAN: Final = frozenset("іїєґ")
_RUSSIAN: Final = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
_GEORGIAN: Final = re.compile(r"[ა-ჰ][ა-ჰ \-–’'()]*")
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff][\u0400-\u04ff \-–’'().]*")

_TO_CYRILLIC: Final = (
    *(("shch", "щ"), ("zh", "ж"), ("kh", "х"), ("gh", "г"), ("ts", "ц"), ("dz", "дз"), ("sh", "ш"), ("ch", "ч")),
    *(
        ("ya", "я"),
        ("yu", "ю"),
        ("yo", "ё"),
        ("iy", "ий"),
        ("yy", "ый"),
        ("ay", "ай"),
        ("ey", "ей"),
        ("oy", "ой"),
        ("uy", "уй"),
    ),
)
_LETTERS: Final = dict(zip("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопкрстуввхыз", strict=True)) | {
    "ö": "ө",
    "ü": "ү",
    "ï": "и",
    "ğ": "г",
    "ı": "ы",
    "ş": "ш",
    "ç": "ч",
    "ä": "ә",
    "ŏ": "о",
    "ŭ": "у",
    "ū": "у",
    "é": "э",
    "ə": "ә",
    "j": "дж",
    "ń": "н",
    "í": "и",
    "ô": "о",
    "ž": "ж",
    "č": "ч",
    "š": "ш",
    "ą": "а",
    "ĭ": "й",
}
_KAZAKH_AS_RUSSIAN: Final = str.maketrans("әғқңөұүһі", "агкноуухи")
_RUSSIAN_AS_UKRAINIAN: Final = {"и": "і", "ы": "и", "э": "е", "ё": "йо", "ъ": "'"}
_RUSSIAN_AS_GEORGIAN: Final = dict(zip("абвгдежзийклмнопрстуфхцчшыэ", "აბვგდეჟზიიკლმნოპრსტუფხცჩშიე", strict=True)) | {
    "ё": "იო",
    "щ": "შჩ",
    "ю": "იუ",
    "я": "ია",
    "ъ": "",
    "ь": "",
}


def in_languages(main: str, names: Iterable[str], country: str) -> Mapping[str, str]:
    """Return the place's name in each of `places.names.SPELT_IN`: the likest of `names`, or `main` in the language's letters."""
    names = list(names)
    cyrillic = [name for name in names if _CYRILLIC.fullmatch(name)]
    russian = [name for name in cyrillic if set(name.casefold()) <= _RUSSIAN | set(" -–.()")]
    # A name that GeoNames lists in small letters is how a program wrote it, not a person.
    russian = [name for name in russian if name[0].isupper()] or russian
    sound = as_cyrillic(main).translate(_KAZAKH_AS_RUSSIAN)
    ru = likest(sound, russian) or _named(sound)
    kazakh = [name for name in cyrillic if set(name.casefold()) & _KAZAKH_ONLY]
    plain = {name: name.casefold().translate(_KAZAKH_AS_RUSSIAN) for name in kazakh}
    kk = (
        max(kazakh, key=lambda name: fuzz.ratio(plain[name], sound), default="")
        if country in ("KZ", "KG", "MN", "UZ")
        else ""
    )
    with_i = [
        name for name in cyrillic if "і" in name.casefold() and not set(name.casefold()) & (_KAZAKH_ONLY | set("ыэ"))
    ]
    ukrainian = [name for name in cyrillic if set(name.casefold()) & _UKRAINIAN and name in with_i] or with_i
    expected = _named(as_ukrainian(ru))
    uk = likest(expected.casefold(), [name for name in cyrillic if name == expected] or ukrainian) or expected
    georgian = [name for name in names if _GEORGIAN.fullmatch(name)]
    guess = as_georgian(ru)
    ka = max(georgian, key=lambda name: fuzz.ratio(name, guess), default="") or guess
    return {"ru": ru, "kk": kk or ru, "uk": uk, "ka": ka}


def likest(sound: str, names: Iterable[str]) -> str:
    """Return the one of `names` that is likest to `sound` (small letters), or "" if none is like it at all."""
    best = max(names, key=lambda name: fuzz.ratio(name.casefold(), sound), default="")
    return best if best and fuzz.ratio(best.casefold(), sound) >= CLOSE else ""


def as_cyrillic(name: str) -> str:
    """Return a name in Latin letters, in small Cyrillic ones."""
    text = re.sub(r"['’‘ʻʼ`]", "", name.casefold())
    for latin, cyrillic in _TO_CYRILLIC:
        text = text.replace(latin, cyrillic)
    return "".join(_LETTERS.get(sign, sign) for sign in text)


def as_ukrainian(name: str) -> str:
    """Return a Russian name in Ukrainian letters."""
    return "".join(_RUSSIAN_AS_UKRAINIAN.get(sign, sign) for sign in name.casefold())


def as_georgian(name: str) -> str:
    """Return a Russian name in Georgian letters; a name that ends in a consonant gets the ending of the nominative."""
    written = "".join(_RUSSIAN_AS_GEORGIAN.get(sign, sign) for sign in name.casefold().translate(_KAZAKH_AS_RUSSIAN))
    return written + "ი" if written and written[-1] not in "აეიოუ)" else written


def _named(small: str) -> str:
    """Return the name with a capital at the beginning of each word."""
    return re.sub(r"(^|[\s\-–(])(\w)", lambda start: start[1] + start[2].upper(), small)
