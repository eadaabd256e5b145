"""How the API knows who calls: a bearer token (`Authorization: Bearer shk_...`)."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import tokens
from accounts.models import AccessToken, User


class BearerToken(BaseAuthentication):
    """`request.auth` is the AccessToken; a token of scope `read` may not change anything (`matching.api.permissions`)."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        row = tokens.find(words[1].decode("latin-1"), at=timezone.now()) if len(words) == 2 else None
        if row is None:
            raise AuthenticationFailed(_("This token is not valid: unknown, revoked or expired. Make a new one."))
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Shanyrak"'


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes it."""

    target_class = BearerToken
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token made by POST /api/v1/tokens/."}
