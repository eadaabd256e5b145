"""The scope of tokens and the number of calls. The domain decides what a caller may see or do."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import throttles
from accounts.models import AccessToken
from accounts.refusals import TooManyTries
from accounts.sources import source_of


class TokenScope(BasePermission):
    """Refuses changes to tokens of scope `read`. They may read all that their user may read."""

    message = _('This token may only read. Make one with the scope "write".')

    def has_permission(self, request: Request, view: Any) -> bool:
        token = request.auth
        if not isinstance(token, AccessToken) or request.method in SAFE_METHODS:
            return True
        return token.scope == AccessToken.Scope.WRITE


class Calls(BaseThrottle):
    """At most 600 calls a minute for a user, 120 for an anonymous source; counted atomically in PostgreSQL."""

    def allow_request(self, request: Request, view: Any) -> bool:
        known = request.user.is_authenticated
        whose = f"user:{request.user.pk}" if known else f"from:{source_of(request)}"
        try:
            throttles.count("api", whose, limit=600 if known else 120, seconds=60, at=timezone.now())
        except TooManyTries as refusal:
            self._wait = refusal.retry_after
            return False
        return True

    def wait(self) -> float | None:
        return float(self._wait)
