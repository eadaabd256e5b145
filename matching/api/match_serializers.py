"""Serializers of matches. Host, arrival and coordinators each see only what they may know."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from matching import hindrances, queries
from matching.api.serializers import Exact
from matching.api.worded_reasons import WordedReasonSerializer
from matching.desk.by_hand import OVERRIDES
from matching.limits import LONGEST_NOTE, LONGEST_REASON
from matching.models import Match, MatchEvent, ShelterRequest, Space
from matching.states import REASONS, Act, Role
from notifications.models import ContactPoint


class MatchEventSerializer(serializers.ModelSerializer[MatchEvent]):
    act = serializers.CharField()
    from_status = serializers.CharField()
    to_status = serializers.CharField()
    role = serializers.CharField()
    reason = serializers.SerializerMethodField(help_text="Only for the role that gave it, and for coordinators.")

    class Meta:
        model = MatchEvent
        fields = ["act", "from_status", "to_status", "role", "reason", "at"]

    def get_reason(self, event: MatchEvent) -> str:
        return event.reason if self.context["role"] in (event.role, Role.COORDINATOR) else ""


class OfferedSerializer(serializers.ModelSerializer[Space]):
    """The parts of a space that the household may see before it accepts: no address, no host's name, no coordinates."""

    place = serializers.CharField(
        source="place.called", default="", help_text="Its name, in the language of the answer."
    )

    class Meta:
        model = Space
        fields = ["place", "shared", "who", "children", "pets", "smoking", "step_free", "languages"]


class HouseholdSerializer(serializers.ModelSerializer[ShelterRequest]):
    """The parts of a household's request without name, contact and notes.

    A host gets null for WHO_COMES until both have said yes: nobody can look for a woman alone or a child among the questions.
    """

    class Meta:
        model = ShelterRequest
        fields = ["children", "children_ages", "all_women", "pets", "step_free", "smoking", "languages"]
        extra_kwargs = {name: {"allow_null": True} for name in ("children", "children_ages", "all_women")}

    def to_representation(self, request: ShelterRequest) -> dict[str, Any]:
        shown = super().to_representation(request)
        return shown | dict.fromkeys(WHO_COMES) if self.context.get("before_yes") else shown


WHO_COMES = ("children", "children_ages", "all_women")
"""What a host sees of a household only when both have said yes."""


class DeskSerializer(serializers.ModelSerializer[Match]):
    """The parts of a match that only coordinators see."""

    reasons = WordedReasonSerializer(many=True, read_only=True)
    approved_once = serializers.SerializerMethodField(
        help_text="True after the first approval; a high-risk match needs two."
    )

    class Meta:
        model = Match
        fields = ["score", "reasons", "risks", "high_risk", "approved_once"]

    def get_approved_once(self, match: Match) -> bool:
        return match.approved_by_id is not None


PATH_OF = {Act.FREEZE: "not-safe"}
"""The last part of an act's URL, where it is not the act's own name."""


class MatchSerializer(serializers.ModelSerializer[Match]):
    offered = OfferedSerializer(source="space", read_only=True)
    household = serializers.SerializerMethodField()
    acts = serializers.SerializerMethodField(help_text="What the caller may do now: POST to `/matches/{id}/{act}/`.")
    frozen_at = serializers.SerializerMethodField(
        help_text="Since when the match is on hold, as far as the caller may know."
    )
    desk = serializers.SerializerMethodField(help_text="For its coordinators only, else null.")

    class Meta:
        model = Match
        fields = [
            "id",
            "request",
            "space",
            "leg",
            "status",
            "first_night",
            "last_day",
            "people",
            "offered",
            "household",
            "host_accepted_at",
            "arrival_accepted_at",
            "due_at",
            "frozen_at",
            "created_at",
            "acts",
            "desk",
        ]

    @extend_schema_field(HouseholdSerializer)
    def get_household(self, match: Match) -> dict[str, Any]:
        is_host = queries.role_in(match, self.context["request"].user) is Role.HOST
        context = {"before_yes": is_host and not hindrances.contact_is_shown_open(match, Role.HOST)}
        return dict(HouseholdSerializer(match.request, context=context).data)

    def get_acts(self, match: Match) -> list[str]:
        acts = queries.acts_open(match, self.context["request"].user, timezone.now())
        return [PATH_OF.get(act, act.replace("_", "-")) for act in acts]

    def get_frozen_at(self, match: Match) -> datetime | None:
        role = queries.role_in(match, self.context["request"].user)
        return match.frozen_at if hindrances.known_hindrance(match, role) else None

    @extend_schema_field(DeskSerializer(allow_null=True))
    def get_desk(self, match: Match) -> dict[str, Any] | None:
        at_desk = queries.role_in(match, self.context["request"].user) is Role.COORDINATOR
        return dict(DeskSerializer(match).data) if at_desk else None


class ProposeSerializer(Exact):
    """A household's request and a space, by their ids. The match covers the next nights wanted within the space's window.

    `reason` is needed where `space` is not the advised one (the first of `candidates`). The reason "other" needs a `note`.
    """

    request = serializers.UUIDField()
    space = serializers.UUIDField()
    reason = serializers.ChoiceField(choices=OVERRIDES, required=False, default="")
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, default="", allow_blank=True)


class ReasonSerializer(Exact):
    """The reason for ending a match, from a short list, and a note for the coordinators."""

    reason = serializers.ChoiceField(choices=[(reason, reason) for reason in REASONS], required=False, default="")
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, default="", allow_blank=True)
    told_by = serializers.ChoiceField(
        choices=[Role.HOST.value, Role.ARRIVAL.value],
        required=False,
        help_text="For coordinators, with the reason `not_safe`: the side that told them.",
    )


class NotSafeSerializer(Exact):
    """For coordinators: the side that told them, and their note. A side that reports for itself needs to send nothing."""

    told_by = serializers.ChoiceField(choices=[Role.HOST.value, Role.ARRIVAL.value], required=False)
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, default="", allow_blank=True)


class ContactPointSerializer(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(choices=ContactPoint.Channel.choices)
    address = serializers.CharField()


class ContactSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    contact_points = ContactPointSerializer(many=True)
    address = serializers.CharField(help_text="The space's exact address, for the arrival.")
    directions = serializers.CharField(help_text="How to find the door, for the arrival.")


class SafetySerializer(serializers.Serializer[Any]):
    """What is true about the caller's own report, from rows. A null moment has not come."""

    reported_at = serializers.DateTimeField()
    anybody = serializers.BooleanField(help_text="There is somebody on call whom the message can reach.")
    sent_at = serializers.DateTimeField(allow_null=True, help_text="When the first message went out.")
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    will_call = serializers.BooleanField(
        help_text="The coordinator who acknowledged promised to call the number given."
    )
    reached_at = serializers.DateTimeField(
        allow_null=True, help_text="When a coordinator wrote down that they spoke with the caller."
    )
    missed_at = serializers.DateTimeField(
        allow_null=True, help_text="When a coordinator wrote down that they tried to reach the caller in vain."
    )
    closed_at = serializers.DateTimeField(allow_null=True)
    reach = serializers.CharField()
    happened = serializers.CharField()
    emergency_number = serializers.CharField()
    help_contact = serializers.CharField(help_text="How to reach a person of this service.")


class ReachSerializer(Exact):
    """Where the caller can be reached, and what happened: in place of what they wrote before."""

    reach = serializers.CharField(max_length=LONGEST_REASON, required=False, default="", allow_blank=True)
    happened = serializers.CharField(max_length=LONGEST_NOTE, required=False, default="", allow_blank=True)
