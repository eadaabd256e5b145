"""The coordinators' desk: Django's own admin site behind a door that asks for a second factor."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

OWN_KEYS = frozenset(
    {
        "logout",
        "password_change",
        "keys",
        "keys_new",
        "keys_passkey",
        "keys_passkey_remove",
        "accounts_end_session",
        "accounts_end_token",
    }
)
"""The pages where even an auditor may change something: their own keys."""

View = Callable[..., HttpResponse]


class Desk(AdminSite):
    """The admin site. Every page needs a proved second factor, and refuses changes by an auditor."""

    site_header = site_title = "Shanyrak"
    index_title = gettext_lazy("The coordinators' desk")

    landing: Callable[[HttpRequest], TemplateResponse | None] | None = None
    """Returns the desk's first page; where it returns None, Django's list of models is shown."""

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        answer = self.landing(request) if self.landing else None
        return answer or super().index(request, extra_context)

    def has_permission(self, request: HttpRequest) -> bool:
        from accounts.desk_sessions import verified  # Django makes the site before it loads the models.

        return verified(request) and request.user.is_staff

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.method not in ("GET", "HEAD", "OPTIONS") and self._reads_only(request):
                raise PermissionDenied(_("Auditors look at everything and change nothing."))
            return view(request, *args, **kwargs)

        return super().admin_view(guarded, cacheable)

    def _reads_only(self, request: HttpRequest) -> bool:
        from accounts.coordinators import rights_of

        name = request.resolver_match.url_name if request.resolver_match else None
        return name not in OWN_KEYS and rights_of(request.user).reads_only

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        from accounts.coordinators import rights_of

        return {**super().each_context(request), "desk": rights_of(request.user)}

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from accounts import desk_door

        return desk_door.sign_in(request, self)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Change one's own password, as Django does. The other sessions end with the old password; this one goes on."""
        from accounts import sign_ins
        from accounts.models import User

        answer: HttpResponse = super().password_change(request, extra_context)
        if request.method == "POST" and answer.status_code == 302 and isinstance(request.user, User):
            sign_ins.go_on(request, request.user, at=timezone.now())
        return answer

    def get_urls(self) -> list[Any]:
        from accounts import desk_door, desk_invitations, desk_keys, desk_passkeys

        def at_the_door(view: Callable[[HttpRequest, AdminSite], HttpResponse]) -> View:
            return lambda request: view(request, self)

        def by_link(request: HttpRequest, token: str) -> HttpResponse:
            return desk_invitations.invitation(request, self, token)

        def inside(view: Callable[[HttpRequest, AdminSite], HttpResponse]) -> View:
            admitted: View = self.admin_view(lambda request: view(request, self))
            return admitted

        def without(request: HttpRequest, passkey_id: int) -> HttpResponse:
            return desk_passkeys.remove(request, self, passkey_id)

        return [
            path("login/code/", at_the_door(desk_door.prove), name="login_code"),
            path("login/set-up/", at_the_door(desk_door.set_up), name="login_set_up"),
            path("i/<slug:token>/", by_link, name="login_invitation"),
            path("login/passkey/", at_the_door(desk_passkeys.sign_in), name="login_passkey"),
            path("keys/passkey/", inside(desk_passkeys.add), name="keys_passkey"),
            path("keys/passkey/<int:passkey_id>/remove/", self.admin_view(without), name="keys_passkey_remove"),
            path("keys/", inside(desk_keys.keys), name="keys"),
            path("keys/new/", inside(desk_keys.new), name="keys_new"),
            *super().get_urls(),
        ]
