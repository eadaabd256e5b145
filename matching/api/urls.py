"""`/api/v1/`."""

from __future__ import annotations

from typing import NoReturn

from django.http import Http404
from django.urls import include, path, re_path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from matching.api.docs import docs
from matching.api.matches import Matches
from matching.api.notifications import Notifications
from matching.api.places import Places
from matching.api.requests import Requests
from matching.api.sessions import Sessions
from matching.api.spaces import Spaces
from matching.api.tokens import Tokens

router = SimpleRouter()
router.register("places", Places)
router.register("spaces", Spaces)
router.register("requests", Requests)
router.register("matches", Matches)
router.register("notifications", Notifications)
router.register("sessions", Sessions)
router.register("tokens", Tokens)


@extend_schema(exclude=True)
class Nothing(APIView):
    """Answers every unknown URL below the API with a problem (404) instead of a page."""

    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: object, **kwargs: object) -> NoReturn:
        raise Http404


urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", docs, name="api-docs"),
    path("", include(router.urls)),
    re_path("", Nothing.as_view()),
]
