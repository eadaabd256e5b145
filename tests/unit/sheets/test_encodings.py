"""Every encoding that volunteers' programs write is found from the letters alone, also in short files; rubbish is refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.sheets.encodings import MISREAD_AS, NoText, text_of
from matching.sheets.reading import read_spaces
from tests.unit.sheets.sheets import find_place, spaces_sheet

TEXTS = {
    "ru": ("Айгерим Жук", "ул. Абая 10", "Мария Яковлева", "Щербакова Анна", "Юлия Эдуардовна", "дом №5, подъезд «А»"),
    "kk": (
        "Әсел Нұрлан",
        "Өмір Қайратұлы",
        "Ғалым Бекұлы",
        "Қазыбек би көшесі 12",
        "Қуаныш Жүнісов",
        "Айгүл Төлеген",
        "Гүлнәр Сейітқызы",
        "Ерғали Үсенов",
    ),
    "uk": (
        "Їжакевич Євген",
        "Андрій Київський",
        "Наталія Ґалаґан",
        "вул. Хрещатик, 5",
        "Юлія Коваль",
        "Зоя Мар’яненко",
        "Євдокія Яців",
    ),
    "tr": ("Ayşe Yılmaz", "Gülşen Çağlar", "İbrahim Öztürk", "Yıldız Şahin"),
    "west": ("José Núñez", "François Lefèvre", "Jürgen Müller", "André Gonçalves"),
}
UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
ENCODINGS = {
    "ru": (*UNICODE, "windows-1251", "kz1048", "koi8-r", "cp866", "mac-cyrillic"),
    "kk": (*UNICODE, "kz1048"),
    "uk": (*UNICODE, "windows-1251", "mac-cyrillic"),
    "tr": (*UNICODE, "windows-1254"),
    "west": (*UNICODE, "windows-1252", "windows-1254"),
}
PAIRS = [(language, encoding) for language, encodings in ENCODINGS.items() for encoding in encodings]


def misread(text: str, encoding: str) -> str:
    """Return what a program shows that reads this text's UTF-8 in another encoding."""

    def sign(byte: int) -> str:
        try:
            return bytes([byte]).decode(encoding)
        except UnicodeDecodeError:
            return chr(byte)

    return "".join(map(sign, text.encode()))


@pytest.mark.parametrize(("language", "encoding"), PAIRS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # A whole sheet is read each time.
@given(data=st.data(), delimiter=st.sampled_from([",", ";", "\t"]))
def test_names_are_read_in_every_encoding(language: str, encoding: str, data: st.DataObject, delimiter: str) -> None:
    hosts = data.draw(st.lists(st.sampled_from(TEXTS[language]), min_size=1, max_size=4))
    sheet = spaces_sheet(
        *({"space_id": f"s{at}", "host": host} for at, host in enumerate(hosts)), delimiter=delimiter
    ).decode()
    if encoding not in UNICODE:
        hosts = [host.encode(encoding, "replace").decode(encoding) for host in hosts]

    reading = read_spaces(sheet.encode(encoding, "replace"), find_place=find_place)

    assert [row.host for row in reading.rows] == hosts


@pytest.mark.parametrize("encoding", MISREAD_AS)
@pytest.mark.parametrize("language", TEXTS)
def test_what_was_encoded_twice_is_read_as_it_was_meant(language: str, encoding: str) -> None:
    text = "".join(f"s{at};{host};Almaty\r\n" for at, host in enumerate(TEXTS[language]))

    assert text_of(misread(text, encoding).encode()) == text


@given(st.lists(st.sampled_from([each for texts in TEXTS.values() for each in texts]), min_size=1))
def test_what_was_encoded_once_is_left_alone(texts: list[str]) -> None:
    assert text_of("\n".join(texts).encode()) == "\n".join(texts)


@pytest.mark.parametrize("seed", range(20))
def test_rubbish_is_refused(seed: int) -> None:
    with pytest.raises(NoText):
        text_of(b"space_id,host\n" + random.Random(seed).randbytes(300))
