"""Forms whose errors name the field and say what to do; numbers and dates are read by the fields of `matching.typed`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matching.typed import DayField, NumberInWords

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


def day(label: Wording, *, required: bool = True) -> DayField:
    """Return a field for a day, with the browser's date picker where there is one."""
    return DayField(
        today=timezone.localdate,
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
