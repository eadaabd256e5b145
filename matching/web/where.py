"""Asking for a place by its name in any language, with choices where the name alone is not enough."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matching.web.questions import Line, QuestionForm
from places import queries
from places.models import Place, PlaceName
from places.names import key_of

CHOICES_SHOWN = 10


def candidates(text: str) -> tuple[list[Place], bool]:
    """Return the places that `text` may mean, the most populous first, and whether they are called exactly so."""
    key = key_of(text)
    if not key:
        return [], False
    named = Exists(PlaceName.objects.filter(place=OuterRef("pk"), key=key))
    if exact := list(Place.objects.filter(named).order_by("-population", "pk")[:CHOICES_SHOWN]):
        return exact, True
    return list(queries.search(text).order_by("-population", "pk")[:CHOICES_SHOWN]), False


class PlaceQuestion(QuestionForm):
    """A place typed by name. After `is_valid()`, `cleaned_data["place_id"]` is the Place.

    Where several places are called so, or none exactly, a second field offers the choices.
    """

    place = forms.CharField(
        label=gettext_lazy("City, town or border crossing"),
        help_text=gettext_lazy("In any language, for example: Almaty, Алматы, Уральск."),
        max_length=100,
    )
    place_id = forms.TypedChoiceField(
        label=gettext_lazy("Which of these do you mean?"), widget=forms.RadioSelect, required=False
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        found, exact = candidates(data.get("place", "")) if data else ([], False)
        self._found = {str(place.pk): place for place in found}
        self._found_at_once = found[0] if len(found) == 1 and exact else None
        choice = self.fields["place_id"]
        assert isinstance(choice, forms.TypedChoiceField)
        choice.choices = [(pk, str(place)) for pk, place in self._found.items()]
        choice.coerce = lambda pk: self._found[pk]
        if not found or self._found_at_once:
            del self.fields["place_id"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "place" in self.errors:
            return cleaned
        if self._found_at_once:
            cleaned["place_id"] = self._found_at_once
        elif not self._found:
            self.add_error(
                "place", _("We do not know this place. Check the spelling, or write the nearest larger town.")
            )
        elif "place_id" not in self.errors and not cleaned.get("place_id"):
            self.add_error("place_id", _("Choose the place you mean, or write another name above."))
        return cleaned

    def lines(self) -> list[Line]:
        return [(_("Place"), str(self.cleaned_data["place_id"]))]
