"""Find the column that a heading means: its own name, or a common word for it in one of the service's languages.

Only words that mean one thing in a sheet stand here. What a host allows (`who`, `children`, `shared`, `vetted`) is not among
them: a heading that is guessed wrongly there would open a space to people for whom it is not meant.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from matching.sheets.columns import POINTS

_MEANT = {
    "space_id request_id": "id|_id|№|номер|нөмір|ნომერი",
    "host name": (
        "full name|your name|what is your name|имя|фио|ваше имя|имя и фамилия|как вас зовут|есімі|аты-жөні|аты жөні|атыңыз кім|"
        "ім'я|піб|ваше ім'я|як вас звати|სახელი|სახელი და გვარი|რა გქვიათ"
    ),
    "phone": (
        "phone number|telephone|mobile|телефон|номер телефона|ваш телефон|контактный телефон|мобильный телефон|"
        "телефон нөмірі|номер телефону|ტელეფონი|ტელეფონის ნომერი"
    ),
    "email": (
        "e-mail|email address|почта|электронная почта|адрес электронной почты|электрондық пошта|пошта|електронна пошта|"
        "ელფოსტა"
    ),
    "telegram": "телеграм|телеграмм|ник в телеграм|ტელეგრამი",
    "place": "city|town|город|ваш город|населённый пункт|населенный пункт|қала|қалаңыз|місто|населений пункт|ქალაქი",
    "address": "street address|адрес|ваш адрес|мекенжай|мекенжайы|адреса|მისამართი",
    "lat,lon": (
        "lat, lon|lat/lon|lat lon|latitude, longitude|latitude,longitude|geopoint|широта, долгота|широта,долгота|"
        "широта/долгота|ендік, бойлық|широта, довгота|განედი, გრძედი"
    ),
    "lon,lat": (
        "lon, lat|lon/lat|lon lat|lng, lat|longitude, latitude|longitude,latitude|долгота, широта|долгота,широта|"
        "долгота/широта|бойлық, ендік|довгота, широта|გრძედი, განედი"
    ),
    "lat": "latitude|широта|ендік|განედი",
    "lon": "lng|longitude|долгота|бойлық|довгота|გრძედი",
    "beds": (
        "number of beds|мест|количество мест|сколько мест|спальных мест|количество спальных мест|орын саны|төсек саны|"
        "кількість місць|скільки місць|საწოლების რაოდენობა"
    ),
    "windows": "dates|когда свободно|даты|свободные даты|бос күндер|дати|вільні дати|თარიღები",
    "people": (
        "number of people|how many people|how many of you|человек|количество человек|сколько человек|сколько вас|"
        "сколько вас человек|адам саны|қанша адамсыз|неше адамсыз|кількість людей|скільки людей|скільки осіб|скільки вас|"
        "ადამიანების რაოდენობა|რამდენი ხართ"
    ),
    "first_night": (
        "first night|arrival date|from which date|первая ночь|дата приезда|дата заезда|с какого числа|бірінші түн|келу күні|"
        "қай күннен|перша ніч|дата приїзду|з якого числа|პირველი ღამე|რა რიცხვიდან"
    ),
    "nights": (
        "number of nights|how many nights|ночей|количество ночей|сколько ночей|на сколько ночей|түн саны|неше түнге|"
        "кількість ночей|скільки ночей|на скільки ночей|ღამეების რაოდენობა|რამდენი ღამით"
    ),
    "languages": "языки|тілдер|мови|ენები",
    "notes": "comment|comments|комментарий|комментарии|примечание|примечания|ескертпе|примітки|коментар|შენიშვნა",
}
COLUMNS_MEANT = {
    heading: tuple(columns.split()) for columns, headings in _MEANT.items() for heading in headings.split("|")
}
"""For each heading, in small letters, the columns that it can mean: one in each kind of sheet at most."""

_AROUND = " \t\r\n*:?.!\ufeff\u200b"


def column_meant(heading: str, known: Collection[str]) -> str:
    """Return the known column that this heading means, or the heading itself in small letters.

    A group of a KoBoToolbox form before the name (`household/phone`) is left out.
    """
    written = heading.strip().lower()
    known = {*known, *POINTS}
    if written in known:
        return written
    bare = re.sub(r"\s+", " ", written.replace("’", "'").replace("\xa0", " ")).strip(_AROUND)
    for said in (bare, bare.rsplit("/", 1)[-1]):
        if said in known:
            return said
        for column in COLUMNS_MEANT.get(said, ()):
            if column in known:
                return column
    return written


IGNORE, NOTE = "-", "+"
"""What a heading may mean besides a column: its cells are left out, or kept in the notes of a request."""

WHY = {"en": "why", "ru": "почему", "kk": "неге", "uk": "чому", "ka": "რატომ"}
"""The heading of the reasons in a workbook of refused rows, in each language: it is left out when the file is read again."""

LONGEST_LABEL = 200

_OF_A_PERSON = re.compile(r"@|(?:\d[\s()-]*){7}")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that a sheet may have, and what somebody chose for some labels of its headings."""

    known: Collection[str]
    chosen: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def meanings(self, cells: Sequence[str]) -> list[str]:
        """Return what each heading of a header means: a known column, IGNORE, NOTE, or else the heading in small letters."""
        names = [
            self.chosen.get(label) or column_meant(cell, self.known)
            for label, cell in zip(labels(cells), cells, strict=True)
        ]
        for end in {0, len(names) - 1} if names else ():
            if names[end] in WHY.values() and names[end] not in self.known:
                names[end] = IGNORE
        return names

    def count(self, cells: Sequence[str]) -> int:
        """Return how many of these cells are headings whose meaning is known."""
        meanings = [self.chosen.get(label) for label in labels(cells)] if self.chosen else [None] * len(cells)
        return sum(
            bool(cell.strip()) and (meant is not None or column_meant(cell, self.known) in {*self.known, *POINTS})
            for meant, cell in zip(meanings, cells, strict=True)
        )


def labels(cells: Sequence[str]) -> list[str]:
    """Return a name for each heading that no other has: the heading, with a number if it stands twice.

    A heading that is empty has the number of its column.
    """
    found: list[str] = []
    seen: set[str] = set()
    ours = bool(cells) and cells[0].strip().lower() in WHY.values()
    for place, cell in enumerate(cells, start=0 if ours else 1):
        bare = " ".join(cell.split())[:LONGEST_LABEL] or f"#{place}"
        label, again = bare, 1
        while label in seen:
            again += 1
            label = f"{bare} ({again})"
        seen.add(label)
        found.append(label)
    return found


def is_of_a_person(label: str) -> bool:
    """Return whether a heading has a contact in it: then the line is no header but somebody's row."""
    return bool(_OF_A_PERSON.search(label))
