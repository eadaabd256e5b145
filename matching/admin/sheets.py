"""Sheets at the desk: bring a sheet, preview what it would do, confirm it, follow its progress, undo it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.refusals import Refused
from matching import queries
from matching.admin import sheet_duplicates, sheet_exports
from matching.admin.access import LookOnly, acting, coordinator, said
from matching.admin.queue import page_context
from matching.admin.words import OUTCOME_WORDS, SHEET_COLUMN_WORDS, SHEET_COLUMNS
from matching.importing import mappings, undoing, uploads
from matching.importing.uploads import MOST_SHEET_BYTES, SheetState, SheetTooLarge
from matching.models import SheetImport, SheetImportRow
from matching.refusal_words import of_value, words_of
from matching.refusals import WRONG_INPUT
from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS
from matching.sheets.headings import WHY

ROWS_A_PAGE = 100
LOOK_AGAIN_SECONDS = 3


class BringForm(forms.Form):
    """Which of the two spreadsheets, and the file."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What does each row of it say?"),
        choices=[
            (SheetImport.SheetKind.SPACES, gettext_lazy("a space that a host offers (SPACES.csv)")),
            (SheetImport.SheetKind.REQUESTS, gettext_lazy("a household that needs shelter (REQUESTS.csv)")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose which of the two sheets it is.")},
    )
    file = forms.FileField(
        label=gettext_lazy("The sheet: XLSX, ODS or CSV"),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.ods,text/csv"}),
        error_messages={
            "required": gettext_lazy("Choose the file."),
            "empty": gettext_lazy("The file is empty. Its first line must name the columns."),
        },
    )

    mapping = forms.ChoiceField(
        label=gettext_lazy("Which heading is which column"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("This mapping is not kept any more. Choose another.")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = dict(SheetImport.SheetKind.choices)
        named = [(each.name, f"{each.name} ({kinds[each.kind]})") for each in mappings.mappings()]
        self.fields["mapping"].choices = [("", _("as the headings say")), *named]  # type: ignore[attr-defined]
        if not named:
            del self.fields["mapping"]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_SHEET_BYTES:
            raise forms.ValidationError(str(SheetTooLarge.message))
        return file


@admin.register(SheetImport)
class SheetAdmin(LookOnly[SheetImport]):
    """The sheets that the user brought, and those with a row in the user's places."""

    list_display = ["__str__", "kind", "state", "row_count", "by", "received_at", "done_at"]
    list_filter = ["kind", "state"]
    change_list_template = "admin/matching/sheet_list.html"

    def visible(self, user: User) -> QuerySet[SheetImport]:
        return queries.sheets_visible_to(user).defer("content").select_related("by", "undo_by")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view

        def post(address: str, act: Any, name: str) -> Any:
            return path(f"<int:sheet_id>/{address}/", view(require_POST(act)), name=f"matching_sheet_{name}")

        return [
            path("bring/", view(self.bring), name="matching_sheet_bring"),
            path("<int:sheet_id>/refused/", view(self.refused), name="matching_sheet_refused"),
            post("columns", self.columns, "columns"),
            path("mappings/<int:mapping_id>/remove/", view(require_POST(self.remove)), name="matching_sheet_unmap"),
            post("confirm", self.confirm, "confirm"),
            post("drop", self.drop, "drop"),
            post("undo", self.undo, "undo"),
            *sheet_exports.urls(),
            *sheet_duplicates.urls(),
            *super().get_urls(),
        ]

    # -- bringing ---------------------------------------------------------------------------------

    def bring(self, request: HttpRequest) -> HttpResponse:
        """Receive a file and open its page, which shows the preview as soon as a worker has made it."""
        user = acting(request)
        sent = request.method == "POST"
        form = BringForm(request.POST, request.FILES) if sent else BringForm()
        if sent and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                sheet = uploads.receive(
                    form.cleaned_data["kind"],
                    file.read(),
                    file_name=file.name,
                    by=user,
                    at=timezone.now(),
                    mapping=form.cleaned_data.get("mapping", ""),
                )
            except mappings.UnknownMapping as refusal:
                form.add_error("mapping", words_of(refusal))
            except Refused as refusal:
                form.add_error("file", words_of(refusal))
            else:
                return HttpResponseRedirect(_page_of(sheet.pk))
        context = page_context(
            request,
            title=_("Import a sheet"),
            here="sheets",
            form=form,
            mappings=mappings.mappings(),
            columns={"SPACES.csv": SPACE_COLUMNS, "REQUESTS.csv": REQUEST_COLUMNS},
        )
        template = "admin/matching/sheet_bring.html"
        return TemplateResponse(request, template, context, status=WRONG_INPUT if sent else 200)

    # -- the page of one sheet --------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not object_id.isdecimal() or len(object_id) > 18:
            raise Http404
        user = coordinator(request)
        sheet = get_object_or_404(self.visible(user), pk=int(object_id))
        visible = queries.sheet_rows_visible_to(user, sheet)
        column = "outcome" if sheet.confirmed_at else "foreseen"
        counts = dict(visible.order_by().values_list(column).annotate(Count("pk")))
        show = request.GET.get("show", "")
        show = show if show in {*OUTCOME_WORDS, SheetImportRow.Undone.NO} else ""
        rows = visible.select_related("place")
        if show:
            rows = rows.filter(**{"undone" if show == SheetImportRow.Undone.NO else column: show})
        page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
        done, size = sum(count for outcome, count in counts.items() if outcome), sum(counts.values())
        follow = sheet.is_worked_on and request.GET.get("follow") != "no"
        context = page_context(
            request,
            title=_("Sheet %(number)d: %(kind)s") % {"number": sheet.pk, "kind": sheet.get_kind_display()},
            here="sheets",
            sheet=sheet,
            counts=[(value, words, counts.get(value, 0)) for value, words in OUTCOME_WORDS.items()],
            done=done,
            size=size,
            elsewhere=size < sheet.row_count and sheet.state != SheetState.DROPPED,
            show=show,
            page=page,
            rows=[_shown(row, column) for row in page],
            to_vouch=visible.filter(would_vouch=True).count() if sheet.state == SheetState.PREVIEWED else 0,
            vouched=visible.filter(vouched_at__isnull=False).count(),
            undoing=_undoing(sheet, visible),
            may_undo=undoing.may_undo(sheet, user),
            mine=sheet.by_id == user.pk,
            refused=counts.get(uploads.ROW_REFUSED, 0),
            follow=follow,
            lines=uploads.lines_of(sheet, by=user),
            **(_choices(sheet, user) | (extra_context or {})),
        )
        status = WRONG_INPUT if "wrong" in context else 200
        answer = TemplateResponse(request, "admin/matching/sheet_page.html", context, status=status)
        if follow:
            # Reload by a header, so that it works without scripts. A link on the page stops it.
            answer["Refresh"] = str(LOOK_AGAIN_SECONDS)
        return answer

    def columns(self, request: HttpRequest, sheet_id: int) -> HttpResponse:
        """Read a sheet anew with the meanings that its bringer chose; a refusal shows the choices again."""
        user = self._of(request, sheet_id)
        sheet = self.visible(user).get(pk=sheet_id)
        headings = [heading for heading, _meaning in sheet.what_means_what]
        chosen = [request.POST.get(f"c{number}", "") for number in range(len(headings))]
        keep_as = request.POST.get("keep_as", "")
        try:
            uploads.correct(sheet_id, chosen, keep_as=keep_as, by=user, at=timezone.now())
        except Refused as refusal:
            choices = _choices(sheet, user, list(zip(headings, chosen, strict=True)))
            if not choices:
                messages.error(request, words_of(refusal))
                return HttpResponseRedirect(_page_of(sheet_id))
            shown = choices | {"wrong": words_of(refusal), "keep_as": keep_as}
            return self.change_view(request, str(sheet_id), extra_context=shown)
        messages.success(request, _("The sheet is looked through again with these columns."))
        return HttpResponseRedirect(_page_of(sheet_id))

    def refused(self, request: HttpRequest, sheet_id: int) -> HttpResponseBase:
        """Send the refused rows of a previewed sheet to its bringer, each with the reasons in their language in front."""
        user = self._of(request, sheet_id)
        sheet = queries.sheets_visible_to(user).get(pk=sheet_id)
        why = {
            row.line: "; ".join(
                f"{column}: {of_value(value)}".removeprefix(": ") for column, value in row.what_is_wrong
            )
            for row in sheet.rows.filter(foreseen=uploads.ROW_REFUSED)
        }
        try:
            header, lines = uploads.refused_rows(sheet, by=user, why=why)
        except Refused as refusal:
            messages.error(request, words_of(refusal))
            return HttpResponseRedirect(_page_of(sheet_id))
        heading = WHY.get(get_language() or "", WHY["en"])
        return sheet_exports.workbook(f"refused-{sheet.pk}.xlsx", [heading, *header], iter(lines))

    def remove(self, request: HttpRequest, mapping_id: int) -> HttpResponse:
        """Forget a kept mapping."""
        user = coordinator(request)
        said(request, lambda: mappings.remove_mapping(mapping_id, by=user), _("The mapping is forgotten."))
        return HttpResponseRedirect(reverse("admin:matching_sheet_bring"))

    def confirm(self, request: HttpRequest, sheet_id: int) -> HttpResponse:
        """Confirm a sheet: the worker takes it in as the preview says."""
        user = self._of(request, sheet_id)

        def act() -> None:
            trust = request.POST.get("trust_vetted") == "yes"
            uploads.confirm(sheet_id, trust_vetted=trust, by=user, at=timezone.now())

        said(request, act, _("Confirmed. The rows are taken in one after the other."))
        return HttpResponseRedirect(_page_of(sheet_id))

    def drop(self, request: HttpRequest, sheet_id: int) -> HttpResponse:
        """Drop a sheet: nothing is taken in, and its contents are erased."""
        user = self._of(request, sheet_id)

        def act() -> None:
            uploads.drop(sheet_id, by=user, at=timezone.now())

        said(request, act, _("Nothing of this sheet was taken in, and its contents are forgotten."))
        return HttpResponseRedirect(_page_of(sheet_id))

    def undo(self, request: HttpRequest, sheet_id: int) -> HttpResponse:
        """Undo a whole import."""
        user = self._of(request, sheet_id)

        def act() -> None:
            undoing.undo(sheet_id, by=user, at=timezone.now())

        said(request, act, _("The import is being undone, row by row."))
        return HttpResponseRedirect(_page_of(sheet_id))

    def _of(self, request: HttpRequest, sheet_id: int) -> User:
        """Return the user. Raises Http404 unless they may see the sheet."""
        user = coordinator(request)
        get_object_or_404(self.visible(user), pk=sheet_id)
        return user


def _undoing(sheet: SheetImport, visible: QuerySet[SheetImportRow]) -> dict[str, int]:
    """Return how many rows an undo covers, and how many of them are undone or kept so far."""
    changing = undoing.to_take_back(sheet).filter(pk__in=visible.values("pk"))
    counts = dict(changing.order_by().values_list("undone").annotate(Count("pk"))) if sheet.confirmed_at else {}
    yes, no = (counts.get(each, 0) for each in (SheetImportRow.Undone.YES, SheetImportRow.Undone.NO))
    return {"all": sum(counts.values()), "undone": yes, "kept": no, "over": yes + no}


def _choices(sheet: SheetImport, user: User, chosen: list[tuple[str, str]] | None = None) -> dict[str, Any]:
    """Return the context of the choice of columns, for the bringer of a sheet that waits; else none."""
    if sheet.state not in (SheetState.ASKED, SheetState.PREVIEWED) or sheet.by_id != user.pk:
        return {}
    columns = mappings.columns_of(sheet.kind)
    means = sheet.what_means_what if chosen is None else chosen
    open_still = sum(not meaning for _heading, meaning in means)
    return {
        "headings": means,
        "ours": columns,
        "may_note": "notes" in columns,
        "open_still": open_still,
        "taken": [(heading, meaning) for heading, meaning in sheet.headings],
        "keep_as": sheet.mapping,
        "needed": [name for name in mappings.needed_columns(sheet.kind) if name not in {each for _h, each in means}],
    }


def _page_of(sheet_id: int) -> str:
    return reverse("admin:matching_sheetimport_change", args=[sheet_id])


def _shown(row: SheetImportRow, column: str) -> dict[str, Any]:
    """Return the context of one row of a sheet. It never has the values of personal columns."""
    outcome = getattr(row, column)
    return {
        "row": row,
        "outcome": OUTCOME_WORDS.get(outcome, ""),
        "wrong": [(column, of_value(value)) for column, value in row.what_is_wrong],
        "kept_because": of_value(row.kept_because) if row.kept_because else "",
        "changes": [
            {
                "column": SHEET_COLUMNS.get(name, name),
                "named": SHEET_COLUMN_WORDS.get(name, ""),
                "before": _in_words(before),
                "after": _in_words(after),
                "personal": before is None and after is None,
                "empty": bool(empty),
            }
            for name, before, after, *empty in row.what_changes
        ],
    }


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    match value:
        case None | "" | []:
            return "–"
        case list():
            return "; ".join("/".join(map(str, each)) if isinstance(each, list) else str(each) for each in value)
        case _:
            return str(value)
