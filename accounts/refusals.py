"""The refusals of the service. Each door (pages, admin, API) turns a `Refused` into its own kind of answer.

A refusal holds a code, the name of one of its sentences, and numbers; never a sentence. The words are looked up when a door
asks for them, in the language that is active there. A row that keeps a refusal keeps its `value`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """An act is not possible now. `code` is for programs, `str()` for the person who tried, in the active language.

    `message` is the sentence of the refusal, and `sentences` are further ones by name. Raise `Refused("name", most=3)` for
    the sentence of that name with its numbers filled in. Raises KeyError for a name that the class does not have.
    """

    code = "refused"
    message: Any = _("This is not possible now.")
    sentences: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" in cls.__dict__:
            REFUSALS[cls.code] = cls

    def __init__(self, sentence: str = "", **numbers: Any) -> None:
        if sentence and sentence not in self.sentences:
            raise KeyError(sentence)
        super().__init__(sentence, numbers)
        self.sentence, self.numbers = sentence, numbers

    def __str__(self) -> str:
        words = self.sentences[self.sentence] if self.sentence else self.message
        return str(words % self.worded(self.numbers)) if self.numbers else str(words)

    @classmethod
    def worded(cls, numbers: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the numbers as the sentence shows them; a subclass words its codes here, in the active language."""
        return numbers

    @property
    def value(self) -> dict[str, Any]:
        """Return the refusal as JSON for a row, without words: its code, the name of its sentence, and its numbers."""
        return {"code": self.code, **({"sentence": self.sentence} if self.sentence else {}), **self.numbers}


REFUSALS: dict[str, type[Refused]] = {}
"""Every kind of refusal by its code. Kinds that share the code of their parent class are not listed."""


def words_of_value(value: Any) -> str:
    """Return the words for the `value` of a refusal that a row keeps, in the active language.

    `said` is the code of a sentence that was stored before there were codes: its text is shown as it is. A code or number
    of a later version, which was rolled back, and a damaged value are worded as "not possible now".
    """
    match value:
        case {"code": "said", "text": str(text)}:
            return text
        case {"code": str(code)} if code in REFUSALS:
            pass
        case _:
            return str(Refused.message)
    numbers = {name: number for name, number in value.items() if name not in ("code", "sentence")}
    try:
        words = str(REFUSALS[code](value.get("sentence", ""), **numbers))
    except (KeyError, TypeError, ValueError, OverflowError):
        return str(Refused.message)
    # A sentence whose numbers are lost would show the names of its numbers.
    return str(Refused.message) if "%(" in words else words


class WrongCode(Refused):
    """The one-time code is wrong, expired, used already, or was tried too often."""

    code = "wrong_code"
    message = _("This code is not valid. Check the digits, or ask for a new code.")


class SecondFactorNeeded(Refused):
    """A coordinator tried to sign in at a door that asks for one factor only."""

    code = "second_factor_needed"
    message = _("You are a coordinator: sign in to the admin with both factors, and make a token from that session.")


class TooManyTries(Refused):
    """Too many tries in the time window. The next try may come after `retry_after` seconds."""

    code = "too_many_tries"
    message = _("Too many tries. Wait a few minutes and try again.")

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after
