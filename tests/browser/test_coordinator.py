"""Carla at her desk in a real Chromium, with the keyboard alone; a colleague from elsewhere; and axe finds no fault."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from matching import intake, transitions
from matching.desk import claims, decisions
from matching.engine.reasons import Code, Reason
from matching.models import Claim, Match, PendingDecision, ShelterRequest
from matching.states import Status
from tests import people
from tests.browser.desk_pages import Opening, wrong
from tests.integration.test_decisions import two_legs
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db(transaction=True)

QUEUE = "/admin/matching/match/queue/"
UNPLACED = "/admin/matching/match/unplaced/"
BY_HAND = "/admin/matching/match/by-hand"


@pytest.fixture
def hanna(carla: Person) -> Person:
    return people.hanna()


def proposals(hanna: Person, count: int) -> list[Match]:
    """Return proposals in the order of the queue."""
    made = []
    for number in range(count):
        asked = people.request(people.amira().arrival)
        ShelterRequest.objects.filter(pk=asked.pk).update(registered_at=timezone.now() - timedelta(days=9 - number))
        made.append(people.proposed(ShelterRequest.objects.get(pk=asked.pk), people.space(hanna.host)))
    return made


def decided() -> list[tuple[Any, str, str]]:
    return list(PendingDecision.objects.order_by("pk").values_list("match", "act", "reason"))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def press(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


# -- the queue ------------------------------------------------------------------------------------


def test_queue_by_keys(opening: Opening, carla: Person, hanna: Person) -> None:
    first, second, third = proposals(hanna, 3)
    page = opening(carla)
    page.goto(QUEUE)

    press(page, "jj")
    assert focused(page) == f"c-{second.request_id}"
    press(page, "k")
    assert focused(page) == f"c-{first.request_id}"
    with page.expect_navigation():
        press(page, "a")
    expect(page.get_by_text("Approved: ")).to_be_visible()
    assert decided() == [(first.pk, "approve", "")]
    # The next card has moved to where the decided card was.
    assert focused(page) == f"c-{second.request_id}"

    press(page, "d")
    with page.expect_navigation():
        press(page, "2")
    assert decided()[1:] == [(second.pk, "decline", "too_far")]

    with page.expect_navigation():
        press(page, "u")
    assert decided() == [(first.pk, "approve", "")]
    with page.expect_navigation():
        press(page, "s")
    assert (decided(), Match.objects.get(pk=first.pk).status) == ([], Status.APPROVED)

    press(page, "j")
    with page.expect_navigation():
        press(page, "c")
    assert Claim.objects.get().request_id == second.request_id
    expect(page.get_by_text("Yours until")).to_be_visible()
    press(page, "jx")
    assert page.locator('input[name="card"]:checked').count() == 1
    assert third.pk


def test_keys_are_listed_can_be_switched_off_and_leave_fields_alone(
    opening: Opening, carla: Person, hanna: Person
) -> None:
    proposals(hanna, 1)
    page = opening(carla)
    page.goto(QUEUE)

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    press(page, "a")
    assert decided() == []
    page.get_by_label("Single keys do something").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    press(page, "ja")
    assert decided() == []
    page.keyboard.press("?")
    page.get_by_label("Single keys do something").check()
    page.keyboard.press("Escape")

    page.locator("#nav-filter").fill("")
    page.locator("#nav-filter").press_sequentially("jad")
    assert decided() == []


def test_next_best_spaces_come_into_the_card(opening: Opening, carla: Person, hanna: Person) -> None:
    proposals(hanna, 1)
    people.space(hanna.host, beds=6)
    page = opening(carla)
    page.goto(QUEUE)

    press(page, "jo")

    expect(page.get_by_role("heading", name="Next-best spaces")).to_be_visible()
    expect(page.get_by_text("4 beds stay empty")).to_be_visible()
    press(page, "o")
    expect(page.get_by_role("heading", name="Next-best spaces")).to_have_count(0)


def test_queue_without_scripts_takes_two_clicks(opening: Opening, carla: Person, hanna: Person) -> None:
    first, second = proposals(hanna, 2)
    page = opening(carla, scripts=False, width=360)
    page.goto(QUEUE)

    page.locator(f"#c-{first.request_id}").get_by_role("button", name="Approve").click()
    card = page.locator(f"#c-{second.request_id}")
    card.get_by_text("Decline…").click()
    card.get_by_role("button", name="not suitable").click()

    assert decided() == [(first.pk, "approve", ""), (second.pk, "decline", "not_suitable")]
    page.get_by_role("button", name="Undo").first.click()
    assert decided() == [(first.pk, "approve", "")]


def test_queue_by_tab_and_enter_alone(opening: Opening, carla: Person, hanna: Person) -> None:
    """Tab and Enter, which every browser has, reach the button and press it; no key of ours is needed."""
    (only,) = proposals(hanna, 1)
    page = opening(carla, scripts=False)
    page.goto(QUEUE)

    for _step in range(80):
        page.keyboard.press("Tab")
        if page.locator("*:focus").inner_text() == "Approve":
            break
    page.keyboard.press("Enter")

    expect(page.get_by_text("Approved: ")).to_be_visible()
    assert decided() == [(only.pk, "approve", "")]


def test_bulk_of_a_filter_in_three_clicks(opening: Opening, carla: Person, hanna: Person) -> None:
    made = proposals(hanna, 3)
    page = opening(carla, scripts=False)
    page.goto(f"{QUEUE}?night=tonight")

    page.get_by_text("Many at once").click()
    page.get_by_label("not the ticked ones").check()
    page.get_by_role("button", name="Approve ticked").click()
    assert decided() == []
    page.get_by_role("button", name="Yes, approve these").click()

    assert {match for match, _act, _reason in decided()} == {match.pk for match in made}


def test_two_coordinators_see_each_other(opening: Opening, carla: Person, hanna: Person) -> None:
    proposals(hanna, 1)
    clara = people.carla("clara", name="Clara")
    here, there = opening(carla), opening(clara)
    here.goto(QUEUE)
    with here.expect_navigation():
        press(here, "jc")

    there.goto(QUEUE)

    expect(there.get_by_text("carla is looking at this")).to_be_visible()
    expect(there.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    there.get_by_role("button", name="Take it over").click()
    expect(there.get_by_role("button", name="Approve", exact=True)).to_have_count(1)


# -- the other pages ------------------------------------------------------------------------------


def unplaced() -> ShelterRequest:
    asked = people.request(people.amira().arrival, pets=True)
    intake.note_unplaced({asked.pk: [Reason(Code.COUNT_NO_PETS, (8,)), Reason(Code.FARTHER, (3, 75.0))]})
    return asked


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the link or button of this name has the focus."""
    for _step in range(150):
        page.keyboard.press("Tab")
        if page.locator("*:focus").inner_text().startswith(name):
            return
    raise AssertionError(f"Tab never comes to {name!r}")


def test_change_is_agreed_by_keyboard(opening: Opening, carla: Person) -> None:
    asked = unplaced()
    page = opening(carla)
    page.goto(UNPLACED)

    tab_to(page, "They agree")
    page.keyboard.press("Enter")

    expect(page.get_by_text("The request is changed on the household's word")).to_be_visible()
    assert ShelterRequest.objects.get(pk=asked.pk).radius_km == 75


def test_matched_by_hand_by_keyboard(opening: Opening, carla: Person, hanna: Person) -> None:
    asked = unplaced()
    offered = people.space(hanna.host, pets=True)
    page = opening(carla)
    page.goto("/admin/")

    tab_to(page, "Unplaced")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Unplaced")
    tab_to(page, "Match by hand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Spaces for a request")
    tab_to(page, "Propose")
    page.keyboard.press("Enter")

    expect(page.get_by_text("The proposal is written")).to_be_visible()
    assert list(Match.objects.values_list("request", "space")) == [(asked.pk, offered.pk)]


def everything(hanna: Person) -> dict[str, str]:
    """Return the address of each page, after writing something to show on every page."""
    carla = people.carla()
    made = proposals(hanna, 3)
    woman = people.request(people.amira().arrival, people=1, all_women=True)
    people.proposed(woman, people.space(hanna.host))
    legs = two_legs(hanna)
    people.match_in(Status.CONFIRMED, people.request(people.amira().arrival), people.space(hanna.host))
    claims.take(made[1].request_id, by=people.carla("clara").user, at=timezone.now())
    claims.write_note(made[2].request_id, "call after nine", by=carla.user, at=timezone.now())
    decisions.decide({made[0].pk: 1}, "approve", by=carla.user, at=timezone.now())
    asked = unplaced()
    offered = people.space(hanna.host, pets=True)
    people.space(hanna.host, pets=True, beds=7)
    transitions.propose(
        transitions.Proposal(people.request(people.amira().arrival, nights=1), offered, tonight(), tonight(1), 2),
        by=None,
        at=timezone.now(),
    )
    return {
        "tonight": "/admin/",
        "queue": QUEUE,
        "queue-filtered": f"{QUEUE}?risk=high",
        "card": f"{QUEUE}{legs[0].request_id}/",
        "unplaced": UNPLACED,
        "by-hand": f"{BY_HAND}/request/{asked.pk}/",
        "for-a-space": f"{BY_HAND}/space/{offered.pk}/",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_have_nothing_wrong_and_fit(
    opening: Opening, carla: Person, hanna: Person, scheme: Literal["light", "dark"], width: int, pictures: Path
) -> None:
    addresses = everything(hanna)
    page = opening(carla, width=width, color_scheme=scheme, bypass_csp=True)

    found = {}
    for name, address in addresses.items():
        answer = page.goto(address)
        assert answer is not None
        page.evaluate("document.querySelectorAll('.dq details').forEach((each) => (each.open = true))")
        page.screenshot(path=pictures / f"desk-{name}-{width}-{scheme}.png", full_page=True)
        found[name] = (answer.status, page.evaluate("document.documentElement.scrollWidth"), wrong(page))
    page.goto(QUEUE)
    page.keyboard.press("?")
    found["keys"] = (200, page.evaluate("document.documentElement.scrollWidth"), wrong(page))

    assert found == dict.fromkeys(found, (200, width, []))


def test_axe_finds_what_is_wrong_here(opening: Opening, carla: Person, hanna: Person) -> None:
    """The negative control: axe finds a field without its label."""
    proposals(hanna, 1)
    page = opening(carla, bypass_csp=True)
    page.goto(QUEUE)
    page.evaluate(
        "document.querySelector('.dq-fold').open = true;"
        "const field = document.querySelector('select[name=night]'); field.closest('form').append(field)"
    )

    rules = Axe().run(page).response["violations"]
    assert "select-name" in {each["id"] for each in rules}


def test_colleague_from_elsewhere_sees_nothing_of_it(opening: Opening, hanna: Person) -> None:
    addresses = everything(hanna)
    page = opening(people.carla("elsewhere", places=(people.place("Oral"),)))

    seen = {}
    for name in ("tonight", "queue", "unplaced"):
        page.goto(addresses[name])
        seen[name] = page.locator(".sh-card, .dq-need, .dq .sh-wide tbody a, .dq-pending").count()

    assert seen == {"tonight": 0, "queue": 0, "unplaced": 0}
