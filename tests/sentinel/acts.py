"""Everybody's acts with sentinels in every field: by HTTP where a person types, and by the same acts in this process for the
rest, with which every column of every table is filled."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone
from PIL import Image
from xlsxwriter import Workbook

from accounts import coordinators, evidence, invitations, sign_ins, tokens, vetting
from accounts.models import Passkey, SignIn, User
from accounts.refusals import Refused
from deployment import rules
from matching import disclosure, hosts, incidents, intake, rota, transitions
from matching.desk import claims, decisions, merging
from matching.models import Incident, Match, SheetImport, ShelterRequest, Space
from matching.rota import Hours
from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS
from matching.states import Role, Status
from matching.web.need_forms import NEED_QUESTIONS
from matching.web.offer_forms import OFFER_QUESTIONS
from notifications.models import Delivery
from tests import desk_pages, people
from tests.integration.web.walks import NEED_ANSWERS, offer_answers
from tests.people import Person, tonight
from tests.processes import wait_for
from tests.sentinel import words
from tests.sentinel.servers import Service
from tests.sentinel.visitor import Visitor

NUMBERS = count(1)


def another_email() -> str:
    """Return an address that holds the sentinel, and is nobody's yet."""
    return f"n{next(NUMBERS)}.{words.EMAIL}"


@dataclass
class Cast:
    """Who is there: the people, and a browser of each who is signed in."""

    service: Service
    carla: Person
    lena: Person
    hanna: Person
    amira: Person

    def visitor(self, person: Person | None = None, *, token: bool = False) -> Visitor:
        if person is None:
            return Visitor(self.service.site)
        person = Person(
            User.objects.get(pk=person.user.pk), person.secret
        )  # Its keys may have changed since it was read.
        if token:
            _row, key = tokens.issue(person.user, name="A sheet of ours", scope="write", days=9, at=timezone.now())
            return Visitor(self.service.site, token=key)
        if person.user.is_staff:
            return Visitor(self.service.site, session=people.desk_client(person).cookies["sessionid"].value)
        request = RequestFactory().get("/")
        request.user, request.session = AnonymousUser(), SessionStore()
        sign_ins.begin(request, person.user, SignIn.Way.CASE, at=timezone.now())
        request.session.save()
        return Visitor(self.service.site, session=request.session.session_key or "")


def cast(service: Service) -> Cast:
    """Make the people, with sentinels for names and contacts."""
    for name in people.KNOWN:
        people.place(name)
    lena = people.carla("lena", role="lead", name=words.NAME)
    carla = people.carla(name=words.NAME)
    for person in (lena, carla):
        person.user.name, person.user.is_superuser = words.NAME, person is lena
        person.user.save(update_fields=["name", "is_superuser"])
    hanna = people.hanna(name=words.NAME, contact=another_email(), coordinator=carla)
    amira = people.amira(name=words.NAME, contact=another_email())
    return Cast(service, carla, Person(User.objects.get(pk=lena.user.pk), lena.secret), hanna, amira)


def code_to(service: Service, address: str) -> str:
    """Return the digits of the latest code that went to an address."""

    def found() -> list[str]:
        sent = [each.body["text"] for each in list(service.gateway.requests) if each.body["to"] == address]
        return [code[0] for text in sent if (code := re.search(r"\b\d{6}\b", text))]

    wait_for(found, what=f"a code to {address}", seconds=30)
    return found()[-1]


def told(response: httpx.Response, *statuses: int) -> httpx.Response:
    problems = re.findall(
        r"(?s)<ul[^>]*error.*?</ul>|<p[^>]*(?:error|problem).*?</p>|<section[^>]*problem.*?</section>", response.text
    )
    assert response.status_code in (statuses or (200,)), (
        response.status_code,
        response.url,
        problems or response.text[:2000],
    )
    return response


@transaction.atomic  # or else the worker would match these households before the acts do
def others() -> None:
    """Fill every table with words that are nobody's, so that no column stays empty. Comes first."""
    lead, usual = people.lena(), rules.as_json(rules.current())
    desk_pages.everything("ru")
    rules.change(usual, by=lead.user, at=timezone.now(), reason="As before", seen=rules.latest_change())


# -- arrivals and hosts, by the pages -----------------------------------------------------------------------


def arrival_by_pages(all_of: Cast) -> None:
    """Amira asks for shelter: her answers are kept with a case, sent, and read again after signing in."""
    visitor = all_of.visitor()
    reach = {"contact": words.PHONE_AS_TYPED, "name": words.NAME, "notes": words.NOTE}
    told(visitor.post("/need/people/", {"adults": "two"} | {"children": words.NOTE}), 422)
    told(visitor.answer("need", NEED_QUESTIONS.questions, NEED_ANSWERS | {"reach": reach}))
    kept = all_of.visitor()
    kept.post("/need/people/", NEED_ANSWERS["people"])
    kept.post("/need/reach/", reach)
    told(kept.post("/need/keep/"))
    told(kept.post("/need/keep/", {"noted": "yes"}))
    kept.post("/need/reach/", reach | {"name": words.NAME + "!"})
    told(visitor.post("/case/", {"case_number": words.PHONE, "secret": words.NOTE[:12]}), 422, 403)


def host_by_pages(all_of: Cast) -> None:
    """Hanna offers a space, proves her e-mail address by a code, and signs in again."""
    address = another_email()
    visitor = all_of.visitor()
    answers = offer_answers() | {
        "address": {"address": words.ADDRESS, "directions": words.NOTE},
        "you": {"name": words.NAME, "contact": address},
    }
    told(visitor.answer("offer", OFFER_QUESTIONS.questions, answers))
    told(visitor.post("/offer/code/", {"code": "000000"}), 422)
    told(visitor.post("/offer/code/", {"code": code_to(all_of.service, address.lower())}))
    again = all_of.visitor()
    told(again.post("/host/sign-in/", {"contact": words.NAME}), 422)
    for contact in (words.PHONE_AS_TYPED, "+7 701 555 91 82", another_email(), address):
        told(again.post("/host/sign-in/", {"contact": contact}))
        told(again.post("/host/code/", {"code": "000001"}), 422)
    space = Space.objects.latest("created_at")
    for question, answer in {
        "address": {"address": words.ADDRESS + " 5", "directions": words.NOTE},
        "beds": {"beds": "5"},
    }.items():
        visitor.post(f"/host/space/{space.pk}/change/{question}/", answer)


def throttled(all_of: Cast) -> None:
    """Too many tries, from an address that must not be kept."""
    visitor = all_of.visitor()
    proof: dict[str, Any] = {
        "name": words.NAME,
        "scope": "read",
        "days": 1,
        "case_number": all_of.amira.arrival.case_number,
    }
    answers = {visitor.send("/api/v1/tokens/", proof | {"secret": f"{each:012}"}).status_code for each in range(220)}
    assert 429 in answers, answers


# -- the API --------------------------------------------------------------------------------------------------


def by_api(all_of: Cast) -> None:
    """Spaces, requests and tokens by programs; keys and names are what the caller wrote."""
    need = {"place": "Almaty", "people": 2, "first_night": str(tonight()), "nights": 3, "notes": words.NOTE}
    offer = {"place": "Almaty", "address": words.ADDRESS, "directions": words.NOTE, "beds": 2}
    offer |= {"windows": [{"first_night": str(tonight()), "last_day": str(tonight(9))}]}
    amira, hanna = (all_of.visitor(person, token=True) for person in (all_of.amira, all_of.hanna))
    anybody = all_of.visitor()
    told(anybody.send("/api/v1/requests/", need, **{"Idempotency-Key": "5f0c7b9e-3d4b-4ac5-9d41-0d7b3a4b8f11"}), 201)
    told(anybody.send("/api/v1/requests/", need | {"place": words.NAME, words.PHONE: words.NOTE}), 400)
    for number, key in enumerate(words.TYPED.values()):
        ours = key.encode().hex() if not key.isascii() else key
        body = need | {"first_night": str(tonight(3 * number))}
        told(amira.send("/api/v1/requests/", body, **{"Idempotency-Key": ours}), 201, 409)
        told(hanna.send("/api/v1/spaces/", offer, **{"Idempotency-Key": ours}), 201)
        told(
            hanna.send(
                "/api/v1/tokens/", {"name": key[:60], "scope": "read", "days": 3}, **{"Idempotency-Key": "t" + ours}
            ),
            201,
        )
        anybody.send("/api/v1/tokens/code/", {"contact": key})
        proof = {"name": key[:60], "scope": "read", "days": 3, "contact": key, "code": "123456"}
        told(anybody.send("/api/v1/tokens/", proof), 400, 403, 429)
        anybody.get(f"/api/v1/places/{key}/")
        anybody.get("/api/v1/places/", search=key, q=key)
        Visitor(all_of.service.site, token=key if key.isascii() else "shk_x").get("/api/v1/spaces/", place=key)


# -- the desk -----------------------------------------------------------------------------------------------------


def sheet(kind: str, form: str) -> bytes:
    """Return a sheet with good rows, sentinels in every column that takes words, keys too, and a row of sentinels alone."""
    columns = list(SPACE_COLUMNS if kind == "spaces" else REQUEST_COLUMNS)
    rows = []
    for number, key in enumerate((words.PHONE, words.EMAIL, words.NAME, words.NOTE, words.ADDRESS)):
        mark = f"{next(NUMBERS)}"
        good = {"name": words.NAME, "host": words.NAME, "email": f"s{mark}.{words.EMAIL}", "place": "Almaty"}
        good |= {"address": words.ADDRESS, "beds": "2", "windows": f"{tonight()}/{tonight(20)}", "notes": words.NOTE}
        good |= {"people": "2", "first_night": str(tonight()), "nights": "2", "languages": "ru", "urgency": "4"}
        good |= {f"{kind.removesuffix('s')}_id": key, "telegram": words.TELEGRAM + mark, "vetted": "yes"}
        rows.append([good.get(column, "") for column in columns])
        bad = dict.fromkeys(columns, list(words.TYPED.values())[number])
        rows.append([bad[column] for column in columns])
    if form == "csv":
        return "\n".join(",".join(f'"{cell}"' for cell in row) for row in [columns, *rows]).encode()
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for line, row in enumerate([columns, *rows]):
            for place, cell in enumerate(row):
                page.write_string(line, place, cell)
    return out.getvalue()


def sheets(all_of: Cast) -> None:
    """Sheets are brought with a name that tells, looked through, taken in by the worker, and brought again."""
    lena = all_of.visitor(all_of.lena)
    for form in ("csv", "xlsx", "csv"):
        for kind in ("spaces", "requests"):
            file = (f"{words.NAME} {words.PHONE}.{form}", sheet(kind, form))
            told(lena.post("/admin/matching/sheetimport/bring/", {"kind": kind}, files={"file": file}))
            brought = SheetImport.objects.latest("pk")
            _until(brought, "previewed")
            for page in ("", "?show=refused", "?show=new"):
                told(lena.get(f"/admin/matching/sheetimport/{brought.pk}/change/{page}"))
            lena.post(f"/admin/matching/sheetimport/{brought.pk}/confirm/", {"trust_vetted": "yes"})
            _until(brought, "done")
    assert Space.objects.filter(host__user__contact_points__channel="telegram").exists()
    waiting = {"file": (f"{words.EMAIL}.csv", sheet("requests", "csv"))}
    told(lena.post("/admin/matching/sheetimport/bring/", {"kind": "requests"}, files=waiting))
    told(
        lena.post(
            "/admin/matching/sheetimport/bring/", {"kind": "requests"}, files={"file": (words.NAME, b"\xff\x00")}
        ),
        422,
    )
    _columns_by_hand(lena)
    large = b"x," + words.NAME.encode() * 100_000
    lena.post("/admin/matching/sheetimport/bring/", {"kind": "requests"}, files={"file": (words.NAME, large)})
    for kind in ("spaces", "requests"):
        for form in ("csv", "xlsx"):
            fields = {"kind": kind, "form": form, "why": "other", "note": words.NOTE}
            assert words.NAME.split()[0].encode() in _unpacked(told(lena.post(EXPORT, fields)).content)


def _columns_by_hand(lena: Visitor) -> None:
    """A sheet whose heading is somebody's name waits for its columns; what they mean is kept under somebody's name."""
    form = f"request_id,place,people,first_night,nights,{words.NAME}\nf1,Almaty,1,{tonight()},2,{words.NOTE}\n"
    file = {"file": (words.NAME, form.encode())}
    told(lena.post("/admin/matching/sheetimport/bring/", {"kind": "requests"}, files=file))
    waiting = SheetImport.objects.latest("pk")
    assert waiting.state == SheetImport.State.ASKED
    meanings = ("request_id", "place", "people", "first_night", "nights", "+")
    chosen = {f"c{number}": meaning for number, meaning in enumerate(meanings)} | {"keep_as": words.NAME}
    told(lena.post(f"/admin/matching/sheetimport/{waiting.pk}/columns/", chosen))
    _until(waiting, "previewed")
    assert words.NAME in told(lena.get(f"/admin/matching/sheetimport/{waiting.pk}/change/")).text
    assert words.NAME in told(lena.get("/admin/matching/sheetimport/bring/")).text


EXPORT = "/admin/matching/sheetimport/export/personal/"


def _unpacked(content: bytes) -> bytes:
    import zipfile

    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return b"".join(book.read(name) for name in book.namelist())


def _until(sheet: SheetImport, state: str) -> None:
    wait_for(lambda: SheetImport.objects.filter(pk=sheet.pk, state=state).exists(), what=f"{state} sheet")


def at_the_desk(all_of: Cast) -> None:
    """Looks, notes, calls, what is typed for somebody on the phone, searches, and forms that are refused."""
    carla, lena = all_of.visitor(all_of.carla), all_of.visitor(all_of.lena)
    asked = people.request(people.amira(name=words.NAME, contact=another_email()).arrival, notes=words.NOTE)
    host, request = all_of.hanna.host, f"/admin/matching/shelterrequest/{asked.pk}"
    look = {"why": "other", "note": words.NOTE, "field": ["name", "contact", "notes", "address"]}
    told(carla.post(f"{request}/open/", look))
    told(carla.post(f"/admin/accounts/host/{host.pk}/open/", look))
    told(carla.post(f"/admin/accounts/host/{host.pk}/called/", {"outcome": "reached", "note": words.NOTE}))
    told(
        carla.post(f"/admin/accounts/host/{host.pk}/check/", {"kind": "reference", "passed": "yes", "note": words.NOTE})
    )
    told(carla.post(f"/admin/matching/match/queue/{asked.pk}/claim/note/", {"note": words.NOTE}))
    for name in ("shelterrequest", "space"):
        page = told(carla.get(f"/admin/matching/{name}/for-somebody/"))
        key = re.search(r'name="key" value="([^"]+)"', page.text)
        assert key, (page.url, re.sub(r"(?s)<[^>]*>", " ", page.text)[:3000])
        typed = {"key": key[1], "place": "Almaty", "languages": "ru", "name": words.NAME, "contact": another_email()}
        typed |= {"language": "ru", "people": "2", "children": "0", "first_night": str(tonight()), "nights": "3"}
        typed |= {"notes": words.NOTE, "address": words.ADDRESS, "directions": words.NOTE, "beds": "2", "urgency": "4"}
        typed |= {
            "windows": f"{tonight()}/{tonight(9)}",
            "first": str(tonight()),
            "last": str(tonight(9)),
            "who": "anyone",
        }
        carla.post(f"/admin/matching/{name}/for-somebody/", typed | {"place": words.NAME})
        carla.post(f"/admin/matching/{name}/for-somebody/", typed)
    for each in words.TYPED.values():
        for model in (
            "matching/shelterrequest",
            "matching/space",
            "accounts/host",
            "accounts/coordinator",
            "matching/sheetimport",
        ):
            lena.get(f"/admin/{model}/", q=each, e=each)
            lena.get(f"/admin/{model}/{each.replace('/', ' ')}/change/")
        lena.post("/admin/login/", {"username": each, "password": each})
        all_of.visitor().post("/admin/login/", {"username": each, "password": each})
        new = {"username": each[:60], "contact": another_email(), "name": words.NAME, "role": "coordinator"}
        lena.post("/admin/accounts/coordinator/add/", new | {"all_places": "on", "language": "ru"})
        lena.post("/admin/accounts/user/add/", {"username": each[:60], "usable_password": "false"})
    told(lena.post("/admin/accounts/user/add/", {"username": "somebody", "usable_password": "false"}))


@transaction.atomic  # or else the worker would match these households before the acts do
def by_acts(all_of: Cast) -> None:
    """What has many steps before it: the same acts that the doors call, in this process."""
    at = timezone.now()
    carla, lena, hanna = all_of.carla.user, all_of.lena.user, all_of.hanna
    for hour in (0, 1):
        rota.add_shift(
            carla,
            Hours(_time(hour), _time(hour + 12), weekdays=tuple(range(7))),
            places=None,
            by=lena,
            at=at,
            note=words.NOTE,
        )
    match = people.match_in(
        Status.CONFIRMED, _asked(), people.space(hanna.host, address=words.ADDRESS, directions=words.NOTE)
    )
    disclosure.open_contact(match.pk, by=hanna.user, at=at)
    transitions.report_not_safe(match.pk, by=match.request.arrival.user, at=at, note=words.NOTE)
    incident = Incident.objects.get(match=match)
    incidents.add_words(match, by=match.request.arrival.user, at=at, reach=words.PHONE, happened=words.NOTE)
    incidents.acknowledge(incident.pk, by=carla, at=at, promised=["arrival"])
    incidents.write_note(incident.pk, words.NOTE, by=carla, at=at)
    over = people.match_in(Status.CONFIRMED, _asked(), people.space(_host().host))
    transitions.report_not_safe(over.pk, by=over.request.arrival.user, at=at)
    closed = Incident.objects.get(match=over)
    incidents.acknowledge(closed.pk, by=carla, at=at)
    for person in (carla, lena):
        incidents.close(closed.pk, by=person, at=at, outcome="safe")
    incidents.let_meet_again(closed.pk, by=carla, at=at, reason=words.NOTE)
    for ends in ("cancel", "decline", "break_off"):
        status = {"cancel": Status.CONFIRMED, "decline": Status.APPROVED, "break_off": Status.CHECKED_IN}[ends]
        other = people.match_in(status, _asked(), people.space(_host().host, address=words.ADDRESS))
        act: Callable[..., Match] = getattr(transitions, ends)
        act(other.pk, by=other.space.host.user, at=at, reason="other", note=words.NOTE)
    told_by = people.match_in(Status.CONFIRMED, _asked(), people.space(_host().host))
    transitions.report_not_safe(told_by.pk, by=carla, at=at, note=words.NOTE, told_by=Role.HOST)
    held = people.proposed(_asked(), people.space(_host().host))
    claims.take(held.request_id, by=carla, at=at)
    claims.hand_over(held.request_id, lena, by=carla, at=at, note=words.NOTE)
    held.refresh_from_db()
    later = people.proposed(_asked(), people.space(_host().host))
    decisions.decide(
        {later.pk: later.version}, "decline", by=lena, at=at + timedelta(days=1), reason="other", note=words.NOTE
    )
    space = people.space(hanna.host, address=words.ADDRESS)
    details = replace(intake.details_of_space(space), beds=9, others=2, address=words.ADDRESS + " 9")
    intake.change_space(space.pk, details, by=hanna.user, at=at)
    twins = [_host().host for _each in range(2)]
    merging.merge("hosts", *(str(each.pk) for each in twins), by=lena, at=at, reason=words.NOTE)
    same = [people.space(hanna.host, address=words.ADDRESS) for _each in range(2)]
    merging.merge("spaces", *(str(each.pk) for each in same), by=lena, at=at, reason=words.NOTE)
    asked = [_asked() for _each in range(2)]
    merging.merge("requests", *(str(each.pk) for each in asked), by=lena, at=at, reason=words.NOTE)
    invitations.name_coordinator(
        "nurlan-two",
        coordinators.Granted("coordinator", all_places=True),
        contact=another_email(),
        by=lena,
        at=at,
        name=words.NAME,
    )
    Passkey.objects.create(user=carla, name=words.NAME, credential_id=b"1", public_key=b"1", created_at=at)
    granted = coordinators.Granted("coordinator", all_places=True)
    coordinators.note(
        carla, "rights_changed", by=lena, at=at, was=granted.value, became=granted.value, reason=words.NOTE
    )
    refused = people.hanna(name=words.NAME, contact=another_email(), vetted=False).host
    hosts.refuse(refused.pk, by=carla, at=at, reason=words.NOTE)
    suspended = _host().host
    hosts.suspend(suspended.pk, by=carla, at=at, reason=words.NOTE)
    picture = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = exif[0x9286] = words.ADDRESS
    Image.new("RGB", (40, 30), "white").save(picture, "JPEG", exif=exif, comment=words.NOTE.encode())
    evidence.keep(hanna.host, "home_visit", picture.getvalue(), by=carla, at=at)
    vetting.note_call(hanna.host, "reached", by=carla, at=at, note=words.NOTE)


def _time(hour: int) -> Any:
    from datetime import time

    return time(hour)


def _asked() -> ShelterRequest:
    return people.request(people.amira(name=words.NAME, contact=another_email()).arrival, notes=words.NOTE)


def _host() -> Person:
    return people.hanna(name=words.NAME, contact=another_email())


def usernames(all_of: Cast) -> list[str]:
    """Try to name coordinators by what would tell who they are; return the names that were taken."""
    taken = []
    for name in (words.PHONE, words.EMAIL, words.EMAIL.lower(), words.NAME, words.PHONE_AS_TYPED):
        granted = coordinators.Granted("coordinator", all_places=True)
        try:
            invitations.name_coordinator(
                name, granted, contact=another_email(), by=all_of.lena.user, at=timezone.now(), name=words.NAME
            )
            taken.append(name)
        except Refused:
            pass
    return taken


def one_tap(all_of: Cast) -> None:
    """A one-tap link is opened from a message, tried with a tail, and answered."""
    sent = [each.body["text"] for each in list(all_of.service.gateway.requests)]
    links = [found[1] for text in sent if (found := re.search(r"(/t/\S+)", text))]
    visitor = all_of.visitor()
    for link in links[:3]:
        visitor.get(link)
        visitor.get(f"{link}{words.PHONE}/", note=words.NOTE)
        visitor.post(f"{link}accept/", {"note": words.NOTE})


def answers_of_providers(all_of: Cast) -> None:
    """Each answer of a provider that repeats the address: taken, refused, broken, too many, too late, cut off."""
    from tests.standins import gateway

    all_of.service.gateway.will_answer(
        *(gateway.refused(422), gateway.broken(), gateway.rate_limited("1"), gateway.cut(), gateway.refused(404)),
        *(gateway.stalled(), gateway.dripping()),
    )
    for _each in range(8):
        _asked()
    wait_for(lambda: len(all_of.service.gateway.requests) > 20, what="messages")
    all_of.service.gateway.release()
    wait_for(lambda: Delivery.objects.filter(error_class="permanent").exists(), what="a refusal", seconds=30)


EVERYTHING: tuple[Callable[[Cast], Any], ...] = (
    arrival_by_pages,
    host_by_pages,
    by_api,
    by_acts,
    at_the_desk,
    sheets,
    one_tap,
    answers_of_providers,
    throttled,
)
