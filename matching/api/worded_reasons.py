"""Serializers of the engine's reasons: the code, its numbers, and the words for them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from matching.engine.reasons import Code, reason_in
from matching.reason_words import words_of

REASON_CODES = [(code.value, code.value) for code in Code]


class ReasonNumbersSerializer(serializers.Serializer[Any]):
    """The numbers that belong to the code. Other fields are left out."""

    km = serializers.FloatField(required=False, help_text="Distance to the space.")
    radius_km = serializers.FloatField(required=False, help_text="How far away the space may be.")
    count = serializers.IntegerField(required=False, help_text="How many spaces.")
    people = serializers.IntegerField(required=False)
    beds = serializers.IntegerField(required=False)
    nights = serializers.IntegerField(required=False)
    wanted = serializers.IntegerField(required=False, help_text="How many nights are wanted.")
    min_nights = serializers.IntegerField(required=False, help_text="The shortest stay that helps, in nights.")
    first_night = serializers.DateField(required=False)
    languages = serializers.ListField(child=serializers.CharField(), required=False, help_text="ISO 639-1 codes.")
    text = serializers.CharField(required=False, help_text="With the code `said`: an older reason, in English.")


class WordedReasonSerializer(serializers.Serializer[Any]):
    """Why a space was chosen, or why a request has none: a code with numbers for machines, and words for people."""

    code = serializers.ChoiceField(choices=REASON_CODES)
    numbers = ReasonNumbersSerializer()
    words = serializers.CharField(help_text="In the language of `Accept-Language`.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return code, numbers and words of `instance`: a `Reason`, or the JSON that was stored for one."""
        reason = reason_in(instance) if isinstance(instance, dict | str) else instance
        return {
            "code": reason.code.value,
            "numbers": ReasonNumbersSerializer(reason.named).data,
            "words": words_of(reason),
        }
