"""Rights at the desk: naming coordinators, auditors who change nothing, and the audit pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import coordinators, invitations, vetting
from accounts.coordinators import Granted, NotLead, NotOneself
from accounts.models import Coordinator, CoordinatorEvent, User
from deployment import rules
from matching import disclosure, transitions
from matching.desk import claims
from matching.models import Match
from matching.refusals import NotYours
from matching.states import Status
from places import editing
from privacy.models import AccessLog
from tests import people
from tests.people import Person

SignIn = Callable[[Person], Client]
PAGES = "/admin/accounts/coordinator/"


@pytest.fixture
def match(amira: Person, hanna: Person) -> Match:
    return people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))


def rights(role: str, *places: str) -> dict[str, Any]:
    """Return rights as a line of history keeps them; without `places` they are for all places."""
    return {"role": role, "all_places": not places, "places": list(places)}


def history() -> list[tuple[str, str, Any, Any]]:
    rows = CoordinatorEvent.objects.exclude(what="signed_in").order_by("id")
    return [(row.about.username, row.what, row.was, row.became) for row in rows]


# -- naming ---------------------------------------------------------------------------------------


def test_lead_names_a_coordinator(lena: Person, signed_in: SignIn) -> None:
    people.place("Oral")
    wanted = {
        "username": "nina",
        "contact": "nina@example.org",
        "language": "ru",
        "role": "coordinator",
        "places": "Уральск\n",
    }

    signed_in(lena).post(f"{PAGES}add/", wanted)

    nina = User.objects.get(username="nina")
    assert (nina.is_staff, nina.is_superuser, nina.has_usable_password()) == (True, False, False)
    assert [place.name for place in nina.coordinator.places.all()] == ["Oral"]
    assert history() == [("nina", "named", None, rights("coordinator", "Oral"))]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"places": "Nowhereville\nOral"}, "The gazetteer does not know: Nowhereville."),
        ({"places": ""}, "Choose at least one place, or all places."),
        ({"username": "lena"}, "Somebody has this user name already."),
        ({"contact": "nobody"}, "Nobody is reached there. Write a phone number or an e-mail address."),
        ({"contact": "at the door"}, "This is not a phone number or e-mail address."),
        ({"contact": ""}, "This field is required."),
        ({"username": ""}, "This field is required."),
        ({"role": "queen"}, "Select a valid choice."),
    ],
)
def test_naming_says_what_is_wrong_and_keeps_what_was_typed(
    lena: Person, signed_in: SignIn, wrong: dict[str, str], says: str
) -> None:
    people.place("Oral")
    wanted = {
        "username": "nina",
        "name": "Nina N.",
        "contact": "+7 701 555 09 09",
        "language": "ru",
        "role": "coordinator",
        "places": "Oral",
    } | wrong

    page = signed_in(lena).post(f"{PAGES}add/", wanted, headers={"accept-language": "en"})

    assert says in page.content.decode()
    assert 'value="Nina N."' in page.content.decode()
    assert not User.objects.filter(username="nina").exists()


def test_rights_change_with_a_line_of_history(lena: Person, carla: Person, signed_in: SignIn) -> None:
    people.place("Oral")
    page = f"{PAGES}{carla.user.coordinator.pk}/rights/"

    signed_in(lena).post(page, {"role": "coordinator", "places": "Oral", "reason": "she asked"})
    signed_in(lena).post(page, {"role": "lead", "reason": "she asked"})

    row = Coordinator.objects.get(user=carla.user)
    assert (row.role, row.all_places, row.places.count()) == ("lead", True, 0)
    assert history() == [
        ("carla", "rights_changed", rights("coordinator"), rights("coordinator", "Oral")),
        ("carla", "rights_changed", rights("coordinator", "Oral"), rights("lead")),
    ]


def test_reset_and_sending_away_end_the_session(lena: Person, carla: Person, signed_in: SignIn) -> None:
    page = f"{PAGES}{carla.user.coordinator.pk}/act/"
    for act in ("reset", "send-away"):
        hers = signed_in(carla)
        assert hers.get("/admin/").status_code == 200

        signed_in(lena).post(f"{page}{act}/", {"reason": "lost her phone", "contact": "c@example.org"})

        assert hers.get("/admin/").status_code == 302
        carla.user.refresh_from_db()
    assert [what for _who, what, _was, _became in history()] == [
        "invited_again",
        "left",
    ]


def test_without_a_reason_nothing_happens(lena: Person, carla: Person, signed_in: SignIn) -> None:
    answer = signed_in(lena).post(f"{PAGES}{carla.user.coordinator.pk}/act/send-away/", {"reason": " "})

    assert "Write down the reason." in answer.content.decode()
    assert history() == []


def test_nobody_changes_their_own_rights(lena: Person) -> None:
    own, now = lena.user.coordinator.pk, timezone.now()
    for act in (
        lambda: coordinators.change_rights(own, Granted("auditor", True), by=lena.user, at=now, reason="x"),
        lambda: invitations.reset_sign_in(own, by=lena.user, at=now, reason="x"),
        lambda: invitations.confirm(own, by=lena.user, at=now, reason="x"),
        lambda: coordinators.send_away(own, by=lena.user, at=now, reason="x"),
    ):
        with pytest.raises(NotOneself):
            act()


@pytest.mark.parametrize("who", ["carla", "adil", "hanna"])
def test_only_leads_give_rights(who: str, lena: Person, request: pytest.FixtureRequest) -> None:
    by, now, row = request.getfixturevalue(who).user, timezone.now(), lena.user.coordinator.pk
    for act in (
        lambda: invitations.name_coordinator("x", Granted("lead"), contact="x@example.org", by=by, at=now),
        lambda: invitations.reset_sign_in(row, by=by, at=now, reason="x"),
        lambda: invitations.confirm(row, by=by, at=now, reason="x"),
        lambda: coordinators.change_rights(row, Granted("auditor", True), by=by, at=now, reason="x"),
        lambda: coordinators.send_away(row, by=by, at=now, reason="x"),
    ):
        with pytest.raises(NotLead):
            act()
    assert history() == []


def test_database_refuses_a_lead_of_some_places_only(lena: Person) -> None:
    with pytest.raises(IntegrityError, match="coordinator_leads_all_places"), transaction.atomic():
        Coordinator.objects.filter(user=lena.user).update(all_places=False)


# -- auditors -------------------------------------------------------------------------------------


def test_auditor_sees_the_records_without_personal_fields(adil: Person, match: Match, signed_in: SignIn) -> None:
    client = signed_in(adil)
    still_open = people.request(match.request.arrival)
    for kind, pk in (
        ("match", match.pk),
        ("shelterrequest", match.request_id),
        ("shelterrequest", still_open.pk),
        ("space", match.space_id),
    ):
        page = client.get(f"/admin/matching/{kind}/{pk}/change/")
        words = page.content.decode()
        assert page.status_code == 200
        assert [
            word for word in ("Amira Testova", "Hanna Musterfrau", "Abay Avenue", "climb stairs") if word in words
        ] == []
        assert "<button>" not in words.split('id="content"')[1]


def test_auditor_opens_and_changes_nothing(adil: Person, match: Match, signed_in: SignIn) -> None:
    client = signed_in(adil)
    answers = [
        client.post(f"/admin/matching/{path}", {"why": "asked", "reason": "other"}).status_code
        for path in (
            f"shelterrequest/{match.request_id}/open/",
            f"shelterrequest/{match.request_id}/withdraw/",
            f"space/{match.space_id}/open/",
            f"space/{match.space_id}/act/pause/",
            f"match/{match.pk}/act/cancel/",
            "match/queue/decide/",
        )
    ]

    match.refresh_from_db()
    assert (answers, match.status, AccessLog.objects.count()) == ([403] * 6, Status.CONFIRMED, 0)


def test_auditor_is_refused_by_the_acts_themselves(adil: Person, match: Match) -> None:
    """Even if a page lets an auditor through, the domain's acts refuse."""
    with pytest.raises(NotYours):
        transitions.cancel(match.pk, by=adil.user, at=timezone.now(), reason="other")


def test_auditor_of_one_place_sees_no_other(match: Match, signed_in: SignIn) -> None:
    client = signed_in(people.adil(places=(people.place("Oral"),)))

    assert client.get(f"/admin/matching/match/{match.pk}/change/").status_code == 404


def test_auditor_is_told_nothing(adil: Person, lena: Person, match: Match) -> None:
    transitions.report_not_safe(match.pk, by=match.request.arrival.user, at=timezone.now())

    assert not adil.user.notifications.exists()
    assert lena.user.notifications.filter(event="not_safe").exists()


# -- audit ----------------------------------------------------------------------------------------

AUDIT = [
    "/admin/matching/matchevent/",
    "/admin/accounts/hostevent/",
    "/admin/accounts/coordinatorevent/",
    "/admin/privacy/accesslog/",
    "/admin/matching/deskevent/",
]


@pytest.mark.parametrize("page", AUDIT)
@pytest.mark.parametrize(("who", "status"), [("lena", 200), ("adil", 200), ("carla", 403)])
def test_audit_pages_are_for_leads_and_auditors(
    page: str, who: str, status: int, match: Match, signed_in: SignIn, request: pytest.FixtureRequest
) -> None:
    assert signed_in(request.getfixturevalue(who)).get(page).status_code == status


def shown(page: Any) -> list[Any]:
    return list(page.context["cl"].result_list)


def test_audit_page_answers_what_one_person_did(lena: Person, carla: Person, match: Match, signed_in: SignIn) -> None:
    clara = people.carla("clara")
    transitions.cancel(match.pk, by=clara.user, at=timezone.now(), reason="other", note="her words")
    client = signed_in(lena)

    page = client.get(f"{AUDIT[0]}?by={clara.user.pk}")
    by_act = client.get(f"{AUDIT[0]}?act=cancel")

    assert [(event.act, event.by) for event in shown(page)] == [("cancel", clara.user)]
    assert [event.act for event in shown(by_act)] == ["cancel"]
    assert "her words" not in page.content.decode()


def test_audit_page_answers_who_looked_at_whom(
    adil: Person, carla: Person, amira: Person, match: Match, signed_in: SignIn
) -> None:
    disclosure.log_look(carla.user, amira.user, "name", reason="asked", at=timezone.now())
    disclosure.log_look(people.carla("clara").user, match.space.host.user, "name", reason="call", at=timezone.now())
    client = signed_in(adil)

    assert [look.about for look in shown(client.get(f"{AUDIT[3]}?by={carla.user.pk}"))] == [amira.user]
    assert [look.by for look in shown(client.get(f"{AUDIT[3]}?q={amira.user.username}"))] == [carla.user]


@pytest.mark.parametrize("change", ["UPDATE {} SET at = now()", "DELETE FROM {}"])
@pytest.mark.parametrize(
    "table",
    [
        "privacy_accesslog",
        "matching_matchevent",
        "accounts_hostevent",
        "accounts_coordinatorevent",
        "accounts_hostcall",
        "matching_desknote",
        "matching_deskevent",
        "places_placechange",
        "deployment_settingchange",
    ],
)
def test_audit_is_append_only_whatever_path_a_write_takes(
    table: str, change: str, lena: Person, carla: Person, amira: Person, match: Match
) -> None:
    disclosure.log_look(carla.user, amira.user, "name", reason="asked", at=timezone.now())
    coordinators.send_away(carla.user.coordinator.pk, by=lena.user, at=timezone.now(), reason="x")
    vetting.note_call(match.space.host, "reached", by=lena.user, at=timezone.now())
    claims.write_note(match.request_id, "call after nine", by=lena.user, at=timezone.now())
    editing.close_place(match.request.place_id or 0, by=lena.user, at=timezone.now(), reason="x")
    rules.change({"fresh_days": 8}, by=lena.user, at=timezone.now(), reason="x", seen=0)

    with (
        pytest.raises(DatabaseError, match=r"append|update or delete"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format(table))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone()[0] > 0
