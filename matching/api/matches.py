"""`/matches/`: matches. Each move of a match has its own POST."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from matching import disclosure, incidents, queries, transitions
from matching.api.conditional import unchanged
from matching.api.filters import MatchFilter
from matching.api.idempotency import once
from matching.api.match_serializers import (
    ContactSerializer,
    MatchEventSerializer,
    MatchSerializer,
    NotSafeSerializer,
    ProposeSerializer,
    ReachSerializer,
    ReasonSerializer,
    SafetySerializer,
)
from matching.api.resource import Resource
from matching.api.schema import IDEMPOTENCY_KEY, IF_MATCH
from matching.api.serializers import Exact
from matching.desk import by_hand
from matching.models import Match
from matching.states import Role

MoveOfMatch = Callable[..., Match]


def _move(name: str, act: MoveOfMatch, doc: str) -> Any:
    """Return a POST endpoint `name` that makes one move and takes no reason."""

    def move(self: Matches, request: Request, pk: str) -> Response:
        return self.moved(request, act)

    move.__doc__ = doc
    return _endpoint(name, move, body=None)


def _move_with(body: type[Exact], name: str, act: MoveOfMatch, doc: str) -> Any:
    """Return a POST endpoint `name` that makes one move and takes this body."""

    def move(self: Matches, request: Request, pk: str) -> Response:
        return self.moved(request, act, body)

    move.__doc__ = doc
    return _endpoint(name, move, body=body)


def _endpoint(name: str, move: Any, body: type[Exact] | None) -> Any:
    move.__name__ = name.replace("-", "_")
    described = extend_schema(request=body, responses=MatchSerializer, parameters=[IF_MATCH])
    return described(action(detail=True, methods=["post"], url_path=name)(move))


class Matches(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Hosts and arrivals see their own matches from approval on; coordinators see those of their places from the proposal on."""

    serializer_class = MatchSerializer
    filterset_class = MatchFilter
    queryset = Match.objects.none()

    def get_queryset(self) -> QuerySet[Match]:
        if self.described_only:
            return Match.objects.none()
        coordinator = queries.coordinator_of(self.caller)
        if coordinator and not coordinator.all_places:
            prefetch_related_objects([coordinator], "places")  # Read once: the test of each match needs them.
        return queries.with_everyone(queries.matches_visible_to(self.caller))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.read(self.get_object())

    @extend_schema(request=ProposeSerializer, responses={201: MatchSerializer}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Propose a pair by hand; for coordinators.

        If a hard rule forbids the pair, the refusal names the rule. A pair other than the advised one needs a reason.
        """
        pair = self.body(ProposeSerializer).validated_data
        get_object_or_404(queries.requests_visible_to(self.caller), pk=pair["request"])
        get_object_or_404(queries.spaces_visible_to(self.caller), pk=pair["space"])
        return once(request, lambda: self._propose(pair))

    def _propose(self, pair: dict[str, Any]) -> Response:
        request_id, space_id = pair.pop("request"), pair.pop("space")
        match = by_hand.propose(request_id, space_id, by=self.caller, at=timezone.now(), **pair)
        return self.read(match, status=201)

    def moved(self, request: Request, act: MoveOfMatch, body: type[Exact] | None = None) -> Response:
        """Make one move of a match that the caller may see, and return the match after it."""
        match: Match = self.get_object()
        details = self.body(body).validated_data if body else {}
        with unchanged(request, match):
            moved = act(match.pk, by=self.caller, at=timezone.now(), **details)
        return self.read(queries.with_everyone(Match.objects.all()).get(pk=moved.pk))

    approve = _move("approve", transitions.approve, "Approve a proposal; a high-risk one needs two coordinators.")
    accept = _move("accept", transitions.accept, "Accept a match, as its host or arrival.")
    check_in = _move("check-in", transitions.say_check_in, "Say that the household has come; it counts after a minute.")
    no_show = _move(
        "no-show", transitions.say_no_show, "Say that the household did not come; it counts after a minute."
    )
    undo_check_in = _move("undo-check-in", transitions.take_back_check_in, "Take back for an hour that it has come.")
    undo_no_show = _move(
        "undo-no-show",
        transitions.take_back_no_show,
        "Take back for an hour that it did not come, if the room is free.",
    )
    complete = _move("complete", transitions.complete, "Say that the stay has ended well.")
    decline = _move_with(
        ReasonSerializer, "decline", transitions.decline, "Decline a match; the pair is not proposed again."
    )
    cancel = _move_with(ReasonSerializer, "cancel", transitions.cancel, "Cancel an approved or confirmed match.")
    break_off = _move_with(
        ReasonSerializer,
        "break-off",
        transitions.break_off,
        "End a stay that did not work out; the nights left are matched anew.",
    )
    not_safe = _move_with(
        NotSafeSerializer,
        "not-safe",
        transitions.report_not_safe,
        "Say at any time that you do not feel safe: the match is frozen and whoever is on call is paged.",
    )
    unfreeze = _move("unfreeze", transitions.unfreeze, "Let a frozen match go on; for coordinators.")

    @extend_schema(responses=MatchEventSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def history(self, request: Request, pk: str) -> Response:
        """Every act on the match with its role and moment. It never shows host or arrival which of them felt unsafe."""
        match: Match = self.get_object()
        role = queries.role_in(match, self.caller)
        events = queries.history_visible_to(match, role)
        return Response(MatchEventSerializer(events, many=True, context={"role": role}).data)

    @extend_schema(request=None, responses=ContactSerializer)
    @action(detail=True, methods=["post"])
    def contact(self, request: Request, pk: str) -> Response:
        """The other side's name, contact and address, once the match is confirmed. A POST, because every look is logged."""
        contact = disclosure.open_contact(self.get_object().pk, by=self.caller, at=timezone.now())
        points = [{"channel": channel, "address": address} for channel, address in contact.contact_points]
        shown = {
            "name": contact.name,
            "contact_points": points,
            "address": contact.address,
            "directions": contact.directions,
        }
        return Response(ContactSerializer(shown).data)

    @extend_schema(responses=SafetySerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def safety(self, request: Request, pk: str) -> Response:
        """What is true since the caller said that they do not feel safe; 404 for anybody who did not."""
        return self._told(self.get_object())

    @extend_schema(request=ReachSerializer, responses=SafetySerializer)
    @safety.mapping.post
    def reach(self, request: Request, pk: str) -> Response:
        """Say where a coordinator can reach you, and what happened."""
        match: Match = self.get_object()
        self._told(match)  # 404 for anybody who reported nothing, before anything else is said.
        incidents.add_words(match, by=self.caller, at=timezone.now(), **self.body(ReachSerializer).validated_data)
        return self._told(match)

    def _told(self, match: Match) -> Response:
        role = queries.role_in(match, self.caller)
        told = incidents.told_to([match], role).get(match.pk) if role in (Role.HOST, Role.ARRIVAL) else None
        if told is None:
            raise Http404
        more = {"emergency_number": "112", "help_contact": settings.HELP_CONTACT}
        return Response(SafetySerializer(asdict(told) | more).data)
