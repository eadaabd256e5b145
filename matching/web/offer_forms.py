"""The questions to a host, ten at most, and the space that their answers make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.contacts import UnreadableContact, read_contact
from matching.intake import SpaceDetails
from matching.limits import (
    LONGEST_ADDRESS,
    LONGEST_CONTACT,
    LONGEST_DIRECTIONS,
    LONGEST_NAME,
    LONGEST_STAY,
    MOST_BEDS,
    MOST_PEOPLE,
)
from matching.refusal_words import words_of
from matching.sheets.cells import join_touching
from matching.sheets.fields import Window
from matching.web import languages
from matching.web.plain_forms import day, whole_number
from matching.web.questions import AnswerLine, Answers, Flow, Question, QuestionForm
from matching.web.where import PlaceQuestion


class SpaceWhereForm(PlaceQuestion):
    one_place = True
    title = gettext_lazy("Where is the space?")
    why = gettext_lazy("Arrivals look for a place to sleep around a town or a border crossing.")


class AddressForm(QuestionForm):
    title = gettext_lazy("What is the exact address?")
    why = gettext_lazy("It is kept encrypted. A household sees it only when you and they have both said yes.")
    address = forms.CharField(
        label=gettext_lazy("Street, house, flat"),
        max_length=LONGEST_ADDRESS,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "street-address"}),
    )
    directions = forms.CharField(
        label=gettext_lazy("How to find the door (not required)"),
        help_text=gettext_lazy("The bus stop, the entrance, the floor, the bell: whatever helps somebody in the dark."),
        required=False,
        max_length=LONGEST_DIRECTIONS,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )

    def lines(self) -> list[AnswerLine]:
        return [
            (_("Address"), self.cleaned_data["address"]),
            (_("How to find the door"), self.cleaned_data["directions"] or _("not said")),
        ]


class BedsForm(QuestionForm):
    title = gettext_lazy("How many people can sleep there?")
    why = gettext_lazy("Sofas and mattresses count, if you would offer them to a friend.")
    beds = whole_number(gettext_lazy("Number of people"), 1, MOST_BEDS)
    others = whole_number(
        gettext_lazy("How many other people live there? (not required)"),
        0,
        MOST_PEOPLE,
        help_text=gettext_lazy(
            "Count yourself too if you live there. Coordinators ask for it when they check the space."
        ),
        required=False,
    )

    def lines(self) -> list[AnswerLine]:
        others = self.cleaned_data["others"]
        return [
            (_("People who can sleep there"), str(self.cleaned_data["beds"])),
            (_("Other people who live there"), _("not said") if others is None else str(others)),
        ]


class SharedForm(QuestionForm):
    title = gettext_lazy("May several households stay at the same time?")
    why = gettext_lazy("People who travel together are one household.")
    shared = forms.ChoiceField(
        label=gettext_lazy("At the same time"),
        choices=[
            ("no", gettext_lazy("One household only")),
            ("yes", gettext_lazy("Several households, while beds are free")),
        ],
        widget=forms.RadioSelect,
    )

    def lines(self) -> list[AnswerLine]:
        return [(_("Households at the same time"), self.chosen("shared"))]


class NightsForm(QuestionForm):
    title = gettext_lazy("On which nights is it free?")
    why = gettext_lazy("Name up to three runs of nights. You can pause it at any time.")
    fold = gettext_lazy("It is free on other nights as well")

    def __init__(self, data: Any = None, *, answers: Answers, today: date, runs: int = 3) -> None:
        super().__init__(data, answers=answers, today=today)
        self.runs = range(1, runs + 1)
        for run in self.runs:
            for name, label in (
                (f"first_{run}", _("First night")),
                (f"last_{run}", _("Last day (they leave in the morning)")),
            ):
                self.fields[name] = day(
                    label
                    if run == 1
                    else _("%(label)s, run %(number)s (not required)") % {"label": label, "number": run},
                    required=run == 1,
                )

        self.name_what_is_missing()

    @property
    def folded(self) -> list[str]:
        """Return the fields of the later runs in which nothing stands yet: most hosts have one run."""
        names = [(f"first_{run}", f"last_{run}") for run in self.runs if run > 1]
        return [
            name for pair in names if not any(self[each].value() or self[each].errors for each in pair) for name in pair
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        windows: list[Window] = []
        for run in self.runs:
            first, last = cleaned.get(f"first_{run}"), cleaned.get(f"last_{run}")
            if f"first_{run}" in self.errors or f"last_{run}" in self.errors or (first is None and last is None):
                continue
            if first is None or last is None:
                self.add_error(
                    f"first_{run}" if first is None else f"last_{run}", _("Give both dates, or leave both empty.")
                )
            elif last <= first:
                self.add_error(f"last_{run}", _("The last day comes after the first night."))
            elif last <= self.today:
                self.add_error(f"last_{run}", _("These nights have passed. Give later ones."))
            elif any(first < until and since < last for since, until in windows):
                self.add_error(f"first_{run}", _("These nights overlap with those above. Join them into one run."))
            else:
                windows.append((first, last))
        cleaned["windows"] = join_touching(windows)
        return cleaned

    def lines(self) -> list[AnswerLine]:
        return [
            (_("Free"), f"{formats.date_format(first, 'j E Y')} – {formats.date_format(last, 'j E Y')}")
            for first, last in self.cleaned_data["windows"]
        ]


class LongestForm(QuestionForm):
    title = gettext_lazy("What is the longest one household may stay?")
    why = gettext_lazy("They are told before they come.")
    max_nights = whole_number(
        gettext_lazy("Nights"),
        1,
        LONGEST_STAY,
        help_text=gettext_lazy("Leave it empty for no limit."),
        required=False,
    )

    def lines(self) -> list[AnswerLine]:
        return [(_("Longest stay, in nights"), str(self.cleaned_data["max_nights"] or _("no limit")))]


class WhoForm(QuestionForm):
    title = gettext_lazy("Who may stay?")
    why = gettext_lazy("We ask you only about households that fit.")
    who = forms.ChoiceField(
        label=gettext_lazy("Who"),
        choices=[
            ("anyone", gettext_lazy("Anyone")),
            ("women", gettext_lazy("Only women, or women with children")),
            ("families", gettext_lazy("Only families with children")),
        ],
        widget=forms.RadioSelect,
    )

    def lines(self) -> list[AnswerLine]:
        return [(_("Who may stay"), self.chosen("who"))]


HOUSE = [
    ("children", gettext_lazy("Children are welcome")),
    ("pets", gettext_lazy("Pets are welcome")),
    ("smoking", gettext_lazy("Smoking is allowed")),
    ("step_free", gettext_lazy("There are no steps (wheelchair, crutches, pram)")),
]
"""The yes-or-no fields that one question asks for together, in words."""


class HouseForm(QuestionForm):
    title = gettext_lazy("What is true of your space?")
    why = gettext_lazy("Leave a box empty if it is not true.")
    house = forms.MultipleChoiceField(
        label=gettext_lazy("Choose all that are true"),
        choices=HOUSE,
        initial=["children"],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def lines(self) -> list[AnswerLine]:
        return [(_("True of the space"), self.chosen("house") or _("none of these"))]


class HostLanguagesForm(QuestionForm):
    title = gettext_lazy("Which languages do you speak?")
    why = gettext_lazy("So that you and the household can talk.")
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"),
        choices=languages.CHOICES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one language.")},
    )

    def lines(self) -> list[AnswerLine]:
        return [(_("Languages"), languages.languages_in_words(self.cleaned_data["languages"]))]


class YouForm(QuestionForm):
    title = gettext_lazy("Who are you, and how do we reach you?")
    why = gettext_lazy(
        "A coordinator talks to you before anyone is sent to you. You sign in with a code that we send there."
    )
    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=LONGEST_NAME, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    contact = forms.CharField(
        label=gettext_lazy("Phone or e-mail"),
        help_text=gettext_lazy("For example: +7 700 123 45 67 or name@example.org"),
        max_length=LONGEST_CONTACT,
    )

    def clean_contact(self) -> tuple[str, str]:
        try:
            return read_contact(self.cleaned_data["contact"])
        except UnreadableContact as refusal:
            raise forms.ValidationError(words_of(refusal)) from None

    def lines(self) -> list[AnswerLine]:
        return [(_("Name"), self.cleaned_data["name"]), (_("Phone or e-mail"), self.cleaned_data["contact"][1])]


SPACE_QUESTIONS = [
    Question("where", SpaceWhereForm),
    Question("address", AddressForm),
    Question("beds", BedsForm),
    Question("shared", SharedForm),
    Question("nights", NightsForm),
    Question("longest", LongestForm),
    Question("who", WhoForm),
    Question("house", HouseForm),
    Question("languages", HostLanguagesForm),
]
OFFER_QUESTIONS = Flow("offer", [*SPACE_QUESTIONS, Question("you", YouForm)])
ANOTHER = Flow("offer", SPACE_QUESTIONS)
"""The flow for a signed-in host, whose name and contact are known."""


MEANING: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "where": lambda said: {
        "latitude": said["latitude"],
        "longitude": said["longitude"],
        "place": said["place_id"],
    },
    "address": lambda said: {"address": said["address"], "directions": said["directions"]},
    "beds": lambda said: {"beds": said["beds"], "others": said["others"]},
    "shared": lambda said: {"shared": said["shared"] == "yes"},
    "nights": lambda said: {"windows": said["windows"]},
    "longest": lambda said: {"max_nights": said["max_nights"]},
    "who": lambda said: {"who": said["who"]},
    "house": lambda said: {rule: rule in said["house"] for rule, _words in HOUSE},
    "languages": lambda said: {"languages": tuple(said["languages"])},
}
"""The fields of SpaceDetails that the answer to each question gives."""


def space_details(answers: Answers) -> SpaceDetails:
    """Return the space that a complete set of answers offers."""
    return SpaceDetails(
        **{name: value for question in MEANING for name, value in MEANING[question](answers[question]).items()}
    )
