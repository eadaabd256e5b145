"""What all resources share. What a caller may see is decided by `matching.queries.*_visible_to`.

Anything else is 404, so that nobody learns what exists; what may be seen but not done is 403.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django_filters import FilterSet
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.models import User
from matching.api.conditional import with_etag
from matching.api.pagination import ByCursor
from matching.api.permissions import Calls, TokenScope
from matching.api.schema import WithProblems

PAGING = frozenset({ByCursor.cursor_query_param, ByCursor.page_size_query_param})


class Resource(GenericViewSet[Any]):
    """One kind of thing at one address. Each act translates in, makes one call into the domain, translates out."""

    permission_classes: list[type[BasePermission]] = [IsAuthenticated, TokenScope]
    throttle_classes = [Calls]
    pagination_class = ByCursor
    filterset_class: type[FilterSet] | None = None
    parameters: frozenset[str] = frozenset()
    """Query parameters of the list beside its filters and pages."""
    schema = WithProblems()  # type: ignore[no-untyped-call]

    @property
    def caller(self) -> User:
        """Return the signed-in user. Raises NotAuthenticated where the permissions let anybody in."""
        if not isinstance(self.request.user, User):
            raise NotAuthenticated
        return self.request.user

    @property
    def described_only(self) -> bool:
        """Whether nobody calls and the schema is being made."""
        return getattr(self, "swagger_fake_view", False)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow a list; refuse a misspelt filter by name, which would otherwise silently return everything."""
        if self.action == "list":
            filters = set(self.filterset_class.base_filters) if self.filterset_class else set()
            unknown = set(self.request.query_params) - filters - PAGING - self.parameters
            if unknown:
                raise serializers.ValidationError({name: [_("There is no such filter.")] for name in sorted(unknown)})
        return super().filter_queryset(queryset)

    def read(self, row: Any, *, status: int = 200) -> Response:
        """Return the row as the caller may see it, with its ETag where it has versions."""
        serializer = self.get_serializer_class()(row, context=self.get_serializer_context())
        response = Response(serializer.data, status=status)
        return with_etag(response, row) if hasattr(row, "version") else response

    def body(self, serializer: type[serializers.BaseSerializer[Any]], **context: Any) -> Any:
        """Return the checked body of the call. Raises ValidationError."""
        read = serializer(data=self.request.data, context={**self.get_serializer_context(), **context})
        read.is_valid(raise_exception=True)
        return read


def source_of(request: Request | HttpRequest) -> str:
    """Return where a call comes from; it is only counted, as an index, never kept."""
    return str(request.META.get("REMOTE_ADDR", ""))
