"""`/tokens/`: bearer tokens (RFC 6750), and the ways to get a first one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import signing_in, tokens
from accounts.coordinators import desk_of
from accounts.models import AccessToken, User
from accounts.refusals import SecondFactorNeeded
from matching.api.account_serializers import (
    ContactToProveSerializer,
    IssuedTokenSerializer,
    NewTokenSerializer,
    TokenSerializer,
)
from matching.api.idempotency import answered, once
from matching.api.permissions import TokenScope
from matching.api.resource import Resource, source_of
from matching.api.schema import IDEMPOTENCY_KEY


class Tokens(mixins.ListModelMixin, Resource):
    """Bearer tokens of the caller."""

    serializer_class = TokenSerializer
    queryset = AccessToken.objects.none()

    def get_permissions(self) -> Any:
        if self.action in ("create", "code"):
            return [AllowAny(), TokenScope()]
        return super().get_permissions()

    def get_queryset(self) -> QuerySet[AccessToken]:
        if self.described_only:
            return AccessToken.objects.none()
        return AccessToken.objects.filter(user=self.caller)

    @extend_schema(request=NewTokenSerializer, responses={201: IssuedTokenSerializer}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Make a token. Only this answer shows it.

        The caller is signed in or proves in this call who they are: an arrival by case number and secret, a host by a
        contact and the code that was sent to it.
        """
        wanted = self.body(NewTokenSerializer).validated_data
        # Answer a repeated call before checking its code: a code works only once. Check code or secret outside the
        # transaction of `once`: a wrong one raises, which would roll back the count of tries.
        if (answer := answered(request)) is not None:
            return answer
        user = request.user if isinstance(request.user, User) else self._proved(request, wanted)
        return once(request, lambda: self._issue(user, wanted))

    def _proved(self, request: Request, proof: dict[str, Any]) -> User:
        source, at = source_of(request), timezone.now()
        if "secret" in proof and "case_number" in proof:
            user = signing_in.sign_in_to_case(proof["case_number"], proof["secret"], source=source, at=at)
        else:
            user = signing_in.sign_in_by_code(proof["contact"], proof["code"], source=source, at=at)
        if desk_of(user) is not None:
            raise SecondFactorNeeded
        return user

    def _issue(self, user: User, wanted: dict[str, Any]) -> Response:
        row, token = tokens.issue(
            user, name=wanted["name"], scope=wanted["scope"], days=wanted["days"], at=timezone.now()
        )
        return Response({**TokenSerializer(row).data, "token": token}, status=status.HTTP_201_CREATED)

    @extend_schema(request=ContactToProveSerializer, responses={202: None})
    @action(detail=False, methods=["post"], pagination_class=None)
    def code(self, request: Request) -> Response:
        """Send a one-time code to a host's contact. The answer is the same whether or not a host has this contact."""
        contact = self.body(ContactToProveSerializer).validated_data["contact"]
        signing_in.send_code(contact, source=source_of(request), at=timezone.now())
        return Response(status=status.HTTP_202_ACCEPTED)

    def destroy(self, request: Request, pk: str) -> Response:
        """Revoke a token now."""
        tokens.revoke(self.get_object(), at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
