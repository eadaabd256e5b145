"""`/tokens/`: bearer tokens (RFC 6750), and the ways to get a first one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import sign_ins, signing_in, tokens
from accounts.coordinators import desk_of
from accounts.models import AccessToken, User
from accounts.refusals import SecondFactorNeeded
from accounts.sign_ins import SIGN_IN
from accounts.sources import source_of
from matching.api.account_serializers import (
    ContactToProveSerializer,
    IssuedTokenSerializer,
    NewTokenSerializer,
    TokenSerializer,
)
from matching.api.idempotency import answered, once
from matching.api.permissions import TokenScope
from matching.api.resource import Resource
from matching.api.schema import IDEMPOTENCY_KEY
from matching.api.sessions import OF, whose

PROOF = frozenset({"case_number", "secret", "contact", "code"})
THIS = "this"
"""Stands for the id of the token that a call was made with."""


class Tokens(mixins.ListModelMixin, Resource):
    """Bearer tokens of the caller; a lead coordinator may list and revoke those of others."""

    parameters = frozenset({OF})
    serializer_class = TokenSerializer
    queryset = AccessToken.objects.none()

    def get_permissions(self) -> Any:
        if self.action in ("create", "code"):
            return [AllowAny(), TokenScope()]
        if self.action == "destroy" and self._is_own(self.kwargs.get("pk")):
            return [IsAuthenticated()]  # Giving a right up needs no right to write.
        return super().get_permissions()

    def _is_own(self, pk: str | None) -> bool:
        """Return whether `pk` names the very token of this call."""
        token = self.request.auth
        return isinstance(token, AccessToken) and pk in (THIS, str(token.pk))

    def get_queryset(self) -> QuerySet[AccessToken]:
        if self.described_only:
            return AccessToken.objects.none()
        if self.action == "destroy":
            return tokens.visible_to(self.caller)
        return tokens.visible_to(self.caller).filter(user=whose(self))

    @extend_schema(request=NewTokenSerializer, responses={201: IssuedTokenSerializer}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Make a token. Only this answer shows it.

        The caller is signed in or proves in this call who they are: an arrival by case number and secret, a host by a
        contact and the code that was sent to it. A proof counts even where somebody is signed in: the token is for the
        person it proves, or for nobody. A token made by a token ends with it; one made in a session ends when the
        session is revoked.
        """
        wanted = self.body(NewTokenSerializer).validated_data
        # Answer a repeated call before checking its code: a code works only once. Check code or secret outside the
        # transaction of `once`: a wrong one raises, which would roll back the count of tries.
        if (answer := answered(request)) is not None:
            return answer
        if PROOF.isdisjoint(wanted):
            return once(request, lambda: self._issue(self.caller, wanted, self._made_by(request)))
        user = self._proved(request, wanted)
        return once(request, lambda: self._issue(user, wanted, {}))

    def _made_by(self, request: Request) -> dict[str, Any]:
        """Return the token or the session that makes the new token."""
        if isinstance(request.auth, AccessToken):
            return {"parent": request.auth}
        return {"sign_in_id": request._request.session[SIGN_IN]}

    def _proved(self, request: Request, proof: dict[str, Any]) -> User:
        source, at = source_of(request), timezone.now()
        if "secret" in proof and "case_number" in proof:
            user = signing_in.sign_in_to_case(proof["case_number"], proof["secret"], source=source, at=at)
        else:
            user = signing_in.sign_in_by_code(proof["contact"], proof["code"], source=source, at=at)
        if desk_of(user) is not None:
            raise SecondFactorNeeded
        return user

    def _issue(self, user: User, wanted: dict[str, Any], made_by: dict[str, Any]) -> Response:
        row, token = tokens.issue(
            user, name=wanted["name"], scope=wanted["scope"], days=wanted["days"], at=timezone.now(), **made_by
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
        """Revoke a token now, with every token that it made. `this` names the token of this very call.

        A lead coordinator may revoke anybody's token. A token of scope `read` may revoke itself.
        """
        if pk == THIS:
            if not isinstance(request.auth, AccessToken):
                raise Http404
            self.kwargs["pk"] = request.auth.pk
        sign_ins.end_token(self.get_object(), by=self.caller, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
