"""The answer to every POST is lost once, and Amira and Hanna reload or open the page again, as people do.

Each time the server has done its work and the browser never receives the answer. Nothing may be lost, and nothing may
be done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Arrival, Host
from matching.desk import decisions
from matching.models import KeptDraft, Match, ShelterRequest, Space
from matching.states import Status
from notifications.models import Notification
from tests import people
from tests.browser.badline import BadLine, bad_line
from tests.integration.web.walks import latest_code
from tests.people import tonight

pytestmark = pytest.mark.django_db(transaction=True)
EVERY = 1_000


@pytest.fixture
def line(live_server: LiveServer) -> Iterator[BadLine]:
    port = urlsplit(live_server.url).port
    assert port is not None
    with bad_line(port) as line:
        yield line


@pytest.fixture
def page(browser: Browser, line: BadLine) -> Iterator[Page]:
    context = browser.new_context(base_url=line.address, locale="en-GB", java_script_enabled=False)
    yield context.new_page()
    context.close()


def browser_retries(page: Page, line: BadLine, _opened: str) -> None:
    """Chromium itself sends a form again when the connection that it had kept open turns out to be closed."""
    assert line.cuts == 1


def reload(page: Page, line: BadLine, _opened: str) -> None:
    """Reload the browser's error page, which sends the same form again."""
    _is_cut_off(page, line)
    page.reload()


def open_anew(page: Page, line: BadLine, opened: str) -> None:
    """Go again to the page with the button."""
    _is_cut_off(page, line)
    page.goto(opened)


def _is_cut_off(page: Page, line: BadLine) -> None:
    _see_the_error_page(page)
    line.cut_posts(0)
    assert line.cuts >= 1  # More than one if the browser tried again by itself and lost those answers too.


def _see_the_error_page(page: Page) -> None:
    for _look in range(600):
        if page.url.startswith("chrome-error://"):
            # Another process of Chromium shows the error page; wait until its document answers.
            page.wait_for_load_state()
            page.locator("html").wait_for(state="attached")
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"no error page, but {page.url}")


Retry = Callable[[Page, BadLine, str], None]


class Person:
    """A person with a browser on this line. `lose` presses a button and loses the answer."""

    def __init__(self, page: Page, line: BadLine, retry: Retry) -> None:
        self.page, self.line, self.retry = page, line, retry

    def lose(self, button: str) -> None:
        """Press a button, lose the answer, and recover in this person's way."""
        opened, self.line.cuts = self.page.url, 0
        by_itself = self.retry is browser_retries
        self.line.cut_posts(1 if by_itself else EVERY)
        self.page.get_by_role("button", name=button).first.click(no_wait_after=not by_itself)
        self.retry(self.page, self.line, opened)
        self.page.wait_for_load_state()

    def go_on(self, heading: str, button: str = "Continue") -> None:
        """Check that the page has this heading; press `button` once more if the page asks the question again."""
        title = self.page.get_by_role("heading", level=1)
        if title.inner_text() != heading:
            self.page.get_by_role("button", name=button).first.click()
        expect(title).to_have_text(heading)


@pytest.fixture(params=[browser_retries, reload, open_anew])
def person(request: pytest.FixtureRequest, page: Page, line: BadLine) -> Person:
    return Person(page, line, request.param)


def test_arrival_loses_every_answer_once_and_nothing_else(person: Person) -> None:
    page, hanna = person.page, people.hanna()
    space = people.space(hanna.host)
    page.goto("/need/")
    person.lose("For tonight")
    if "/need/people/" not in page.url:
        page.get_by_role("button", name="For tonight").click()
    page.get_by_label("Adults").fill("2")
    person.lose("Continue")
    person.go_on("Is there something the place must have?")
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_label("Adults")).to_have_value("2")
    page.goto("/need/needs/")
    page.get_by_label("Only women, or women with children", exact=True).check()
    page.get_by_label("It does not matter").check()
    person.lose("Continue")
    person.go_on("Where do you need it?")
    page.get_by_label("Almaty, Kazakhstan").check()
    person.lose("Continue")
    person.go_on("May we write to you?")
    page.get_by_role("link", name="Go on later").click()
    person.lose("Give me a case number")
    person.go_on("Your answers are kept", "Give me a case number")
    number, secret = (page.locator(".secret dd").nth(row).inner_text() for row in (0, 1))
    person.lose("I have noted both")
    page.goto("/need/reach/")
    page.get_by_label("What shall we call you?").fill("Amira")
    person.lose("Continue")
    person.go_on("Check your answers")
    person.lose("Ask for shelter")
    person.go_on("We have your request", "Ask for shelter")
    person.lose("Go on to your case")

    asked = ShelterRequest.objects.get()
    assert (asked.people, asked.all_women, asked.first_night) == (2, True, tonight())
    assert (Arrival.objects.count(), KeptDraft.objects.count(), asked.arrival.user.name) == (1, 0, "Amira")
    match = people.match_in(Status.APPROVED, asked, space)

    page.goto("/case/")
    if page.get_by_label("Case number").count():  # The session's cookie was lost with the answer.
        page.get_by_label("Case number").fill(number)
        page.get_by_label("Secret").fill(secret)
        person.lose("Open")
        if page.get_by_label("Case number").count():
            page.get_by_label("Case number").fill(number)
            page.get_by_label("Secret").fill(secret)
            page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Case {number}")
    person.lose("Accept this place")
    page.goto("/case/")
    expect(page.get_by_text("You have accepted. We have asked the host.")).to_be_visible()
    people.transitions.accept(match.pk, by=hanna.user, at=people.timezone.now())
    page.goto("/case/")
    page.get_by_role("link", name="I have arrived").click()
    person.lose("I have arrived")
    decisions.carry_out_due(at=people.timezone.now() + timedelta(minutes=2))  # The minute to take it back is over.
    page.goto("/case/")
    expect(page.get_by_text("You have arrived.")).to_be_visible()

    assert [event.act for event in match.events.filter(by=asked.arrival.user)] == ["accept", "check_in"]


def test_host_loses_every_answer_once_and_nothing_else(person: Person) -> None:
    people.place()
    page = person.page
    page.goto("/offer/where/")
    page.get_by_label("Almaty, Kazakhstan").check()
    person.lose("Continue")
    person.go_on("What is the exact address?")
    page.get_by_label("Street, house, flat").fill("Abay Avenue 10, flat 5")
    person.lose("Continue")
    person.go_on("How many people can sleep there?")
    page.get_by_label("Number of people").fill("4")
    person.lose("Continue")
    person.go_on("May several households stay at the same time?")
    page.get_by_label("One household only").check()
    person.lose("Continue")
    person.go_on("On which nights is it free?")
    page.get_by_label("First night", exact=True).fill(tonight().isoformat())
    page.get_by_label("Last day (they leave in the morning)", exact=True).fill(tonight(20).isoformat())
    person.lose("Continue")
    person.go_on("What is the longest one household may stay?")
    person.lose("Continue")
    person.go_on("Who may stay?")
    page.get_by_label("Anyone").check()
    person.lose("Continue")
    person.go_on("What is true of your space?")
    person.lose("Continue")
    person.go_on("Which languages do you speak?")
    page.get_by_label("Русский", exact=True).check()
    person.lose("Continue")
    person.go_on("Who are you, and how do we reach you?")
    page.get_by_label("Your name").fill("Hanna")
    page.get_by_label("Phone or e-mail").fill("hanna@example.org")
    person.lose("Continue")
    person.go_on("Check your answers")
    person.lose("Send me a code")
    person.go_on("Enter the code", "Send me a code")
    host = Host.objects.get()
    page.get_by_label("The 6 digits").fill(latest_code(host.user_id))
    assert Notification.objects.filter(event="sign_in_code").count() == 1
    person.lose("Continue")
    if page.get_by_role("heading", level=1).inner_text() == "Sign in as a host":
        page.get_by_label("Your phone or e-mail").fill("hanna@example.org")
        page.get_by_role("button", name="Send me a code").click()
        page.get_by_label("The 6 digits").fill(latest_code(host.user_id))
        page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your spaces")

    space = Space.objects.get()
    assert (space.beds, space.address, space.version) == (4, "Abay Avenue 10, flat 5", 1)
    person.lose("Pause")
    page.goto("/host/")
    expect(page.get_by_role("button", name="List again")).to_be_visible()

    people.vet(host, by=people.carla())
    page.get_by_role("button", name="List again").click()
    match = people.match_in(Status.APPROVED, people.request(people.amira().arrival), Space.objects.get())
    page.goto("/host/")
    page.get_by_role("link", name="Decline").click()
    page.get_by_label("Not now").check()
    person.lose("Decline")
    page.goto("/host/")
    assert [event.act for event in match.events.filter(by=host.user)] == ["decline"]
    assert Match.objects.get().status == Status.DECLINED


def test_line_that_is_not_cut_loses_nothing(page: Page, line: BadLine) -> None:
    """The negative control: only the chosen answers are cut, and no byte of a cut answer arrives."""
    page.goto("/need/people/")
    page.get_by_label("Adults").fill("2")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is there something the place must have?")
    assert line.cuts == 0

    line.cut_posts(EVERY)
    page.get_by_role("button", name="Continue").click(no_wait_after=True)
    _see_the_error_page(page)

    assert line.cuts >= 1
