"""Asking for a place by its name in any language, from a short list, or by the device's own location.

A name that is not enough leads on: to the places that it may mean, or to what is near.
"""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matching.queries import places_with_most_room
from matching.web.questions import AnswerLine, QuestionForm
from places.asking import Asked, around, asked
from places.models import LONGEST_PLACE_NAME, Place
from places.queries import labels

LISTED = 6

LOST = "lost"
"""The choice of somebody who does not know where they are."""

_POINT = re.compile(r"\s*(-?\d{1,3}(?:\.\d{1,9})?)[ ,]+(-?\d{1,3}(?:\.\d{1,9})?)\s*")

POINT_DIGITS = 2
"""Digits behind the point of a device's location that are kept: a hundredth of a degree is a kilometre, no more is needed."""


class PlaceQuestion(QuestionForm):
    """A place typed by name, chosen from a short list, or where the device is. After `is_valid()`, `cleaned_data` has:

    `place_id`, the Place; `latitude` and `longitude`, in degrees; and `place_note`, what was written where that says more.
    A typed name counts more than the device's location, and that more than a choice from the short list.
    """

    one_place = False
    """Whether a text that names two places must be told apart."""

    place = forms.CharField(
        label=gettext_lazy("City, town or border crossing"),
        help_text=gettext_lazy(
            "In any language, for example: Almaty, Алматы, Уральск. If there are several, add the region: Aksu, Pavlodar Region."
        ),
        required=False,
        max_length=LONGEST_PLACE_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    place_id = forms.ChoiceField(label=gettext_lazy("Or choose one of these"), widget=forms.RadioSelect, required=False)
    asked = forms.CharField(required=False, max_length=LONGEST_PLACE_NAME, widget=forms.HiddenInput)
    here = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        said = data if data is not None else {}
        self._typed, chosen = said.get("place", "").strip(), said.get("place_id", "")
        self._point = None if self._typed else _point(said.get("here", ""))
        for_this = said.get("asked", "").strip() == self._typed
        if self._point:
            self._asked = around(*self._point)
        elif self._typed or chosen == LOST:
            typed = self._typed or "I do not know"
            self._asked = asked(typed, near=lambda: places_with_most_room(LISTED), one_only=self.one_place)
        else:
            self._asked = Asked(tuple(_short_list(chosen)))
        short = not (self._point or self._typed or chosen == LOST)
        self._meant = self._asked.meant or self._asked.chosen(chosen, for_this=for_this or short)
        choice = self.fields["place_id"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [
            (str(place.pk), words)
            for place, words in zip(self._asked.choices, labels(self._asked.choices), strict=True)
        ]
        if short and not self.one_place:
            choice.choices = [*choice.choices, (LOST, _("I do not know where I am"))]
        choice.label = self._question(short=short)
        if self._asked.meant or not choice.choices:
            del self.fields["place_id"]
        if data is not None:
            self.data = shown = data.copy()
            shown["asked"] = self._typed
            if self._meant is None or self._asked.meant:
                shown.pop("place_id", None)

    def _question(self, *, short: bool) -> str:
        if short:
            return _("Or choose one of these")
        if self._asked.near or self._point:
            return _("Which of these do you mean? If it is none of them, choose what is nearest.")
        return _("Which of these do you mean?")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "place" in self.errors:
            return cleaned
        if self._meant is None:
            self._ask()
            return cleaned
        cleaned["place_id"] = self._meant
        cleaned["latitude"], cleaned["longitude"] = self._point or (self._meant.latitude, self._meant.longitude)
        cleaned["place_note"] = self._typed if self._typed and not self._point and self._asked.left else ""
        return cleaned

    def _ask(self) -> None:
        if self._point:
            words = _("There is no place that we know near you. Choose the one to which you can go.")
        elif self._asked.lost:
            words = _("Choose what is nearest to you: a large town, or the border crossing that you came through.")
        elif not self._typed:
            self.add_error("place", _("Write the name of a place, or choose one from the list."))
            return
        elif self._asked.near and self.one_place:
            words = _("We do not know this place. Choose the nearest one below, or correct the name.")
        elif self._asked.near:
            words = _(
                "We do not know this place. Choose one below, or correct the name. A coordinator will read what you wrote."
            )
        else:
            words = _("Choose the place you mean, or write another name above.")
        self.add_error("place_id" if "place_id" in self.fields else "place", words)

    def lines(self) -> list[AnswerLine]:
        place, note = self.cleaned_data["place_id"], self.cleaned_data["place_note"]
        lines: list[AnswerLine] = [(_("Place"), labels([place])[0])]
        if note:
            lines.append((_("As you wrote it"), note))
        if self._point:
            lines.append((_("Where this device was"), "{:.2f}, {:.2f}".format(*self._point)))
        return lines


def _short_list(chosen: str) -> list[Place]:
    """Return the places offered without typing, and the chosen place, which may have left that list since."""
    listed = places_with_most_room(LISTED)
    if chosen.isdecimal() and chosen not in {str(place.pk) for place in listed}:
        listed += Place.objects.filter(pk=int(chosen[:18]))
    return listed


def _point(text: str) -> tuple[float, float] | None:
    """Return latitude and longitude of a device's location, rounded, or None if the text is no point on Earth."""
    match = _POINT.fullmatch(text)
    if match is None:
        return None
    latitude, longitude = round(float(match[1]), POINT_DIGITS), round(float(match[2]), POINT_DIGITS)
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None
