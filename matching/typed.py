"""Fields of forms that read what people type as the sheets read it (`reading`), with errors in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms

from matching.refusal_words import of_unreadable
from reading import dates, numbers
from reading.signs import Unreadable


class DayField(forms.DateField):
    """A day as a browser's date picker sends it, or as people write it: 27.09.2022, 27/9/22, 27.9.

    A day that can be two days is asked for. A day without a year is in this year, or in the next if it is over by more
    than half a year: in December, "3.1." is next January. `today` returns the present day.
    """

    def __init__(self, *, today: Callable[[], date], **options: Any) -> None:
        super().__init__(**options)
        self._today = today

    def to_python(self, value: Any) -> date | None:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return dates.day(value, today=self._today())
        except Unreadable as unreadable:
            if unreadable.code == "which_day":
                raise forms.ValidationError(of_unreadable(unreadable), code=unreadable.code) from None
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class NumberInWords(forms.IntegerField):
    """A whole number with a word for what is counted: " 2 ", "2 adults", "２", "7 дней". Two numbers are an error."""

    def to_python(self, value: Any) -> int | None:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return numbers.whole(value)
        except Unreadable:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class DecimalInWords(forms.FloatField):
    """A number with a decimal point or comma, in km or without a unit."""

    def to_python(self, value: Any) -> float | None:  # type: ignore[override]  # FloatField extends IntegerField
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return numbers.decimal(value)
        except Unreadable:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None
