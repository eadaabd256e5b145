"""Forms that read numbers and dates as people write them. Their errors name the field and say what to do."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Wording: TypeAlias = "str | _StrPromise"
"""Words as text, or as a lazy translation."""


class PlainForm(forms.Form):
    """A form whose errors for missing fields name the field. A field's own message for "required" stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name_what_is_missing()

    def name_what_is_missing(self) -> None:
        """Put the field's name into each of Django's "required" messages. A form that adds fields calls this again."""
        for field in self.fields.values():
            if field.error_messages["required"] == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = _missing(field) % {"field": field.label}


def _missing(field: forms.Field) -> str:
    if isinstance(field, forms.MultipleChoiceField):
        return _("%(field)s: choose at least one.")
    return _("%(field)s: choose one.") if isinstance(field, forms.ChoiceField) else _("%(field)s: fill this in.")


_ONE_NUMBER = re.compile(r"[^\d-]*(\d+)(?:[.,]0+)?\D*")
_DAY_FIRST = re.compile(r"(\d{1,2})[./ -]+(\d{1,2})(?:[./ -]+(\d{2}|\d{4}))?[. ]*(?:г\.?|ж\.?|წ\.?)?")
HALF_A_YEAR = timedelta(days=183)


class NumberInWords(forms.IntegerField):
    """A whole number with words or spaces around it: " 2 ", "2 adults", "２". Two numbers are an error."""

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str) and (found := _ONE_NUMBER.fullmatch(unicodedata.normalize("NFKC", value).strip())):
            value = found[1]
        return super().to_python(value)


class DayField(forms.DateField):
    """A day as a browser's date picker sends it, or as people write it: 27.09.2022, 27/9/22, 27.9.

    A day without a year is in this year, or in the next if it is over by more than half a year: in December, "3.1." is
    next January.
    """

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and (found := _DAY_FIRST.fullmatch(unicodedata.normalize("NFKC", value).strip())):
            return self._day(int(found[1]), int(found[2]), found[3])
        return super().to_python(value)

    def _day(self, day: int, month: int, year: str | None) -> date:
        try:
            if year is not None:
                return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
            today = timezone.localdate()
            this_year = date(today.year, month, day)
            return date(today.year + 1, month, day) if today - this_year > HALF_A_YEAR else this_year
        except ValueError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


def day(label: Wording, *, required: bool = True) -> DayField:
    """Return a field for a day, with the browser's date picker where there is one."""
    return DayField(
        label=label,
        required=required,
        error_messages={"invalid": format_lazy(gettext_lazy("{field}: write a date like 27.09.2022."), field=label)},
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "short"}),
    )


def whole_number(label: Wording, least: int, most: int, **options: Any) -> forms.IntegerField:
    """Return a field for a whole number from `least` to `most`. Each of its errors names both bounds.

    The field is a text field with the keyboard for digits, because a browser's number field silently drops text that
    it cannot read.
    """
    words = format_lazy(
        gettext_lazy("{field}: write a number from {least} to {most}."), field=label, least=least, most=most
    )
    return NumberInWords(
        label=label,
        validators=[MinValueValidator(least, words), MaxValueValidator(most, words)],
        error_messages={"required": words, "invalid": words},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "short"}),
        **options,
    )
