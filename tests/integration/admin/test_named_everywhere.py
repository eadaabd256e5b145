"""Decision 0072 at every page and act of the desk: whoever stands on the lists of Amira and Hanna finds nothing of the two.

Generated from the rows of `test_access`, so that an address that is built later is asked as well.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.arrivals import grouped
from accounts.models import Coordinator
from matching import apart
from matching.models import Match
from matching.states import Status
from tests import people
from tests.integration.admin.test_access import ADDRESSES, ROWS, Row, Things, address_of, state
from tests.integration.admin.test_access import status as status
from tests.integration.admin.test_access import things as things

pytestmark = [pytest.mark.django_db, pytest.mark.once]

NAMED = "+77015550199"
ROLES = {"coordinator": (Coordinator.Role.COORDINATOR, 0), "lead": (Coordinator.Role.LEAD, 2)}
"""Each role with its place among the answers of a row, for somebody who is on nobody's list."""

ABOUT = {
    *("match_id", "request_id", "space_id", "host_id", "incident_id", "entry_id", "flag_id", "change_id"),
    *("evidence_id", "user_id", "one", "other", "sign_in_id", "token_id", "bundle"),
}
"""The arguments of addresses that stand for a row of the two."""
MODELS = ("match", "incident", "mustnotmeet", "shelterrequest", "space", "waitingchange", "flag")


def is_about_them(row: Row) -> bool:
    pattern = ADDRESSES[row.name].pattern
    names = {*pattern.converters, *pattern.regex.groupindex}
    of_a_row = names & {"object_id", "id"} and row.name.startswith(
        (*(f"matching_{model}_" for model in MODELS), "accounts_host_")
    )
    return bool(names & ABOUT or of_a_row)


def identifiers(match: Match) -> dict[str, str]:
    """Return what would tell a reader that one of the two is there."""
    number = match.request.arrival.case_number
    return {
        "case number": number,
        "case number, grouped": grouped(number),
        "request": str(match.request_id),
        "match": str(match.pk),
        "space": str(match.space_id),
        "name of the arrival": match.request.arrival.user.name,
        "name of the host": match.space.host.user.name,
        "page of the host": f"/accounts/host/{match.space.host_id}/",
        "address": match.space.address,
    }


def words(answer: Any, address: str) -> str:
    """Return the page, without the address that was asked for, which a page of an error repeats."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    onward = answer.headers.get("Location", "")
    return str(content.decode(errors="replace") + " " + onward).replace(address, "")


def called(row: Row, things: Things, client: Client) -> tuple[int, str, bool]:
    """Return the status, the words, and whether a POST has written something. Nothing is kept."""
    with people.undone(client):
        address = address_of(row.name, things, dict(row.arguments))
        body = row.body(things)
        before = None if row.method == "GET" else state()
        answer: Any = client.get(address) if row.method == "GET" else client.post(address, body)
        return answer.status_code, words(answer, address), before is not None and state() != before


def browser(name: str, role: str, *contacts: str) -> Client:
    who = people.on_call(people.carla(name, role=ROLES[role][0], name="N. N."), *contacts)
    client = people.desk_client(who)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("app", "status"), sorted({(row.name.split("_")[0], row.status) for row in ROWS}), ids=lambda part: str(part)
)
def test_named_coordinator_finds_nothing_and_changes_nothing(
    app: str, status: Status, role: str, things: Things, amira: people.Person, hanna: people.Person
) -> None:
    kept_out, other = browser("named", role, NAMED), browser("other", role)
    for person in (amira, hanna):
        apart.name(person.user, NAMED, by=person.user, at=timezone.now())
    told, wrong, control = identifiers(things.match), [], False

    for row in [each for each in ROWS if (each.name.split("_")[0], each.status) == (app, status)]:
        code, page, changed = called(row, things, kept_out)
        wrong += [(str(row), what) for what, text in told.items() if text and text in page]
        if is_about_them(row) and not row.own:
            wrong += [(str(row), "changed")] if changed else []
            wrong += [(str(row), f"answers {code}")] if code == 200 and row.answers[1] != 200 else []
        if not control:
            page = called(row, things, other)[1]
            control = any(text in page for text in told.values() if text)

    assert wrong == []
    if (app, status) in {("matching", Status.CONFIRMED), ("matching", Status.PROPOSED), ("accounts", Status.CONFIRMED)}:
        assert control, "the negative control: another coordinator finds them"
