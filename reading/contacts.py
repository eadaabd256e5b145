"""Phone numbers, e-mail addresses and Telegram names as people write them.

Each reader returns "" for a filler such as "none" or a row of zeros: whoever wrote it has no contact. Two people with one
filler must never become one person.
"""

from __future__ import annotations

import re

import phonenumbers

from reading.signs import Unreadable, plain

FILLERS = frozenset(
    each.strip()
    for each in """
    - / -- / --- / . / x / xx / xxx / ? / 0 / n/a / na / nil / null / nan / no / none / nobody / nothing / unknown / empty
    no phone / no email / no e-mail / no telegram / not known / test / qwerty / asdf
    нет / нету / не знаю / не указано / не указан / не указана / нет телефона / без телефона / нет почты / пусто / отсутствует
    отсутствуют / неизвестно / неизвестен / тест / нема / немає / ні / немає телефону
    жоқ / жок / телефон жоқ / არა / არ არის / არ აქვს
    """.replace("\n", " / ").split(" / ")
)
"""What people write into a cell that asks for a contact when there is none."""

_AROUND = re.compile(
    r"^[\s<(\[\"']*(?:(?:tel|phone|mailto|e-?mail|sms|whatsapp|viber|телефон|тел|почта)\s*[:.]+)?\s*|[\s>)\].,;:\"']+$",
    re.I,
)
_AROUND_A_PHONE = re.compile(
    r"^[\s<\[\"']*(?:(?:tel|phone|sms|whatsapp|viber|телефон|тел)\s*[:.]+)?\s*|[\s>\].,;:\"']+$", re.I
)
_WRITTEN_BY_A_PROGRAM = re.compile(r"(\d+)\.0+")
_DIALLED_PLUS = re.compile(r"00\s*(?=[1-9])")
_OF_A_PHONE = re.compile(r"[\s(]*\+?[\d\s().\-–—‑/]+")
_RUNS_UP = ("0123456789", "12345678901")

_MAILBOX = re.compile(r"[^<>@]*<\s*([^<>\s]+)\s*>")
_EMAIL = re.compile(
    r"(?P<local>[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@(?P<domain>[^\W_](?:[\w-]{0,61}[^\W_])?)(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*\.[^\W\d_][\w-]{0,61}[^\W_]",
    re.IGNORECASE,
)
_AROUND_A_JOINT = re.compile(r"\s*([@.])\s*")

LONGEST_EMAIL = 254
"""Signs: the longest address that SMTP carries (RFC 5321, section 4.5.3.1.3)."""

_TELEGRAM = re.compile(r"(?:https?://)?(?:www\.)?(?:t\.me/|telegram\.me/)?@?\s?([A-Za-z][A-Za-z0-9_]{3,31})/?")


def is_filler(text: str) -> bool:
    """Return whether `text` only says that there is no contact."""
    word = plain(text).casefold().strip(" .,;!()-–—_")
    return not word or word in FILLERS


def phone(text: str) -> str:
    """Return the number in E.164 (ITU-T), "" for a filler.

    A number needs its country: + or 00 in front, or a 7 or 8 before ten digits, which is how Kazakhstan and Russia
    write theirs, or so many digits that only an international number has them. libphonenumber must know it as a valid
    number of its country. Raises Unreadable: "phone_country" for a number whose country nobody can tell, else "phone".
    """
    written = _AROUND_A_PHONE.sub("", plain(text))
    if is_filler(written):
        return ""
    if whole := _WRITTEN_BY_A_PROGRAM.fullmatch(written):
        written = whole[1]
    if not _OF_A_PHONE.fullmatch(written):
        raise Unreadable("phone")
    digits = "".join(filter(str.isdigit, written))
    if _is_made_up(digits):
        return ""
    international = _with_country(digits, has_plus="+" in written)
    try:
        number = phonenumbers.parse(international, None)
    except phonenumbers.NumberParseException:
        raise Unreadable("phone") from None
    if not phonenumbers.is_valid_number(number):
        raise Unreadable("phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _with_country(digits: str, *, has_plus: bool) -> str:
    """Return the digits with + and their country in front. Raises Unreadable if the country is unknown."""
    if has_plus:
        return "+" + digits
    if digits.startswith("00"):
        return "+" + digits[2:]
    if (
        digits.startswith("810") and len(digits) > 12
    ):  # What is dialled before a number abroad in Kazakhstan and Russia.
        return "+" + digits[3:]
    if len(digits) == 11 and digits[0] in "78":
        return "+7" + digits[1:]
    if len(digits) >= 12 and digits[0] != "0":
        return "+" + digits
    raise Unreadable("phone_country" if len(digits) >= 7 else "phone")


def _is_made_up(digits: str) -> bool:
    """Return whether these are zeros, one digit all along, or the row of digits: nobody's number."""
    behind = digits.removeprefix("00")
    national = behind[1:] if len(behind) == 11 and behind[0] in "78" else behind
    return len(set(national)) <= 1 or (len(national) >= 6 and any(run.startswith(national) for run in _RUNS_UP))


def email(text: str) -> str:
    """Return the address in lower case, "" for a filler. "mailto:" and a name before <address> are left out.

    Raises Unreadable("email").
    """
    written = _AROUND.sub("", plain(text))
    if is_filler(written):
        return ""
    if mailbox := _MAILBOX.fullmatch(plain(text)):
        written = _AROUND.sub("", mailbox[1])
    match = _EMAIL.fullmatch(_AROUND_A_JOINT.sub(r"\1", written))
    if match is None or len(match[0]) > LONGEST_EMAIL:
        raise Unreadable("email")
    local, domain = match["local"].casefold(), match["domain"].casefold()
    if local == domain and (
        local in FILLERS or len(set(local)) == 1 or local in {"net", "net1", "email", "mail", "a", "abc"}
    ):
        return ""
    return match[0].lower()


def telegram(text: str) -> str:
    """Return the name as "@name", "" for a filler. Reads @name, name and t.me/name. Raises Unreadable("telegram")."""
    written = _AROUND.sub("", plain(text))
    if is_filler(written.removeprefix("@")):
        return ""
    match = _TELEGRAM.fullmatch(written)
    if match is None:
        raise Unreadable("telegram")
    return "@" + match[1]


def former_forms(channel: str, address: str) -> list[str]:
    """Return the forms in which an earlier reader may have stored what now reads as `address`.

    It took a national number for one of Kazakhstan, and left invisible signs around an e-mail address. A form that is a
    valid number of its own is left out: somebody else may have it.
    """
    if channel == "email":
        return [form for sign in _LEFT_AROUND for form in (sign + address, address + sign)]
    if channel != "sms" or not address.startswith("+"):
        return []
    try:
        number = phonenumbers.parse(address, None)
    except phonenumbers.NumberParseException:
        return []
    national = phonenumbers.national_significant_number(number)
    forms = ["+7" + zero + national for zero in ("", "0") if len(zero + national) == 10 and number.country_code != 7]
    return [form for form in forms if not phonenumbers.is_valid_number(phonenumbers.parse(form, None))]


_LEFT_AROUND = ("\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff", "\u00ad")
