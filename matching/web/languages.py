"""The languages people may say they speak, each by its own name, and the one they read these pages in."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import check_for_language, get_language_info
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from accounts.languages import read_in
from matching.web.visitors import user_of

SPOKEN = ("ru", "kk", "en", "uk", "ka", "uz", "ky", "tg", "az", "hy", "tr", "be", "de", "fr")


def own_name(code: str) -> str:
    """Return what a language calls itself; the code where Django does not know it."""
    try:
        return str(get_language_info(code)["name_local"]).capitalize()
    except KeyError:
        return code


def in_words(codes: Iterable[str]) -> str:
    """Return the languages' own names in one line."""
    return ", ".join(own_name(code) for code in codes)


CHOICES = [(code, own_name(code)) for code in SPOKEN]


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the chosen language on this device, and for a signed-in person in their messages too."""
    code = request.POST.get("language", "")
    if (user := user_of(request)) and check_for_language(code):
        read_in(user, code)
    return set_language(request)
