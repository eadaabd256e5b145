"""Every credential, every event that must end it, and every door: what came from keys that ended opens nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import arrivals, coordinators, invitations, merging, second_factor, sign_ins, tokens
from accounts.coordinators import Granted
from accounts.models import AccessToken, Authenticator, Coordinator, Passkey, SignIn, User
from matching.refusals import one_act
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

API = "/api/v1/tokens/"


@dataclass(frozen=True)
class Credential:
    """A way in: a browser with a session, or a caller with a token. `token` and `sign_in` are its row."""

    client: Any
    page: str = ""
    token: AccessToken | None = None

    def opens(self) -> bool:
        """Return whether it opens its page, where it has one, and the API. Both must answer alike."""
        doors = [self.client.get(address).status_code for address in (self.page, API) if address]
        assert len({status == 200 for status in doors}) == 1, doors
        return bool(doors[0] == 200)


HOLDERS = {"arrival": "/signed-in/", "host": "/host/", "coordinator": "/admin/matching/match/"}
"""Each kind of person, and a page that only their session opens."""


def person(kind: str) -> Person:
    if kind == "arrival":
        return people.amira()
    return people.hanna(vetted=False) if kind == "host" else people.carla()


def browser(of: Person) -> Client:
    if of.user.is_staff:
        return people.desk_client(of)
    client = Client()
    client.force_login(of.user)
    return client


def with_token(made_by: Any) -> Credential:
    """Return the token that a credential makes for itself."""
    given = made_by.post(API, {"name": "made", "scope": "write"}, content_type="application/json")
    return by_token(given.json()["token"])


def by_token(token: str) -> Credential:
    row = tokens.find(token, at=timezone.now())
    return Credential(Client(headers={"authorization": f"Bearer {token}"}), token=row)


def credentials(kind: str, of: Person) -> dict[str, Credential]:
    """Return one credential of each kind: a session, a token of the keys, and what session and tokens make."""
    session = Credential(browser(of), HOLDERS[kind])
    user = User.objects.get(pk=of.user.pk)
    _row, proved = tokens.issue(user, name="proved", scope="write", days=1, at=timezone.now())
    by_keys = by_token(proved)
    of_session = with_token(session.client)
    child = with_token(of_session.client)
    grandchild = with_token(child.client)
    return {
        "session": session,
        "token of keys": by_keys,
        "token of session": of_session,
        "child": child,
        "grandchild": grandchild,
    }


ALL = {"session", "token of keys", "token of session", "child", "grandchild"}
OF_SESSION = {"session", "token of session", "child", "grandchild"}


@dataclass(frozen=True)
class Event:
    """Something that ends keys: whose, the act, and the credentials that end with it."""

    kind: str
    act: Callable[[Person, dict[str, Credential]], object]
    ends: set[str]


def new_secret(of: Person, has: dict[str, Credential]) -> None:
    arrivals.renew_secret(of.arrival)


def other_password(of: Person, has: dict[str, Credential]) -> None:
    of.user.set_password("another horse battery staple")
    of.user.save()


def password_by_sql(of: Person, has: dict[str, Credential]) -> None:
    User.objects.filter(pk=of.user.pk).update(password="argon2$x")


def lost_access(of: Person, has: dict[str, Credential]) -> None:
    """Access comes back, and nothing of the time before it does."""
    User.objects.filter(pk=of.user.pk).update(is_active=False)
    User.objects.filter(pk=of.user.pk).update(is_active=True)


def sent_away_and_let_back(of: Person, has: dict[str, Credential]) -> None:
    row, lena = of.user.coordinator.pk, people.lena().user
    coordinators.send_away(row, by=lena, at=timezone.now(), reason="x")
    coordinators.let_back(row, by=lena, at=timezone.now(), reason="x")


def other_role(of: Person, has: dict[str, Credential]) -> None:
    """Only the role is another: the API is closed to an auditor in any case, and this one gets the role back."""
    for role in ("auditor", "coordinator"):
        coordinators.change_rights(
            of.user.coordinator.pk,
            Granted(role, all_places=True),
            by=people.lena().user,
            at=timezone.now(),
            reason="x",
        )


def row_gone(of: Person, has: dict[str, Credential]) -> None:
    Coordinator.objects.filter(user=of.user).delete()
    Coordinator.objects.create(user=of.user, role="coordinator", all_places=True)


def sign_in_reset(of: Person, has: dict[str, Credential]) -> None:
    invitations.reset_sign_in(
        of.user.coordinator.pk,
        by=people.lena().user,
        at=timezone.now(),
        reason="lost her phone",
        contact="carla@example.org",
    )
    people.authenticator(of)


def second_factor_moved(of: Person, has: dict[str, Credential]) -> None:
    waiting = second_factor.begin(of.user, at=timezone.now())
    digits = second_factor.digits_now(waiting.secret, at=timezone.now())
    second_factor.confirm(of.user, digits, at=timezone.now())


def second_factor_by_sql(of: Person, has: dict[str, Credential]) -> None:
    Authenticator.objects.filter(user=of.user).delete()
    people.authenticator(of)


def passkey_gone(of: Person, has: dict[str, Credential]) -> None:
    """A passkey that is removed ends what came from it; nothing says which session that was, so all of them."""
    Passkey.objects.create(
        user=of.user, name="x", credential_id=b"x", public_key=b"x", created_at=timezone.now()
    ).delete()


def desk_rights_gone(of: Person, has: dict[str, Credential]) -> None:
    User.objects.filter(pk=of.user.pk).update(is_staff=False)
    User.objects.filter(pk=of.user.pk).update(is_staff=True)


def merged(of: Person, has: dict[str, Credential]) -> None:
    stays = people.hanna(contact="stays@example.org", vetted=False)
    with one_act():
        merging.merge_hosts(of.host.pk, stays.host.pk, by=people.carla().user, at=timezone.now(), reason="x")


def end_all_by_a_lead(of: Person, has: dict[str, Credential]) -> None:
    sign_ins.end_all(of.user, by=people.lena().user, at=timezone.now())


def session_ended(of: Person, has: dict[str, Credential]) -> None:
    row = SignIn.objects.get(user=of.user)
    sign_ins.end_session(row, by=of.user, at=timezone.now())


def session_revoked_by_sql(of: Person, has: dict[str, Credential]) -> None:
    SignIn.objects.filter(user=of.user).update(revoked_at=timezone.now())


def token_revoked(name: str) -> Callable[[Person, dict[str, Credential]], None]:
    def act(of: Person, has: dict[str, Credential]) -> None:
        row = has[name].token
        assert row is not None
        tokens.revoke(row, at=timezone.now())

    return act


def token_revoked_by_sql(of: Person, has: dict[str, Credential]) -> None:
    row = has["token of session"].token
    assert row is not None
    AccessToken.objects.filter(pk=row.pk).update(revoked_at=timezone.now())


def signed_out(of: Person, has: dict[str, Credential]) -> None:
    has["session"].client.post("/sign-out/")


def nothing(of: Person, has: dict[str, Credential]) -> None:
    """The control: without an event, everything opens."""


def same_secret(of: Person, has: dict[str, Credential]) -> None:
    """The control of the trigger: the same secret under another hash ends nothing."""
    User.objects.keep_secret_as(User.objects.get(pk=of.user.pk), "other$hash")


EVENTS = {
    "arrival: new secret": Event("arrival", new_secret, ALL),
    "arrival: same secret, other hash": Event("arrival", same_secret, set()),
    "host: merged into another": Event("host", merged, ALL),
    "coordinator: sent away, let back": Event("coordinator", sent_away_and_let_back, ALL),
    "coordinator: another role and back": Event("coordinator", other_role, ALL),
    "coordinator: the row gone": Event("coordinator", row_gone, ALL),
    "coordinator: sign-in reset": Event("coordinator", sign_in_reset, ALL),
    "coordinator: second factor moved": Event("coordinator", second_factor_moved, ALL),
    "coordinator: second factor deleted by SQL": Event("coordinator", second_factor_by_sql, ALL),
    "coordinator: a passkey deleted by SQL": Event("coordinator", passkey_gone, ALL),
    "coordinator: no desk any more": Event("coordinator", desk_rights_gone, ALL),
}
for each in HOLDERS:
    EVENTS |= {
        f"{each}: another password": Event(each, other_password, ALL),
        f"{each}: a password by SQL": Event(each, password_by_sql, ALL),
        f"{each}: access lost and back": Event(each, lost_access, ALL),
        f"{each}: all ended by a lead": Event(each, end_all_by_a_lead, ALL),
        f"{each}: session ended": Event(each, session_ended, OF_SESSION),
        f"{each}: session revoked by SQL": Event(each, session_revoked_by_sql, OF_SESSION),
        f"{each}: token of keys revoked": Event(each, token_revoked("token of keys"), {"token of keys"}),
        f"{each}: token of session revoked": Event(
            each, token_revoked("token of session"), {"token of session", "child", "grandchild"}
        ),
        f"{each}: the same by SQL": Event(each, token_revoked_by_sql, {"token of session", "child", "grandchild"}),
        f"{each}: child revoked": Event(each, token_revoked("child"), {"child", "grandchild"}),
        f"{each}: signed out": Event(each, signed_out, {"session"}),
        f"{each}: nothing": Event(each, nothing, set()),
    }


@pytest.mark.parametrize("name", EVENTS)
def test_event_ends_what_came_from_it_and_nothing_else(name: str) -> None:
    event = EVENTS[name]
    somebody, else_ = person(event.kind), people.oskar()
    has, others = credentials(event.kind, somebody), credentials("arrival", else_)
    assert {each for each, credential in has.items() if credential.opens()} == ALL

    event.act(Person(User.objects.get(pk=somebody.user.pk), somebody.secret, somebody.contact), has)

    assert {each for each, credential in has.items() if not credential.opens()} == event.ends
    assert {each for each, credential in others.items() if credential.opens()} == ALL


@pytest.mark.parametrize(
    ("trigger", "event", "outlive"),
    [
        ("accounts_user.user_version_counts_up", "arrival: another password", ALL),
        ("accounts_coordinator.role_ends_sessions", "coordinator: another role and back", ALL),
        ("accounts_passkey.passkey_ends_sessions", "coordinator: a passkey deleted by SQL", ALL),
        # The desk asks for the very factor that was proved, so the session ends without the trigger as well.
        (
            "accounts_authenticator.second_factor_ends_sessions",
            "coordinator: second factor deleted by SQL",
            ALL - {"session"},
        ),
    ],
)
def test_without_the_trigger_credentials_outlive_their_end(trigger: str, event: str, outlive: set[str]) -> None:
    table, name = trigger.split(".")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE %s",
            [table, f"pgtrigger_{name}%"],
        )
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {cursor.fetchone()[0]}")
    kind = EVENTS[event].kind
    somebody = person(kind)
    has = credentials(kind, somebody)

    EVENTS[event].act(Person(User.objects.get(pk=somebody.user.pk), somebody.secret), has)

    assert {each for each, credential in has.items() if credential.opens()} == outlive


@pytest.mark.parametrize("rows", [SignIn, AccessToken], ids=["session", "token"])
def test_what_was_revoked_stays_revoked(rows: Any) -> None:
    has = credentials("arrival", people.amira())
    rows.objects.update(revoked_at=timezone.now())
    rows.objects.update(revoked_at=None)

    assert not has["token of session"].opens()


def test_session_without_a_row_belongs_to_nobody(amira: Person) -> None:
    client = Client()
    client.force_login(amira.user)
    SignIn.objects.all().delete()

    assert not Credential(client, "/signed-in/").opens()


def test_case_that_was_opened_here_is_closed_by_a_new_secret(client: Client) -> None:
    """A browser that shows number and secret, or keeps answers with a case, has proved the old secret only."""
    client.post("/need/keep/")
    kept = User.objects.get(arrival__isnull=False)
    shown = client.get("/need/keep/").content.decode()
    assert arrivals.grouped(kept.username) in shown

    arrivals.renew_secret(kept.arrival)

    assert arrivals.grouped(kept.username) not in client.get("/need/keep/").content.decode()


def test_api_client_is_of_django() -> None:
    """`conftest` lets `force_login` of Django's client write a row; the API's client inherits it."""
    assert issubclass(APIClient, Client)
