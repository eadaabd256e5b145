"""What goes over the wire about a reason of the engine: its code and numbers, and the words for them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from matching.engine.reasons import Code, reason_in
from matching.reason_words import words_of

CODES = [(code.value, code.value) for code in Code]


class ReasonNumbersSerializer(serializers.Serializer[Any]):
    """The numbers that belong to the code, and no others."""

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
    """Why a space was chosen, or why none was: a code with its numbers for machines, words for people."""

    code = serializers.ChoiceField(choices=CODES)
    numbers = ReasonNumbersSerializer()
    words = serializers.CharField(help_text="In the language of `Accept-Language`.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return a `Reason`, or the JSON that was stored for one, as it goes over the wire."""
        reason = reason_in(instance) if isinstance(instance, dict | str) else instance
        return {
            "code": reason.code.value,
            "numbers": ReasonNumbersSerializer(reason.named).data,
            "words": words_of(reason),
        }
