"""`/notifications/`: the caller's own inbox."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from matching.api.account_serializers import NotificationSerializer, UnreadSerializer
from matching.api.filters import NotificationFilter
from matching.api.resource import Resource
from notifications import inbox
from notifications.models import Notification


class Notifications(mixins.ListModelMixin, Resource):
    """The caller's notifications, newest first. Sign-in codes never appear."""

    serializer_class = NotificationSerializer
    filterset_class = NotificationFilter
    queryset = Notification.objects.none()

    def get_queryset(self) -> QuerySet[Notification]:
        if self.described_only:
            return Notification.objects.none()
        return inbox.inbox(self.caller)

    @extend_schema(responses=UnreadSerializer, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def unread(self, request: Request) -> Response:
        """The number of notifications that the caller has not read."""
        return Response({"unread": inbox.unread_count(self.caller)})

    @extend_schema(operation_id="notifications_read_all", request=None, responses=UnreadSerializer)
    @action(detail=False, methods=["post"], url_path="read")
    def mark_all_read(self, request: Request) -> Response:
        """Mark all notifications as read."""
        inbox.mark_all_read(by=self.caller, at=timezone.now())
        return Response({"unread": inbox.unread_count(self.caller)})

    @extend_schema(request=None, responses=NotificationSerializer)
    @action(detail=True, methods=["post"], url_path="read")
    def mark_read(self, request: Request, pk: str) -> Response:
        """Mark a notification as read."""
        return self.read(inbox.mark_read(self.get_object().pk, by=self.caller, at=timezone.now()))
