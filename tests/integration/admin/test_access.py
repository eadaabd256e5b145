"""Every address of the admin, for every caller, in their own place and another. The first test demands a row for each.

Outsiders (nobody, a coordinator with only the password, an arrival, a host, Oskar) need no rows: at every address and
with every method they are sent to the door and change nothing. For the callers of the desk, each address needs a row

    Row("POST", "matching_match_act", (302, 404, 302, 403, 404), body=..., act="cancel")

with the method, the URL's name, the status that each of DESK gets, the body, and values for the address's arguments
where those of ARGUMENTS do not fit. Two rules hold for every row. A refusal changes nothing. The coordinator of another
place and the auditor change nothing either, unless the row says `own=True`: they then change rows of their own, for
instance their keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from PIL import Image

from accounts import coordinators, desk_sessions, evidence, tokens
from accounts.models import AccessToken, HostEvidence, SignIn, User
from deployment import rules
from matching import apart, disclosure, intake, transitions
from matching.admin.matches import MatchAdmin
from matching.admin.spaces import SpaceAdmin
from matching.desk import claims
from matching.importing import uploads
from matching.models import (
    ColumnMapping,
    Flag,
    Incident,
    Match,
    MatchingRound,
    MustNotMeet,
    PairVerdict,
    SheetImport,
    Space,
)
from matching.states import Status
from notifications.models import Delivery
from places import editing
from privacy.fields import blind_index
from privacy.models import PersonErasure
from tests import people
from tests.integration.admin.settings_page import settings_as_they_are
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.once]

DESK = ("carla", "elsewhere", "lena", "adil", "owner")
"""Carla coordinates all places, `elsewhere` only Oral; Lena leads, Adil audits; the owner is only a superuser."""
OUTSIDERS = ("nobody", "half", "amira", "hanna", "oskar")
"""`half` is Carla with only her password. The match in every test is Amira's with Hanna, in Almaty."""
DOOR = frozenset({"login", "login_code", "login_set_up", "login_invitation", "login_passkey"})
"""The addresses that are open to everybody."""


@dataclass(frozen=True)
class Row:
    """One way to call one address, and the status that each of DESK gets."""

    method: str
    name: str
    answers: tuple[int, int, int, int, int]
    body: Callable[[Things], dict[str, Any]] = field(default=lambda things: {})
    status: Status = Status.CONFIRMED
    own: bool = False
    arguments: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        told = " ".join(str(value) for _name, value in self.arguments)
        return f"{self.method} {self.name} {told}".strip()


def row(method: str, name: str, answers: tuple[int, int, int, int, int], **more: Any) -> Row:
    """Return a Row; a keyword that is no field of Row becomes an argument of the address."""
    fields = {key: more.pop(key) for key in ("body", "status", "own") if key in more}
    return Row(method, name, answers, arguments=tuple(more.items()), **fields)


@dataclass(frozen=True)
class Things:
    """The rows that the calls are about: Amira's match with Hanna in Almaty, and everything that hangs on it."""

    match: Match

    def argument(self, name: str, model: str) -> Any:
        """Return a value for the argument `name` of an address of `model`. Raises KeyError for an unknown name."""
        return ARGUMENTS[(model, name) if (model, name) in ARGUMENTS else name](self.match)


def _first(model: str) -> Callable[[Match], Any]:
    return lambda match: apps.get_model(model).objects.values_list("pk", flat=True).first() or 1


ARGUMENTS: dict[str | tuple[str, str], Callable[[Match], Any]] = {
    "match_id": lambda match: match.pk,
    "bundle": lambda match: match.pk,
    "incident_id": lambda match: _incident_of(match).pk,
    ("matching_incident", "object_id"): lambda match: _incident_of(match).pk,
    "entry_id": lambda match: _entry_of(match).pk,
    ("matching_mustnotmeet", "object_id"): lambda match: _entry_of(match).pk,
    "shift_id": lambda match: 1,
    "point_id": lambda match: 1,
    "request_id": lambda match: match.request_id,
    "space_id": lambda match: match.space_id,
    "host_id": lambda match: match.space.host_id,
    "coordinator_id": lambda match: User.objects.get(username="carla").coordinator.pk,
    "act": lambda match: "cancel",
    "place_id": lambda match: match.request.place_id,
    "flag_id": lambda match: match.space.host.user.flags.get().pk,
    "change_id": lambda match: match.space.waiting_changes.get().pk,
    "move": lambda match: "suspended",
    "evidence_id": lambda match: _evidence_of(match).pk,
    "kind": lambda match: "spaces",
    "pair_kind": lambda match: "spaces",
    "one": lambda match: match.space_id,
    "other": lambda match: _twin_of(match).pk,
    ("matching_pairverdict", "object_id"): _first("matching.PairVerdict"),
    "form": lambda match: "csv",
    "sheet_id": lambda match: _sheet_of(match).pk,
    "mapping_id": lambda match: _mapping_of(match).pk,
    ("matching_sheetimport", "object_id"): lambda match: _sheet_of(match).pk,
    ("matching_match", "object_id"): lambda match: match.pk,
    ("matching_shelterrequest", "object_id"): lambda match: match.request_id,
    ("matching_space", "object_id"): lambda match: match.space_id,
    ("matching_waitingchange", "object_id"): _first("matching.WaitingChange"),
    ("matching_flag", "object_id"): _first("matching.Flag"),
    ("accounts_host", "object_id"): lambda match: match.space.host_id,
    ("accounts_coordinator", "object_id"): lambda match: User.objects.get(username="carla").coordinator.pk,
    ("accounts_user", "id"): lambda match: match.space.host.user_id,
    ("accounts_user", "object_id"): lambda match: match.space.host.user_id,
    ("accounts_hostevent", "object_id"): _first("accounts.HostEvent"),
    ("accounts_coordinatorevent", "object_id"): _first("accounts.CoordinatorEvent"),
    ("matching_deskevent", "object_id"): _first("matching.DeskEvent"),
    ("matching_matchevent", "object_id"): _first("matching.MatchEvent"),
    ("matching_matchinground", "object_id"): _first("matching.MatchingRound"),
    ("notifications_delivery", "object_id"): _first("notifications.Delivery"),
    ("privacy_accesslog", "object_id"): _first("privacy.AccessLog"),
    ("privacy_personerasure", "object_id"): _first("privacy.PersonErasure"),
    ("deployment_settingchange", "object_id"): _first("deployment.SettingChange"),
    ("places_placechange", "object_id"): _first("places.PlaceChange"),
    ("places_place", "object_id"): _first("places.Place"),
    ("", "content_type_id"): lambda match: ContentType.objects.get_for_model(Match).pk,
    ("", "object_id"): lambda match: match.pk,
    "passkey_id": lambda match: 1,
    "user_id": lambda match: match.request.arrival.user_id,
    "sign_in_id": lambda match: _session_of(match).pk,
    "token_id": lambda match: _token_of(match).pk,
    "app_label": lambda match: "matching",
    "url": lambda match: "nowhere/",
}


# -- the rows -------------------------------------------------------------------------------------


def stock(model: str, *, lists: tuple[int, ...], one: tuple[int, ...], **other: tuple[int, ...]) -> list[Row]:
    """Return the rows of a model's stock pages; by default nobody adds or deletes, and a history opens like its row."""
    given = {"changelist": lists, "add": (403,) * 5, "change": one, "delete": NOBODY_DELETES, "history": one} | other
    rows = [row("GET", f"{model}_{page}", answers) for page, answers in given.items()]  # type: ignore[arg-type]
    return [*rows, row("GET", f"{model}_", (302,) * 5)]  # The old address of a row, which only redirects.


DESK_ONLY = (200, 200, 200, 200, 403)
ANY_OF_THE_DESK = (200, 200, 200, 200, 404)
NOBODY_DELETES = (403, 403, 403, 403, 404)
NAMES_ONLY = (200, 200, 200, 404, 404)  # An entry has no page of its own, and auditors see no names.
OLD_HISTORY = (200, 302, 200, 200, 404)
OF_THE_PLACE = (200, 404, 200, 200, 404)
ACT = (302, 404, 302, 403, 404)
ACT_ON_MANY = (302, 302, 302, 403, 404)
LEADS_AND_AUDITORS = (403, 403, 200, 200, 403)
ONE_LINE = (404, 404, 200, 200, 404)
NOBODY_LOSES_A_LINE = (404, 404, 403, 403, 404)
OWNER = (403, 403, 403, 403, 200)
ALL = (200, 200, 200, 200, 200)
NO_SUCH = (404,) * 5


def _seen(things: Things) -> str:
    return f"{things.match.pk}.{things.match.version}"


def _pair(things: Things) -> dict[str, Any]:
    return {"request": str(things.match.request_id), "space": str(things.match.space_id)}


def _photo() -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (30, 20), "blue").save(out, "PNG")
    return SimpleUploadedFile("photo.png", out.getvalue())


def _form(more: dict[str, str]) -> dict[str, str]:
    """Return the form of a need or an offer, filled in as a person in Almaty describes it on the phone."""
    said = {
        "place": "Almaty",
        "people": "1",
        "children": "0",
        "first_night": people.tonight().isoformat(),
        "nights": "2",
    }
    rest = {"household": "mixed", "radius_km": "50", "language": "ru", "beds": "2", "who": "anyone", "name": "Ivan"}
    return {"key": str(uuid4()), **said, **rest, **more}


def _place(name: str) -> dict[str, str]:
    """Return the form of a place, in or beside Almaty."""
    return {"name": name, "country": "KZ", "kind": "town", "latitude": "43.3", "longitude": "76.9", "reason": "x"}


def _evidence_of(match: Match) -> HostEvidence:
    found = HostEvidence.objects.first()
    return found or evidence.keep(
        match.space.host, "reference", _photo().read(), by=people.carla().user, at=match.created_at
    )


def _incident_of(match: Match) -> Incident:
    """Return the incident about the match; Amira reports it where there is none."""
    if not match.incidents.exists():
        transitions.report_not_safe(match.pk, by=match.request.arrival.user, at=match.created_at)
    return Incident.objects.get(match=match)


def _entry_of(match: Match) -> MustNotMeet:
    """Return the entry with a name on the list of the arrival, who is the match's."""
    found = MustNotMeet.objects.first()
    user = match.request.arrival.user
    return found or apart.name(user, "Igor from Oral", by=user, at=match.created_at)


def _sheet_of(match: Match) -> SheetImport:
    """Return a sheet of Carla's that waits for confirmation."""
    if (found := SheetImport.objects.first()) is None:
        found = uploads.receive(
            "spaces", _sheet_file().read(), file_name="x", by=people.carla().user, at=match.created_at
        )
        uploads.work_on_sheets(now=lambda: match.created_at)
    return found


def _mapping_of(match: Match) -> ColumnMapping:
    index = blind_index("of the hall")
    made = {"name": "of the hall", "kind": "spaces", "columns": "[]", "kept_at": match.created_at}
    return ColumnMapping.objects.get_or_create(name_index=index, defaults=made)[0]


def _sheet_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("x.csv", b"space_id,place,beds,windows\ns1,Almaty,2,2099-01-01/2099-02-01\n")


def _session_of(match: Match) -> SignIn:
    """Return a session of the arrival's."""
    user, now = match.request.arrival.user, match.created_at
    return SignIn.objects.create(
        user=user, way="case", version=user.sign_in_version, session_key="x", began_at=now, seen_at=now
    )


def _token_of(match: Match) -> AccessToken:
    """Return a token of the arrival's."""
    user = match.request.arrival.user
    return tokens.issue(user, name="hers", scope="read", days=1, at=match.created_at)[0]


def _twin_of(match: Match) -> Space:
    """Return another space of the same host, which looks like the match's space."""
    twin = Space.objects.filter(host=match.space.host_id).exclude(pk=match.space_id).first()
    return twin or people.space(match.space.host)


def _why(things: Things) -> dict[str, Any]:
    return {"why": "asked", "reason": "other", "note": "x"}


def _reset(things: Things) -> dict[str, Any]:
    return _why(things) | {"contact": "carla@example.org"}


def _look(things: Things) -> dict[str, Any]:
    return {"why": "asked", "field": ["name", "notes"]}


ROWS = [
    # -- the site itself
    row("GET", "index", ALL),
    row("GET", "app_list", (200, 200, 200, 200, 404)),
    row("POST", "logout", (302,) * 5, own=True),
    row("GET", "password_change", ALL),
    row("GET", "password_change_done", ALL),
    row("GET", "keys", ALL),
    row("POST", "keys", ALL, own=True, body=lambda it: {"act": "codes", "code": "000000"}),
    row("GET", "keys_new", (302,) * 5),
    row("GET", "keys_passkey", NO_SUCH),  # The tests' site has no domain.
    row("POST", "keys_passkey_remove", (302,) * 5, own=True),
    row("GET", "jsi18n", ALL),
    row("GET", "autocomplete", (403,) * 5),
    row("GET", "view_on_site", NO_SUCH),
    row("GET", "catch_all", NO_SUCH),
    # -- matches
    *stock("matching_match", lists=DESK_ONLY, one=OF_THE_PLACE, history=OLD_HISTORY),
    row("GET", "matching_match_queue", ANY_OF_THE_DESK),
    row("GET", "matching_match_card", OF_THE_PLACE, status=Status.PROPOSED),
    row(
        "POST",
        "matching_match_decide",
        ACT,
        body=lambda it: {"act": "approve", "seen": _seen(it)},
        status=Status.PROPOSED,
    ),
    row(
        "POST",
        "matching_match_bulk",
        ACT_ON_MANY,
        body=lambda it: {"act": "approve", "card": _seen(it)},
        status=Status.PROPOSED,
    ),
    row("POST", "matching_match_take_next", ACT_ON_MANY, status=Status.PROPOSED),
    row("POST", "matching_match_decision", ACT_ON_MANY, act="undo"),
    row("POST", "matching_match_undo_all", ACT_ON_MANY),
    row("POST", "matching_match_decision", (*NO_SUCH[:3], 403, 404), act="dismiss"),
    row("POST", "matching_match_claim", ACT, act="take", status=Status.PROPOSED),
    row("POST", "matching_match_claim", ACT, act="note", body=lambda it: {"note": "hello"}),
    row("POST", "matching_match_claim", (*NO_SUCH[:3], 403, 404), act="fly"),
    row("GET", "matching_match_spaces_for", OF_THE_PLACE),
    row("GET", "matching_match_requests_for", OF_THE_PLACE),
    row("POST", "matching_match_propose", ACT, body=_pair, status=Status.CANCELLED),
    row(
        "POST",
        "matching_match_propose",
        ACT,
        body=lambda it: _pair(it) | {"instead_of": "requests"},
        status=Status.CANCELLED,
    ),
    row("GET", "matching_match_unplaced", ANY_OF_THE_DESK),
    row("POST", "matching_match_agreed", ACT, body=lambda it: {"change": "farther:75.0"}),
    row("POST", "matching_match_open", (200, 404, 200, 403, 404), body=_look),
    row("POST", "matching_match_act", ACT, body=_why, act="cancel"),
    row("POST", "matching_match_act", (404, 404, 404, 403, 404), body=_why, act="fly"),
    # -- incidents, the rota, and one's own contacts
    *stock("matching_incident", lists=DESK_ONLY, one=OF_THE_PLACE, history=OLD_HISTORY),
    row("POST", "matching_incident_open", (200, 404, 200, 403, 404)),
    row("POST", "matching_incident_act", ACT, act="acknowledge"),
    row("POST", "matching_incident_act", ACT, act="note", body=lambda it: {"note": "hello"}),
    row("POST", "matching_incident_act", (404, 404, 404, 403, 404), act="fly"),
    *stock("matching_mustnotmeet", lists=NAMES_ONLY, one=NAMES_ONLY, history=(200, 302, 200, 302, 404)),
    row("POST", "matching_mustnotmeet_told", (200, 200, 200, 403, 404)),
    row("POST", "matching_mustnotmeet_open", (200, 404, 200, 403, 404)),
    row("POST", "matching_mustnotmeet_resolve", (302, 404, 302, 403, 404)),
    row("GET", "matching_rota", (404, 404, 200, 404, 404)),
    row("POST", "matching_rota", (404, 404, 422, 403, 404)),
    row("POST", "matching_rota_end", (404, 404, 302, 403, 404)),
    row("GET", "matching_contacts", (200, 200, 200, 404, 404)),
    row(
        "POST", "matching_contacts", (302, 302, 302, 403, 404), body=lambda it: {"contact": "me@example.org"}, own=True
    ),
    row("POST", "matching_contact_act", (302, 302, 302, 403, 404), act="remove", own=True),
    row("POST", "matching_contact_act", (404, 404, 404, 403, 404), act="fly"),
    # -- requests
    *stock("matching_shelterrequest", lists=DESK_ONLY, one=OF_THE_PLACE, history=OLD_HISTORY),
    row("POST", "matching_request_open", (200, 404, 200, 403, 404), body=_look),
    row("POST", "matching_request_secret", (200, 404, 200, 403, 404)),
    row("POST", "matching_request_withdraw", ACT),
    row("GET", "matching_request_on_behalf", (200, 200, 200, 404, 404)),
    row("POST", "matching_request_on_behalf", (200, 422, 200, 403, 404), body=lambda it: _form({"people": "2"})),
    row("GET", "matching_space_on_behalf", (200, 200, 200, 404, 404)),
    row(
        "POST",
        "matching_space_on_behalf",
        (200, 422, 200, 403, 404),
        body=lambda it: _form({"last_day": f"{people.tonight(90)}"}),
    ),
    # -- spaces
    *stock("matching_space", lists=DESK_ONLY, one=OF_THE_PLACE, history=OLD_HISTORY),
    row("POST", "matching_space_act", ACT, act="pause"),
    row("POST", "matching_space_open", (200, 404, 200, 403, 404), body=_look),
    # -- changes that wait
    *stock("matching_waitingchange", lists=DESK_ONLY, one=OF_THE_PLACE, history=OLD_HISTORY),
    row("POST", "matching_waitingchange_open", (200, 404, 200, 403, 404), body=_look),
    row("POST", "matching_waitingchange_act", ACT, act="apply"),
    row("POST", "matching_waitingchange_act", (*NO_SUCH[:3], 403, 404), act="fly"),
    # -- flags
    *stock("matching_flag", lists=DESK_ONLY, one=(200, 302, 200, 200, 404), history=OLD_HISTORY),
    row("POST", "matching_flag_looked", ACT),
    # -- sheets: the coordinator's own, and those with a row in the coordinator's places
    *stock("matching_sheetimport", lists=DESK_ONLY, one=OF_THE_PLACE, history=OLD_HISTORY),
    row("GET", "matching_sheet_bring", (200, 200, 200, 404, 404)),
    row(
        "POST",
        "matching_sheet_bring",
        (302, 302, 302, 403, 404),
        body=lambda it: {"kind": "spaces", "file": _sheet_file()},
        own=True,
    ),
    row("POST", "matching_sheet_confirm", ACT),
    row("POST", "matching_sheet_drop", ACT),
    row("POST", "matching_sheet_undo", ACT),
    row("POST", "matching_sheet_columns", (422, *ACT[1:])),  # A heading without an answer is told on the page.
    row("GET", "matching_sheet_refused", (200, 404, 302, 302, 404)),  # Only who brought the file may have its rows.
    row("POST", "matching_sheet_unmap", ACT_ON_MANY, own=True),  # A kept mapping is for every coordinator.
    row("GET", "matching_sheet_export", ANY_OF_THE_DESK),
    row("GET", "matching_sheet_export_take", ANY_OF_THE_DESK, own=True),
    row("GET", "matching_sheet_export_take", NO_SUCH, kind="people"),
    row(
        "POST",
        "matching_sheet_export_personal",
        (302, 302, 200, 403, 404),
        body=lambda it: {"kind": "spaces", "form": "csv", "why": "asked"},
    ),
    row("GET", "matching_sheet_duplicates", ANY_OF_THE_DESK),
    row("GET", "matching_sheet_pair", OF_THE_PLACE),
    row("GET", "matching_sheet_pair", NO_SUCH, pair_kind="people"),
    row("POST", "matching_sheet_pair_open", (200, 404, 200, 403, 404), body=_why),
    row("POST", "matching_sheet_pair_merge", ACT, body=lambda it: {"stays": str(it.match.space_id), "sure": "yes"}),
    row("POST", "matching_sheet_pair_merge", (*NO_SUCH[:3], 403, 404), body=lambda it: {"stays": "nobody"}),
    row("POST", "matching_sheet_pair_apart", ACT),
    # -- hosts
    *stock("accounts_host", lists=DESK_ONLY, one=OF_THE_PLACE, history=OLD_HISTORY),
    row("POST", "accounts_host_check", ACT, body=lambda it: {"kind": "reference", "passed": "yes"}),
    row("POST", "accounts_host_standing", ACT, body=_why, move="suspended"),
    row("POST", "accounts_host_standing", ACT, move="kept"),
    row("GET", "accounts_host_call", ANY_OF_THE_DESK),
    row("POST", "accounts_host_called", ACT, body=lambda it: {"outcome": "reached"}),
    row("POST", "accounts_host_open", (200, 404, 200, 403, 404), body=_look),
    row("POST", "accounts_host_evidence", ACT, body=lambda it: {"kind": "reference", "picture": _photo()}),
    row("POST", "accounts_host_evidence_look", (200, 404, 200, 403, 404), body=_why),
    row("POST", "accounts_host_evidence_remove", ACT),
    # -- what the service did by itself
    *stock("matching_matchinground", lists=DESK_ONLY, one=ANY_OF_THE_DESK),
    *stock("notifications_delivery", lists=DESK_ONLY, one=(200, 302, 200, 200, 404)),
    row("POST", "notifications_delivery_again", (302, 302, 302, 403, 404)),
    *stock("places_place", lists=ALL, one=ALL, delete=(403,) * 5, add=(404, 404, 200, 404, 404)),
    row("POST", "places_place_add", (404, 404, 302, 403, 404), body=lambda it: _place("Ozinki")),
    row("POST", "places_place_edit", (404, 404, 302, 403, 404), body=lambda it: _place("Alma-Ata")),
    row("POST", "places_place_act", (404, 404, 302, 403, 404), body=_why, act="close"),
    # -- the settings of the deployment
    row("GET", "deployment_settings", (404, 404, 200, 200, 404)),
    row("POST", "deployment_settings", (404, 404, 302, 403, 404), body=lambda it: settings_as_they_are(fresh_days=9)),
    # -- who may do what, and what was done
    *stock(
        "accounts_coordinator",
        lists=(403, 403, 200, 200, 200),
        one=(404, 404, 200, 200, 200),
        delete=(404, 404, 403, 403, 403),
        add=(404, 404, 200, 404, 200),
    ),
    row(
        "POST",
        "accounts_coordinator_add",
        (404, 404, 302, 403, 302),
        body=lambda it: {
            "username": "nina",
            "contact": "nina@example.org",
            "language": "ru",
            "role": "coordinator",
            "all_places": "on",
        },
    ),
    row(
        "POST",
        "accounts_coordinator_rights",
        (404, 404, 302, 403, 302),
        body=lambda it: {"role": "lead", "reason": "x"},
    ),
    row("POST", "accounts_coordinator_act", (404, 404, 302, 403, 302), body=_reset, act="reset"),
    row("POST", "accounts_coordinator_act", (404, 404, 302, 403, 302), body=_why, act="confirm"),
    row("POST", "accounts_coordinator_act", (404, 404, 302, 403, 302), body=_why, act="permit-export"),
    row("POST", "accounts_coordinator_act", (404, 404, 302, 403, 302), body=_why, act="forbid-export"),
    row("GET", "accounts_sessions", (404, 404, 200, 404, 404)),
    row("POST", "accounts_end_all", (404, 404, 302, 403, 404)),
    row("POST", "accounts_end_session", (404, 404, 302, 404, 404)),
    row("POST", "accounts_end_token", (404, 404, 302, 404, 404)),
    row("GET", "accounts_erase", (200, 404, 200, 404, 404)),
    row("POST", "accounts_erase", (200, 404, 200, 403, 404)),
    row(
        "POST",
        "accounts_erase",
        (302, 404, 302, 403, 404),
        body=lambda things: {"how": "telephone", "sure": "on"},
        status=Status.CONFIRMED,
    ),
    row("GET", "accounts_my_file", (200, 200, 200, 200, 200)),
    *stock("accounts_user", lists=OWNER, one=OWNER, add=OWNER, delete=OWNER),
    row("GET", "auth_user_password_change", (403,) * 5),
    *(
        each
        for model in (
            "accounts_hostevent",
            "accounts_coordinatorevent",
            "matching_deskevent",
            "matching_matchevent",
            "matching_pairverdict",
            "privacy_accesslog",
            "privacy_personerasure",
            "deployment_settingchange",
            "places_placechange",
        )
        for each in stock(model, lists=LEADS_AND_AUDITORS, one=ONE_LINE, delete=NOBODY_LOSES_A_LINE)
    ),
]


# -- every address has a row ----------------------------------------------------------------------


def addresses() -> dict[str, URLPattern]:
    """Return every address of the admin by its name; an unnamed address gets a name from its position."""
    root = next(
        part
        for part in get_resolver().url_patterns
        if isinstance(part, URLResolver) and part.namespace == admin.site.name
    )
    return dict(_named(root.url_patterns, ""))


def _named(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _named(pattern.url_patterns, str(pattern.pattern).strip("/").replace("/", "_"))
        else:
            yield pattern.name or (f"{before}_" if before else "catch_all"), pattern


ADDRESSES = addresses()


def without_a_row(names: set[str], rows: list[Row]) -> set[str]:
    """Return the names of addresses that no row calls, and of rows that call no address."""
    return (names - DOOR) ^ {each.name for each in rows}


def test_every_address_has_a_row() -> None:
    assert without_a_row(set(ADDRESSES), ROWS) == set()


def test_an_address_without_a_row_is_found() -> None:
    """The negative control, both ways: a view without a row, and a row without a view."""
    assert without_a_row({*ADDRESSES, "matching_match_new_view"}, ROWS) == {"matching_match_new_view"}
    assert without_a_row(set(ADDRESSES) - {"matching_match_act"}, ROWS) == {"matching_match_act"}


# -- the matrix -----------------------------------------------------------------------------------


@pytest.fixture
def status() -> Status:
    """Return the status of the match; the matrix asks for others as well."""
    return Status.CONFIRMED


@pytest.fixture
def things(status: Status, amira: Person, hanna: Person, carla: Person, oskar: Person) -> Things:
    match = people.match_in(status, people.request(amira.arrival), people.space(hanna.host))
    at = match.created_at
    MatchingRound.objects.create(started_at=at, finished_at=at, needs=1, offers=1, proposals=1, left_over=0)
    Delivery.objects.update(status=Delivery.Status.FAILED, error_class=Delivery.ErrorClass.PERMANENT)
    coordinators.note(carla.user, "named", by=None, at=at)
    rules.change({"fresh_days": 8}, by=people.lena().user, at=at, reason="x", seen=0)
    editing.close_place(people.place("Tbilisi").pk, by=people.lena().user, at=at, reason="x")
    disclosure.log_look(carla.user, amira.user, "name", reason="asked", at=at)
    PersonErasure.objects.create(about=people.amira().user, by=people.lena().user, how="telephone", at=at)
    PairVerdict.objects.create(kind="hosts", verdict="different", one="1", other="2", by=carla.user, at=at)
    claims.write_note(match.request_id, "x", by=carla.user, at=at)
    details = replace(intake.details_of_space(match.space), beds=match.space.beds + 1)
    intake.change_space(match.space_id, details, by=hanna.user, at=at)
    Flag.objects.create(kind="looked_cancelled", about=hanna.user, first_at=at, last_at=at)
    return Things(Match.objects.select_related("space__host").get(pk=match.pk))


def client_of(caller: str, request: pytest.FixtureRequest) -> Client:
    """Return a browser, in English, of one of OUTSIDERS or DESK."""
    match caller:
        case "nobody":
            client = Client()
        case "half":
            client = Client()
            client.force_login(people.carla().user)
        case "elsewhere":
            client = people.desk_client(people.carla("elsewhere", places=(people.place("Oral"),)))
        case "owner":
            owner = User.objects.create_superuser("owner", people.PASSWORD)
            client = people.desk_client(Person(owner, people.PASSWORD))
        case "carla" | "lena" | "adil":
            client = people.desk_client(getattr(people, caller)())
        case _:
            client = Client()
            client.force_login(request.getfixturevalue(caller).user)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def address_of(name: str, things: Things, given: dict[str, Any] | None = None) -> str:
    """Return the address `name` for these things."""
    pattern = ADDRESSES[name].pattern
    model = next(
        (key[0] for key in ARGUMENTS if isinstance(key, tuple) and key[0] and name.startswith(f"{key[0]}_")), ""
    )
    model = "accounts_user" if name == "auth_user_password_change" else model
    names = list(pattern.converters) or list(pattern.regex.groupindex)
    values = {each: (given or {}).get(each) or things.argument(each, model) for each in names}
    if name == "catch_all":
        return "/admin/nowhere/"
    if name.endswith("_"):
        app, kind = name.strip("_").split("_")
        return f"/admin/{app}/{kind}/{values['object_id']}/"
    from django.urls import reverse

    return reverse(f"admin:{name}", kwargs=values)


OWN_TABLES = re.compile(r"^(accounts|matching|notifications|places|privacy|deployment)_(?!throttle)")


@cache
def digests() -> str:
    """Return the query for a digest of each of our tables, one row a table."""
    with connection.cursor() as cursor:
        own = sorted(table for table in connection.introspection.table_names(cursor) if OWN_TABLES.match(table))
    assert len(own) > 20
    each = "SELECT '{0}', md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {0} t"
    return " UNION ALL ".join(each.format(table) for table in own)


def state() -> dict[str, str | None]:
    """Return a digest of each of our tables, so that no change stays unseen."""
    with connection.cursor() as cursor:
        cursor.execute(digests())
        return dict(cursor.fetchall())


@pytest.mark.parametrize("app", sorted({name.split("_")[0] for name in set(ADDRESSES) - DOOR}))
def test_outsiders_are_sent_to_the_door(app: str, things: Things, request: pytest.FixtureRequest) -> None:
    there = {name: address_of(name, things) for name in sorted(set(ADDRESSES) - DOOR) if name.split("_")[0] == app}
    clients = {caller: client_of(caller, request) for caller in OUTSIDERS}
    before, let_in = state(), []

    for name, address in there.items():
        for caller, client in clients.items():
            for call in (client.get, client.post):
                answer = call(address, {"reason": "other", "why": "asked"})
                onward = answer.headers.get("Location", "").split("?")[0]
                if answer.status_code != 302 or onward != "/admin/login/":
                    let_in.append((name, caller, answer.status_code, onward))
        if state() != before:
            let_in.append((name, "somebody", "changed something", ""))

    # Signing out leads to the first page of the desk, which sends the visitor on to the door.
    assert [each for each in let_in if (each[0], each[3]) != ("logout", "/admin/")] == []


def answered(each: Row, things: Things, clients: dict[str, Client]) -> tuple[tuple[int, ...], set[str], set[str]]:
    """Return the status that each of DESK gets, who changed something, and who was sent to the door. Nothing is kept."""
    answers, changed, sent_to_the_door = [], set(), set()
    with people.undone():
        address = address_of(each.name, things, dict(each.arguments))
        before = state()
        for caller, client in clients.items():
            with people.undone(client):  # Every caller finds the same rows.
                answer = client.get(address) if each.method == "GET" else client.post(address, each.body(things))
                answers.append(answer.status_code)
                if state() != before:
                    changed.add(caller)
                if answer.status_code == 302 and answer["Location"].startswith("/admin/login/"):
                    sent_to_the_door.add(caller)
    return tuple(answers), changed, sent_to_the_door


@pytest.mark.parametrize(
    ("app", "status"), sorted({(each.name.split("_")[0], each.status) for each in ROWS}), ids=lambda part: str(part)
)
def test_call_is_answered_as_the_caller_may(
    app: str, status: Status, things: Things, request: pytest.FixtureRequest
) -> None:
    clients = {caller: client_of(caller, request) for caller in DESK}
    rows = [each for each in ROWS if (each.name.split("_")[0], each.status) == (app, status)]

    found = {each: answered(each, things, clients) for each in rows}

    assert {str(each): answers for each, (answers, _, _) in found.items() if answers != each.answers} == {}
    wrong = []
    for each, (answers, changed, sent_to_the_door) in found.items():
        refused = {caller for caller, code in zip(DESK, answers, strict=True) if code >= 400}
        may_not = refused if each.own else refused | {"elsewhere", "adil"}
        wrong += [(str(each), caller) for caller in sorted((changed & may_not) | sent_to_the_door)]
    assert wrong == []


@pytest.mark.parametrize("caller", DESK[:4])
@pytest.mark.parametrize("model", ["match", "shelterrequest", "space"])
def test_list_holds_only_what_the_caller_may_see(
    model: str, caller: str, things: Things, request: pytest.FixtureRequest
) -> None:
    """Oskar's own rows are in Tbilisi, so that a list that leaks would show them."""
    rows = client_of(caller, request).get(f"/admin/matching/{model}/").context["cl"].result_list

    seen = {"match": ["Almaty"], "shelterrequest": ["Almaty", "Tbilisi"], "space": ["Almaty", "Tbilisi"]}[model]
    places = sorted(getattr(each, "place", None).name if model != "match" else each.space.place.name for each in rows)
    assert places == ([] if caller == "elsewhere" else seen)


@pytest.mark.parametrize("caller", DESK[:4])
def test_list_of_sheets_holds_only_those_with_rows_in_the_callers_places(
    caller: str, things: Things, request: pytest.FixtureRequest
) -> None:
    sheet, browser = _sheet_of(things.match), client_of(caller, request)

    def shown() -> list[Any]:
        return list(browser.get("/admin/matching/sheetimport/").context["cl"].result_list)

    assert shown() == ([] if caller == "elsewhere" else [sheet])
    # The negative control: with a row in Oral, `elsewhere` sees the sheet as well.
    sheet.rows.update(place=people.place("Oral"))
    assert shown() == [sheet]


# -- negative controls: the matrix notices a guard that is switched off ----------------------------


def test_without_the_check_of_the_second_factor_a_password_is_enough(
    things: Things, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = address_of("matching_match_change", things)
    assert client_of("half", request).get(address).status_code == 302

    monkeypatch.setattr(desk_sessions, "verified", lambda request: request.user.is_authenticated)

    assert client_of("half", request).get(address).status_code == 200


@pytest.mark.parametrize(("admin_class", "model", "name"), [(MatchAdmin, Match, "match"), (SpaceAdmin, Space, "space")])
def test_without_the_check_of_places_another_place_is_open(
    admin_class: Any,
    model: Any,
    name: str,
    things: Things,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, address = client_of("elsewhere", request), address_of(f"matching_{name}_change", things)
    assert client.get(address).status_code == 404

    monkeypatch.setattr(admin_class, "visible", lambda self, user: model.objects.all())

    assert client.get(address).status_code == 200


def test_digest_of_the_state_sees_a_change(things: Things) -> None:
    before = state()

    Delivery.objects.all().delete()
    User.objects.filter(username="carla").update(language="ka")

    changed = {table for table, digest in state().items() if digest != before[table]}
    assert changed == {"accounts_user", "notifications_delivery"}
