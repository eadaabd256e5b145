"""Export spaces, requests and matches from the desk as CSV or as a workbook (XLSX)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from tempfile import TemporaryFile
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.coordinators import may_export_personal
from accounts.refusals import Refused
from matching import reason_words
from matching.admin.access import LOOK_REASONS, coordinator, why_look
from matching.admin.queue import page_context
from matching.importing import exports
from matching.importing.exports import ExportKind
from matching.refusal_words import words_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXPORT_FORMATS = ("csv", "xlsx")
EXPORT_WORDS = {
    ExportKind.SPACES: gettext_lazy("Spaces that are not withdrawn"),
    ExportKind.REQUESTS: gettext_lazy("Shelter requests that are not withdrawn"),
    ExportKind.MATCHES: gettext_lazy("Matches"),
}


def urls() -> list[Any]:
    """Return the URL patterns of the exports, below those of the sheets."""
    view = admin.site.admin_view
    return [
        path("export/", view(page), name="matching_sheet_export"),
        path("export/personal/", view(require_POST(personal)), name="matching_sheet_export_personal"),
        path("export/<slug:kind>/<slug:form>/", view(take), name="matching_sheet_export_take"),
    ]


def page(request: HttpRequest) -> HttpResponse:
    """Show the exports; those with personal fields only to coordinators who have the right to them."""
    user = coordinator(request)
    context = page_context(
        request,
        title=_("Export"),
        here="sheets",
        exports=[(kind.value, words, exports.columns_of(kind)) for kind, words in EXPORT_WORDS.items()],
        with_people=[(kind.value, words) for kind, words in EXPORT_WORDS.items() if kind is not ExportKind.MATCHES],
        may_export_personal=may_export_personal(user),
        look_reasons=LOOK_REASONS.items(),
    )
    return TemplateResponse(request, "admin/matching/sheet_export.html", context)


def take(request: HttpRequest, kind: str, form: str) -> HttpResponseBase:
    """Send the rows that the user sees, without personal fields, and log that they were taken."""
    user = coordinator(request)
    which = _known(kind, form)
    lines = exports.take(which, by=user, at=timezone.now(), in_words=_in_words_of_reader())
    return _file(which, form, exports.columns_of(which), lines)


def personal(request: HttpRequest) -> HttpResponseBase:
    """Send the rows with names, contacts, addresses and notes, and log a look at every person in them."""
    user = coordinator(request)
    form = request.POST.get("form", "")
    which = _known(request.POST.get("kind", ""), form)
    back = HttpResponseRedirect(reverse("admin:matching_sheet_export"))
    why = why_look(request)
    if why is None:
        return back
    try:
        lines = exports.open_personal(which, by=user, at=timezone.now(), reason=why.reason, note=why.note)
    except Refused as refusal:
        messages.error(request, words_of(refusal))
        return back
    return _file(which, form, exports.columns_of(which, personal=True), lines)


def _in_words_of_reader() -> Callable[[Iterable[Any]], list[str]]:
    """Return a function that words reasons in the reader's language, also when the file streams after the view is over."""
    language = get_language()

    def in_words(reasons: Iterable[Any]) -> list[str]:
        with override(language):
            return reason_words.reasons_in_words(reasons)

    return in_words


def _known(kind: str, form: str) -> ExportKind:
    if kind not in set(ExportKind) or form not in EXPORT_FORMATS:
        raise Http404
    return ExportKind(kind)


def _file(kind: ExportKind, form: str, header: list[str], lines: Iterator[list[Any]]) -> HttpResponseBase:
    name = f"{kind.upper()}.{form}"
    answer: HttpResponseBase
    if form == "csv":
        answer = StreamingHttpResponse(exports.as_csv(header, lines), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
    else:
        answer = workbook(name, header, lines)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def workbook(name: str, header: list[str], lines: Iterator[list[Any]]) -> FileResponse:
    """Send a workbook."""
    out = TemporaryFile(dir=settings.PASSING_FILES)  # noqa: SIM115  # the response closes the file, which deletes it
    exports.write_xlsx(out, header, lines)
    out.seek(0)
    answer = FileResponse(out, as_attachment=True, filename=name, content_type=XLSX)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
