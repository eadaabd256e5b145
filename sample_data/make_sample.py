"""Make the sample week anew: `python sample_data/make_sample.py`. The same seed makes the same files.

The sample has 180 spaces and 300 shelter requests of a week like the last one of September 2022 in Kazakhstan. They
lie in the cities where people arrived then, so cities near the Russian border have more than their size suggests. The
rows look as volunteers would have written them: a quarter of the spaces have no coordinates, and phone numbers are
written in all the usual ways. Every person is made up.
"""

from __future__ import annotations

import csv
import sys
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import TypeVar

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS  # noqa: E402
from matching.sheets.sample import REFERENCE_DATE  # noqa: E402
from places.gazetteer import KnownPlace, all_places  # noqa: E402
from places.hearing import unmistakable  # noqa: E402

T = TypeVar("T")

SEED = 2022
SPACES, REQUESTS = 180, 300

NEAR_THE_BORDER = {"Oral", "Aktobe", "Kostanay", "Petropavl", "Atyrau", "Pavlodar", "Semey", "Ust-Kamenogorsk"}
RUSSIAN_NAMES = {
    "Oral": "Уральск",
    "Almaty": "Алматы",
    "Astana": "Астана",
    "Kostanay": "Костанай",
    "Aktobe": "Актобе",
    "Shymkent": "Шымкент",
    "Petropavl": "Петропавловск",
}
HOSTS = (
    "Айжан Алибек Алтынай Асем Аскар Бакыт Ботагоз Гаухар Гульнара Данияр Динара Ерлан Жанар Зарина Ильяс Камила Куаныш "
    "Лариса Людмила Майра Марат Назгуль Нуржан Олжас Римма Сабина Санжар Светлана Талгат Улжан Фарида Шолпан"
)
WOMEN = "Алёна Валерия Евгения Катя Лиза Марина Настя Рита Соня Таня Юля Яна"
MEN = (
    "Алексей Андрей Антон Виктор Виталий Григорий Данил Иван Илья Кирилл Костя Лев Максим Миша Никита Олег Павел Роман"
)
STREETS = ("Абая", "Гоголя", "Сейфуллина", "Жандосова", "Достык", "Курмангазы", "Ауэзова", "Байтурсынова", "Толе би")
NOTES = (
    "едем на машине, приедем вечером",
    "одна из нас беременна, седьмой месяц",
    "работаем удалённо, нужен интернет",
    "ребёнку полтора года, кроватка есть",
    "кот в переноске, спокойный",
    "можем лечь на полу, спальники с собой",
    "we only speak English",
    "бабушка плохо ходит, нужен лифт",
)

A_CHILD_ALONE = {
    "name": "Миша",
    "people": "1",
    "children": "1",
    "all_women": "no",
    "women_only": "no",
    "may_split": "no",
    "notes": "мне пятнадцать, я один",
}


def make() -> tuple[str, str]:
    """Return the text of SPACES.csv and the text of REQUESTS.csv."""
    random = Random(SEED)
    spaces = [_space(random, number) for number in range(1, SPACES + 1)]
    requests = [_request(random, number) for number in range(1, REQUESTS + 1)]
    requests[149] |= A_CHILD_ALONE
    return _csv(SPACE_COLUMNS, spaces), _csv(REQUEST_COLUMNS, requests)


def _csv(columns: tuple[str, ...], rows: list[dict[str, str]]) -> str:
    out = StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _space(random: Random, number: int) -> dict[str, str]:
    place = _city(random)
    lat, lon = _near(random, place) if random.random() < 0.75 else ("", "")
    first = REFERENCE_DATE + timedelta(days=_pick(random, {0: 6, 1: 1, 2: 1, 4: 1, 9: 1}))
    windows = [_window(random, first)]
    if random.random() < 0.2:
        windows.append(_window(random, windows[0][1] + timedelta(days=random.randint(1, 5))))
    return {
        "space_id": f"sample-s{number}",
        "host": random.choice(HOSTS.split()),
        "phone": _phone(random, number),
        "email": f"host{number}@example.org" if random.random() < 0.3 else "",
        "telegram": "",
        "place": _written(random, place),
        "address": f"ул. {random.choice(STREETS)}, {random.randint(1, 180)}, кв. {random.randint(1, 80)}",
        "lat": lat,
        "lon": lon,
        "beds": str(_pick(random, {1: 28, 2: 32, 3: 18, 4: 13, 5: 5, 6: 3, 12: 1})),
        "shared": _yes(random, 0.25),
        "windows": ";".join(f"{begin}/{end}" for begin, end in windows),
        "max_nights": str(_pick(random, {"": 40, 3: 10, 5: 10, 7: 20, 14: 12, 30: 8})),
        "who": _pick(random, {"anyone": 88, "women": 8, "families": 4}),
        "children": _yes(random, 0.8),
        "pets": _yes(random, 0.35),
        "smoking": _yes(random, 0.28),
        "step_free": _yes(random, 0.1),
        "languages": _pick(random, {"ru": 30, "ru kk": 40, "ru kk en": 15, "ru en": 10, "kk": 3, "": 2}),
        "vetted": _yes(random, 0.9),
    }


def _request(random: Random, number: int) -> dict[str, str]:
    place = _city(random)
    lat, lon = _near(random, place) if random.random() < 0.6 else ("", "")
    people = _pick(random, {1: 42, 2: 25, 3: 15, 4: 10, 5: 5, 6: 2, 8: 1})
    children = random.randint(1, people - 1) if people > 1 and random.random() < 0.4 else 0
    all_women = random.random() < (0.2 if people < 3 else 0.08)
    names = WOMEN if all_women else f"{WOMEN} {MEN}"
    first_night = REFERENCE_DATE + timedelta(days=_pick(random, {0: 3, 1: 3, 2: 4, 3: 4, 4: 4, 6: 2, 9: 1, 13: 1}))
    nights = max(1, min(90, round(random.lognormvariate(1.8, 0.8))))
    waiting = timedelta(hours=random.uniform(0, 24 * 6))
    return {
        "request_id": f"sample-r{number}",
        "name": random.choice(names.split()) if random.random() < 0.75 else "",
        "phone": _phone(random, 1000 + number) if random.random() < 0.8 else "",
        "email": f"need{number}@example.org" if random.random() < 0.3 else "",
        "telegram": "",
        "place": _written(random, place),
        "lat": lat,
        "lon": lon,
        "radius_km": str(_pick(random, {"": 10, 5: 18, 10: 25, 20: 20, 50: 10, 150: 14, 600: 3})),
        "people": str(people),
        "children": str(children),
        "all_women": "yes" if all_women else "no",
        "first_night": str(first_night),
        "nights": str(nights),
        "min_nights": str(_pick(random, {nights: 3, max(1, nights // 3): 6, 1: 1})),
        "pets": _yes(random, 0.07),
        "step_free": _yes(random, 0.03),
        "women_only": _yes(random, 0.35) if all_women else "no",
        "smoking": _pick(random, {"": 80, "no": 13, "yes": 7}),
        "languages": _pick(random, {"ru": 62, "ru en": 22, "ru kk": 6, "ru uk": 4, "en": 4, "ru ka": 2}),
        "language_required": _yes(random, 0.04),
        "urgency": _pick(random, {"1": 54, "1.5": 28, "2.5": 12, "4": 6}),
        "registered_at": (datetime.combine(REFERENCE_DATE, datetime.min.time(), UTC) - waiting).strftime(
            "%Y-%m-%dT%H:%M:00Z"
        ),
        "may_move": _yes(random, 0.3),
        "may_split": _yes(random, 0.15) if people > 3 else "no",
        "notes": random.choice(NOTES) if random.random() < 0.12 else "",
    }


def _city(random: Random) -> KnownPlace:
    cities = [place for place in all_places() if place.country == "KZ" and place.kind == "city"]
    weights = [place.population**0.6 * (4 if place.name in NEAR_THE_BORDER else 1) for place in cities]
    return random.choices(cities, weights)[0]


def _near(random: Random, place: KnownPlace) -> tuple[str, str]:
    return f"{place.lat + random.gauss(0, 0.05):.4f}", f"{place.lon + random.gauss(0, 0.07):.4f}"


def _written(random: Random, place: KnownPlace) -> str:
    return RUSSIAN_NAMES.get(place.name, unmistakable(place)) if random.random() < 0.5 else unmistakable(place)


def _window(random: Random, first: date) -> tuple[date, date]:
    return first, first + timedelta(days=max(2, min(120, round(random.lognormvariate(2.7, 0.7)))))


def _phone(random: Random, number: int) -> str:
    """Return the phone number that ends in `number`, in one of the usual forms. Nobody has a number +7 700 000 xx xx."""
    digits = f"000{number:04}"
    a, b, c = digits[:3], digits[3:5], digits[5:]
    return random.choice((f"+7700{digits}", f"8700{digits}", f"+7 700 {a} {b} {c}", f"8 (700) {a}-{b}-{c}"))


def _pick(random: Random, weights: dict[T, int]) -> T:
    return random.choices(list(weights), list(weights.values()))[0]


def _yes(random: Random, share: float) -> str:
    return "yes" if random.random() < share else "no"


if __name__ == "__main__":
    spaces, requests = make()
    (HERE / "SPACES.csv").write_text(spaces, encoding="utf-8")
    (HERE / "REQUESTS.csv").write_text(requests, encoding="utf-8")
