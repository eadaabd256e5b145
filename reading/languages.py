"""Codes of languages: ISO 639-1, and the words that volunteers write for them."""

from __future__ import annotations

import re

from reading.signs import Unreadable, plain

_ISO_639_1 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka "
    "kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng "
    "nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st "
    "su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
LANGUAGE_CODES = frozenset(_ISO_639_1.split())

# Country codes that are no language codes, and names of the languages most spoken here.
COMMONLY_MEANT = {
    "kz": "kk",
    "ua": "uk",
    "ge": "ka",
    "русский": "ru",
    "russian": "ru",
    "казахский": "kk",
    "қазақша": "kk",
    "kazakh": "kk",
    "английский": "en",
    "english": "en",
    "украинский": "uk",
    "українська": "uk",
    "ukrainian": "uk",
    "грузинский": "ka",
    "ქართული": "ka",
    "georgian": "ka",
    "қазақ": "kk",
    "казахський": "kk",
    "російська": "ru",
    "орысша": "ru",
    "англійська": "en",
    "ағылшынша": "en",
    "рус": "ru",
    "каз": "kk",
    "англ": "en",
    "укр": "uk",
    "груз": "ka",
    "rus": "ru",
    "kaz": "kk",
    "eng": "en",
    "ukr": "uk",
    "kat": "ka",
    "geo": "ka",
}


def languages(text: str) -> frozenset[str]:
    """Return ISO 639-1 codes, written as codes or names with spaces, commas or the like between them.

    Raises Unreadable("language", word=...) for the first word that names no language.
    """
    found = set()
    for word in re.split(r"[\s,;/+.]+", plain(text).casefold()):
        code = COMMONLY_MEANT.get(word, word)
        if code in LANGUAGE_CODES:
            found.add(code)
        elif word:
            raise Unreadable("language", word=word)
    return frozenset(found)
