"""Vetting hosts: the checklist, evidence and standing of each. This app has the page because suspending freezes matches."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import evidence, vetting
from accounts.evidence import NotAPicture, PictureOfADocument, PictureTooBig
from accounts.models import Host, HostCall, HostCheck, HostEvent, HostEvidence, User
from accounts.refusals import Refused
from matching import disclosure, hosts, queries
from matching.admin import call_list, line_words, personal
from matching.admin.access import LookOnly, back, coordinator, note_of, said, why_look
from matching.deadlines import local_date
from matching.limits import LONGEST_REASON
from matching.refusal_words import words_of
from matching.refusals import NotYours, one_act
from privacy import remarks

KEEP = "kept"
"""The move in a URL that takes back a refusal which only one coordinator has asked for."""


@admin.register(Host)
class HostAdmin(LookOnly[Host]):
    """Hosts with a space in the coordinator's places, and hosts without a space, with their checks and standing."""

    list_display = ["__str__", "status", "created_at"]
    list_filter = ["status"]
    change_form_template = "admin/accounts/host_page.html"
    change_list_template = "admin/accounts/host_list.html"

    def visible(self, user: User) -> QuerySet[Host]:
        return queries.hosts_visible_to(user).select_related("user", "merged_into", "refusal_by")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view

        def post(address: str, act: Any, name: str) -> Any:
            return path(f"<int:host_id>/{address}", view(require_POST(act)), name=f"accounts_host_{name}")

        return [
            path("call/", view(partial(call_list.page, self)), name="accounts_host_call"),
            post("called/", partial(call_list.called, self), "called"),
            post("check/", self.check_, "check"),
            post("standing/<slug:move>/", self.standing, "standing"),
            post("open/", self.open_personal, "open"),
            post("evidence/", self.add_evidence, "evidence"),
            post("evidence/<int:evidence_id>/look/", self.look_at_evidence, "evidence_look"),
            post("evidence/<int:evidence_id>/remove/", self.remove_evidence, "evidence_remove"),
            *super().get_urls(),
        ]

    # -- the page ---------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        return self._page(request, int(object_id))

    def _page(self, request: HttpRequest, host_id: int, status: int = 200, **more: Any) -> HttpResponse:
        user = coordinator(request)
        host = get_object_or_404(self.visible(user), pk=host_id)
        itself_and_merged = Q(host=host) | Q(host__merged_into=host)
        context = {
            **self.admin_site.each_context(request),
            "title": str(host),
            "opts": self.opts,
            "host": host,
            "checklist": vetting.checklist(host, local_date(timezone.now())),
            "checks": host.checks.select_related("by").defer("note"),
            "kinds": HostCheck.CheckKind.choices,
            "kinds_with_pictures": evidence.kinds_with_pictures(),
            "evidence": host.evidence.select_related("by", "removed_by").defer("picture"),
            "moves": [
                to for now, to in sorted(vetting.VETTING_MOVES) if now == host.status and to != Host.Status.UNVETTED
            ],
            "refusal_is_mine": host.refusal_by_id == user.pk,
            "spaces": host.spaces.select_related("place"),
            "calls": HostCall.objects.filter(itself_and_merged).select_related("by"),
            "outcomes": HostCall.Outcome.choices,
            "events": HostEvent.objects.filter(itself_and_merged).select_related("by", "host", "remark"),
            **personal.closed(_reads(host)),
            "typed": request.POST,
            **more,
        }
        return TemplateResponse(request, self.change_form_template, context, status=status)

    def _of(self, request: HttpRequest, host_id: int) -> tuple[User, Host, str]:
        """Return the coordinator, the host, and the URL of the host's page. Raises Http404 where they may not see the host."""
        user = coordinator(request)
        host = get_object_or_404(self.visible(user), pk=host_id)
        return user, host, reverse("admin:accounts_host_change", args=[host_id])

    # -- checks and standing ----------------------------------------------------------------------

    def check_(self, request: HttpRequest, host_id: int) -> HttpResponse:
        """Put a check on record."""
        user, host, page = self._of(request, host_id)
        kind, passed = request.POST.get("kind", ""), request.POST.get("passed")
        if kind not in HostCheck.CheckKind.values or passed not in ("yes", "no"):
            self.message_user(request, _("Choose what was checked, and whether it was passed."), "error")
            return self._page(request, host_id)
        note = note_of(request)

        def record() -> None:
            hosts.check_may_judge(host.pk, user)
            with one_act():
                vetting.record_check(host, kind, by=user, at=timezone.now(), passed=passed == "yes", note=note)

        said(request, record, _("The check is on record."))
        return back(request, page)

    def standing(self, request: HttpRequest, host_id: int, move: str) -> HttpResponse:
        """Vet or suspend the host, ask for a refusal, second a refusal, or take one back."""
        user, host, page = self._of(request, host_id)
        at, reason = timezone.now(), " ".join(request.POST.get("reason", "").split())[:LONGEST_REASON]
        seconds = move == Host.Status.REFUSED and host.refusal_by_id is not None
        if move in (Host.Status.REFUSED, Host.Status.SUSPENDED) and not reason and not seconds:
            self.message_user(request, _("Write down the reason."), "error")
            return back(request, page)

        act: Any
        if move == Host.Status.VETTED:
            act, words = hosts.vet, _("The host is vetted; their spaces can be matched now.")
        elif move == Host.Status.REFUSED:
            act = partial(hosts.refuse, reason=reason)
            words = (
                _("The host is refused.")
                if seconds
                else _("Noted. Another coordinator has to refuse as well; until then the host stays as they are.")
            )
        elif move == Host.Status.SUSPENDED:
            act = partial(hosts.suspend, reason=reason)
            words = _(
                "The host is suspended. What had not begun has ended, stays are on hold, and those concerned have been told."
            )
        elif move == KEEP:
            act = partial(hosts.keep_unrefused, reason=reason)
            words = _("The refusal is off.")
        else:
            raise Http404
        said(request, partial(act, host_id, by=user, at=at), words)
        return back(request, page)

    # -- personal fields --------------------------------------------------------------------------

    def open_personal(self, request: HttpRequest, host_id: int) -> HttpResponse:
        """Show the ticked fields (name, contact, notes of checks and calls) once, for a reason, and log the look."""
        user, host, _page = self._of(request, host_id)
        return self._page(request, host_id, **personal.opened(request, user, [host.user], _reads(host)))

    def add_evidence(self, request: HttpRequest, host_id: int) -> HttpResponse:
        """Keep a picture as evidence. It is encoded anew, so that nothing else in its file (metadata) is kept."""
        user, host, page = self._of(request, host_id)
        kind, file = request.POST.get("kind", ""), request.FILES.get("picture")
        if kind not in HostCheck.CheckKind.values or file is None:
            self.message_user(request, _("Choose a picture, and what it shows."), "error")
            return self._page(request, host_id)
        try:
            if (file.size or 0) > evidence.MOST_PICTURE_BYTES:
                raise PictureTooBig
            hosts.check_may_judge(host.pk, user)
            with one_act():
                evidence.keep(host, kind, file.read(), by=user, at=timezone.now())
        except (NotAPicture, NotYours, PictureOfADocument, PictureTooBig) as refusal:
            self.message_user(request, words_of(refusal), "error")
            return self._page(request, host_id)
        self.message_user(request, _("The picture is kept, encrypted and without its metadata."), "success")
        return back(request, page)

    def look_at_evidence(self, request: HttpRequest, host_id: int, evidence_id: int) -> HttpResponse:
        """Send the picture as a file, for a reason, and log the look."""
        user, host, _page = self._of(request, host_id)
        kept = get_object_or_404(HostEvidence, pk=evidence_id, host=host, removed_at=None)
        why = why_look(request)
        if why is None:
            return self._page(request, host_id)
        fields, at = f"evidence:{kept.pk}", timezone.now()
        try:
            disclosure.look(user, [host.user_id], fields, reason=why.reason, note=why.note, at=at)
        except Refused as refusal:
            self.message_user(request, words_of(refusal), "error")
            return self._page(request, host_id)
        return HttpResponse(
            kept.picture,
            headers={
                "Content-Type": "image/jpeg",
                "Content-Disposition": f'attachment; filename="evidence-{kept.pk}.jpg"',
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def remove_evidence(self, request: HttpRequest, host_id: int, evidence_id: int) -> HttpResponse:
        """Delete a picture that is no longer needed. The record keeps that there was one."""
        user, host, page = self._of(request, host_id)
        kept = get_object_or_404(HostEvidence, pk=evidence_id, host=host)

        def remove() -> None:
            hosts.check_may_judge(host.pk, user)
            with one_act():
                evidence.remove(kept.pk, by=user, at=timezone.now())

        said(request, remove, _("The picture is deleted."))
        return back(request, page)


def _reads(host: Host) -> personal.Reads:
    return {
        "name": lambda: [host.user.name] if host.user.name else [],
        "contact": lambda: personal.contact_of(host.user),
        "notes": lambda: _notes(host),
    }


def _notes(host: Host) -> list[str]:
    """Return the notes of checks and calls, the latest first."""
    itself_and_merged = Q(host=host) | Q(host__merged_into=host)
    lines = [
        (row.at, row.get_kind_display(), words)
        for row in HostCheck.objects.filter(itself_and_merged)
        if (words := line_words.of_check(row))
    ]
    lines += [
        (row.at, row.get_outcome_display(), remarks.words_of(row))
        for row in HostCall.objects.filter(itself_and_merged, remark__isnull=False).select_related("remark")
    ]
    return [
        f"{formats.date_format(timezone.localtime(at), 'j E Y, H:i')}, {what}: {note}"
        for at, what, note in sorted(lines, reverse=True)
    ]
