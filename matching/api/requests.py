"""`/requests/`: shelter requests. Anybody may make one; arrivals see their own, coordinators those of their places."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone, translation
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import arrivals
from accounts.models import Arrival
from accounts.sources import source_of
from matching import intake, queries, transitions
from matching.api.conditional import check_if_match, unchanged
from matching.api.filters import RequestFilter
from matching.api.idempotency import once
from matching.api.pagination import ByRegistration
from matching.api.permissions import TokenScope
from matching.api.resource import Resource
from matching.api.schema import IDEMPOTENCY_KEY, IF_MATCH
from matching.api.serializers import CandidateSerializer, CaseSerializer, RequestDetailsSerializer, RequestSerializer
from matching.desk import by_hand
from matching.models import ShelterRequest
from matching.refusals import NotYours

CANDIDATES_SHOWN = 20


class Requests(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Arrivals see their own requests, coordinators those of their places. Only the arrival sees the notes."""

    serializer_class = RequestSerializer
    filterset_class = RequestFilter
    pagination_class = ByRegistration
    queryset = ShelterRequest.objects.none()

    def get_permissions(self) -> Any:
        if self.action == "create":
            return [AllowAny(), TokenScope()]
        return super().get_permissions()

    def get_queryset(self) -> QuerySet[ShelterRequest]:
        if self.described_only:
            return ShelterRequest.objects.none()
        return queries.requests_visible_to(self.caller).select_related("arrival", "place").prefetch_related("matches")

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.read(self.get_object())

    @extend_schema(
        request=RequestDetailsSerializer,
        responses={
            201: OpenApiResponse(
                PolymorphicProxySerializer(
                    "RequestOrCase", [RequestSerializer, CaseSerializer], resource_type_field_name=None
                ),
                description="The request; for a caller who is not signed in, the new case with its request.",
            )
        },
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request) -> Response:
        """Ask for shelter.

        An arrival who is signed in adds a request of their own and gets it back. A caller who is not signed in opens a
        case; only this answer shows its number and secret.
        """
        if not request.user.is_authenticated:
            details = self.body(RequestDetailsSerializer).details()
            intake.count_asking(source_of(request), at=timezone.now())
            return once(request, lambda: self._open_case(details))
        arrival = getattr(request.user, "arrival", None)
        if arrival is None:
            raise NotYours
        details = self.body(RequestDetailsSerializer).details()
        return once(request, lambda: self._ask(arrival, details))

    def _ask(self, arrival: Arrival, details: intake.RequestDetails) -> Response:
        asked = intake.ask_for_shelter(arrival, details, by=self.caller, at=timezone.now())
        return self.read(asked, status=status.HTTP_201_CREATED)

    def _open_case(self, details: intake.RequestDetails) -> Response:
        case = intake.open_case_and_ask(details, language=translation.get_language(), at=timezone.now())
        return Response(
            {
                "case_number": arrivals.grouped(case.arrival.case_number),
                "secret": arrivals.grouped(case.secret),
                "request": RequestSerializer(case.request, context=self.get_serializer_context()).data,
            },
            status=status.HTTP_201_CREATED,
        )

    @extend_schema(request=RequestDetailsSerializer, responses=RequestSerializer, parameters=[IF_MATCH])
    def update(self, request: Request, pk: str) -> Response:
        """Change a request; refused while it has a live match."""
        row: ShelterRequest = self.get_object()
        details = self.body(RequestDetailsSerializer, present=row).details(present=row)
        with unchanged(request, row):
            intake.change_request(row.pk, details, by=self.caller, at=timezone.now())
        return self.read(self.get_object())

    @extend_schema(request=None, responses=RequestSerializer, parameters=[IF_MATCH])
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Withdraw a request and end its matches that have not begun."""
        row: ShelterRequest = self.get_object()
        # Do not use `unchanged`: it would lock the request before the act locks spaces, and callers could deadlock.
        check_if_match(request, row)
        transitions.withdraw_request(row.pk, by=self.caller, at=timezone.now())
        return self.read(self.get_object())

    @extend_schema(responses=CandidateSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def candidates(self, request: Request, pk: str) -> Response:
        """The spaces that are possible for the next nights that the request wants, best first; for coordinators."""
        row = self.get_object()
        if not queries.covers(self.caller, row.place_id):
            raise NotYours
        found = by_hand.spaces_for(row.pk, by=self.caller, at=timezone.now(), impossible=0).possible[:CANDIDATES_SHOWN]
        rows = [
            {
                "space": option.space.pk,
                "first_night": option.leg.first_night,
                "last_day": option.leg.last_day,
                "score": option.score,
                "reasons": option.reasons,
            }
            for option in found
        ]
        return Response(CandidateSerializer(rows, many=True).data)
