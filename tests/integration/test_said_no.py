"""A no in the column `vetted` stays with the host: no later sheet and no merge overrules it, only who vets them at the desk."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from django.utils import timezone

from accounts import vetting
from accounts.merging import CannotMerge
from accounts.models import Host
from matching import hosts
from matching.desk import merging
from matching.importing.row_by_row import RowOutcome, take_in_spaces
from matching.models import Space
from tests import people
from tests.integration.test_imports import space_rows
from tests.integration.test_sheet_imports import of_spaces, rows, taken_in
from tests.people import Person

pytestmark = pytest.mark.django_db

BOTH = {"phone": "+77015550101", "email": "hanna@example.org"}


@pytest.fixture(autouse=True)
def told_no(carla: Person) -> Host:
    """Hanna, whose volunteer has written no."""
    people.place("Almaty")
    people.place("Oral")
    take_in_spaces(space_rows(BOTH | {"vetted": "no"}), by=carla.user, at=timezone.now())
    return Host.objects.get()


def same_row(carla: Person, hanna: Host) -> None:
    taken_in(of_spaces(BOTH | {"vetted": "yes"}), carla, trust_vetted=True)


def another_space_by_phone(carla: Person, hanna: Host) -> None:
    taken_in(of_spaces({"space_id": "s9", "vetted": "yes"}), carla, trust_vetted=True)


def another_space_by_email(carla: Person, hanna: Host) -> None:
    taken_in(
        of_spaces({"space_id": "s9", "phone": "", "email": BOTH["email"], "vetted": "yes"}), carla, trust_vetted=True
    )


def command(carla: Person, hanna: Host) -> None:
    take_in_spaces(space_rows(BOTH | {"vetted": "yes"}), by=carla.user, at=timezone.now(), trust_vetted=True)


def merged_into_a_vetted_one(carla: Person, hanna: Host) -> None:
    other = people.hanna(contact="+77015550999").host
    merging.merge("hosts", str(hanna.pk), str(other.pk), by=carla.user, at=timezone.now(), reason="one person")


WAYS = (same_row, another_space_by_phone, another_space_by_email, command, merged_into_a_vetted_one)


def reaches_a_vetted_host(hanna: Host) -> bool:
    hanna.refresh_from_db()
    return (hanna.merged_into or hanna).status == Host.Status.VETTED


@pytest.mark.parametrize("way", WAYS)
def test_no_way_overrules_it(carla: Person, told_no: Host, way: Callable[[Person, Host], None]) -> None:
    merges = way is merged_into_a_vetted_one

    with pytest.raises(CannotMerge) if merges else nullcontext() as refused:
        way(carla, told_no)

    assert (refused and refused.value.sentence) == ("said_no" if merges else None)
    assert not reaches_a_vetted_host(told_no)


@pytest.mark.parametrize("way", WAYS)
def test_without_the_no_each_way_vets(carla: Person, told_no: Host, way: Callable[[Person, Host], None]) -> None:
    """The negative control."""
    Host.objects.update(said_no_at=None)

    way(carla, told_no)

    assert reaches_a_vetted_host(told_no)


def test_row_that_says_yes_is_told_why_and_changes_nothing(carla: Person, told_no: Host) -> None:
    found = taken_in(of_spaces(BOTH | {"vetted": "yes", "beds": "5"}), carla, trust_vetted=True)

    assert rows(found, "foreseen") == rows(found, "outcome") == [(2, "refused")]
    ((_line, ((column, _reason),)),) = rows(found, "what_is_wrong")
    assert (column, Space.objects.get().beds) == ("", 2)


def test_who_vets_the_host_at_the_desk_lifts_it(carla: Person, told_no: Host) -> None:
    for kind in vetting.required_checks():
        vetting.record_check(told_no, kind, by=carla.user, at=timezone.now())
    hosts.vet(told_no.pk, by=carla.user, at=timezone.now())

    told_no.refresh_from_db()
    assert (told_no.status, told_no.said_no_at) == (Host.Status.VETTED, None)
    imported = take_in_spaces(space_rows(BOTH | {"vetted": "yes"}), by=carla.user, at=timezone.now(), trust_vetted=True)
    assert imported.outcomes[RowOutcome.UNCHANGED] == 1


def test_page_of_the_host_tells_it(carla: Person, told_no: Host) -> None:
    words = "A sheet says that this host has not been vetted"
    page = f"/admin/accounts/host/{told_no.pk}/change/"
    desk = people.desk_client(carla)

    assert words in desk.get(page).content.decode()
    Host.objects.update(said_no_at=None)
    assert words not in desk.get(page).content.decode()


def test_old_no_of_a_sheet_takes_no_standing_away(carla: Person) -> None:
    row = {"space_id": "mine", "host": "Hanna Musterfrau", "phone": "+77015550777"}
    vetted = people.hanna(contact="+77015550777").host
    take_in_spaces(space_rows(row), by=carla.user, at=timezone.now())

    take_in_spaces(space_rows(row | {"vetted": "no"}), by=carla.user, at=timezone.now())

    vetted.refresh_from_db()
    assert (vetted.status, vetted.said_no_at) == (Host.Status.VETTED, None)
