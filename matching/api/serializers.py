"""Serializers of spaces and requests. They check types and formats and never save; `matching.intake` checks the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from matching import queries
from matching.api.typed import AgeField, DayAsWritten, LanguageField, NumberField, WholeNumberField, YesNoField
from matching.api.worded_reasons import WordedReasonSerializer
from matching.deadlines import local_date
from matching.intake import RequestDetails, SpaceDetails
from matching.limits import LONGEST_ADDRESS, LONGEST_DIRECTIONS, LONGEST_LIMIT, LONGEST_NOTE, OF_AGE
from matching.models import ShelterRequest, Space
from matching.refusal_words import of_sentence
from matching.sheets import fields
from matching.sheets.consistency import FindPlace, Problems, settle_place, settle_space
from matching.sheets.fields import LANGUAGE_LIST, NEEDED, REQUEST_NAMES, SPACE_NAMES, Field
from matching.sheets.sentences import Sentence
from places.hearing import noted
from places.models import LONGEST_PLACE_NAME, Place
from places.queries import heard, nearest, row_of

NEAR_KM = 50.0
"""A point without a name belongs to the nearest place that is not farther away than this."""


def language_codes() -> serializers.ListField:
    """Return a field for ISO 639-1 codes."""
    return serializers.ListField(child=LanguageField(r"^[a-z]{2}$", max_length=30), default=list)


class Exact(serializers.Serializer[Any]):
    """Refuses a body with an unknown field and names the field: a misspelt field must not be dropped in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := sorted(set(map(str, data)) - set(self.fields))):
            raise serializers.ValidationError({name: [_("There is no such field.")] for name in unknown})
        return super().to_internal_value(data)


class PlaceSerializer(serializers.ModelSerializer[Place]):
    called = serializers.CharField(read_only=True, help_text="Its name in the language of the answer.")

    class Meta:
        model = Place
        fields = ["id", "name", "called", "region", "country", "kind", "latitude", "longitude", "population"]


class WindowSerializer(Exact):
    """A run of free nights."""

    first_night = DayAsWritten()
    last_day = DayAsWritten(help_text="The day of leaving: the night before it is the last free one.")


AnyField = serializers.Field[Any, Any, Any, Any]

PLAIN: dict[Any, Callable[..., AnyField]] = {
    bool: YesNoField,
    int: WholeNumberField,
    int | None: WholeNumberField,
    float: NumberField,
    date: DayAsWritten,
}
"""The API's field for each type of a declared field that needs nothing more than its type."""


def in_order(declared: Sequence[Field], said: Mapping[str, AnyField]) -> dict[str, AnyField]:
    """Return a serializer's fields by name, in the order of `declared`: the field of `said`, or else a plain one."""
    made = {field.name: said.get(field.name) or _plain(field) for field in declared}
    return {name: field for name, field in made.items() if field is not None}


def _plain(field: Field) -> AnyField | None:
    """Return the API's field for a declared one; None where the type alone is not enough."""
    if field.kind is LANGUAGE_LIST:
        return language_codes()
    if field.type not in PLAIN:
        return None
    if field.default is NEEDED:
        return PLAIN[field.type]()
    may_be_empty = {"required": False, "allow_null": True} if field.default is None else {}
    return PLAIN[field.type](default=field.default, **may_be_empty)


class WherePart(Exact):
    """A place by its name in any language, or a point. If both are given, the point tells which place of that name."""

    settle: Callable[[dict[str, Any], FindPlace], Problems] = staticmethod(settle_place)
    names: Mapping[str, str] = {"lat": "latitude", "lon": "longitude"}
    written_place = ""
    """What was written as the place, as a note, where it says more than the place."""

    place = serializers.CharField(max_length=LONGEST_PLACE_NAME, required=False, allow_blank=True)
    latitude = NumberField(required=False, min_value=-90, max_value=90)
    longitude = NumberField(required=False, min_value=-180, max_value=180)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        name, lat, lon = attrs.pop("place", ""), attrs.get("latitude"), attrs.get("longitude")
        if (lat is None) != (lon is None):
            raise serializers.ValidationError({"longitude": _("Give latitude and longitude together.")})
        values: dict[str, Any] = {"place": name, "lat": lat, "lon": lon}
        if problems := self.settle(values, heard):
            words = {field: of_sentence(why) for field, why in problems if isinstance(why, Sentence)}
            raise serializers.ValidationError({self.names.get(field, field): why for field, why in words.items()})
        attrs["latitude"], attrs["longitude"] = values["lat"], values["lon"]
        known = values["place"]
        attrs["place"] = row_of(known) if known else nearest(values["lat"], values["lon"], NEAR_KM)
        self.written_place = values.get("notes", "")
        return attrs


class SpaceDetailsSerializer(WherePart):
    """An offer as a host states it."""

    settle = staticmethod(settle_space)

    address = serializers.CharField(
        max_length=LONGEST_ADDRESS,
        required=False,
        allow_blank=True,
        help_text="A change without this field keeps the address.",
    )
    directions = serializers.CharField(
        max_length=LONGEST_DIRECTIONS,
        required=False,
        allow_blank=True,
        help_text="How to find the door. A change without this field keeps the directions.",
    )
    windows = WindowSerializer(many=True, allow_empty=False)
    max_nights = WholeNumberField(required=False, allow_null=True, default=None, max_value=LONGEST_LIMIT)
    who = serializers.ChoiceField(choices=Space.Who.choices, default="anyone")

    def get_fields(self) -> dict[str, AnyField]:
        return in_order(fields.SPACE, super().get_fields())

    def details(self, present: Space | None = None) -> SpaceDetails:
        """Return the details in the body. Without an address in the body, the `present` space keeps its address.

        A coordinator does not see the address and so cannot send it back.
        """
        data = {"address": present.address if present else ""} | self.validated_data
        windows = tuple((window["first_night"], window["last_day"]) for window in data.pop("windows"))
        return SpaceDetails(windows=windows, languages=tuple(data.pop("languages")), **data)


class SpaceSerializer(serializers.ModelSerializer[Space]):
    windows = WindowSerializer(many=True, read_only=True)
    place = PlaceSerializer(read_only=True)
    address = serializers.SerializerMethodField(help_text="For the space's own host only.")
    directions = serializers.SerializerMethodField(help_text="For the space's own host only.")
    vetted = serializers.SerializerMethodField()
    waiting = serializers.SerializerMethodField(
        help_text="What its host wants to change and no coordinator has looked at yet; the space is offered as it was."
    )

    class Meta:
        model = Space
        fields = ["id", "status", *SPACE_NAMES, "vetted", "waiting", "fresh_until", "created_at"]

    def get_waiting(self, space: Space) -> list[str]:
        return [kind for change in space.waiting_changes.all() if not change.outcome for kind in change.kinds]

    def get_address(self, space: Space) -> str:
        return space.address if space.host.user_id == self.context["request"].user.pk else ""

    def get_directions(self, space: Space) -> str:
        return space.directions if space.host.user_id == self.context["request"].user.pk else ""

    def get_vetted(self, space: Space) -> bool:
        return space.host.status == "vetted"


class RequestDetailsSerializer(WherePart):
    """A household's need: as many `nights` as it says, from `first_night` on."""

    children_ages = serializers.ListField(child=AgeField(min_value=0, max_value=OF_AGE - 1), default=list)
    smoking = serializers.ChoiceField(choices=ShelterRequest.Smoking.choices, default="", allow_blank=True)
    composition = serializers.ChoiceField(
        choices=ShelterRequest.Composition.choices,
        default="",
        allow_blank=True,
        help_text="Who they are; empty: nobody asked. `all_women` says the same as `women`.",
    )
    urgency = serializers.ChoiceField(choices=ShelterRequest.Urgency.choices, default="1")
    notes = serializers.CharField(
        max_length=LONGEST_NOTE,
        required=False,
        allow_blank=True,
        help_text="A change without this field keeps the notes.",
    )

    def get_fields(self) -> dict[str, AnyField]:
        return in_order(fields.REQUEST, super().get_fields())

    def validate_first_night(self, first_night: date) -> date:
        present: ShelterRequest | None = self.context.get("present")
        if first_night < local_date(timezone.now()) and (present is None or present.first_night != first_night):
            raise serializers.ValidationError(_("This night has passed. Give tonight or a later one."))
        return first_night

    def details(self, present: ShelterRequest | None = None) -> RequestDetails:
        """Return the details in the body. Without notes in the body, the `present` request keeps its notes.

        A coordinator does not see the notes and so cannot send them back.
        """
        data = {"notes": present.notes if present else ""} | self.validated_data
        if self.written_place:
            data["notes"] = noted(data["notes"], self.written_place)
        return RequestDetails(
            languages=tuple(data.pop("languages")), children_ages=tuple(data.pop("children_ages")), **data
        )


class RequestSerializer(serializers.ModelSerializer[ShelterRequest]):
    place = PlaceSerializer(read_only=True)
    state = serializers.SerializerMethodField()
    notes = serializers.SerializerMethodField(help_text="Only the arrival sees them; empty for others.")
    left_over_reasons = WordedReasonSerializer(
        many=True, read_only=True, help_text="Why the last round could not place it."
    )

    class Meta:
        model = ShelterRequest
        fields = ["id", "state", *REQUEST_NAMES, "left_over_reasons", "registered_at", "withdrawn_at"]

    def get_state(self, request: ShelterRequest) -> str:
        mine = request.arrival.user_id == self.context["request"].user.pk
        return queries.state_of(request, local_date(timezone.now()), to_arrival=mine)

    def get_notes(self, request: ShelterRequest) -> str:
        return request.notes if request.arrival.user_id == self.context["request"].user.pk else ""


class CandidateSerializer(serializers.Serializer[Any]):
    space = serializers.UUIDField()
    first_night = serializers.DateField()
    last_day = serializers.DateField()
    score = serializers.FloatField()
    reasons = WordedReasonSerializer(many=True)


class CaseSerializer(serializers.Serializer[Any]):
    """The answer to a request without signing in. Case number and secret are shown only here."""

    case_number = serializers.CharField()
    secret = serializers.CharField()
    request = RequestSerializer()
