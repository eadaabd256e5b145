"""Every page of the coordinators' desk, with rows on it, for the tests that look at all pages and for the pictures.

The addresses come from the admin's own resolver. `test_desk_languages` fails on a page that is not listed here.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.sessions.backends.db import SessionStore
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from PIL import Image

from accounts import coordinators, evidence, invitations, sign_ins, tokens, vetting
from accounts.contacts import add_contact_point
from accounts.models import (
    AccessToken,
    Coordinator,
    CoordinatorEvent,
    Host,
    HostCall,
    HostCheck,
    HostEvidence,
    SignIn,
    User,
)
from deployment import rules
from deployment.rules import CHANGEABLE
from matching import apart, disclosure, erasing, hosts, incidents, intake, paging, rota, transitions
from matching.desk import claims, decisions, merging
from matching.engine.advice import KINDS
from matching.importing import undoing, uploads
from matching.models import (
    DeskEvent,
    Flag,
    Heartbeat,
    Incident,
    Match,
    MatchingPrice,
    MatchingRound,
    MustNotMeet,
    PairVerdict,
    SheetImport,
    ShelterRequest,
    Space,
    WaitingChange,
)
from matching.queries import called
from matching.rota import Hours
from matching.states import Status
from notifications.models import Delivery
from places import editing
from places.models import Place, PlaceChange
from privacy.models import PersonErasure
from tests import people
from tests.people import Person, tonight


@dataclass(frozen=True)
class Desk:
    """The rows to show: Amira's confirmed match with Hanna in Almaty, a proposal, and everything that hangs on them."""

    match: Match
    proposal: Match

    @property
    def marks(self) -> list[str]:
        """Return the texts that only these rows put on a page: their addresses and the case numbers."""
        rows = (
            f"/matching/match/{self.match.pk}",
            f"/matching/shelterrequest/{self.match.request_id}",
            f"/matching/space/{self.match.space_id}",
            f"/accounts/host/{self.match.space.host_id}/",
            f"/queue/{self.proposal.request_id}",
        )
        return [*rows, self.match.request.arrival.case_number, self.proposal.request.arrival.case_number]

    @property
    def coordinators_pages(self) -> dict[str, str]:
        """Return the pages of every coordinator of the place."""
        match, model = self.match, "/admin/matching"
        return {
            "matches": f"{model}/match/",
            "match": f"{model}/match/{match.pk}/change/",
            "requests": f"{model}/shelterrequest/",
            "request": f"{model}/shelterrequest/{match.request_id}/change/",
            "spaces": f"{model}/space/",
            "space": f"{model}/space/{match.space_id}/change/",
            "hosts": "/admin/accounts/host/",
            "host": f"/admin/accounts/host/{match.space.host_id}/change/",
            "calls": "/admin/accounts/host/call/",
            "request-on-behalf": f"{model}/shelterrequest/for-somebody/",
            "space-on-behalf": f"{model}/space/for-somebody/",
            "rounds": f"{model}/matchinground/",
            "undelivered": "/admin/notifications/delivery/",
            "places": "/admin/places/place/",
            "place": f"/admin/places/place/{match.request.place_id}/change/",
            "keys": "/admin/keys/",
        }

    @property
    def leads_pages(self) -> dict[str, str]:
        """Return the pages of lead coordinators only; auditors read all but the last one."""
        return {
            "settings": "/admin/deployment/settingchange/settings/",
            "settings-history": "/admin/deployment/settingchange/",
            "places-history": "/admin/places/placechange/",
            "coordinators": "/admin/accounts/coordinator/",
            "audit-matches": "/admin/matching/matchevent/",
            "audit-hosts": "/admin/accounts/hostevent/",
            "audit-coordinators": "/admin/accounts/coordinatorevent/",
            "audit-between": "/admin/matching/deskevent/",
            "audit-looks": "/admin/privacy/accesslog/",
            "place-new": "/admin/places/place/add/",
        }


def desk(hanna: Person) -> Desk:
    """Write the rows that the pages show."""
    at, lena, carla = timezone.now(), people.lena(), people.carla()
    amira = people.amira(contact="amira@example.org")
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    vetting.note_call(hanna.host, "reached", by=carla.user, at=at, note="at home after six")
    waits = people.hanna(contact="new@example.org", vetted=False)
    people.space(waits.host)
    done = people.match_in(Status.CHECKED_IN, people.request(people.amira().arrival), people.space(hanna.host))
    transitions.break_off(done.pk, by=hanna.user, at=at, reason="not_suitable", note="the stairs")
    MatchingRound.objects.create(started_at=at, finished_at=at, needs=2, offers=2, proposals=1, left_over=1)
    Delivery.objects.update(status=Delivery.Status.FAILED, error_class=Delivery.ErrorClass.PERMANENT)
    coordinators.note(
        carla.user, "named", by=lena.user, at=at, became=coordinators.Granted("coordinator", all_places=True).value
    )
    rules.change({"fresh_days": 8}, by=lena.user, at=at, reason="a busy week", seen=0)
    disclosure.log_look(carla.user, amira.user, "name", reason="asked", at=at)
    editing.close_place(people.place("Tbilisi").pk, by=lena.user, at=at, reason="the road is shut")
    proposal = people.proposed(people.request(people.amira().arrival), people.space(hanna.host))
    claims.write_note(proposal.request_id, "call after nine", by=carla.user, at=at)
    details = replace(intake.details_of_space(match.space), beds=4, others=2, address="Достык 5")
    intake.change_space(match.space_id, details, by=hanna.user, at=at)
    Flag.objects.create(kind="looked_cancelled", about=hanna.user, times=3, first_at=at, last_at=at)
    return Desk(Match.objects.select_related("space__host", "request__arrival__user").get(pk=match.pk), proposal)


# -- every word of the desk -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stop:
    """One page of the desk: the name of its address, the address, and the form posted there first, if any."""

    name: str
    address: str
    posted: dict[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.address} {sorted(self.posted)}" if self.posted is not None else self.address


LOOKED_AT_NOWHERE = {
    "autocomplete": "answers to a script",
    "jsi18n": "a script",
    "view_on_site": "leads away, and no model of ours has such a page",
    "matching_sheet_export_take": "a file",
    "matching_sheet_refused": "a file",
    "accounts_host_evidence_look": "a picture",
    "accounts_my_file": "a file",
    "logout": "ends the walk",
    "login": "the door: see `sign_in`",
    "login_code": "the door: see `sign_in`",
    "login_set_up": "the door: see `sign_in`",
    "login_passkey": "the door, where there is a domain: see `the_door`",
    "login_invitation": "the door: see `the_door`",
    "keys_new": "opens after a code: see `sign_in`",
    "keys_passkey": "opens after a code, where there is a domain: see `the_door`",
}
"""The names of the addresses that are not listed below, each with the reason."""


def names_of_addresses() -> set[str]:
    """Return the name of every named address of the desk."""
    return {name for name in _names(get_resolver().url_patterns, "") if name}


def _names(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[str | None]:
    for each in patterns:
        address = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _names(each.url_patterns, address)
        elif address.startswith("admin/"):
            yield each.name


@dataclass(frozen=True)
class Everything:
    """The rows of a desk on which everything has happened once."""

    carla: Person
    lena: Person
    desk: Desk
    matches: dict[Status, Match]
    waits: Host
    twins: dict[str, tuple[str, str]]
    sheets: dict[str, SheetImport]
    left_over: ShelterRequest
    undecided: list[Match]
    evidence: HostEvidence

    def stops(self) -> list[Stop]:
        """Return every page: first those that only show, then those that act."""
        return [*self._stock_pages(), *self._own_pages(), *self._acts()]

    def _stock_pages(self) -> Iterator[Stop]:
        for model in admin.site._registry:
            name = f"{model._meta.app_label}_{model._meta.model_name}"
            row = model._default_manager.order_by("pk").last()
            assert row is not None, f"nothing to see of {name}"
            yield Stop(f"{name}_changelist", reverse(f"admin:{name}_changelist"))
            yield Stop(f"{name}_add", reverse(f"admin:{name}_add"))
            for kind in ("change", "history", "delete"):
                yield Stop(f"{name}_{kind}", reverse(f"admin:{name}_{kind}", args=[row.pk]))
        carla = reverse("admin:accounts_user_delete", args=[self.carla.user.pk])
        yield Stop("accounts_user_delete", carla)  # Her page lists everything that hangs on her.
        for label in sorted({model._meta.app_label for model in admin.site._registry}):
            yield Stop("app_list", reverse("admin:app_list", args=[label]))

    def _own_pages(self) -> Iterator[Stop]:
        def at(name: str, *arguments: Any, query: str = "") -> Stop:
            return Stop(name, reverse(f"admin:{name}", args=arguments) + query)

        yield at("index")
        yield at("password_change")
        yield at("password_change_done")
        yield at("keys")
        yield at("auth_user_password_change", self.carla.user.pk)
        yield at("deployment_settings")
        yield at("accounts_host_call")
        for status, match in self.matches.items():
            yield at("matching_match_change", match.pk)
            if status in (Status.PROPOSED, Status.CONFIRMED, Status.COMPLETED):
                yield at("matching_shelterrequest_change", match.request_id)
        yield at("matching_shelterrequest_change", self.left_over.pk)
        for host in Host.objects.order_by("status", "pk").distinct("status"):
            yield at("accounts_host_change", host.pk)
        for space in Space.objects.order_by("status", "pk").distinct("status"):
            yield at("matching_space_change", space.pk)
        for coordinator in Coordinator.objects.all():
            yield at("accounts_coordinator_change", coordinator.pk)
        for place in Place.objects.all():
            yield at("places_place_change", place.pk)
        yield at("accounts_sessions", self.lena.user.pk)
        for user in (self.carla.user, self.lena.user, self.desk.match.request.arrival.user, self.waits.user):
            yield at("accounts_erase", user.pk)
        yield at("matching_match_queue")
        yield at("matching_match_queue", query="?night=tonight&risk=high&whose=mine&urgency=4")
        for match in self.undecided:
            yield at("matching_match_card", match.request_id)
        yield at("matching_match_spaces_for", self.left_over.pk)
        yield at("matching_match_requests_for", self.desk.match.space_id)
        yield at("matching_match_unplaced")
        for incident in Incident.objects.all():
            yield at("matching_incident_change", incident.pk)
        yield at("matching_rota")
        yield at("matching_contacts")
        yield at("matching_request_on_behalf")
        yield at("matching_space_on_behalf")
        yield at("matching_sheet_bring")
        yield at("matching_sheet_export")
        yield at("matching_sheet_duplicates")
        for kind, pair in self.twins.items():
            yield at("matching_sheet_duplicates", query=f"?kind={kind}")
            yield at("matching_sheet_pair", kind, *pair)
        for sheet in self.sheets.values():
            yield at("matching_sheetimport_change", sheet.pk)
        yield at("matching_sheetimport_change", self.sheets["previewed"].pk, query="?show=refused")
        yield at("matching_sheetimport_change", self.sheets["undone"].pk, query="?show=kept")
        yield at("matching_sheetimport_change", self.sheets["received"].pk, query="?follow=no")

    def _acts(self) -> Iterator[Stop]:
        """Yield the posts: looks at personal fields, and forms that are empty or wrong, so that their errors show."""

        def do(name: str, /, *arguments: Any, **posted: Any) -> Stop:
            return Stop(name, reverse(f"admin:{name}", args=arguments), posted)

        look = {"why": "asked", "field": ["name", "contact", "notes", "address"]}
        match, request, space = self.desk.match, self.desk.match.request, self.desk.match.space
        carla = self.carla.user.coordinator
        host, pair = self.waits, ("hosts", *self.twins["hosts"])
        yield do("password_change")
        yield do("password_change", old_password="nothing", new_password1="12345", new_password2="1234")
        yield do("keys", code="12")
        yield do("keys_passkey_remove", 1)
        lena = self.lena.user
        yield do("accounts_end_session", lena.pk, lena.sign_ins.earliest("pk").pk)
        yield do("accounts_end_token", lena.pk, lena.tokens.earliest("pk").pk)
        yield do("accounts_end_all", lena.pk)
        yield do("accounts_erase", request.arrival.user_id)
        yield do("accounts_erase", self.matches[Status.CONFIRMED].space.host.user_id, how="written", sure="on")
        yield do("accounts_erase", self.carla.user.pk)
        yield do("auth_user_password_change", self.carla.user.pk, new_password1="12345", new_password2="1234")
        yield do("deployment_settings")
        yield do("deployment_settings", fresh_days="1000", answer_hours="0 0")
        yield do("accounts_user_add")
        yield do("accounts_user_change", self.carla.user.pk)
        yield do("accounts_coordinator_add")
        yield do("accounts_coordinator_add", username="lena", role="coordinator", places="Нигде", language="ru")
        yield do("accounts_coordinator_rights", carla.pk)
        yield do("accounts_coordinator_act", carla.pk, "password")
        yield do("accounts_coordinator_act", carla.pk, "password", reason="да")
        yield do("places_place_add")
        yield do("places_place_add", name="Алматы", country="ККК", kind="city", latitude="x", longitude="900")
        yield do("places_place_edit", match.request.place_id)
        yield do("places_place_act", match.request.place_id, "close")
        yield do("matching_request_on_behalf")
        yield do("matching_request_on_behalf", place="Нигде", people="0", nights="x", languages="xx", contact="12")
        yield do("matching_space_on_behalf")
        yield do("matching_space_on_behalf", place="Нигде", beds="0", languages="xx", contact="12")
        yield do("matching_sheet_bring")
        yield do("matching_sheet_export_personal")
        yield do("matching_sheet_export_personal", kind="spaces", form="csv")
        yield do("matching_match_decide")
        yield do("matching_match_bulk")
        yield do("matching_match_bulk", act="decline", reason="too_far", everything="1")
        yield do("matching_match_bulk", act="approve", everything="1")
        yield do("matching_match_take_next")
        for act in ("take", "over", "note", "hand-over", "release"):
            yield do("matching_match_claim", self.undecided[0].request_id, act)
        yield do("matching_match_propose", request=str(self.left_over.pk), space=str(space.pk))
        yield do("matching_match_agreed", self.left_over.pk)
        yield do("matching_match_open", match.pk)
        yield do("matching_match_open", match.pk, **look)
        for act in ("check_in", "decline", "cancel", "unfreeze"):
            yield do("matching_match_act", match.pk, act)
        for incident in Incident.objects.order_by("closed_at", "pk"):
            yield do("matching_incident_open", incident.pk)
            for act in ("note", "go-on", "close", "acknowledge", "meet-again"):
                yield do("matching_incident_act", incident.pk, act)
            yield do("matching_incident_act", incident.pk, "acknowledge", promise="host")
            yield do("matching_incident_act", incident.pk, "close", outcome="safe")
            yield do("matching_incident_act", incident.pk, "go-on")
        yield do("matching_rota")
        yield do("matching_rota", who=str(carla.user_id), start="10:00", end="12:00", places="Нигде")
        yield do("matching_rota", who=str(carla.user_id), start="10:00", end="12:00")
        yield do("matching_rota_end", 1)
        yield do("matching_contacts")
        yield do("matching_contacts", contact="12")
        yield do("matching_contacts", contact="+7 700 000 00 09")
        yield do("matching_contact_act", 1, "prove", code="12")
        yield do("matching_contact_act", 1, "remove")
        yield do("matching_request_open", request.pk)
        yield do("matching_request_open", request.pk, **look)
        yield do("matching_request_secret", request.pk)
        yield do("matching_space_open", space.pk, **look)
        change, hanna_flag = WaitingChange.objects.get(outcome=""), Flag.objects.get()
        yield do("matching_waitingchange_open", change.pk)
        yield do("matching_waitingchange_open", change.pk, **look)
        yield do("matching_flag_looked", hanna_flag.pk)
        named = MustNotMeet.objects.get()
        yield do("matching_mustnotmeet_open", named.pk)
        yield do("matching_mustnotmeet_resolve", named.pk, numbers="99999999")
        yield do("matching_mustnotmeet_resolve", named.pk)
        yield do("matching_mustnotmeet_told", number="1", whom="Ольга")
        for act in ("add", "take_off"):
            yield do("matching_mustnotmeet_told", number=self.left_over.arrival.case_number, whom="12", act=act)
        for act in ("refuse", "apply"):
            yield do("matching_waitingchange_act", change.pk, act)
        for act in ("pause", "list", "withdraw", "still-available"):
            yield do("matching_space_act", space.pk, act)
        yield do("accounts_host_open", space.host_id)
        yield do("accounts_host_open", space.host_id, **look)
        yield do("accounts_host_called", host.pk)
        yield do("accounts_host_called", host.pk, outcome="reached")
        yield do("accounts_host_check", host.pk)
        yield do("accounts_host_check", host.pk, kind="reference", passed="yes")
        yield do("accounts_host_evidence", host.pk)
        for move in ("vetted", "refused", "suspended", "kept"):
            yield do("accounts_host_standing", host.pk, move)
        yield do("accounts_host_standing", host.pk, "refused", reason="да")
        yield do("accounts_host_evidence_remove", self.evidence.host_id, self.evidence.pk)
        yield do("notifications_delivery_again")
        yield do("matching_sheet_confirm", self.sheets["previewed"].pk)
        yield do("matching_sheet_columns", self.sheets["asked"].pk)
        yield do("matching_sheet_columns", self.sheets["done"].pk)
        yield do("matching_sheet_unmap", 0)
        yield do("matching_sheet_drop", self.sheets["done"].pk)
        yield do("matching_sheet_undo", self.sheets["done"].pk)
        yield do("matching_sheet_pair_open", *pair)
        yield do("matching_sheet_pair_open", *pair, why="asked")
        yield do("matching_sheet_pair_merge", *pair, stays=pair[1])
        yield do("matching_sheet_pair_merge", *pair, stays=pair[1], sure="yes")
        yield do("matching_sheet_pair_apart", *pair)
        yield do("matching_request_withdraw", self.left_over.pk)
        for decision in self.undecided[1].decisions.all():
            yield do("matching_match_decision", decision.bundle, "undo")
        yield do("matching_match_undo_all")


def everything(language: str) -> Everything:
    """Make a desk on which everything has happened that has a word of its own: every status, act and event.

    All typed text is in Cyrillic, so that Latin letters on a page are the service's own. Carla is a lead and a
    superuser, so she may open every page.
    """
    at = timezone.now()
    hanna = people.hanna(name="Ханна Образцова", language=language)
    there = desk(hanna)
    User.objects.filter(username__in=("carla", "lena")).update(language=language)
    User.objects.filter(username="carla").update(is_superuser=True)
    Coordinator.objects.filter(user__username="carla").update(role=Coordinator.Role.LEAD)
    carla, lena = people.carla(), people.lena()
    MatchingRound.objects.update(started_at=at - timedelta(days=1), finished_at=at - timedelta(days=1))
    Heartbeat.objects.create(name="sweep", at=at - timedelta(days=1))
    disclosure.open_contact(there.match.pk, by=hanna.user, at=at)
    disclosure.log_look(carla.user, hanna.user, "secret", reason=disclosure.LookReason.NEW_SECRET, at=at)
    disclosure.log_look(carla.user, hanna.user, "name", reason=disclosure.LookReason.OTHER, note="Так решили", at=at)
    _signed_in(lena)
    gone = people.amira(name="Амира", language=language)
    for how in erasing.HowAsked.values:
        PersonErasure.objects.create(about=gone.user, by=lena.user, how=how, at=at)
    matches = dict(_in_every_status(language))
    undecided = list(_undecided(language, carla, lena))
    return Everything(
        carla=carla,
        lena=lena,
        desk=there,
        matches=matches,
        waits=_hosts(carla, lena),
        twins=_twins(),
        sheets=dict(_sheets(carla)),
        left_over=_left_over(),
        undecided=undecided,
        evidence=_history(carla, lena, hanna.host),
    )


def _signed_in(person: Person) -> None:
    """Give a person an open session of every way to sign in, and a token of every scope."""
    at = timezone.now()
    for way in SignIn.Way.values:
        session = SessionStore()
        session.create()
        sign_ins.register(session, person.user, way, at=at)
        session.save()
    for scope in AccessToken.Scope.values:
        tokens.issue(person.user, name="Таблица", scope=scope, days=9, at=at)


def _in_every_status(language: str) -> Iterator[tuple[Status, Match]]:
    for status in Status:
        host = people.hanna(name="Ханна Образцова", contact=f"{status}@example.org", language=language)
        asked = people.request(
            people.amira(name="Амира", language=language).arrival, children=1, pets=True, notes="Второй этаж."
        )
        space = people.space(host.host, shared=True, pets=True, address="улица Абая, 10", directions="Вход со двора.")
        match = people.match_in(status, asked, space)
        if status == Status.CONFIRMED:
            transitions.report_not_safe(match.pk, by=host.user, at=timezone.now(), note="Страшно.")
        if status in (Status.CHECKED_IN, Status.COMPLETED):
            _incident(match, closed=status == Status.COMPLETED)
        yield status, match


def _incident(match: Match, *, closed: bool) -> None:
    """Make an incident about a match to which everything has happened, as far as an incident that is open or `closed`."""
    at, carla, lena = timezone.now(), people.carla().user, people.lena().user
    hours = Hours(time(8), time(7), weekdays=tuple(range(7)))
    rota.add_shift(carla, hours, places=None, by=lena, at=at, note="Звоните дважды.")
    rota.add_shift(carla, Hours(time(8), time(9), day=tonight(1)), places=[people.place()], by=lena, at=at)
    add_contact_point(carla, "sms", f"+770100000{int(closed)}", verified_at=at)
    transitions.report_not_safe(match.pk, by=match.request.arrival.user, at=at - timedelta(minutes=9), note="Страшно.")
    paging.page_what_is_due(at=at)
    transitions.report_not_safe(match.pk, by=match.space.host.user, at=at)
    incident = Incident.objects.get(match=match)
    incidents.add_words(match, by=match.request.arrival.user, at=at, reach="+7 700 000 00 02", happened="Крики.")
    incidents.acknowledge(incident.pk, by=carla, at=at, promised=["arrival"])
    incidents.write_note(incident.pk, "Говорили.", by=lena, at=at)
    incidents.agree_to_go_on(incident.pk, by=carla, at=at)
    if closed:
        incidents.agree_to_go_on(incident.pk, by=lena, at=at)
        incidents.close(incident.pk, by=carla, at=at, outcome="moved")
        incidents.close(incident.pk, by=lena, at=at, outcome="moved")


def _undecided(language: str, carla: Person, lena: Person) -> Iterator[Match]:
    """Yield a proposal that is claimed, one that is decided on, one of high risk, and one of two legs.

    A decision on one more proposal is not carried out, because its household has withdrawn.
    """
    at = timezone.now()

    def proposal(**asked: Any) -> Match:
        household = people.amira(name="Амира", language=language)
        host = people.hanna(name="Ханна", contact=f"h{Match.objects.count()}@example.org", language=language)
        space = people.space(host.host, beds=4, shared=True)
        return people.proposed(people.request(household.arrival, notes="", **asked), space)

    claimed = proposal()
    claims.take(claimed.request_id, by=lena.user, at=at)
    claims.hand_over(claimed.request_id, carla.user, by=lena.user, at=at, note="Позвоните им.")
    claims.release(claimed.request_id, by=carla.user, at=at)
    claims.take(claimed.request_id, by=carla.user, at=at)
    claims.take(claimed.request_id, by=lena.user, at=at, over=True)
    yield claimed
    decided = proposal()
    decisions.decide({decided.pk: decided.version}, "approve", by=carla.user, at=at)
    yield decided
    gone = proposal()
    bundle = decisions.decide({gone.pk: gone.version}, "approve", by=carla.user, at=at)
    transitions.withdraw_request(gone.request_id, by=carla.user, at=at)
    assert decisions.carry_out(bundle, at=at) is not None
    yield proposal(people=1, all_women=True)
    yield proposal(people=2, children=1)


def _hosts(carla: Person, lena: Person) -> Host:
    """Make a host in every standing, with every check and every outcome of a call; return an unvetted host."""
    at = timezone.now()
    those = [
        people.hanna(name="Ханна", contact=f"standing{number}@example.org", vetted=False).host for number in range(4)
    ]
    for kind in HostCheck.CheckKind.values:
        vetting.record_check(those[0], kind, by=carla.user, at=at, passed=kind != "home_visit")
    vetting.record_check(those[0], "reference", by=carla.user, at=at - timedelta(days=1000))
    for outcome in HostCall.Outcome.values:
        vetting.note_call(those[0], outcome, by=carla.user, at=at, note="Дома после шести.")
    hosts.refuse(those[1].pk, by=carla.user, at=at, reason="Нет")
    hosts.refuse(those[1].pk, by=lena.user, at=at)
    hosts.refuse(those[2].pk, by=lena.user, at=at, reason="Нет")
    people.vet(those[3], by=carla)
    people.space(those[3])
    hosts.suspend(those[3].pk, by=carla.user, at=at, reason="Жалоба")
    people.space(those[0])
    return those[0]


def _twins() -> dict[str, tuple[str, str]]:
    """Return two rows of each kind that look alike, as pairs for the duplicates' page."""
    hosts = [people.hanna(name="Айгуль Нурланова", contact=f"twin{number}@example.org").host for number in range(2)]
    spaces = [people.space(host, address="улица Абая, 77") for host in hosts]
    requests = [people.request(people.amira(name="Зарина Ахметова").arrival, notes="") for _each in range(2)]
    found = {"hosts": hosts, "spaces": spaces, "requests": requests}
    pairs = {kind: sorted(str(row.pk) for row in rows) for kind, rows in found.items()}
    return {kind: (one, other) for kind, (one, other) in pairs.items()}


def _sheets(carla: Person) -> Iterator[tuple[str, SheetImport]]:
    """Yield a sheet in each visible state, with new, changed, unchanged and refused rows."""
    at = timezone.now()

    def brought(kind: str, *rows: str) -> SheetImport:
        content = "\n".join(rows).encode()
        return uploads.receive(kind, content, file_name="неделя.csv", by=carla.user, at=at)

    def worked_on(sheet: SheetImport) -> SheetImport:
        while uploads.work_on_sheets(now=timezone.now):
            pass
        while undoing.work_on_undoing(now=timezone.now):
            pass
        sheet.refresh_from_db()
        return sheet

    window = f"{tonight()}/{tonight(30)}"
    header = "space_id,host,phone,place,address,beds,shared,pets,children,languages,windows,vetted"
    good = [
        f"s1,Ханна,+77015550131,Almaty,дом 1,2,no,no,yes,ru,{window},yes",
        f"s2,Ханна,+77015550132,Almaty,дом 2,3,no,no,yes,ru,{window},no",
        f"s6,Ханна,+77015550136,Almaty,дом 6,3,no,no,yes,ru,{window},no",
    ]
    done = worked_on(brought("spaces", header, *good))
    uploads.confirm(done.pk, trust_vetted=True, by=carla.user, at=at)
    worked_on(done)
    other = [
        f"s1,Другая,+77015550139,Almaty,дом 9,4,yes,yes,no,ru kk,{tonight()}/{tonight(9)},yes",
        good[1],
        f"s3,Ханна,12,Нигде,дом,сто,может быть,no,yes,ru,{window},no",
        "s4,Ханна,+77015550134,Almaty,дом 4,3,no,no,yes,ru,2020-01-01/2019-01-01,no",
        f"s5,Ханна,+77015550135,Almaty,дом 5,3,no,no,yes,ru,{window},no",
        good[2].replace("136", "131"),  # the phone of another host
    ]
    yield "previewed", worked_on(brought("spaces", header, *other))
    ask = "request_id,name,phone,place,people,children,first_night,nights,min_nights,urgency,languages"
    yield (
        "requests",
        worked_on(
            brought(
                *("requests", ask, f"r1,Амира,,Almaty,2,5,{tonight()},3,4,4,ru"),
                *(f"r2,,,Almaty,2,0,{tonight()},3,1,1,ru", f"r3,,,Almaty,2,0,{tonight(800)},3,1,1,ru"),
            )
        ),
    )
    undone = worked_on(brought("spaces", header, good[1].replace("s2", "s9").replace("132", "199")))
    uploads.confirm(undone.pk, trust_vetted=False, by=carla.user, at=at)
    worked_on(undone)
    Space.objects.filter(called(["s9"])).update(beds=4)
    undoing.undo(undone.pk, by=carla.user, at=at)
    yield "undone", worked_on(undone)
    yield "partly undone", _partly_undone(carla, worked_on(brought("spaces", header, *_vouched(window))), worked_on)
    yield "asked", brought("requests", "Город,Вопрос", "Almaty,нет")
    dropped = worked_on(brought("spaces", header, good[0].replace("s1", "s8")))
    uploads.drop(dropped.pk, by=carla.user, at=at)
    dropped.refresh_from_db()
    yield "dropped", dropped
    yield "done", SheetImport.objects.get(pk=done.pk)
    yield "received", brought("spaces", header, good[0])


def _vouched(window: str) -> Iterator[str]:
    """Yield rows of two hosts whom the sheet vouches for."""
    for number in (70, 71):
        yield f"s{number},Ханна,+770155502{number},Almaty,дом {number},3,no,no,yes,ru,{window},yes"


def _partly_undone(carla: Person, sheet: SheetImport, worked_on: Callable[[SheetImport], SheetImport]) -> SheetImport:
    """Confirm a sheet that vouches for its hosts, give one of its spaces a match, and undo the sheet."""
    at = timezone.now()
    uploads.confirm(sheet.pk, trust_vetted=True, by=carla.user, at=at)
    worked_on(sheet)
    people.proposed(people.request(people.amira(name="Амира").arrival, notes=""), Space.objects.get(called(["s70"])))
    undoing.undo(sheet.pk, by=carla.user, at=at)
    worked_on(sheet)
    assert HostCheck.objects.filter(said__code="import_undone").exists()
    return sheet


def _left_over() -> ShelterRequest:
    """Make requests that no round could place, one of them of a child alone; return one request."""
    asked = people.request(people.amira(name="Амира").arrival, people=9, notes="", radius_km=5, may_move=True)
    apart.name(asked.arrival.user, "Ольга", by=asked.arrival.user, at=timezone.now())
    people.request(people.amira(name="Ребёнок").arrival, people=1, children=1, children_ages=(12,), notes="")
    return asked


def _history(carla: Person, lena: Person, host: Host) -> HostEvidence:
    """Write lines of every kind of history; return a picture that is kept as evidence."""
    at = timezone.now()
    for what in CoordinatorEvent.CoordinatorChange.values:
        coordinators.note(lena.user, what, by=carla.user, at=at)
    invitations.name_coordinator(
        "nurlan",
        coordinators.Granted("coordinator", all_places=True, places=[]),
        contact="nurlan@example.org",
        by=carla.user,
        at=at,
        name="Нурлан",
    )
    new = rules.as_json(rules.current()) | {
        "answer_hours": [[0, 2], [10_000, 40]],
        "required_checks": dict.fromkeys(HostCheck.CheckKind.values, 100),
        "fresh_days": 9,
        "fresh_answer_days": 4,
        "two_people": ["minor_alone", "check_overdue"],
        "two_people_new_host": [],
        "auto_approve": True,
        "auto_approve_km": 10,
        "auto_approve_stays": 3,
        "looks_budget": 50,
        "page_minutes": 7,
        "kept_days": rules.current().kept_days | {"looks": 900},
        "outcome_minutes": 20,
    }
    assert set(new) == set(CHANGEABLE)
    rules.change(new, by=carla.user, at=at, reason="Так решили", seen=rules.latest_change())
    place = editing.add_place(
        editing.PlaceDetails("Ақсу", "KZ", Place.PlaceKind.TOWN, 50.0, 70.0, names=("Аксу",)),
        by=carla.user,
        at=at,
        reason="Нет",
    )
    details = editing.PlaceDetails("Ақсу", "KZ", Place.PlaceKind.CROSSING, 50.1, 70.1, names=("Ак Су",))
    editing.change_place(place.pk, details, by=carla.user, at=at, reason="Да", seen=editing.last_change(place))
    editing.close_place(place.pk, by=carla.user, at=at, reason="Нет")
    editing.open_place(place.pk, by=carla.user, at=at, reason="Да")
    apart = [people.space(host, address=f"дом {number}") for number in range(2)]
    merging.keep_apart("spaces", *(str(space.pk) for space in apart), by=carla.user, at=at)
    same = [people.space(host, address="дом 3") for _each in range(2)]
    merging.merge("spaces", *(str(space.pk) for space in same), by=carla.user, at=at, reason="Одно")
    latest = MatchingRound.objects.latest("pk")
    for kind in KINDS:
        MatchingPrice.objects.create(
            round=latest, place=people.place(), night=tonight(), kind=kind.name, price=1 + len(kind.name)
        )
    for number, delivery in enumerate(Delivery.objects.order_by("-pk")[:20]):
        classes = [each for each in Delivery.ErrorClass.values if each]
        delivery.status, delivery.error_class = Delivery.Status.FAILED, classes[number % len(classes)]
        delivery.error_text = "550 no such person" if delivery.error_class == Delivery.ErrorClass.PERMANENT else ""
        delivery.exception = "InvalidToken" if delivery.error_class == Delivery.ErrorClass.UNKNOWN else ""
        delivery.transport, delivery.leased_until = ("email", "gateway", "console", "")[number % 4], None
        delivery.save()
    for what in DeskEvent.DeskStep.values:
        assert DeskEvent.objects.filter(what=what).exists(), what
    for what in PlaceChange.PlaceEdit.values:
        assert PlaceChange.objects.filter(what=what).exists(), what
    assert PairVerdict.objects.count() == 2
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(picture, "JPEG")
    return evidence.keep(host, "home_visit", picture.getvalue(), by=carla.user, at=at)
