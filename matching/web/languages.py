"""Languages: those that people can say they speak, and the language in which they read the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import check_for_language, get_language_info
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from accounts.languages import read_in
from matching.web.visitors import user_of

SPOKEN = ("ru", "kk", "en", "uk", "ka", "uz", "ky", "tg", "az", "hy", "tr", "be", "de", "fr")


def own_name(code: str) -> str:
    """Return the name of a language in that language, or `code` (ISO 639) if Django does not know it."""
    try:
        return str(get_language_info(code)["name_local"]).capitalize()
    except KeyError:
        return code


def languages_in_words(codes: Iterable[str]) -> str:
    """Return the languages' own names in one line."""
    return ", ".join(own_name(code) for code in codes)


CHOICES = [(code, own_name(code)) for code in SPOKEN]


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the chosen language on this device, and for the messages to a signed-in person."""
    code = request.POST.get("language", "")
    if (user := user_of(request)) and check_for_language(code):
        read_in(user, code)
    return set_language(request)


class OwnLanguage:
    """Show the pages in a person's language on another phone too (a middleware, after the one that finds the user).

    A language chosen on this device comes first, then one that the browser asks for and we speak: the pages stay in it
    after signing in. Where the browser asks for none of ours, a signed-in person reads the pages in the language of
    their account, and the device remembers that language.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        user = user_of(request) if self._is_ours(request) else None
        if user and settings.LANGUAGE_COOKIE_NAME not in response.cookies:
            remember(response, user.language)
        return response

    def process_view(self, request: HttpRequest, _view: object, _args: Any, _kwargs: Any) -> None:
        if self._is_ours(request) and (user := user_of(request)):
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language()  # type: ignore[attr-defined]

    @staticmethod
    def _is_ours(request: HttpRequest) -> bool:
        match = request.resolver_match
        return (
            match is not None
            and match.namespaces == ["web"]
            and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES
            and not browser_asks(request)
        )


def browser_asks(request: HttpRequest) -> bool:
    """Return whether the browser asks for one of the service's languages."""
    asked = (code for code, _priority in parse_accept_lang_header(request.headers.get("Accept-Language", "").lower()))
    return any(code.partition("-")[0] in dict(settings.LANGUAGES) for code in asked if code != "*")


def remember(response: HttpResponse, language: str) -> None:
    """Set the cookie of the language, with the same settings as Django's `set_language`."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
