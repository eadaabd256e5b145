"""The duplicates' pages: pairs side by side, the result of a merge foretold, and every look at a person logged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Host
from matching.models import PairVerdict, Space
from privacy.models import AccessLog
from privacy.remarks import words_of
from tests import people
from tests.integration.test_duplicates import host, pair
from tests.people import Person

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], Client]
LIST = "/admin/matching/sheetimport/duplicates/"


@pytest.fixture
def desk(carla: Person, signed_in: SignIn) -> Client:
    browser = signed_in(carla)
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return browser


@pytest.fixture
def twins(carla: Person) -> tuple[Host, Host]:
    """Hanna as two hosts at one address, the first vetted and the second not."""
    one = people.hanna().host
    people.space(one)
    return one, host("Hana Musterfrau", "+77015550101", address="Abay avenue 10-5")


def page_of(kind: str, one: object, other: object) -> str:
    return f"{LIST}{kind}/{one}/{other}/"


def test_pairs_are_listed_with_what_makes_them_alike(desk: Client, twins: tuple[Host, Host]) -> None:
    page = desk.get(LIST)

    assert [(each["one"], each["other"], [str(why) for why in each["why"]]) for each in page.context["pairs"]] == [
        (*pair(*twins), ["the same address", "nearly the same name"])
    ]
    assert [word for word in ("Musterfrau", "hanna@", "5550101", "Abay") if word in page.content.decode()] == []
    assert [desk.get(f"{LIST}?kind={kind}").context["pairs"] for kind in ("spaces", "requests")] == [[], []]


def test_both_sides_are_shown_with_what_merging_would_do(desk: Client, twins: tuple[Host, Host]) -> None:
    vetted, other = twins

    page = desk.get(page_of("hosts", *pair(*twins)))

    ways = {way["stays"]: (way["refusal"], [count for _words, count in way["moved"]]) for way in page.context["ways"]}
    assert ways == {
        str(vetted.pk): ("", [1, 1]),
        str(other.pk): ("Keep the vetted host: matches may depend on it.", []),
    }
    assert [word for word in ("Musterfrau", "hanna@", "5550101", "Abay") if word in page.content.decode()] == []


def test_names_are_opened_for_a_reason_and_both_looks_are_logged(
    desk: Client, carla: Person, twins: tuple[Host, Host]
) -> None:
    address = page_of("hosts", *pair(*twins)) + "open/"

    closed = desk.post(address, {"why": ""})
    assert ("Musterfrau" in closed.content.decode(), AccessLog.objects.count()) == (False, 0)
    opened = desk.post(address, {"why": "mistake"})

    text = opened.content.decode()
    assert [word in text for word in ("Hanna Musterfrau", "Hana Musterfrau", "hanna@example.org", "+77015550101")] == [
        True
    ] * 4
    looks = AccessLog.objects.order_by("about").values_list("by", "about", "fields", "reason")
    assert list(looks) == [
        (carla.user.pk, pk, "name contact", "mistake") for pk in sorted(each.user_id for each in twins)
    ]


def test_pair_is_merged_and_gone_from_the_list(desk: Client, twins: tuple[Host, Host]) -> None:
    stays, goes = twins
    asked = {"stays": str(stays.pk), "reason": "on the phone", "sure": "yes"}

    answer = desk.post(page_of("hosts", *pair(*twins)) + "merge/", asked, follow=True)

    goes.refresh_from_db()
    assert (goes.merged_into, answer.context["pairs"]) == (stays, [])
    verdict = PairVerdict.objects.get()
    assert (verdict.verdict, verdict.stays, words_of(verdict)) == ("merged", str(stays.pk), "on the phone")
    assert "merged into" in desk.get(f"/admin/accounts/host/{goes.pk}/change/").content.decode()


def test_pair_is_merged_only_with_the_box_ticked(desk: Client, twins: tuple[Host, Host]) -> None:
    stays, goes = twins
    page = page_of("hosts", *pair(*twins))
    text = desk.get(page).content.decode()
    assert text.index("A merge cannot be undone.") < text.index("Merge, and keep")

    answer = desk.post(f"{page}merge/", {"stays": str(stays.pk)}, follow=True)

    goes.refresh_from_db()
    assert (goes.merged_into, PairVerdict.objects.count()) == (None, 0)
    assert "tick that you know it cannot be undone" in answer.content.decode()


def test_merge_that_is_refused_says_why(desk: Client, twins: tuple[Host, Host]) -> None:
    vetted, other = twins

    answer = desk.post(page_of("hosts", *pair(*twins)) + "merge/", {"stays": str(other.pk), "sure": "yes"}, follow=True)

    vetted.refresh_from_db()
    assert (vetted.merged_into, "Keep the vetted host" in answer.content.decode()) == (None, True)


def test_pair_that_is_not_the_same_is_put_on_record(desk: Client, twins: tuple[Host, Host]) -> None:
    answer = desk.post(page_of("hosts", *pair(*twins)) + "apart/", follow=True)

    assert (answer.context["pairs"], PairVerdict.objects.get().verdict) == ([], "different")


@pytest.mark.parametrize("address", ["hosts/1/1/", "hosts/x/y/", "spaces/1/2/", "people/1/2/", f"hosts/{'9' * 30}/1/"])
def test_address_of_no_pair_is_not_found(desk: Client, address: str) -> None:
    assert desk.get(LIST + address).status_code == 404


def test_one_side_elsewhere_closes_the_pair(twins: tuple[Host, Host], signed_in: SignIn) -> None:
    Space.objects.filter(host=twins[1]).update(place=people.place("Oral"))
    browser = signed_in(people.carla("here", places=(people.place("Almaty"),)))

    assert browser.get(page_of("hosts", *pair(*twins))).status_code == 404
    assert browser.post(page_of("hosts", *pair(*twins)) + "open/", {"why": "asked"}).status_code == 404
    assert AccessLog.objects.count() == 0
