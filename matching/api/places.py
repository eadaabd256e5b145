"""`/places/`: the gazetteer, for anybody."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.permissions import AllowAny

from matching.api.pagination import ByPopulation
from matching.api.resource import Resource
from matching.api.serializers import PlaceSerializer
from places.models import Place
from places.queries import search

NAME_PARAMETER = OpenApiParameter("name", str, description="The beginning of its name in any language.")


@extend_schema_view(list=extend_schema(parameters=[NAME_PARAMETER]))
class Places(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Cities, towns and border crossings, by name in any language, the most populous first."""

    permission_classes = [AllowAny]
    serializer_class = PlaceSerializer
    pagination_class = ByPopulation
    parameters = frozenset({"name"})
    queryset = Place.objects.none()

    def get_queryset(self) -> QuerySet[Place]:
        if self.action == "list":
            return search(self.request.query_params.get("name", ""))
        return Place.objects.all()
