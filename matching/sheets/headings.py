"""Find the column that a heading means: its own name, or a common word for it in one of the service's languages.

Only words that mean one thing in a sheet stand here. What a host allows (`who`, `children`, `shared`, `vetted`) is not among
them: a heading that is guessed wrongly there would open a space to people for whom it is not meant.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_MEANT = {
    "space_id request_id": "id|_id|№|номер|нөмір|ნომერი",
    "host name": (
        "full name|your name|имя|фио|ваше имя|имя и фамилия|есімі|аты-жөні|аты жөні|ім'я|піб|ваше ім'я|სახელი|"
        "სახელი და გვარი"
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
    "lat": "latitude|широта|ендік|განედი",
    "lon": "lng|longitude|долгота|бойлық|довгота|გრძედი",
    "beds": (
        "number of beds|мест|количество мест|сколько мест|спальных мест|количество спальных мест|орын саны|төсек саны|"
        "кількість місць|скільки місць|საწოლების რაოდენობა"
    ),
    "windows": "dates|когда свободно|даты|свободные даты|бос күндер|дати|вільні дати|თარიღები",
    "people": (
        "number of people|how many people|человек|количество человек|сколько человек|адам саны|кількість людей|"
        "скільки людей|скільки осіб|ადამიანების რაოდენობა"
    ),
    "first_night": (
        "first night|arrival date|первая ночь|дата приезда|дата заезда|бірінші түн|келу күні|перша ніч|дата приїзду|"
        "პირველი ღამე"
    ),
    "nights": "number of nights|ночей|количество ночей|сколько ночей|түн саны|кількість ночей|скільки ночей|ღამეების რაოდენობა",
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
