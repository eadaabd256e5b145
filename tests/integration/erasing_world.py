"""A world in which everything has happened to Amira and to Hanna, with words that only they have, and beside them Oskar."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

from django.test import Client
from django.utils import timezone
from PIL import Image
from rest_framework.test import APIClient

from accounts import evidence, tokens, vetting
from accounts.contacts import add_contact_point
from accounts.models import CodeRequest, HostEvent, Invitation, OneTimeCode
from matching import disclosure, incidents, intake, paging, transitions
from matching.desk import claims, decisions, merging
from matching.importing import uploads
from matching.models import (
    Flag,
    Incident,
    KeptDraft,
    Match,
    PairVerdict,
    SheetImport,
    SheetImportRow,
    ShelterRequest,
    Space,
)
from matching.states import Status
from notifications.models import ContactCheck, Delivery, Notification
from privacy import remarks, sessions
from tests import people
from tests.integration.api.conftest import request_body, space_body
from tests.people import Person, tonight

AMIRA = ("AmiraSentinel", "+77015550901")
HANNA = ("HannaSentinel", "+77015550902")
CARLA = ("CarlaSentinel", "+77015550903")
"""Texts that are in every word of each person, and their phone."""


@dataclass(frozen=True)
class World:
    """The people, Amira's coming stay with Hanna, and a stay of theirs that ended with a closed incident."""

    amira: Person
    hanna: Person
    carla: Person
    oskar: Person
    coming: Match
    ended: Match


def world() -> World:
    """Make all of it by the acts of the service, as far as there are acts; else by rows as the acts write them."""
    at = timezone.now()
    people.lena()
    carla = people.carla("carlasentinel", name="CarlaSentinel Name")
    people.on_call(carla, "carlasentinel@example.org", CARLA[1])
    oskar = people.oskar()
    amira = people.amira(name="AmiraSentinel Name", contact="amirasentinel@example.org")
    add_contact_point(amira.user, "sms", AMIRA[1])
    hanna = people.hanna(name="HannaSentinel Name", contact="hannasentinel@example.org", coordinator=carla)
    add_contact_point(hanna.user, "sms", HANNA[1], verified_at=at)
    space = people.space(
        hanna.host, address="HannaSentinel street 7", directions="HannaSentinel bell", beds=9, shared=True
    )
    Space.objects.filter(pk=space.pk).update(external_id="HannaSentinel-key")
    ended = _ended_stay(amira, hanna, carla)
    other = people.hanna(contact="third@example.org", name="Third Host", coordinator=carla)
    coming = people.match_in(Status.CONFIRMED, people.request(amira.arrival, notes="AmiraSentinel notes"), space)
    ShelterRequest.objects.filter(pk=coming.request_id).update(external_id="AmiraSentinel-key", children_ages=[])
    proposal = people.proposed(
        people.request(amira.arrival, first_night=tonight(20), notes="AmiraSentinel again"), people.space(other.host)
    )
    _desk(amira, hanna, carla, coming, proposal)
    _keys(amira, hanna)
    _browsers(amira, hanna)
    _sheets(carla, coming, space)
    details = replace(intake.details_of_space(Space.objects.get(pk=space.pk)), address="HannaSentinel new street 8")
    intake.change_space(space.pk, details, by=hanna.user, at=at)
    for user, name in ((amira.user, "AmiraSentinel"), (hanna.user, "HannaSentinel"), (carla.user, "CarlaSentinel")):
        delivery = Delivery.objects.filter(notification__recipient=user).order_by("pk").last()
        assert delivery is not None, name
        Delivery.objects.filter(pk=delivery.pk).update(
            status="failed", error_class="permanent", error_text=f"550 no {name}@example.org", provider_id=f"id-{name}"
        )
        Notification.objects.filter(pk=delivery.notification_id).update(secret=f"{name} 123456")
    coming = Match.objects.get(pk=coming.pk)
    return World(amira=amira, hanna=hanna, carla=carla, oskar=oskar, coming=coming, ended=ended)


def _ended_stay(amira: Person, hanna: Person, carla: Person) -> Match:
    now = timezone.now()
    offered = people.space(hanna.host, address="HannaSentinel lane 2")
    match = people.match_in(
        Status.CHECKED_IN,
        people.request(amira.arrival, first_night=tonight(), nights=2, notes="AmiraSentinel"),
        offered,
    )
    transitions.break_off(match.pk, by=amira.user, at=now, reason="not_suitable", note="AmiraSentinel stairs")
    people.vet(hanna.host, by=carla) if hanna.host.status != "vetted" else None
    third = people.space(people.hanna(contact="kept-apart@example.org", coordinator=carla).host)
    safe = people.match_in(
        Status.CONFIRMED,
        people.request(amira.arrival, first_night=tonight(60), notes="AmiraSentinel later"),
        people.space(third.host, windows=((tonight(50), tonight(90)),)),
    )
    transitions.report_not_safe(safe.pk, by=amira.user, at=now, note="AmiraSentinel fear")
    paging.page_what_is_due(at=now)
    incident = Incident.objects.get(match=safe)
    incidents.add_words(safe, by=amira.user, at=now, reach=AMIRA[1], happened="AmiraSentinel happened")
    lena, carla_too = people.lena().user, people.carla("carla-too").user
    incidents.acknowledge(incident.pk, by=lena, at=now)
    incidents.close(incident.pk, by=lena, at=now, outcome="safe")
    incidents.close(incident.pk, by=carla_too, at=now, outcome="safe")
    return Match.objects.get(pk=match.pk)


def _desk(amira: Person, hanna: Person, carla: Person, coming: Match, proposal: Match) -> None:
    now = timezone.now()
    vetting.note_call(hanna.host, "reached", by=carla.user, at=now, note="HannaSentinel call")
    vetting.record_check(hanna.host, "reference", by=carla.user, at=now, note="HannaSentinel check")
    why = remarks.write("HannaSentinel why", at=now)
    HostEvent.objects.create(
        host=hanna.host, from_status="vetted", to_status="vetted", by=carla.user, at=now, remark=why
    )
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(picture, "JPEG")
    evidence.keep(hanna.host, "home_visit", picture.getvalue(), by=carla.user, at=now)
    claims.write_note(coming.request_id, "AmiraSentinel note", by=carla.user, at=now)
    claims.take(coming.request_id, by=carla.user, at=now)
    disclosure.log_look(carla.user, amira.user, "name", reason="other", note="AmiraSentinel look", at=now)
    disclosure.log_look(carla.user, hanna.user, "name", reason="other", note="HannaSentinel look", at=now)
    for person in (amira, hanna):
        Flag.objects.create(kind="looked_cancelled", about=person.user, first_at=now, last_at=now)
    decisions.decide(
        {proposal.pk: proposal.version}, "decline", by=carla.user, at=now, reason="other", note="AmiraSentinel no"
    )
    twin = people.request(people.amira(name="AmiraSentinel Twin", contact="amirasentinel2@example.org").arrival)
    last = people.request(amira.arrival, first_night=tonight(40), notes="AmiraSentinel last")
    merging.merge("requests", str(twin.pk), str(last.pk), by=carla.user, at=now, reason="AmiraSentinel twice")
    pair = remarks.write("HannaSentinel pair", at=now)
    one, other = merging.in_order(str(coming.space_id), str(uuid4()))
    PairVerdict.objects.create(
        kind="spaces",
        verdict="different",
        one=one,
        other=other,
        by=carla.user,
        at=now,
        remark=pair,
    )


def _keys(amira: Person, hanna: Person) -> None:
    now = timezone.now()
    for person, name in ((amira, "AmiraSentinel"), (hanna, "HannaSentinel")):
        tokens.issue(person.user, name=f"{name} table", scope="write", days=9, at=now)
        OneTimeCode.objects.create(user=person.user, code_hash="x", expires_at=now)
        point = person.user.contact_points.first()
        assert point is not None
        ContactCheck.objects.create(contact_point=point, code_hash="x", tries_left=3, sent_at=now)
        Invitation.objects.create(
            user=person.user, contact_point=point, token_hash=name, made_at=now, expires_at=now + timedelta(days=1)
        )
        CodeRequest.objects.create(channel="email", address=f"{name.lower()}@example.org", asked_at=now)


def _browsers(amira: Person, hanna: Person) -> None:
    """Leave a draft of each in a browser's session, a draft with the case, and answers of the API."""
    offering, asking = Client(), Client()
    KeptDraft.objects.create(arrival=amira.arrival, content='{"answers": {"contact": {"name": ["AmiraSentinel"]}}}')
    for client in (asking, offering):
        session = client.session
        sessions.keep(session, "draft_need", "AmiraSentinel +7 (701) 555-09-01" if client is asking else HANNA[1])
        session.save()
    now = timezone.now()
    for person, address, body in (
        (amira, "/api/v1/requests/", request_body(notes="AmiraSentinel api", first_night=str(tonight(70)))),
        (hanna, "/api/v1/spaces/", space_body(address="HannaSentinel api street")),
    ):
        _row, token = tokens.issue(person.user, name="test", scope="write", days=1, at=now)
        api = APIClient(headers={"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())})
        answer = api.post(address, body, format="json")
        assert answer.status_code == 201, answer.content
    for person in (amira, hanna):
        client = Client()
        client.force_login(person.user)


def _sheets(carla: Person, coming: Match, space: Space) -> None:
    """Leave a sheet that waits and names each, and the rows of one that was taken in."""
    window = f"{tonight()}/{tonight(30)}"
    header = "space_id,host,email,place,address,beds,shared,pets,children,languages,windows,vetted"
    row = f"s9,HannaSentinel,hannasentinel@example.org,Almaty,HannaSentinel dom,2,no,no,yes,ru,{window},no"
    uploads.receive("spaces", f"{header}\n{row}".encode(), file_name="week.csv", by=carla.user, at=timezone.now())
    ask = "request_id,name,phone,place,people,children,first_night,nights,min_nights,urgency,languages"
    row = f"r9,AmiraSentinel,{AMIRA[1]},Almaty,2,0,{tonight()},3,1,4,ru"
    uploads.receive("requests", f"{ask}\n{row}".encode(), file_name="ask.csv", by=carla.user, at=timezone.now())
    for kind, pk, key in (
        ("requests", coming.request_id, "AmiraSentinel-key"),
        ("spaces", space.pk, "HannaSentinel-key"),
    ):
        name = key.removesuffix("-key")
        done = SheetImport.objects.create(
            kind=kind,
            state="done",
            by=carla.user,
            received_at=timezone.now(),
            confirmed_at=timezone.now(),
            done_at=timezone.now(),
        )
        SheetImportRow.objects.create(
            sheet=done,
            line=2,
            key=key,
            outcome="changed",
            object_id=pk,
            before=f'{{"name": "{name}"}}',
            changes=f'[["{name}"]]',
        )
