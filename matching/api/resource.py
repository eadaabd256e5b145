"""The base class of all resources. `matching.queries.*_visible_to` decide what a caller may see.

A thing that the caller may not see is 404, so that nobody learns that it exists. An act that the caller may not do on a
thing they see is 403.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters import FilterSet
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.models import User
from matching.api.conditional import with_etag
from matching.api.pagination import ByCursor
from matching.api.permissions import Calls, TokenScope
from matching.api.schema import WithProblems

PAGING = frozenset({ByCursor.cursor_query_param, ByCursor.page_size_query_param})


class Resource(GenericViewSet[Any]):
    """One kind of thing under one URL. Each act reads the body, makes one call into the domain, and writes the answer."""

    permission_classes: list[type[BasePermission]] = [IsAuthenticated, TokenScope]
    throttle_classes = [Calls]
    pagination_class = ByCursor
    filterset_class: type[FilterSet] | None = None
    parameters: frozenset[str] = frozenset()
    """Query parameters that the list accepts besides those of its filters and pages."""
    schema = WithProblems()  # type: ignore[no-untyped-call]

    @property
    def caller(self) -> User:
        """Return the signed-in user. Raises NotAuthenticated where nobody is signed in."""
        if not isinstance(self.request.user, User):
            raise NotAuthenticated
        return self.request.user

    @property
    def described_only(self) -> bool:
        """Return whether this is no call: drf-spectacular only reads the view for the schema."""
        return getattr(self, "swagger_fake_view", False)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply the filters of a list. Raises ValidationError for an unknown filter, since ignoring it returns everything."""
        if self.action == "list":
            filters = set(self.filterset_class.base_filters) if self.filterset_class else set()
            unknown = set(self.request.query_params) - filters - PAGING - self.parameters
            if unknown:
                raise serializers.ValidationError({name: [_("There is no such filter.")] for name in sorted(unknown)})
        return super().filter_queryset(queryset)

    def read(self, row: Any, *, status: int = 200) -> Response:
        """Return the row as the caller may see it, with an ETag if the row has a version."""
        serializer = self.get_serializer_class()(row, context=self.get_serializer_context())
        response = Response(serializer.data, status=status)
        return with_etag(response, row) if hasattr(row, "version") else response

    def body(self, serializer: type[serializers.BaseSerializer[Any]], **context: Any) -> Any:
        """Return the checked body of the call. Raises ValidationError."""
        read = serializer(data=self.request.data, context={**self.get_serializer_context(), **context})
        read.is_valid(raise_exception=True)
        return read
