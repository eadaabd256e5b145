"""Find the encoding of a text: try each that volunteers' programs write, and keep the most probable words."""

from __future__ import annotations

import codecs
import re

from matching.sheets import letters

ONE_BYTE = ("windows-1251", "kz1048", "koi8-r", "cp866", "mac-cyrillic", "windows-1254", "windows-1252")
"""Encodings of one byte a sign, the commoner first: of two that read a text alike, the first is kept."""

MISREAD_AS = ("windows-1251", "windows-1252", "latin-1", "windows-1254", "koi8-r", "cp866", "mac-cyrillic")
"""Encodings in which a program may have read UTF-8 before it wrote it as UTF-8 again."""

MOST_COST = 10.0
"""Letters that cost more are no words of any language which the service knows."""

ENOUGH = 20_000
"""Bytes of lines with letters outside ASCII that decide for the whole file."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BEYOND = re.compile(r"[^\x00-\x7f]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BYTES_BEYOND = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")


class NoText(ValueError):
    """The bytes are no text in any encoding that is tried."""


def text_of(data: bytes) -> str:
    """Return the text of these bytes. Raises NoText."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _mended(_strictly(data[len(mark) :], encoding))
    # A header has Latin letters, digits or delimiters even in Cyrillic: half of their bytes in UTF-16 are zero.
    if b"\x00" in data[:4096]:
        encoding = "utf-16-le" if data[1:4096:2].count(0) >= data[0:4096:2].count(0) else "utf-16-be"
        if data[:4096].count(0) * 20 >= len(data[:4096]):
            return _strictly(data, encoding)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _one_byte(data)
    return _mended(text)


def is_guessed(data: bytes) -> bool:
    """Return whether the bytes do not say by themselves how they are read: neither UTF-16 nor UTF-8 encoded once."""
    try:
        text = text_of(data)
        return text not in (data.decode("utf-8-sig"), data.decode("utf-8"))
    except UnicodeDecodeError:
        return not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    except NoText:
        return True


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise NoText from None


def _one_byte(data: bytes) -> str:
    sample = b"\n".join(_first(_BYTES_BEYOND.findall(data)))
    ranked: list[tuple[float, int, str]] = []
    for rank, encoding in enumerate(ONE_BYTE):
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROLS.search(text):
            ranked.append((letters.cost(text), rank, encoding))
    for cost, _rank, encoding in sorted(ranked):
        if cost > MOST_COST:
            break
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NoText


def _first(lines: list[bytes]) -> list[bytes]:
    taken, size = [], 0
    for line in lines:
        taken.append(line)
        size += len(line)
        if size > ENOUGH:
            break
    return taken


def _mended(text: str) -> str:
    """Return the text with every line that was encoded in UTF-8 twice as it was meant."""
    if text.isascii():
        return text
    return "".join(line if line.isascii() else _line_mended(line) for line in text.splitlines(keepends=True))


def _line_mended(line: str) -> str:
    best, least = line, None
    for encoding in MISREAD_AS:
        try:
            meant = _BEYOND.sub(lambda run, by=encoding: _bytes_of(run[0], by).decode("utf-8"), line)  # type: ignore[misc]
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
        if least is None:
            least = letters.cost(line)
        cost = letters.cost(meant)
        if cost < least:
            best, least = meant, cost
    return best.replace("\ufeff", "")


def _bytes_of(run: str, encoding: str) -> bytes:
    """Return the bytes that were read as this run. A byte without a sign in the encoding became a control sign."""
    return b"".join(bytes([ord(sign)]) if "\x80" <= sign <= "\x9f" else sign.encode(encoding) for sign in run)
