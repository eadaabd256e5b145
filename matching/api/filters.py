"""The filters of lists. Ids are compared as plain values: an unknown id gives an empty list, so nobody learns which exist."""

from __future__ import annotations

import django_filters

from matching.models import Match, ShelterRequest, Space
from notifications.models import Notification


class SpaceFilter(django_filters.FilterSet):  # type: ignore[misc]
    place = django_filters.NumberFilter(field_name="place_id", help_text="The id of a place.")

    class Meta:
        model = Space
        fields = {"status": ["exact"], "beds": ["gte"], "shared": ["exact"]}


class RequestFilter(django_filters.FilterSet):  # type: ignore[misc]
    place = django_filters.NumberFilter(field_name="place_id", help_text="The id of a place.")

    class Meta:
        model = ShelterRequest
        fields = {"first_night": ["gte", "lte"], "urgency": ["exact"], "people": ["lte"]}


class MatchFilter(django_filters.FilterSet):  # type: ignore[misc]
    request = django_filters.UUIDFilter(field_name="request_id")
    space = django_filters.UUIDFilter(field_name="space_id")

    class Meta:
        model = Match
        fields = {"status": ["exact"], "first_night": ["gte", "lte"]}


class NotificationFilter(django_filters.FilterSet):  # type: ignore[misc]
    unread = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")

    class Meta:
        model = Notification
        fields = {"event": ["exact"]}
