"""The places of the deployment. Everybody at the desk sees them, lead coordinators change them, and a history keeps changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from accounts.models import User
from matching.admin.access import lead
from matching.admin.audit import AuditOnly, WhoDidIt
from matching.limits import LONGEST_REASON
from matching.refusals import WRONG_INPUT
from places import editing
from places.editing import PlaceChanged, PlaceDetails, PlaceNotSensible
from places.models import LONGEST_PLACE_NAME, Place, PlaceChange, reader_language
from places.regions import codes, country_called, region_called
from privacy import remarks

PLACE_FIELD_WORDS: dict[str, Any] = {
    "name": pgettext_lazy("of a place", "Name"),
    "country": gettext_lazy("Country, by its two letters"),
    "kind": gettext_lazy("What it is"),
    "latitude": gettext_lazy("Latitude, in degrees north"),
    "longitude": gettext_lazy("Longitude, in degrees east"),
    "region": gettext_lazy("Region"),
    "name_ru": gettext_lazy("Name in Russian"),
    "name_kk": gettext_lazy("Name in Kazakh"),
    "name_uk": gettext_lazy("Name in Ukrainian"),
    "name_ka": gettext_lazy("Name in Georgian"),
    "names": gettext_lazy("What else it is called, one name a line"),
}


def regions() -> list[tuple[str, Any]]:
    """Return the choices of a region in the reader's language, by name."""
    language = reader_language()
    known = [
        (code, f"{region_called(code, language)}, {country_called(code.partition('.')[0], language)}")
        for code in codes()
    ]
    return [("", _("none, or not known")), *sorted(known, key=lambda choice: choice[1])]


def _name_in(field: str) -> forms.CharField:
    return forms.CharField(label=PLACE_FIELD_WORDS[field], required=False, max_length=LONGEST_PLACE_NAME)


class PlaceForm(forms.Form):
    """A form for `PlaceDetails`. `places.editing` checks the values; its refusals are shown at the fields."""

    name = forms.CharField(label=PLACE_FIELD_WORDS["name"], max_length=LONGEST_PLACE_NAME)
    name_ru = _name_in("name_ru")
    name_kk = _name_in("name_kk")
    name_uk = _name_in("name_uk")
    name_ka = _name_in("name_ka")
    names = forms.CharField(
        label=PLACE_FIELD_WORDS["names"],
        help_text=gettext_lazy("As people may type it besides, in any language: old names, other spellings."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 40}),
    )
    kind = forms.ChoiceField(label=PLACE_FIELD_WORDS["kind"], choices=Place.PlaceKind.choices)
    country = forms.CharField(label=PLACE_FIELD_WORDS["country"], max_length=2)
    region = forms.ChoiceField(label=PLACE_FIELD_WORDS["region"], choices=regions, required=False)
    latitude = forms.FloatField(
        label=PLACE_FIELD_WORDS["latitude"], widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    longitude = forms.FloatField(
        label=PLACE_FIELD_WORDS["longitude"], widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=LONGEST_REASON)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def details(self) -> PlaceDetails:
        """Return the details that the form states."""
        given = self.cleaned_data
        return PlaceDetails(
            name=given["name"],
            country=given["country"],
            kind=given["kind"],
            latitude=given["latitude"],
            longitude=given["longitude"],
            names=tuple(given["names"].splitlines()),
            region=given["region"],
            **{field: given[field] for field in editing.NAME_FIELDS},
        )


def form_of(place: Place) -> PlaceForm:
    """Return the form with the present details of a place."""
    now = editing.details_of(place)
    said = {name: getattr(now, name) for name in PLACE_FIELD_WORDS} | {"names": "\n".join(now.names)}
    return PlaceForm(initial={**said, "seen": editing.last_change(place)})


PLACE_ACTS: dict[str, tuple[Callable[..., Any], Any]] = {
    "close": (editing.close_place, gettext_lazy("Closed: nobody can choose this place any more.")),
    "open": (editing.open_place, gettext_lazy("Open again: people can choose this place.")),
}


class IsClosed(admin.SimpleListFilter):
    """Filters for closed places, and for places that this deployment added or changed."""

    title = gettext_lazy("changed here")
    parameter_name = "here"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("closed", gettext_lazy("closed")), ("edited", gettext_lazy("added or changed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Place]) -> QuerySet[Place]:
        match self.value():
            case "closed":
                return queryset.exclude(closed_at=None)
            case "edited":
                return queryset.exclude(edited_at=None)
        return queryset


@admin.register(Place)
class PlaceAdmin(admin.ModelAdmin[Place]):
    """The gazetteer with the changes of this deployment."""

    list_display = ["name", "country", "kind", "population", "is_open"]
    list_filter = [IsClosed, "country", "kind"]
    search_fields = ["names__key", "name"]
    actions = None
    change_form_template = "admin/places/place_page.html"
    add_form_template = "admin/places/place_new.html"
    change_list_template = "admin/places/place_list.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True  # Everybody with access to the admin may look: places hold nothing about people.

    def has_view_permission(self, request: HttpRequest, obj: Place | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Place | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Place | None = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("open"), boolean=True, ordering="closed_at")
    def is_open(self, place: Place) -> bool:
        return place.closed_at is None

    def get_urls(self) -> list[Any]:
        def post(address: str, act: Any, name: str) -> Any:
            view = self.admin_site.admin_view(require_POST(act))
            return path(f"<int:place_id>/{address}", view, name=f"places_place_{name}")

        return [post("edit/", self.edit, "edit"), post("act/<slug:act>/", self.act, "act"), *super().get_urls()]

    # -- pages ------------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Add a place the gazetteer does not have."""
        user = lead(request)
        form = PlaceForm(request.POST or None, initial={"kind": Place.PlaceKind.TOWN})
        if request.method == "POST" and form.is_valid():
            place = self._done(form, lambda: self._add(form, user))
            if place:
                self.message_user(request, _("The place is added; people can choose it now."), "success")
                return redirect("admin:places_place_change", place.pk)
        context = {**self.admin_site.each_context(request), "title": _("Add a place"), "opts": self.opts, "form": form}
        return TemplateResponse(request, self.add_form_template, context, status=WRONG_INPUT if form.errors else 200)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not object_id.isdecimal() or len(object_id) > 18:
            raise Http404
        place = get_object_or_404(Place, pk=int(object_id))
        return self._page(request, place, form_of(place))

    def _page(self, request: HttpRequest, place: Place, form: PlaceForm) -> HttpResponse:
        now = editing.details_of(place)
        context = {
            **self.admin_site.each_context(request),
            "title": str(place),
            "opts": self.opts,
            "place": place,
            "now": now,
            "also": [name for name in (*now.shown, *now.names) if name != place.called],
            "form": form,
            "changes": [
                {
                    "change": change,
                    "before": place_in_words(change.was),
                    "after": place_in_words(change.became),
                    "reason": remarks.words_of(change),
                }
                for change in place.changes.select_related("by", "remark")[:50]
            ],
        }
        return TemplateResponse(request, self.change_form_template, context, status=WRONG_INPUT if form.errors else 200)

    # -- acts -------------------------------------------------------------------------------------

    def _add(self, form: PlaceForm, user: User) -> Place:
        return editing.add_place(form.details(), by=user, at=timezone.now(), reason=form.cleaned_data["reason"])

    def edit(self, request: HttpRequest, place_id: int) -> HttpResponse:
        """Change the details of a place, such as its name or its coordinates."""
        user = lead(request)
        place = get_object_or_404(Place, pk=place_id)
        typed = request.POST.copy()
        form = PlaceForm(typed)

        def change() -> tuple[PlaceChange | None]:
            given = form.cleaned_data
            seen = given["seen"] or 0
            details = form.details()
            line = editing.change_place(
                place_id, details, by=user, at=timezone.now(), reason=given["reason"], seen=seen
            )
            return (line,)

        done = self._done(form, change) if form.is_valid() else None
        if done is None:
            typed["seen"] = str(editing.last_change(place))  # The lead can save the same form after a look.
            return self._page(request, place, form)
        words = _("The place is changed.") if done[0] else _("Nothing was different; nothing is changed.")
        self.message_user(request, words, "success" if done[0] else "info")
        return redirect("admin:places_place_change", place_id)

    def act(self, request: HttpRequest, place_id: int, act: str) -> HttpResponse:
        """Close a place, or open it again."""
        user = lead(request)
        get_object_or_404(Place, pk=place_id)
        if act not in PLACE_ACTS:
            raise Http404
        reason = " ".join(request.POST.get("reason", "").split())[:LONGEST_REASON]
        do, words = PLACE_ACTS[act]
        if not reason:
            self.message_user(request, _("Write down the reason."), "error")
            return redirect("admin:places_place_change", place_id)
        try:
            line = do(place_id, by=user, at=timezone.now(), reason=reason)
        except PlaceNotSensible as refusal:
            self.message_user(request, str(refusal), "error")
        else:
            if line:
                self.message_user(request, words, "success")
        return redirect("admin:places_place_change", place_id)

    def _done(self, form: PlaceForm, act: Callable[[], Any]) -> Any:
        """Do one act and return its result. If it is refused, show the refusal in the form and return None."""
        try:
            return act()
        except PlaceNotSensible as refusal:
            form.add_error(refusal.field or None, str(refusal))
        except PlaceChanged as refusal:
            form.add_error(None, str(refusal.message))
        return None


@admin.register(PlaceChange)
class PlaceChangeAdmin(AuditOnly[PlaceChange]):
    """Every change of a place."""

    list_display = ["at", "by", "place", "what", "before", "after", "why"]
    list_filter = [WhoDidIt, "what", "at"]
    list_select_related = ["by", "place", "remark"]

    @admin.display(description=gettext_lazy("reason"))
    def why(self, change: PlaceChange) -> str:
        return remarks.words_of(change)

    @admin.display(description=gettext_lazy("before"))
    def before(self, change: PlaceChange) -> str:
        return place_in_words(change.was)

    @admin.display(description=gettext_lazy("after"))
    def after(self, change: PlaceChange) -> str:
        return place_in_words(change.became)


def place_in_words(said: Any) -> str:
    """Return the details of a place in a line of history, in words; a detail of a later version under its own name."""
    kinds: dict[Any, Any] = dict(Place.PlaceKind.choices)
    parts = []
    for name, value in said.items() if isinstance(said, dict) else ():
        match name, value:
            case "names", list(names):
                words: Any = ", ".join(map(str, names))
            case "kind", str(kind):
                words = kinds.get(kind, kind)
            case "region", str(region):
                words = region_called(region, reader_language()) or region
            case _:
                words = value
        parts.append(f"{PLACE_FIELD_WORDS.get(name, name)}: {words or '–'}")
    return "; ".join(parts) or "–"
