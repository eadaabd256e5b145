"""`/sessions/`: where one is signed in on the pages and at the desk, and ending that."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import sign_ins
from accounts.coordinators import rights_of
from accounts.models import SignIn, User
from matching.api.account_serializers import SessionSerializer
from matching.api.pagination import ByBeginning
from matching.api.resource import Resource

OF = "of"
"""The query parameter with which a lead coordinator names somebody else: a user name or a case number."""


class Sessions(mixins.ListModelMixin, Resource):
    """Open sessions of the caller; a lead coordinator may list and end those of others."""

    serializer_class = SessionSerializer
    queryset = SignIn.objects.none()
    parameters = frozenset({OF})
    pagination_class = ByBeginning

    def get_queryset(self) -> QuerySet[SignIn]:
        if self.described_only:
            return SignIn.objects.none()
        if self.action == "destroy":
            return sign_ins.visible_to(self.caller)
        return sign_ins.open_sessions(whose(self), at=timezone.now())

    def destroy(self, request: Request, pk: str) -> Response:
        """End a session now, with every token made in it."""
        sign_ins.end_session(self.get_object(), by=self.caller, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def whose(resource: Resource) -> User:
    """Return the person whose rows a list is about: the caller, or whom a lead names by `of`. Raises Http404."""
    named = resource.request.query_params.get(OF)
    if named is None:
        return resource.caller
    if not rights_of(resource.caller).is_lead:
        raise Http404
    found = User.objects.filter(username=named).first()
    if found is None:
        raise Http404
    return found
