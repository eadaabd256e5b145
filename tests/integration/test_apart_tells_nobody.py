"""Nothing tells anybody of a list: every page, answer, reason, count and advice is equal with and without an entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from matching import apart, engine
from matching.engine.board import Board
from matching.engine.reasons import Code
from matching.models import Match, MustNotMeet, ShelterRequest
from matching.states import Status
from matching.worker import matchmaking
from notifications.models import Notification
from tests import people
from tests.people import Person
from tests.unit.engine.making import amiras_need, hannas_offer

pytestmark = pytest.mark.django_db

AMIRAS = "+77010000001"


def _text(answer: object) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", content.decode(errors="replace"))
    return f"{answer.status_code} {answer.headers.get('ETag')} {text}"  # type: ignore[attr-defined]


def seen(cast: Mapping[str, Person]) -> dict[str, str]:
    """Return every page and answer about the world that the named side, an outsider, and the desk can look at."""
    desk, found = people.desk_client(cast["carla"]), {}
    matches = [str(pk) for pk in Match.objects.order_by("created_at").values_list("pk", flat=True)]
    requests = [str(pk) for pk in ShelterRequest.objects.order_by("registered_at").values_list("pk", flat=True)]
    spaces = [str(pk) for pk in cast["hanna"].host.spaces.values_list("pk", flat=True)]
    for who in ("hanna", "amira", "oskar"):
        client = Client()
        client.force_login(cast[who].user)
        paths = ["/case/", "/host/", "/api/v1/requests/", "/api/v1/spaces/", "/api/v1/matches/"]
        paths += [f"/api/v1/{kind}/{pk}/" for kind, ids in (("requests", requests), ("spaces", spaces)) for pk in ids]
        for pk in matches:
            paths += [f"/{side}/match/{pk}/{act}/" for side in ("case", "host") for act in ("check_in", "contact")]
            paths += [f"/api/v1/matches/{pk}/", f"/api/v1/matches/{pk}/history/"]
        found |= {f"{who} {path}": _text(client.get(path)) for path in paths}
    addresses = [("admin:index", []), ("admin:matching_match_queue", []), ("admin:matching_match_unplaced", [])]
    addresses += [("admin:matching_shelterrequest_changelist", []), ("admin:matching_match_changelist", [])]
    addresses += [("admin:matching_sheet_export_take", [kind, "csv"]) for kind in ("requests", "spaces", "matches")]
    for pk in requests:
        addresses += [("admin:matching_shelterrequest_change", [pk]), ("admin:matching_match_spaces_for", [pk])]
    for pk in spaces:
        addresses += [("admin:matching_space_change", [pk]), ("admin:matching_match_requests_for", [pk])]
    addresses += [("admin:matching_match_change", [pk]) for pk in matches]
    paths = [reverse(name, args=args) for name, args in addresses]
    found |= {f"desk {path}": _text(desk.get(path)) for path in paths}
    # The first page of the desk says what time it is.
    return found | {"desk /admin/": re.sub(r"\b\d{1,2}:\d\d\b", "…", found["desk /admin/"])}


@pytest.fixture
def cast(hanna: Person, carla: Person, oskar: Person) -> dict[str, Person]:
    return {"amira": people.amira(contact=AMIRAS), "hanna": hanna, "carla": carla, "oskar": oskar}


def _full(cast: Mapping[str, Person]) -> None:
    """Amira waits, and Hanna's only space is taken by another household."""
    hall = people.space(cast["hanna"].host, beds=2)
    people.match_in(Status.CONFIRMED, people.request(people.amira().arrival), hall)
    people.request(cast["amira"].arrival)


def _too_far(cast: Mapping[str, Person]) -> None:
    """Amira waits in another town, farther than she would go: a larger radius is advised, or not."""
    people.space(cast["hanna"].host)
    people.request(cast["amira"].arrival, place=people.place("Oral"), radius_km=30)


def _too_many(cast: Mapping[str, Person]) -> None:
    people.space(cast["hanna"].host, children=False)
    people.request(cast["amira"].arrival, people=4, children=1)


def _agreed(cast: Mapping[str, Person]) -> None:
    """The two have agreed on a stay already."""
    people.match_in(Status.CONFIRMED, people.request(cast["amira"].arrival), people.space(cast["hanna"].host))


def _asked(cast: Mapping[str, Person]) -> None:
    people.match_in(Status.APPROVED, people.request(cast["amira"].arrival), people.space(cast["hanna"].host))


WORLDS = {each.__name__.strip("_"): each for each in (_full, _too_far, _too_many, _agreed, _asked)}


@pytest.mark.parametrize(("by", "whom"), [("amira", "hanna@example.org"), ("hanna", AMIRAS)])
@pytest.mark.parametrize("world", WORLDS)
def test_every_page_and_answer_is_equal_with_and_without_an_entry(
    world: str, by: str, whom: str, cast: dict[str, Person]
) -> None:
    WORLDS[world](cast)
    matchmaking.match_open_requests(now=timezone.now)
    before = seen(cast)
    told = list(Notification.objects.exclude(recipient=cast["carla"].user).values_list("pk", flat=True))

    apart.name(cast[by].user, whom, by=cast[by].user, at=timezone.now())
    apart.settle(at=timezone.now())
    Notification.objects.filter(event="must_not_meet").delete()  # The coordinators alone hear of it: see `test_apart`.
    matchmaking.match_open_requests(now=timezone.now)

    after = seen(cast)
    assert {path for path, text in before.items() if after[path] != text} == set()
    assert list(Notification.objects.exclude(recipient=cast["carla"].user).values_list("pk", flat=True)) == told


def test_pages_would_show_a_declined_pair(cast: dict[str, Person]) -> None:
    """The negative control: what forbids a pair openly is seen."""
    _full(cast)
    before = seen(cast)
    space = cast["hanna"].host.spaces.get()
    Match.objects.filter(space=space).update(request=ShelterRequest.objects.get(arrival=cast["amira"].arrival))

    assert {path for path, text in seen(cast).items() if before.get(path) != text}


@pytest.mark.parametrize("text", ["hanna@example.org", "nobody@example.org", "Hanna M."])
def test_answer_does_not_say_whether_the_person_is_known(text: str, cast: dict[str, Person]) -> None:
    client = Client()
    client.force_login(cast["amira"].user)

    answer = client.post("/not-to-meet/", {"whom": text}, follow=True)

    page = _text(answer).replace(text, "…")
    MustNotMeet.objects.all().delete()
    other = client.post("/not-to-meet/", {"whom": "somebody@example.org"}, follow=True)
    strip = lambda page: re.sub(r"/not-to-meet/\d+/", "/", page)  # noqa: E731
    assert strip(page) == strip(_text(other).replace("somebody@example.org", "…"))


# -- the engine -----------------------------------------------------------------------------------------

AGAINST: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "too far": ({"radius_km": 0.01}, {"lat": 44.5}),
    "pets": ({"pets": True}, {"pets": False}),
    "beds": ({"people": 9, "children": 0}, {"beds": 2}),
    "not fresh": ({}, {"fresh": False}),
    "declined": ({"declined": frozenset({"o"})}, {}),
    "smoking": ({"smoking": True}, {"smoking": False}),
}


@pytest.mark.parametrize("rule", AGAINST)
def test_reasons_and_advice_of_the_engine_are_equal(rule: str) -> None:
    wants, offers = AGAINST[rule]
    need = replace(amiras_need(**wants), id="n")
    offer = replace(hannas_offer(**offers), id="o")
    kept = replace(need, apart=frozenset({"o"}))

    assert engine.refusals(kept, offer) == engine.refusals(need, offer) != ()
    assert engine.place_one(kept, [offer]) == engine.place_one(need, [offer])
    others = [offer, replace(offer, id="far", lat=offer.lat + 3)]
    assert engine.place_one(kept, others) == engine.place_one(need, others)
    assert engine.plan([kept], [offer]).unplaced == engine.plan([need], [offer]).unplaced
    assert Board([kept], [offer]).place(kept) == Board([need], [offer]).place(need)


def test_pair_that_would_do_reads_as_taken() -> None:
    need, offer = replace(amiras_need(), id="n"), replace(hannas_offer(), id="o")
    kept = replace(need, apart=frozenset({"o"}))
    taken = replace(
        offer, held=(engine.Held(need.first_night, need.first_night + timedelta(days=need.nights), offer.beds),)
    )

    assert engine.refusals(need, offer) == ()
    assert engine.refusals(kept, offer) == engine.refusals(need, taken)
    assert [reason.code for reason in engine.refusals(kept, offer)] == [Code.TAKEN]
    for answer in (engine.plan([kept], [offer]).unplaced[0], Board([kept], [offer]).place(kept)):
        assert answer.reasons[0].code == Code.ALL_TAKEN
    assert Board([kept], [offer]).refill("o") == ()
    assert len(Board([need], [offer]).refill("o")) == 1
