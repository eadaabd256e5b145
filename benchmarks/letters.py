"""Count the pairs of letters of Russian, Kazakh and Ukrainian from the catalogs and the gazetteer: `letters.json`.

Run `python -m benchmarks.letters` after the catalogs have changed much. `matching.sheets.letters` reads the result.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path

from babel.messages.pofile import read_po

from matching.sheets.letters import WORD_END
from places.gazetteer import all_places

ROOT = Path(__file__).parents[1]
OUT = ROOT / "matching" / "sheets" / "letters.json"
CYRILLIC = re.compile(r"[Ѐ-ӿ]+")
NAMES = "Айгерим Әсел Өмір Қайрат Ғалым Үміт Ұлжан Ңұр Һарон Жук Оксана Київ Їжакевич Ґалаґан Єва Юлія Андрій Наталія"


def words_of(language: str) -> Counter[str]:
    """Return how often each Cyrillic word, in small letters, stands in the catalog of this language."""
    with (ROOT / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    said = [message.string for message in catalog if message.string]
    texts = [each for text in said for each in (text if isinstance(text, (tuple, list)) else (text,))]
    return Counter(word for text in texts for word in CYRILLIC.findall(text.lower()))


def costs(words: Counter[str]) -> dict[str, int]:
    """Return the cost of each pair, in tenths of a natural logarithm of how rare it is among all pairs."""
    pairs: Counter[str] = Counter()
    for word, times in words.items():
        edged = f"{WORD_END}{word}{WORD_END}"
        for at in range(len(edged) - 1):
            pairs[edged[at : at + 2]] += 1 + round(math.log(times))
    total = sum(pairs.values())
    return {pair: round(-10 * math.log(times / total)) for pair, times in sorted(pairs.items())}


def main() -> None:
    """Write the file."""
    names = Counter(word for place in all_places() for name in place.names for word in CYRILLIC.findall(name.lower()))
    names.update(CYRILLIC.findall(NAMES.lower()))
    counted = {language: words_of(language) for language in ("ru", "kk", "uk")}
    own = {"kk": set("әғқңөұүһі"), "uk": set("ґєїі"), "ru": set("ыэъё")}
    for word in names:
        for language, letters in own.items():
            others = set().union(*(each for name, each in own.items() if name != language)) - letters
            if not set(word) & others:
                counted[language][word] += 1
    OUT.write_text(
        json.dumps({language: costs(words) for language, words in counted.items()}, ensure_ascii=False) + "\n"
    )


if __name__ == "__main__":
    main()
