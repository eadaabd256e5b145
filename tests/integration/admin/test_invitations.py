"""One lead is not two people: invitations, resets, and who counts as the second person."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts import coordinators, invitations, second_factor, vetting
from accounts.contacts import add_contact_point, read_contact
from accounts.coordinators import Granted, NotConfirmedYet
from accounts.invitations import AnotherLeadConfirms, InvitationOver
from accounts.models import Coordinator, Invitation, User
from accounts.refusals import Refused
from matching import transitions
from matching.desk import decisions
from matching.models import Match
from matching.refusals import one_act
from matching.states import Status
from notifications.models import Notification
from notifications.texts import SMS_UNITS, TABLES, render, ucs2_units
from tests import people
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db

NEW = "a quite different horse"
CONTACT = "nina@example.org"


def named(by: Person, username: str = "nina", contact: str = CONTACT, role: str = "coordinator") -> Person:
    """Return a coordinator whom `by` has just named."""
    row = invitations.name_coordinator(
        username, Granted(role, all_places=True), contact=contact, by=by.user, at=timezone.now()
    )
    return Person(row.user, contact=contact)


def again(person: Person) -> Person:
    """Return the same person as stored now."""
    return Person(User.objects.get(pk=person.user.pk), person.secret, person.contact)


def link_to(person: Person) -> str:
    """Return the path of the link in the newest message to this person, as the person reads it."""
    sent = Notification.objects.filter(recipient=person.user, event="invitation").latest("pk")
    body = render(sent.event, "en", sent.context | {"code": sent.secret}).body
    found = re.search(r"https?://[^/]+(/admin/i/\w+/)", body)
    assert found
    return found[1]


def chosen(person: Person, password: str = NEW) -> Any:
    return Client().post(link_to(person), {"password": password, "again": password})


def second_lead(username: str = "mara") -> Person:
    return people.carla(username, role=Coordinator.Role.LEAD)


# -- the link -------------------------------------------------------------------------------------


def test_invited_person_chooses_a_password_and_sets_up_a_second_factor(lena: Person) -> None:
    nina = named(lena)
    browser = Client()

    shown = browser.get(link_to(nina)).content.decode()
    answer = browser.post(link_to(nina), {"password": NEW, "again": NEW})
    browser.post("/admin/login/", {"username": "nina", "password": NEW})

    assert ("nina" in shown, answer["Location"]) == (True, "/admin/login/")
    assert browser.get("/admin/login/set-up/").status_code == 200
    assert nina.user.contact_points.get().verified_at is not None
    events = list(User.objects.get(username="nina").coordinator_events.values_list("what", "by__username"))
    assert events == [("invitation_used", "nina"), ("named", "lena")]


def test_lead_is_shown_no_password_and_no_link(lena: Person, signed_in: Callable[[Person], Client]) -> None:
    wanted = {"username": "nina", "contact": CONTACT, "language": "en", "role": "coordinator", "all_places": "on"}

    page = signed_in(lena).post("/admin/accounts/coordinator/add/", wanted, follow=True).content.decode()

    nina = Person(User.objects.get(username="nina"))
    assert not nina.user.has_usable_password()
    assert [hidden for hidden in (link_to(nina), CONTACT) if hidden in page] == []


def test_link_works_once(lena: Person) -> None:
    nina = named(lena)

    answers = [chosen(nina).status_code, chosen(nina, "yet another horse").status_code]

    assert answers == [302, 410]
    assert again(nina).user.check_password(NEW)


def test_opening_the_link_changes_nothing(lena: Person) -> None:
    nina = named(lena)

    opened = [Client().get(link_to(nina)).status_code for _time in range(3)]

    assert (opened, again(nina).user.has_usable_password()) == ([200] * 3, False)


def test_link_ends_after_three_days(lena: Person) -> None:
    token = link_to(named(lena)).split("/")[3]
    late = timezone.now() + invitations.VALID_FOR

    assert invitations.invited_by_link(token, at=late - timedelta(minutes=1)).username == "nina"
    with pytest.raises(InvitationOver):
        invitations.accept(token, NEW, at=late)


def test_second_link_ends_the_first(lena: Person) -> None:
    nina = named(lena)
    first = link_to(nina)
    invitations.reset_sign_in(nina.user.coordinator.pk, contact=CONTACT, by=lena.user, at=timezone.now(), reason="x")

    assert (Client().get(first).status_code, Client().get(link_to(nina)).status_code) == (410, 200)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"password": "short", "again": "short"}, "This password is too short."),
        ({"password": "password1234", "again": "password1234"}, "This password is too common."),
        ({"password": NEW, "again": "other"}, "The two passwords are not the same. Type both again."),
    ],
)
def test_bad_password_leaves_the_link_unused(lena: Person, typed: dict[str, str], says: str) -> None:
    nina = named(lena)

    page = Client(headers={"accept-language": "en"}).post(link_to(nina), typed)

    assert says in page.content.decode()
    assert (Invitation.objects.get().used_at, chosen(nina).status_code) == (None, 302)


def test_link_is_kept_as_a_hash_only(lena: Person) -> None:
    token = link_to(named(lena)).split("/")[3]

    assert len(token) == 16
    assert token not in str(list(Invitation.objects.values()))


@pytest.mark.parametrize("language", sorted(TABLES))
def test_invitation_fits_one_sms_with_its_link(settings: Any, language: str) -> None:
    settings.SITE_URL = "https://somewhere.example"

    text = render("invitation", language, {"code": "a" * 16})

    assert ucs2_units(text.sms) <= SMS_UNITS
    assert "https://somewhere.example/admin/i/aaaaaaaaaaaaaaaa/" in text.sms
    assert "/admin/i/" not in text.subject


# -- resets ---------------------------------------------------------------------------------------


def test_reset_ends_password_second_factor_and_sessions(
    lena: Person, carla: Person, signed_in: Callable[[Person], Client]
) -> None:
    hers = signed_in(carla)
    row = carla.user.coordinator.pk

    signed_in(lena).post(f"/admin/accounts/coordinator/{row}/act/reset/", {"reason": "lost", "contact": CONTACT})

    assert hers.get("/admin/").status_code == 302
    assert second_factor.authenticator_of(carla.user) is None
    assert not again(carla).user.check_password(PASSWORD)
    assert chosen(carla).status_code == 302


def test_reset_goes_to_a_verified_contact_whatever_the_lead_types(lena: Person, carla: Person) -> None:
    own = add_contact_point(carla.user, *read_contact("carla@example.org"), verified_at=timezone.now())

    row = invitations.reset_sign_in(
        carla.user.coordinator.pk, contact="lena@example.org", by=lena.user, at=timezone.now(), reason="lost"
    )

    assert (Invitation.objects.get().contact_point, row.confirmed_at is not None) == (own, True)
    assert carla.user.contact_points.count() == 1


def test_reset_to_a_typed_contact_has_to_be_confirmed_again(lena: Person, carla: Person) -> None:
    """Otherwise a lead would take over the second person by a contact of their own."""
    row = invitations.reset_sign_in(
        carla.user.coordinator.pk, contact="lena@example.org", by=lena.user, at=timezone.now(), reason="lost"
    )

    with pytest.raises(NotConfirmedYet):
        coordinators.check_counts_as_one_of_two(again(carla).user)
    with pytest.raises(AnotherLeadConfirms):
        invitations.confirm(row.pk, by=lena.user, at=timezone.now(), reason="x")
    invitations.confirm(row.pk, by=second_lead().user, at=timezone.now(), reason="talked to her")
    coordinators.check_counts_as_one_of_two(again(carla).user)


def test_superuser_gives_nobody_a_password(carla: Person) -> None:
    owner = people.desk_client(Person(User.objects.create_superuser("owner", PASSWORD)))

    answer = owner.post(f"/admin/accounts/user/{carla.user.pk}/password/", {"password1": NEW, "password2": NEW})

    assert (answer.status_code, again(carla).user.check_password(PASSWORD)) == (403, True)


# -- who counts as one of two ---------------------------------------------------------------------


def risky() -> Match:
    """Return a high-risk proposal that nobody has approved."""
    match = people.proposed(
        people.request(people.amira().arrival, people=1, children=1, children_ages=(9,)),
        people.space(people.hanna().host),
    )
    assert match.high_risk
    return match


def approved(by: Person) -> object:
    return transitions.approve(risky().pk, by=by.user, at=timezone.now())


def approved_second(by: Person) -> object:
    match = risky()
    transitions.approve(match.pk, by=people.carla().user, at=timezone.now())
    return transitions.approve(match.pk, by=by.user, at=timezone.now())


def decided(by: Person) -> object:
    match = risky()
    return decisions.decide({match.pk: match.version}, "approve", by=by.user, at=timezone.now())


def refused_host(by: Person) -> object:
    with one_act():
        return vetting.refuse(people.hanna(vetted=False).host.pk, by=by.user, at=timezone.now(), reason="x")


TWO_PEOPLE = {
    "first approval": approved,
    "second approval": approved_second,
    "decision in the queue": decided,
    "refusal of a host": refused_host,
}


@pytest.mark.parametrize("act", TWO_PEOPLE)
def test_new_account_is_neither_of_two_people_until_it_is_confirmed(act: str, lena: Person) -> None:
    nina = named(lena)

    with transaction.atomic(), pytest.raises(NotConfirmedYet):
        TWO_PEOPLE[act](nina)
    invitations.confirm(nina.user.coordinator.pk, by=second_lead().user, at=timezone.now(), reason="talked to her")
    TWO_PEOPLE[act](again(nina))


def test_new_account_approves_what_needs_one_person(lena: Person) -> None:
    nina = named(lena)
    match = people.proposed(people.request(people.amira().arrival), people.space(people.hanna().host))
    assert not match.high_risk

    assert transitions.approve(match.pk, by=nina.user, at=timezone.now()).status == Status.APPROVED


def test_lead_does_not_confirm_through_a_lead_of_their_own(lena: Person) -> None:
    """Lena names a lead and a coordinator; neither confirms the other, so she stays one person."""
    puppet, nina = named(lena, "puppet", "puppet@example.org", "lead"), named(lena)

    with pytest.raises(NotConfirmedYet):
        invitations.confirm(nina.user.coordinator.pk, by=puppet.user, at=timezone.now(), reason="x")
    with pytest.raises(AnotherLeadConfirms):
        invitations.confirm(nina.user.coordinator.pk, by=lena.user, at=timezone.now(), reason="x")


def test_database_refuses_a_confirmation_by_whoever_invited(lena: Person) -> None:
    nina = named(lena)

    with pytest.raises(IntegrityError, match="coordinator_confirmed_by_another"), transaction.atomic():
        Coordinator.objects.filter(user=nina.user).update(confirmed_by=lena.user, confirmed_at=timezone.now())


def test_page_says_that_an_account_is_not_confirmed_and_another_lead_confirms_it(
    lena: Person, signed_in: Callable[[Person], Client]
) -> None:
    page = f"/admin/accounts/coordinator/{named(lena).user.coordinator.pk}/"
    mara = signed_in(second_lead())
    mara.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    before = mara.get(f"{page}change/").content.decode()

    mara.post(f"{page}act/confirm/", {"reason": "talked to her"})

    after = mara.get(f"{page}change/").content.decode()
    assert ("This account is not confirmed" in before, "This account is not confirmed" in after) == (True, False)


# -- the first two leads --------------------------------------------------------------------------


def test_command_makes_two_confirmed_leads_and_no_third() -> None:
    for number in (1, 2):
        call_command("make_lead", f"lead{number}", f"lead{number}@example.org", stdout=StringIO())

    with pytest.raises(CommandError, match="There are two lead coordinators already"):
        call_command("make_lead", "lead3", "lead3@example.org", stdout=StringIO())

    first, other = (Person(User.objects.get(username=f"lead{number}")) for number in (1, 2))
    assert [chosen(first).status_code, chosen(other).status_code] == [302, 302]
    nina = named(again(first))
    invitations.confirm(nina.user.coordinator.pk, by=again(other).user, at=timezone.now(), reason="talked to her")
    assert Coordinator.objects.exclude(confirmed_at=None).count() == 3


@pytest.mark.parametrize("contact", ["nobody", "12", "Marina"])
def test_command_says_what_is_wrong_with_a_contact(contact: str) -> None:
    with pytest.raises(CommandError, match=r"phone number or (an )?e-mail address"):
        call_command("make_lead", "lead", contact, stdout=StringIO())
    assert not User.objects.exists()


def test_every_refusal_of_this_kind_has_words() -> None:
    kinds: list[type[Refused]] = [InvitationOver, AnotherLeadConfirms, NotConfirmedYet]

    assert {str(kind()) != str(Refused()) for kind in kinds} == {True}
