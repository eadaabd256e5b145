"""Contacts that an earlier reader stored: read again, looked up in both forms until then, and listed where nobody can say."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from accounts.contacts import add_contact_point, find_contact_point, indexes_of, read_contact
from accounts.rereading import Reread, reread_contacts
from notifications.models import ContactPoint
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

HIDDEN = "\u200bmarina@example.org"


def stored(person: Person, channel: str, address: str) -> ContactPoint:
    """Return a contact of this person as an earlier reader stored it."""
    return add_contact_point(person.user, channel, address)


def addresses(person: Person) -> list[str]:
    return sorted(point.address for point in person.user.contact_points.all())


@pytest.fixture
def marina() -> Person:
    return people.hanna(name="Marina", contact="+77015550101", vetted=False)


def test_contact_is_rewritten_and_its_index_with_it(marina: Person) -> None:
    point = stored(marina, "email", HIDDEN)

    done = reread_contacts()

    point.refresh_from_db()
    assert (done.seen, done.rewritten, point.address) == (2, 1, "marina@example.org")
    assert point.address_index in indexes_of("email", "marina@example.org")
    assert reread_contacts() == Reread(seen=2)


def test_contact_that_its_person_has_already_is_removed(marina: Person) -> None:
    stored(marina, "email", HIDDEN)
    stored(marina, "email", "marina@example.org")

    done = reread_contacts()

    assert (done.removed, addresses(marina)) == (1, ["+77015550101", "marina@example.org"])


def test_two_hosts_with_one_contact_are_listed_for_the_desk(marina: Person) -> None:
    other = people.hanna(name="Bibigul", contact="marina@example.org", vetted=False)
    stored(marina, "email", HIDDEN)

    done = reread_contacts()

    assert done.shared == [tuple(sorted((marina.host.pk, other.host.pk)))]


@pytest.mark.parametrize(
    ("channel", "address"),
    [("sms", "+70000000000"), ("sms", "+70501234567"), ("email", "no@no.no"), ("telegram", "@none")],
)
def test_contact_that_reaches_nobody_is_listed_with_the_host_it_joined(
    marina: Person, channel: str, address: str
) -> None:
    point = stored(marina, channel, address)
    people.space(marina.host)
    people.space(marina.host, address="Abay 2")

    done = reread_contacts()

    assert (done.nobody, done.joined) == ([(marina.user.pk, point.pk)], [marina.host.pk])


def test_command_prints_ids_and_no_contact(marina: Person) -> None:
    stored(marina, "email", HIDDEN)
    point = stored(marina, "sms", "+70501234567")
    out = StringIO()

    call_command("reread_contacts", stdout=out)

    assert out.getvalue().splitlines()[1:] == [
        "3 read, 1 rewritten, 0 removed, 0 left.",
        f"Contact {point.pk} of person {marina.user.pk} reaches nobody: ask for another one.",
    ]


@pytest.mark.parametrize(
    ("channel", "former", "typed"),
    [
        ("email", HIDDEN, "marina@example.org"),
        ("email", "marina@example.org\ufeff", "marina@example.org"),
        ("sms", "+70501234567", "+380 50 123 45 67"),
    ],
)
def test_former_form_is_found_until_it_is_read_again(marina: Person, channel: str, former: str, typed: str) -> None:
    point = stored(marina, channel, former)

    assert find_contact_point(*read_contact(typed)) == point


def test_valid_number_of_another_person_is_never_taken_for_a_former_form(marina: Person) -> None:
    """+1 701 555 01 01 has the digits of +7 701 555 01 01, which is Marina's."""
    assert find_contact_point("sms", "+17015550101") is None
