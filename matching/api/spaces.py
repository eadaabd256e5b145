"""`/spaces/`: spaces. Hosts see their own, coordinators those of their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from matching import intake, queries
from matching.api.conditional import unchanged
from matching.api.filters import SpaceFilter
from matching.api.idempotency import once
from matching.api.resource import Resource
from matching.api.schema import IDEMPOTENCY_KEY, IF_MATCH
from matching.api.serializers import SpaceDetailsSerializer, SpaceSerializer
from matching.models import Space
from matching.refusals import NotYours

act = extend_schema(request=None, responses=SpaceSerializer, parameters=[IF_MATCH])


class Spaces(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Hosts see their own spaces, coordinators those of their places. Only the space's host sees the address."""

    serializer_class = SpaceSerializer
    filterset_class = SpaceFilter
    queryset = Space.objects.none()

    def get_queryset(self) -> QuerySet[Space]:
        if self.described_only:
            return Space.objects.none()
        return (
            queries.spaces_visible_to(self.caller)
            .select_related("host", "place")
            .prefetch_related("windows", "waiting_changes")
        )

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.read(self.get_object())

    @extend_schema(request=SpaceDetailsSerializer, responses={201: SpaceSerializer}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Offer a space; only for hosts."""
        host = getattr(request.user, "host", None)
        if host is None:
            raise NotYours
        details = self.body(SpaceDetailsSerializer).details()
        return once(
            request, lambda: self.read(intake.offer_space(host, details, by=self.caller, at=timezone.now()), status=201)
        )

    @extend_schema(request=SpaceDetailsSerializer, responses=SpaceSerializer, parameters=[IF_MATCH])
    def update(self, request: Request, pk: str) -> Response:
        """Change a space; refused where the change would break what live matches were promised."""
        space: Space = self.get_object()
        details = self.body(SpaceDetailsSerializer).details(present=space)
        with unchanged(request, space):
            intake.change_space(space.pk, details, by=self.caller, at=timezone.now())
        return self.read(self.get_object())

    @act
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Pause a space: it is not matched until it is listed again."""
        return self._act(request, intake.pause_space)

    @act
    @action(detail=True, methods=["post"], url_path="list")
    def list_again(self, request: Request, pk: str) -> Response:
        """List a paused space: it may be matched again."""
        return self._act(request, intake.list_space)

    @act
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Withdraw a space; refused while a match holds its beds."""
        return self._act(request, intake.withdraw_space)

    @act
    @action(detail=True, methods=["post"], url_path="still-available")
    def still_available(self, request: Request, pk: str) -> Response:
        """Confirm that a space still stands."""
        return self._act(request, intake.confirm_still_available)

    def _act(self, request: Request, do: Callable[..., Space]) -> Response:
        space: Space = self.get_object()
        with unchanged(request, space):
            do(space.pk, by=self.caller, at=timezone.now())
        return self.read(self.get_object())
