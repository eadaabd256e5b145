"""How probable a text is as words of the service's languages, to tell which encoding a file was written in.

`letters.json` has, for Russian, Kazakh and Ukrainian, the cost of each pair of neighbouring letters in tenths of a
natural logarithm. `python -m benchmarks.letters` counts it from the catalogs and the gazetteer.
docs/decisions/0071-files-as-they-come.md says why the service decides by a count of its own.
"""

from __future__ import annotations

import functools
import json
import re
from itertools import pairwise
from pathlib import Path

NEVER_SEEN = 12.0
"""The cost of a pair that no language has."""

WORD_END = "^"
"""The sign for the beginning and for the end of a word in a pair."""

_WORD = re.compile(r"[^\W\d_]+")
_COMMON_SIGNS = frozenset("\xa0«»–—№…“”„‘’°·€₸₽\u200b\ufeff\u202f")
_BEFORE, _AFTER, _BETWEEN = frozenset("\xa0«“„№—"), frozenset("\xa0»”“’…—"), frozenset("\xa0’")
_SIGN = re.compile(r"[^\x00-\x7f]")
_LATIN = dict.fromkeys("üöçğışİéèäßñóáíúêâîôëïà", 3.5) | dict.fromkeys("ðþýœæøåãõûùòìÿ", 7.0)


@functools.cache
def _pairs() -> tuple[dict[str, float], ...]:
    counted = json.loads((Path(__file__).parent / "letters.json").read_text(encoding="utf-8"))
    return tuple({pair: cost / 10 for pair, cost in costs.items()} for costs in counted.values())


def cost(text: str) -> float:
    """Return how improbable the letters and signs outside ASCII are, for each of them; 0 for a text without any."""
    total, counted = 0.0, 0
    for word in _WORD.findall(text):
        beyond = sum(sign > "\x7f" for sign in word)
        if beyond:
            total += _of_word(word) * beyond
            counted += beyond
    for found in _SIGN.finditer(text):
        if found[0].isalpha():
            continue
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        total += _of_sign(found[0], before.isalpha(), after.isalpha())
        counted += 1
    return total / counted if counted else 0.0


def _of_sign(sign: str, after_letter: bool, before_letter: bool) -> float:
    """Return the cost of a sign that is no letter: high in a word, and where its kind does not touch a letter."""
    if sign not in _COMMON_SIGNS or (after_letter and before_letter and sign not in _BETWEEN):
        return NEVER_SEEN + 4.0
    if (after_letter and sign not in _AFTER) or (before_letter and sign not in _BEFORE):
        return NEVER_SEEN
    return 5.0


@functools.lru_cache(maxsize=65536)
def _of_word(word: str) -> float:
    """Return the cost of a letter of this word: that of the language which it fits best."""
    mixed = 6.0 * sum(one.islower() and other.isupper() for one, other in pairwise(word))
    if len(word) > 1 and word[0].islower() and word[1:].isupper():
        mixed += NEVER_SEEN
    lowered = word.lower()
    if all(sign < "\u0250" for sign in word):
        signs = [sign for sign in word if sign > "\x7f"]
        beside = sum(one > "\x7f" and other > "\x7f" for one, other in pairwise(word))
        latin = sum(_LATIN.get(sign, _LATIN.get(sign.lower(), NEVER_SEEN)) for sign in signs)
        return (latin + 6.0 * beside + mixed) / len(signs)
    edged = f"{WORD_END}{lowered}{WORD_END}"
    pairs = [edged[at : at + 2] for at in range(len(edged) - 1)]
    best = min(sum(known.get(pair, NEVER_SEEN) for pair in pairs) for known in _pairs())
    return (best + mixed) / len(pairs)
