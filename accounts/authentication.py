"""How the API knows its caller: by a bearer token (`Authorization: Bearer shk_...`, RFC 6750) or by a pages' session."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import desk_sessions, tokens
from accounts.coordinators import desk_of, rights_of
from accounts.models import AccessToken, User


class BearerToken(BaseAuthentication):
    """Put the AccessToken into `request.auth`; `matching.api.permissions` refuses changes by a token of scope `read`."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        row = tokens.find(words[1].decode("latin-1"), at=timezone.now()) if len(words) == 2 else None
        if row is None:
            raise AuthenticationFailed(_("This token is not valid: unknown, revoked or expired. Make a new one."))
        _admits(row.user)
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Shanyrak"'


class SessionOfBothFactors(SessionAuthentication):
    """Admit a session of the pages; a coordinator's session only if it has proved the second factor, as at the desk."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        user = found[0]
        if (user.is_staff or desk_of(user) is not None) and not desk_sessions.verified(request._request):
            return None
        _admits(user)
        return user, None


def _admits(user: User) -> None:
    """Raise AuthenticationFailed for an auditor: only the admin's pages hide the fields that auditors may not read."""
    if rights_of(user).reads_only:
        raise AuthenticationFailed(_("Auditors look at everything in the admin; the API is not open to them."))


class SessionOfBothFactorsScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """Describe SessionOfBothFactors in the OpenAPI schema."""

    target_class = SessionOfBothFactors  # type: ignore[assignment]


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe BearerToken in the OpenAPI schema."""

    target_class = BearerToken
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token made by POST /api/v1/tokens/."}
