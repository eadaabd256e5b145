"""Enter a request or an offer for somebody else, on one page that a coordinator fills in while talking to them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.arrivals import grouped
from accounts.contacts import UnreadableContact, read_contact_if_any
from accounts.models import User
from accounts.refusals import Refused
from matching import intake, queries
from matching.admin.access import acting
from matching.deadlines import local_date
from matching.desk import on_behalf
from matching.desk.on_behalf import EnteredAlready
from matching.intake import RequestDetails, SpaceDetails
from matching.limits import (
    DEFAULT_RADIUS_KM,
    LONGEST_ADDRESS,
    LONGEST_CONTACT,
    LONGEST_NAME,
    LONGEST_NOTE,
    LONGEST_STAY,
    MOST_BEDS,
    MOST_PEOPLE,
    WIDEST_RADIUS_KM,
)
from matching.models import ShelterRequest, Space
from matching.refusal_words import of_unreadable, words_of
from matching.refusals import WRONG_INPUT, Incomplete, NotYours
from matching.sheets.fields import REQUEST_NAMES, SPACE_NAMES
from matching.typed import DayField, DecimalInWords, NumberInWords
from places.asking import asked
from places.hearing import noted
from places.models import LONGEST_PLACE_NAME, Place
from places.queries import labels
from reading.ages import ages as read_ages
from reading.languages import languages as read_languages
from reading.signs import Unreadable

NOT_YOUR_PLACE = gettext_lazy("This place is not one of yours. Give the call to one of its coordinators.")
NEAR = 6
"""The number of towns to choose from where a place is unknown."""
SUGGESTED = 150
"""The number of places that the field suggests. Other places can be typed in full."""


def day(label: Any, **more: Any) -> DayField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return DayField(today=timezone.localdate, label=label, widget=widget, **more)


def number(label: Any, least: int, most: int, **more: Any) -> NumberInWords:
    # A text field with the keyboard for digits: a browser's number field silently drops text that it cannot read.
    widget = forms.TextInput(attrs={"inputmode": "numeric"})
    return NumberInWords(label=label, min_value=least, max_value=most, widget=widget, **more)


class OnBehalfForm(forms.Form):
    """The fields of both pages: place, languages, name and contact.

    The coordinator types `place`; if several places have that name, `place_id` offers them. After `is_valid()`,
    `cleaned_data["where"]` is the Place and `cleaned_data["contact"]` is (channel, address) or None.
    """

    one_place = False
    """Whether a text that names two places must be told apart."""

    key = forms.UUIDField(
        label=gettext_lazy("This page"),
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ("invalid", "required"), gettext_lazy("This page was not loaded whole. Load it anew and fill it in again.")
        ),
    )
    place = forms.CharField(
        label=gettext_lazy("City, town or border crossing"),
        max_length=LONGEST_PLACE_NAME,
        widget=forms.TextInput(attrs={"list": "places", "autocomplete": "off", "autofocus": True}),
    )
    place_id = forms.ChoiceField(label=gettext_lazy("Which of these?"), required=False)
    asked = forms.CharField(required=False, max_length=LONGEST_PLACE_NAME, widget=forms.HiddenInput)
    languages = forms.CharField(
        label=gettext_lazy("They speak"),
        help_text=gettext_lazy("Codes of two letters, like: ru kk en"),
        required=False,
        max_length=100,
        initial="ru",
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=LONGEST_NAME, required=False)
    contact = forms.CharField(
        label=gettext_lazy("Phone or e-mail, if they have any"),
        max_length=LONGEST_CONTACT,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Write to them in"), choices=settings.LANGUAGES, initial="ru")

    def __init__(self, data: Any = None, *, today: date, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.today = today
        typed = data.get("place", "").strip() if data else ""
        self._asked = asked(typed, near=lambda: queries.places_with_most_room(NEAR), one_only=self.one_place)
        for_this = bool(data) and data.get("asked", "").strip() == typed
        self._where = self._asked.meant or self._asked.chosen(
            data.get("place_id", "") if data else "", for_this=for_this
        )
        choice = self.fields["place_id"]
        assert isinstance(choice, forms.ChoiceField)
        named = zip(self._asked.choices, labels(self._asked.choices), strict=True)
        choice.choices = [("", "–"), *((str(place.pk), words) for place, words in named)]
        if self._asked.meant or not self._asked.choices:
            del self.fields["place_id"]
        if data:
            self.data = shown = data.copy()
            shown["asked"] = typed
            if self._where is None:
                shown["place_id"] = ""

    def clean_languages(self) -> tuple[str, ...]:
        try:
            return tuple(sorted(read_languages(self.cleaned_data["languages"])))
        except Unreadable as unreadable:
            raise forms.ValidationError(of_unreadable(unreadable)) from None

    def clean_contact(self) -> tuple[str, str] | None:
        try:
            return read_contact_if_any(self.cleaned_data["contact"])
        except UnreadableContact as refusal:
            raise forms.ValidationError(words_of(refusal)) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "place" in self.errors:
            return cleaned
        cleaned["where"] = self._where
        if self._where is None and "place_id" not in self.fields:
            self.add_error(
                "place", _("We do not know this place. Check the spelling, or write the nearest larger town.")
            )
        elif self._where is None and self._asked.near:
            words = _("We do not know this place. Choose the one they mean or the nearest one, or write another name.")
            self.add_error("place_id", words)
        elif self._where is None:
            self.add_error("place_id", _("Choose the place they mean, or write another name."))
        return cleaned

    def refuse(self, refusal: Refused) -> None:
        """Show a refusal at the field that it is about, or at the whole form."""
        field = refusal.field if isinstance(refusal, Incomplete) else ""
        self.add_error(field if field in self.fields else None, words_of(refusal))

    def stated(self, names: Collection[str]) -> dict[str, Any]:
        """Return the answers to the fields `names`, and the place with its coordinates."""
        where = self.cleaned_data["where"]
        said = {name: value for name, value in self.cleaned_data.items() if name in names}
        return said | {"place": where, "latitude": where.latitude, "longitude": where.longitude}


class AskForm(OnBehalfForm):
    """A household's need. The fields are in the order in which callers usually answer."""

    groups = (
        (gettext_lazy("Who, where and when"), ("place", "place_id", "people", "children", "first_night", "nights")),
        (
            gettext_lazy("What they need"),
            ("household", "step_free", "pets", "smoking", "languages", "language_required"),
        ),
        (gettext_lazy("How to reach them"), ("name", "contact", "language", "notes")),
        (
            gettext_lazy("If they say so"),
            ("children_ages", "min_nights", "radius_km", "urgency", "may_move", "may_split"),
        ),
    )
    people = number(gettext_lazy("People in all"), 1, MOST_PEOPLE, initial=1)
    children = number(gettext_lazy("Of them children under 18"), 0, MOST_PEOPLE, initial=0)
    first_night = day(gettext_lazy("First night"))
    nights = number(gettext_lazy("Nights"), 1, LONGEST_STAY, initial=3)
    household = forms.ChoiceField(
        label=gettext_lazy("Household"),
        choices=[
            ("mixed", gettext_lazy("men, or men and women")),
            ("women", gettext_lazy("only women, or women with children")),
            ("women_only", gettext_lazy("only women, and they need a women-only space")),
            ("unsaid", gettext_lazy("they do not know, or would rather not say")),
        ],
    )
    step_free = forms.BooleanField(label=gettext_lazy("Step-free"), required=False)
    pets = forms.BooleanField(label=gettext_lazy("With a pet"), required=False)
    smoking = forms.ChoiceField(label=gettext_lazy("Smoking"), choices=ShelterRequest.Smoking.choices, required=False)
    language_required = forms.BooleanField(
        label=gettext_lazy("Only with a host who speaks one of these"), required=False
    )
    notes = forms.CharField(
        label=gettext_lazy("For coordinators only"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    children_ages = forms.CharField(
        label=gettext_lazy("Ages of the children"),
        help_text=gettext_lazy("Like: 3, 11"),
        required=False,
        max_length=200,
    )
    min_nights = number(gettext_lazy("Shortest stay that helps, in nights"), 1, LONGEST_STAY, initial=1, required=False)
    radius_km = DecimalInWords(
        label=gettext_lazy("How far it may be, in km"),
        min_value=1,
        max_value=WIDEST_RADIUS_KM,
        initial=DEFAULT_RADIUS_KM,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    urgency = forms.ChoiceField(
        label=gettext_lazy("Urgency"),
        choices=[("", gettext_lazy("by the first night")), *ShelterRequest.Urgency.choices],
        required=False,
    )
    may_move = forms.BooleanField(label=gettext_lazy("Can move once"), required=False)
    may_split = forms.BooleanField(label=gettext_lazy("Can sleep in two places near each other"), required=False)

    def clean_first_night(self) -> date:
        night: date = self.cleaned_data["first_night"]
        if night < self.today:
            raise forms.ValidationError(_("This date has passed. Give today or a later day."))
        return night

    def clean_children_ages(self) -> tuple[int, ...]:
        try:
            return read_ages(self.cleaned_data["children_ages"])
        except Unreadable:
            words = _("Write each age as a number from 0 to 17, for example: 3, 11.")
            raise forms.ValidationError(words) from None

    def details(self) -> RequestDetails:
        """Return the details that the form states."""
        said, shortest = self.cleaned_data, self.cleaned_data["min_nights"]
        follows = {
            "min_nights": None if shortest is None else min(shortest, said["nights"]),
            "composition": {"women_only": "women"}.get(said["household"], said["household"]),
            "women_only": said["household"] == "women_only",
            "urgency": said["urgency"] or intake.urgency_of(said["first_night"], self.today),
        }
        if self._asked.left:
            follows["notes"] = noted(said["notes"], said["place"])
        return RequestDetails(**self.stated(REQUEST_NAMES) | follows)


class OfferForm(OnBehalfForm):
    """A host's space. The fields are in the order in which callers usually answer."""

    one_place = True

    groups = (
        (gettext_lazy("Where and when"), ("place", "place_id", "beds", "others", "first_night", "last_day", "address")),
        (gettext_lazy("Who may stay"), ("shared", "who", "children", "pets", "smoking", "step_free", "max_nights")),
        (gettext_lazy("The host"), ("name", "contact", "languages", "language")),
    )
    beds = number(gettext_lazy("People who can sleep there"), 1, MOST_BEDS, initial=2)
    first_night = day(gettext_lazy("Free from the night of"))
    last_day = day(gettext_lazy("Free until the morning of"))
    others = number(gettext_lazy("Other people who live there"), 0, MOST_PEOPLE, required=False)
    address = forms.CharField(
        label=gettext_lazy("Exact address"),
        max_length=LONGEST_ADDRESS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    shared = forms.BooleanField(label=gettext_lazy("Several households at the same time"), required=False)
    who = forms.ChoiceField(label=gettext_lazy("Who"), choices=Space.Who.choices)
    children = forms.BooleanField(label=gettext_lazy("Children are welcome"), required=False, initial=True)
    pets = forms.BooleanField(label=gettext_lazy("Pets are welcome"), required=False)
    smoking = forms.BooleanField(label=gettext_lazy("Smoking is allowed"), required=False)
    step_free = forms.BooleanField(label=gettext_lazy("Step-free"), required=False)
    max_nights = number(gettext_lazy("Longest stay, in nights; empty: no limit"), 1, LONGEST_STAY, required=False)

    def __init__(self, data: Any = None, *, today: date, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, today=today, initial=initial)
        self.fields["name"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first, last = cleaned.get("first_night"), cleaned.get("last_day")
        if first and last and last <= first:
            self.add_error("last_day", _("The last day comes after the first night."))
        elif last and last <= self.today:
            self.add_error("last_day", _("These nights have passed. Give later ones."))
        return cleaned

    def details(self) -> SpaceDetails:
        """Return the details that the form states."""
        said = self.cleaned_data
        return SpaceDetails(**self.stated(SPACE_NAMES), windows=((said["first_night"], said["last_day"]),))


def ask(desk: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Enter a request. Then show case number and secret once, so that the coordinator reads them to the household."""
    user, now = acting(request), timezone.now()
    today = local_date(now)
    form = AskForm(request.POST or None, today=today, initial=_first(user, first_night=today))
    done: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            case = on_behalf.ask(
                form.details(),
                key=said["key"],
                by=user,
                at=now,
                language=said["language"],
                name=said["name"],
                contact=said["contact"],
            )
        except EnteredAlready as there:
            done = {"refusal": words_of(there), "row": there.row}
        except NotYours:
            form.add_error("place", str(NOT_YOUR_PLACE))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            done = {
                "row": case.request,
                "case_number": grouped(case.arrival.case_number),
                "secret": grouped(case.secret),
            }
    return _page(desk, request, form, done, title=_("Ask for somebody"), user=user)


def offer(desk: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Enter an offer. Then show its host and the next steps."""
    user, now = acting(request), timezone.now()
    today = local_date(now)
    initial = _first(user, first_night=today, last_day=today + timedelta(days=14))
    form = OfferForm(request.POST or None, today=today, initial=initial)
    done: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            offered = on_behalf.offer(
                form.details(),
                key=said["key"],
                by=user,
                at=now,
                language=said["language"],
                name=said["name"],
                contact=said["contact"],
            )
        except EnteredAlready as there:
            done = {"refusal": words_of(there), "row": there.row}
        except NotYours:
            form.add_error("place", str(NOT_YOUR_PLACE))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            done = {
                "row": offered.space,
                "host": offered.space.host,
                "known": offered.known,
                "contact": said["contact"],
            }
    return _page(desk, request, form, done, title=_("Offer for somebody"), user=user)


def _first(user: User, **days: date) -> dict[str, Any]:
    """Return the initial values of a new form: a key, the days, and the coordinator's place if they have only one."""
    own = list(queries.places_visible_to(user)[:2])
    return {"key": uuid.uuid4(), "place": str(own[0]) if len(own) == 1 else "", **days}


def _page(
    desk: ModelAdmin[Any],
    request: HttpRequest,
    form: AskForm | OfferForm,
    done: dict[str, Any],
    *,
    title: str,
    user: User,
) -> HttpResponse:
    groups: Sequence[tuple[Any, Sequence[str]]] = form.groups
    context = {
        **desk.admin_site.each_context(request),
        "title": title,
        "opts": desk.opts,
        "form": form,
        "groups": [(words, [form[name] for name in names if name in form.fields]) for words, names in groups],
        "suggested": _suggested(user),
        "done": done,
    }
    wrong = request.method == "POST" and not done
    template = "admin/matching/on_behalf_done.html" if done else "admin/matching/on_behalf.html"
    return TemplateResponse(request, template, context, status=WRONG_INPUT if wrong else 200)


def _suggested(user: User) -> list[Place]:
    return list(queries.places_visible_to(user).order_by("-population", "name")[:SUGGESTED])
