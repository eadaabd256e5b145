"""Forms whose errors name the field and say what to do, and not only that something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Words: TypeAlias = "str | _StrPromise"
"""Words ready to be shown, or to be translated when they are."""


class PlainForm(forms.Form):
    """A form whose fields name themselves when they are missing; a field's own words win."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name_what_is_missing()

    def name_what_is_missing(self) -> None:
        """Put the field's name into each plain "required"; a form that adds fields calls it again."""
        for field in self.fields.values():
            if field.error_messages["required"] == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = _missing(field) % {"field": field.label}


def _missing(field: forms.Field) -> str:
    if isinstance(field, forms.MultipleChoiceField):
        return _("%(field)s: choose at least one.")
    return _("%(field)s: choose one.") if isinstance(field, forms.ChoiceField) else _("%(field)s: fill this in.")


def whole_number(label: Words, least: int, most: int, **options: Any) -> forms.IntegerField:
    """Return a field for a whole number whose every error says from where to where it goes."""
    words = format_lazy(
        gettext_lazy("{field}: write a number from {least} to {most}."), field=label, least=least, most=most
    )
    return forms.IntegerField(
        label=label,
        validators=[MinValueValidator(least, words), MaxValueValidator(most, words)],
        error_messages={"required": words, "invalid": words},
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": least, "max": most}),
        **options,
    )
