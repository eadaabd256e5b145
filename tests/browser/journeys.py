"""The journeys of Amira and Hanna from the first page to an agreed place; the tests choose the line they run on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from accounts.models import Host
from matching.desk import decisions
from matching.models import Match, ShelterRequest, Space
from matching.states import Status
from tests import people
from tests.integration.web.walks import latest_code
from tests.people import tonight

TOUCH = 44


class Look:
    """Looks at every page on the way: the page fits the width, and every element to tap is large enough."""

    def __init__(self, page: Page, folder: Path, name: str) -> None:
        self.page, self.folder, self.name, self.number = page, folder, name, 0

    def here(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        size = self.page.viewport_size
        assert size is not None
        self.number += 1
        self.page.screenshot(path=self.folder / f"{self.name}-{size['width']}-{self.number:02}.png", full_page=True)
        assert self.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        small = [
            (item.inner_text(), box)
            for item in self.page.locator(".button, .plain, nav a, main li > a, summary, label:has(input)").all()
            if (box := item.bounding_box()) and 0 < box["height"] < TOUCH  # The height is 0 inside a closed fold.
        ]
        assert small == []


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()


def arrival_asks_is_matched_accepts_and_arrives(page: Page, pictures: Path) -> None:
    """Amira's journey."""
    people.place()
    hanna = people.hanna()
    offered = people.space(hanna.host)
    look = Look(page, pictures, "arrival")

    page.goto("/")
    look.here("A place to sleep")
    page.get_by_role("link", name="I need a place to sleep").click()
    look.here("I need a place to sleep")
    page.get_by_role("link", name="For another night").click()
    look.here("Who needs a place to sleep?")
    go_on(page)
    look.here("Who needs a place to sleep?")
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_label("Adults")).to_be_focused()
    page.get_by_label("Adults").fill("2 adults")
    page.get_by_label("Children under 18").fill("1")
    go_on(page)
    look.here("How old are the children?")
    page.get_by_label("Ages in years").fill("7")
    go_on(page)
    look.here("Is there something the place must have?")
    page.get_by_label("Men, or men and women").check()
    page.get_by_label("It does not matter").check()
    go_on(page)
    look.here("Where do you need it?")
    page.get_by_label("City, town or border crossing").fill("алматы")
    go_on(page)
    look.here("When do you need it, and for how long?")
    page.get_by_label("How many nights").fill("3")
    go_on(page)
    look.here("Would a shorter or divided stay help too?")
    page.get_by_label("The shortest stay that helps").fill("1")
    go_on(page)
    look.here("Which languages do you speak?")
    page.get_by_label("Русский", exact=True).check()
    go_on(page)
    look.here("May we write to you?")
    go_on(page)
    look.here("Check your answers")
    page.get_by_role("link", name="Change Shortest stay").click()
    page.get_by_label("The shortest stay that helps").fill("2")
    go_on(page)
    page.get_by_role("button", name="Ask for shelter").click()
    look.here("We have your request")
    page.reload()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as a picture").click()
    assert saved.value.suggested_filename == "numbers.png"
    number, secret = (page.locator(".secret dd").nth(line).inner_text() for line in (0, 1))
    page.get_by_role("button", name="I have written them down").click()
    look.here(f"Case {number}")

    asked = ShelterRequest.objects.get()
    assert (asked.people, asked.children, asked.min_nights, asked.first_night) == (3, 1, 2, tonight())
    match = people.match_in(Status.APPROVED, asked, offered)

    page.get_by_role("button", name="Sign out").click()
    look.here("A place to sleep")
    page.get_by_role("link", name="I have a case number").click()
    look.here("Open your case")
    page.get_by_label("Case number").fill(number)
    page.get_by_label("Secret").fill("1")
    page.get_by_role("button", name="Open").click()
    look.here("Open your case")
    expect(page.get_by_label("Case number")).to_have_value(number)
    page.get_by_label("Secret").fill(secret)
    page.get_by_role("button", name="Open").click()
    look.here(f"Case {number}")
    page.get_by_role("button", name="Accept this place").click()
    look.here(f"Case {number}")
    people.transitions.accept(match.pk, by=hanna.user, at=people.timezone.now())
    page.reload()
    page.get_by_role("button", name="Show the contact").click()
    look.here("Contact")
    expect(page.get_by_text("Abay Avenue 10, flat 5")).to_be_visible()
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="I have arrived").click()
    look.here("I have arrived")
    page.get_by_role("button", name="I have arrived").click()
    look.here(f"Case {number}")
    expect(page.get_by_text("You have said so. It counts in a minute")).to_be_visible()
    expect(page.get_by_role("button", name="Take it back: not here yet")).to_be_visible()
    decisions.carry_out_due(at=people.timezone.now() + timedelta(minutes=2))  # The minute to take it back is over.
    page.reload()
    expect(page.get_by_text("You have arrived.")).to_be_visible()

    assert Match.objects.get().status == Status.CHECKED_IN


def host_offers_is_vetted_accepts_and_pauses(page: Page, pictures: Path) -> None:
    """Hanna's journey."""
    people.place()
    look = Look(page, pictures, "host")

    page.goto("/")
    page.get_by_role("link", name="I can offer a place").click()
    look.here("I can offer a place")
    page.get_by_role("link", name="Start").click()
    look.here("Where is the space?")
    page.get_by_label("City, town or border crossing").fill("Алма-Ата")
    go_on(page)
    look.here("What is the exact address?")
    page.get_by_label("Street, house, flat").fill("Abay Avenue 10, flat 5")
    page.get_by_label("How to find the door").fill("Blue gate, second bell.")
    go_on(page)
    look.here("How many people can sleep there?")
    page.get_by_label("Number of people").fill("4")
    go_on(page)
    look.here("May several households stay at the same time?")
    page.get_by_label("One household only").check()
    go_on(page)
    look.here("On which nights is it free?")
    page.get_by_label("First night", exact=True).fill(tonight().isoformat())
    page.get_by_label("Last day (they leave in the morning)", exact=True).fill(tonight(20).isoformat())
    go_on(page)
    look.here("What is the longest one household may stay?")
    go_on(page)
    look.here("Who may stay?")
    page.get_by_label("Anyone").check()
    go_on(page)
    look.here("What is true of your space?")
    go_on(page)
    look.here("Which languages do you speak?")
    page.get_by_label("Русский", exact=True).check()
    go_on(page)
    look.here("Who are you, and how do we reach you?")
    page.get_by_label("Your name").fill("Hanna")
    page.get_by_label("Phone or e-mail").fill("hanna@example.org")
    go_on(page)
    look.here("Check your answers")
    page.get_by_role("button", name="Send me a code").click()
    look.here("Enter the code")
    host = Host.objects.get()
    page.get_by_label("The 6 digits").fill(latest_code(host.user_id))
    go_on(page)
    look.here("Your spaces")
    expect(page.get_by_text("A coordinator will talk to you first.")).to_be_visible()

    people.vet(host, by=people.carla())
    amira = people.amira()
    match = people.match_in(Status.APPROVED, people.request(amira.arrival), Space.objects.get())
    people.transitions.accept(match.pk, by=amira.user, at=people.timezone.now())

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="I am a host").click()
    look.here("Sign in as a host")
    page.get_by_label("Your phone or e-mail").fill("hanna@example.org")
    page.get_by_role("button", name="Send me a code").click()
    look.here("Enter the code")
    page.get_by_label("The 6 digits").fill(latest_code(host.user_id))
    go_on(page)
    look.here("Your spaces")
    page.get_by_role("button", name="Accept: they can come").click()
    look.here("Your spaces")
    page.get_by_role("button", name="Show the contact").click()
    look.here("Contact")
    expect(page.get_by_text("They left neither phone nor e-mail.")).to_be_visible()
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Cancel: they cannot come").click()
    look.here("Cancel: they cannot come")
    page.get_by_label("Not now").check()
    page.get_by_role("button", name="Cancel: they cannot come").click()
    page.get_by_role("button", name="Pause").click()
    look.here("Your spaces")

    assert Match.objects.get().status == Status.CANCELLED
    assert Space.objects.get().status == "paused"
