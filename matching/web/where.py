"""Asking for a place by its name in any language or from a short list, with choices where the name is not enough."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matching.queries import places_with_most_room
from matching.web.questions import AnswerLine, QuestionForm
from places.models import LONGEST_PLACE_NAME, Place
from places.queries import candidates

LISTED = 6


class PlaceQuestion(QuestionForm):
    """A place typed by name, or chosen from a short list. After `is_valid()`, `cleaned_data["place_id"]` is the Place.

    A typed name counts more than a choice from the short list. If several places have that name, or no place has
    exactly that name, the list offers those that the name may mean.
    """

    place = forms.CharField(
        label=gettext_lazy("City, town or border crossing"),
        help_text=gettext_lazy("In any language, for example: Almaty, Алматы, Уральск."),
        required=False,
        max_length=LONGEST_PLACE_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    place_id = forms.TypedChoiceField(
        label=gettext_lazy("Or choose one of these"), widget=forms.RadioSelect, required=False, empty_value=None
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        typed = data.get("place", "").strip() if data else ""
        found, exact = candidates(typed) if typed else (_short_list(data), False)
        self._found = {str(place.pk): place for place in found}
        self._found_at_once = found[0] if len(found) == 1 and exact else None
        choice = self.fields["place_id"]
        assert isinstance(choice, forms.TypedChoiceField)
        choice.choices = [(pk, str(place)) for pk, place in self._found.items()]
        choice.coerce = lambda pk: self._found[pk]
        if typed:
            choice.label = _("Which of these do you mean?")
            if data.get("place_id") not in self._found:  # The choice was made in the earlier list.
                without = data.copy()
                without.pop("place_id", None)
                self.data = without
        if not found or self._found_at_once:
            del self.fields["place_id"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "place" in self.errors or "place_id" in self.errors or cleaned.get("place_id"):
            return cleaned
        if self._found_at_once:
            cleaned["place_id"] = self._found_at_once
        elif not cleaned.get("place"):
            self.add_error("place", _("Write the name of a place, or choose one from the list."))
        elif not self._found:
            self.add_error(
                "place", _("We do not know this place. Check the spelling, or write the nearest larger town.")
            )
        else:
            self.add_error("place_id", _("Choose the place you mean, or write another name above."))
        return cleaned

    def lines(self) -> list[AnswerLine]:
        return [(_("Place"), str(self.cleaned_data["place_id"]))]


def _short_list(data: Any) -> list[Place]:
    """Return the places offered without typing, and the chosen place, which may have left that list since."""
    listed = places_with_most_room(LISTED)
    chosen = data.get("place_id", "") if data else ""
    if chosen.isdecimal() and chosen not in {str(place.pk) for place in listed}:
        listed += Place.objects.filter(pk=int(chosen[:18]))
    return listed
