"""The questions to an arrival, eight at most, and the request that their answers make."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.contacts import UnreadableContact, read_contact_if_any
from matching.intake import RequestDetails, urgency_of
from matching.limits import LONGEST_CONTACT, LONGEST_NAME, LONGEST_NOTE, LONGEST_STAY, MOST_PEOPLE
from matching.refusal_words import words_of
from matching.sheets.fields import REQUEST_NAMES
from matching.web import languages
from matching.web.plain_forms import day, whole_number
from matching.web.questions import AnswerLine, Answers, Flow, Question, QuestionForm
from matching.web.where import PlaceQuestion
from places.hearing import noted
from reading.ages import ages as read_ages
from reading.signs import Unreadable

NIGHTS_IF_UNKNOWN = 7
"""Nights of a request whose arrival cannot say how many. The request accepts any part of them, so it misses no offer."""


def yes_or_no(value: bool) -> str:
    return _("yes") if value else _("no")


class PeopleForm(QuestionForm):
    title = gettext_lazy("Who needs a place to sleep?")
    why = gettext_lazy("Count yourself too. We look for enough beds for all of you.")
    adults = whole_number(gettext_lazy("Adults"), 0, MOST_PEOPLE)
    children = whole_number(gettext_lazy("Children under 18"), 0, MOST_PEOPLE, initial=0)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "adults" in cleaned and "children" in cleaned:
            people = cleaned["adults"] + cleaned["children"]
            if not 1 <= people <= 100:
                words = _("Say how many people need a place to sleep: from 1 to %(most)d in all.")
                self.add_error("adults", words % {"most": MOST_PEOPLE})
            cleaned["people"] = people
        return cleaned

    def lines(self) -> list[AnswerLine]:
        return [
            (_("Adults"), str(self.cleaned_data["adults"])),
            (_("Children under 18"), str(self.cleaned_data["children"])),
        ]


class ChildrenForm(QuestionForm):
    title = gettext_lazy("How old are the children?")
    why = gettext_lazy("So that the beds fit. Leave it empty if you would rather not say.")
    ages = forms.CharField(
        label=gettext_lazy("Ages in years, with a comma or space between them"),
        help_text=gettext_lazy("For example: 3, 11. For a baby write 0."),
        required=False,
        max_length=200,
    )

    def clean_ages(self) -> list[int]:
        try:
            ages = list(read_ages(self.cleaned_data["ages"]))
        except Unreadable:
            words = _("Write each age as a number from 0 to 17, for example: 3, 11.")
            raise forms.ValidationError(words) from None
        children = self.answers["people"]["children"] if "people" in self.answers else 0
        if len(ages) > children:
            raise forms.ValidationError(
                ngettext(
                    "You named more ages than children: there is %(count)s child.",
                    "You named more ages than children: there are %(count)s children.",
                    children,
                )
                % {"count": children}
            )
        return ages

    def lines(self) -> list[AnswerLine]:
        return [(_("Ages of the children"), ", ".join(map(str, self.cleaned_data["ages"])) or _("not said"))]


NEEDS = [
    ("step_free", gettext_lazy("A place without steps (wheelchair, crutches, pram)")),
    ("pets", gettext_lazy("Room for our pet")),
]
"""The yes-or-no fields that one question asks for together, in words."""


class NeedsForm(QuestionForm):
    title = gettext_lazy("Is there something the place must have?")
    why = gettext_lazy("We offer you only places that fit. Fewer needs mean more places.")
    household = forms.ChoiceField(
        label=gettext_lazy("Who you are"),
        choices=[
            ("mixed", gettext_lazy("Men, or men and women")),
            ("women", gettext_lazy("Only women, or women with children")),
            ("women_only", gettext_lazy("Only women, or women with children, and we need a women-only place")),
            ("unsaid", gettext_lazy("I do not know, or would rather not say")),
        ],
        widget=forms.RadioSelect,
    )
    needs = forms.MultipleChoiceField(
        label=gettext_lazy("What you need"),
        choices=NEEDS,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    smoking = forms.ChoiceField(
        label=gettext_lazy("Smoking"),
        choices=[
            ("", gettext_lazy("It does not matter")),
            ("no", gettext_lazy("We need a place where nobody smokes")),
            ("yes", gettext_lazy("We need a place where we may smoke")),
        ],
        widget=forms.RadioSelect,
        required=False,
    )

    def lines(self) -> list[AnswerLine]:
        return [
            (_("Who you are"), self.chosen("household")),
            (_("What you need"), self.chosen("needs") or _("nothing special")),
            (_("Smoking"), self.chosen("smoking")),
        ]


class WhereForm(PlaceQuestion):
    title = gettext_lazy("Where do you need it?")
    why = gettext_lazy("We look around this place.")
    radius_km = forms.TypedChoiceField(
        label=gettext_lazy("How far from there may it be?"),
        choices=[
            ("5", gettext_lazy("Up to 5 km")),
            ("20", gettext_lazy("Up to 20 km")),
            ("50", gettext_lazy("Up to 50 km")),
            ("150", gettext_lazy("Up to 150 km")),
            (
                "50.0",
                gettext_lazy("I do not know"),
            ),  # The usual 50 km, under its own code: choices need different codes.
        ],
        coerce=float,
        initial="50",
        widget=forms.RadioSelect,
    )

    def lines(self) -> list[AnswerLine]:
        return [
            *super().lines(),
            (_("How far from there"), _("up to %(km)s km") % {"km": f"{self.cleaned_data['radius_km']:g}"}),
        ]


def _night_chosen(data: Mapping[str, Any], today: date) -> date | None:
    """Return the night that "tonight" or "tomorrow" was on the day on which the page showed it, or None."""
    if data.get("start") not in ("tonight", "tomorrow"):
        return None
    try:
        shown_on = min(date.fromisoformat(data.get("asked_on", "")), today)
    except ValueError:
        shown_on = today
    return shown_on + timedelta(days=data["start"] == "tomorrow")


class WhenForm(QuestionForm):
    title = gettext_lazy("When do you need it, and for how long?")
    why = gettext_lazy("People with nowhere to sleep tonight come first.")
    start = forms.ChoiceField(
        label=gettext_lazy("First night"),
        choices=[
            ("tonight", gettext_lazy("Tonight")),
            ("tomorrow", gettext_lazy("Tomorrow night")),
            ("date", gettext_lazy("On another date, which I give below")),
        ],
        initial="tonight",
        widget=forms.RadioSelect,
    )
    date = day(gettext_lazy("The other date"), required=False)
    asked_on = forms.DateField(required=False, widget=forms.HiddenInput)
    nights = whole_number(gettext_lazy("How many nights"), 1, LONGEST_STAY, required=False)
    nights_unknown = forms.BooleanField(label=gettext_lazy("I do not know for how long yet"), required=False)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["asked_on"].initial = self.today
        self._chosen = _night_chosen(data, self.today) if data is not None else None
        if data is None:
            return
        # What is shown again means the days of today: "tomorrow" of yesterday is "tonight".
        self.data = shown = data.copy()
        shown["asked_on"] = self.today.isoformat()
        if self._chosen == self.today:
            shown["start"] = "tonight"

    def kept(self) -> dict[str, list[str]]:
        return super().kept() | {"asked_on": [self.today.isoformat()]}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start = cleaned.get("start")
        if start == "date" and "date" not in self.errors:
            if cleaned.get("date") is None:
                self.add_error("date", _("Give the date of the first night."))
            elif cleaned["date"] < self.today:
                self.add_error("date", _("This date has passed. Give today or a later day."))
            else:
                cleaned["first_night"] = cleaned["date"]
        elif start in ("tonight", "tomorrow"):
            self.errors.pop("date", None)
            if self._chosen is not None and self._chosen < self.today:
                words = _("You chose the night of %(day)s, and that day is over. Choose the first night again.")
                self.add_error("start", words % {"day": formats.date_format(self._chosen, "j E")})
            else:
                cleaned["first_night"] = self._chosen
        if cleaned.get("nights") is not None:
            cleaned["nights_unknown"] = False
        elif cleaned.get("nights_unknown"):
            cleaned["nights"] = NIGHTS_IF_UNKNOWN
        elif "nights" not in self.errors:
            self.add_error("nights", self.fields["nights"].error_messages["required"])
        return cleaned

    def lines(self) -> list[AnswerLine]:
        return [
            (_("First night"), formats.date_format(self.cleaned_data["first_night"], "j E Y")),
            (_("Nights"), self._nights_in_words()),
        ]

    def _nights_in_words(self) -> str:
        nights: int = self.cleaned_data["nights"]
        if not self.cleaned_data["nights_unknown"]:
            return str(nights)
        return ngettext(
            "not known yet; we look for %(nights)s night, and you can change that later",
            "not known yet; we look for %(nights)s nights, and you can change that later",
            nights,
        ) % {"nights": nights}


class StayForm(QuestionForm):
    title = gettext_lazy("Would a shorter or divided stay help too?")
    why = gettext_lazy("The more you can accept, the sooner we find something.")
    min_nights = whole_number(
        gettext_lazy("The shortest stay that helps, in nights"),
        1,
        LONGEST_STAY,
        help_text=gettext_lazy(
            "Write 1 if even one night helps, or if you do not know. Leave it empty if it must be the whole stay."
        ),
        required=False,
    )
    may_move = forms.BooleanField(label=gettext_lazy("We can move once from one place to another"), required=False)
    may_split = forms.BooleanField(label=gettext_lazy("We can sleep in two places near each other"), required=False)

    def clean_min_nights(self) -> int | None:
        shortest: int | None = self.cleaned_data["min_nights"]
        nights = self.answers["when"]["nights"] if "when" in self.answers else LONGEST_STAY
        if shortest is not None and shortest > nights:
            raise forms.ValidationError(_("The shortest stay that helps cannot be longer than the whole stay."))
        return shortest

    def lines(self) -> list[AnswerLine]:
        return [
            (_("Shortest stay that helps, in nights"), str(self.cleaned_data["min_nights"] or _("the whole stay"))),
            (_("Can move once"), yes_or_no(self.cleaned_data["may_move"])),
            (_("Can sleep in two places"), yes_or_no(self.cleaned_data["may_split"])),
        ]


class LanguagesForm(QuestionForm):
    title = gettext_lazy("Which languages do you speak?")
    why = gettext_lazy("So that you and your host can talk.")
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"),
        choices=languages.CHOICES,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    language_required = forms.BooleanField(
        label=gettext_lazy("Only with a host who speaks one of these"), required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("language_required") and not cleaned.get("languages") and "languages" not in self.errors:
            self.add_error("languages", _("Choose at least one language that the host should speak."))
        return cleaned

    def lines(self) -> list[AnswerLine]:
        return [
            (_("Languages"), languages.languages_in_words(self.cleaned_data["languages"]) or _("not said")),
            (_("Only with a host who speaks one of these"), yes_or_no(self.cleaned_data["language_required"])),
        ]


class ReachForm(QuestionForm):
    title = gettext_lazy("May we write to you?")
    why = gettext_lazy(
        "You need neither phone nor e-mail: you can always see everything with your case number. "
        "But a message reaches you sooner."
    )
    contact = forms.CharField(
        label=gettext_lazy("Phone or e-mail (not required)"),
        help_text=gettext_lazy("For example: +7 700 123 45 67 or name@example.org"),
        required=False,
        max_length=LONGEST_CONTACT,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(
        label=gettext_lazy("What shall we call you? (not required)"),
        help_text=gettext_lazy("Your host sees it once you have both agreed. Any name will do."),
        required=False,
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    notes = forms.CharField(
        label=gettext_lazy("Anything the coordinator should know (not required)"),
        help_text=gettext_lazy("Only coordinators read this. Do not write passport numbers."),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean_contact(self) -> tuple[str, str] | None:
        try:
            return read_contact_if_any(self.cleaned_data["contact"])
        except UnreadableContact as refusal:
            raise forms.ValidationError(words_of(refusal)) from None

    def lines(self) -> list[AnswerLine]:
        contact = self.cleaned_data["contact"]
        return [
            (_("Phone or e-mail"), contact[1] if contact else _("none")),
            (_("Name"), self.cleaned_data["name"] or _("none")),
            (_("For the coordinator"), self.cleaned_data["notes"] or _("nothing")),
        ]


def _has_children(answers: Answers) -> bool:
    return bool(answers.get("people", {}).get("children"))


NEED_QUESTIONS = Flow(
    "need",
    [
        Question("people", PeopleForm),
        Question("children", ChildrenForm, _has_children),
        Question("needs", NeedsForm),
        Question("where", WhereForm),
        Question("when", WhenForm),
        Question("stay", StayForm),
        Question("languages", LanguagesForm),
        Question("reach", ReachForm),
    ],
)


def tonight_answers(language: str, shown_on: str) -> dict[str, dict[str, list[str]]]:
    """Return the answers that a household without a place for tonight is not asked for, as they would be typed.

    The check page shows these answers, so that people can change them. `shown_on` is the day (ISO 8601) that was tonight.
    """
    return {
        "when": {
            "start": ["tonight"],
            "date": [""],
            "asked_on": [shown_on],
            "nights": [""],
            "nights_unknown": ["on"],
        },
        "stay": {"min_nights": ["1"], "may_move": ["on"]},
        "languages": {"languages": [language] if language in languages.SPOKEN else []},
    }


def request_details(answers: Answers, today: date) -> RequestDetails:
    """Return the request that a complete set of answers makes: the answers themselves, and the values derived from them."""
    needs, place, when = answers["needs"], answers["where"]["place_id"], answers["when"]
    said = {name: value for answer in answers.values() for name, value in answer.items()}
    follows = {
        "notes": noted(said["notes"], said["place_note"]) if said["place_note"] else said["notes"],
        "place": place,
        "children_ages": tuple(answers["children"]["ages"]) if "children" in answers else (),
        "composition": {"women_only": "women"}.get(needs["household"], needs["household"]),
        "women_only": needs["household"] == "women_only",
        **{need: need in needs["needs"] for need, _words in NEEDS},
        "min_nights": 1 if when["nights_unknown"] else answers["stay"]["min_nights"],
        "languages": tuple(said["languages"]),
        "urgency": urgency_of(when["first_night"], today),
    }
    return RequestDetails(**{name: value for name, value in (said | follows).items() if name in REQUEST_NAMES})
