"""Fields of serializers that read a text as the sheets and the pages read it (`reading`). JSON's own values stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from rest_framework import serializers

from matching.refusal_words import of_unreadable
from reading import ages, answers, dates, numbers
from reading.languages import languages
from reading.signs import Unreadable

Meant = TypeVar("Meant")


def _read(read: Callable[[str], Meant], text: str) -> Meant:
    try:
        return read(text)
    except Unreadable as unreadable:
        raise serializers.ValidationError(of_unreadable(unreadable), code=unreadable.code) from None


class DayAsWritten(serializers.DateField):
    """A day: 2027-03-28, or as people write it."""

    def to_internal_value(self, value: Any) -> date:
        found: date = super().to_internal_value(_read(dates.day, value) if isinstance(value, str) else value)
        return found


class WholeNumberField(serializers.IntegerField):
    """A whole number, or a text with one in it."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str):
            try:
                return numbers.whole(data)
            except Unreadable:
                self.fail("invalid")
        found: int = super().to_internal_value(data)
        return found


class AgeField(WholeNumberField):
    """The age of one child in full years: a whole number, or a text such as "7 лет" or "6 months"."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str):
            return super().to_internal_value(data)
        try:
            (age,) = ages.ages(data)
        except ValueError:  # Unreadable is one, and so are no age or several.
            self.fail("invalid")
        return age


class NumberField(serializers.FloatField):
    """A number, or a text with a decimal point or comma."""

    def to_internal_value(self, data: Any) -> float:
        found: float = super().to_internal_value(_read(numbers.decimal, data) if isinstance(data, str) else data)
        return found


class YesNoField(serializers.BooleanField):
    """True or false, or yes or no in a language of the service."""

    def to_internal_value(self, data: Any) -> bool:
        found: bool = super().to_internal_value(_read(answers.yes_no, data) if isinstance(data, str) else data)
        return found


class LanguageField(serializers.RegexField):
    """One language: its code of two letters, or its name."""

    def to_internal_value(self, data: Any) -> str:
        text = super(serializers.RegexField, self).to_internal_value(data)
        found = _read(languages, text)
        if len(found) != 1:
            raise serializers.ValidationError(of_unreadable(Unreadable("language", word=text)), code="language")
        return next(iter(found))
