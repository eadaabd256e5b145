"""Sheets at the desk in a real Chromium: Carla with the keyboard alone, a colleague from elsewhere, and axe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Host
from matching.importing import undoing
from matching.models import PairVerdict, SheetImport, Space
from privacy.models import AccessLog
from tests import people
from tests.browser.desk_pages import Opening
from tests.integration.test_duplicates import host, pair
from tests.integration.test_sheet_imports import of_spaces, previewed, taken_in, worked_on
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/matching/sheetimport/"
DUPLICATES = f"{LIST}duplicates/"
EXPORT = f"{LIST}export/"
ROWS = (
    {},
    {"space_id": "s2", "host": "Bibigul", "phone": "+77015550102", "vetted": "yes"},
    {"space_id": "s3", "beds": "no"},
)


def wrong(page: Page) -> list[Any]:
    """Return what axe finds: each rule and the elements that break it."""
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found]


@pytest.fixture(autouse=True)
def places(transactional_db: None) -> None:
    people.place("Almaty")
    people.place("Oral")


def page_of(sheet: SheetImport) -> str:
    return f"{LIST}{sheet.pk}/change/"


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the focus is on an element whose label starts with these words."""
    for _each in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(() => { const at = document.activeElement;"
            " return (at.labels && at.labels.length ? at.labels[0].innerText : at.innerText || at.value || '').trim() })()"
        )
        if str(name).lower().startswith(words.lower()):  # Django's admin writes some links in capitals.
            return
    raise AssertionError(f"Tab never comes to {words!r}")


def test_sheet_from_the_list_to_the_undo_by_keys(opening: Opening, carla: Person, tmp_path: Path) -> None:
    file = tmp_path / "week.csv"
    file.write_bytes(of_spaces(*ROWS))
    page = opening(carla, scripts=False)
    page.goto(LIST)
    page.get_by_role("link", name="Import a sheet").wait_for()
    tab_to(page, "Import a sheet")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{LIST}bring/")

    tab_to(page, "a space that a host offers")
    page.keyboard.press("Space")
    page.get_by_label("The sheet: XLSX, ODS or CSV").set_input_files(
        file
    )  # Set the file as the system's file chooser would.
    tab_to(page, "Look through it")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 3 rows.")).to_be_visible()

    worked_on()
    # The page reloads itself without a script.
    expect(page.get_by_text("Nothing has been taken in yet")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("row").filter(has_text="refused")).to_contain_text("beds: Write one whole number")
    tab_to(page, "I vouch for 1 host")
    page.keyboard.press("Space")
    tab_to(page, "Take it in")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 3 rows.")).to_be_visible()
    assert page.get_by_role("progressbar", name="Rows taken in").get_attribute("value") == "1"

    worked_on()
    expect(page.get_by_text("1 host was vetted on the word of carla")).to_be_visible(timeout=15_000)
    assert sorted(Space.objects.values_list("external_id", flat=True)) == ["s1", "s2"]

    tab_to(page, "Undo the whole import")
    page.keyboard.press("Enter")
    tab_to(page, "Undo it")
    page.keyboard.press("Enter")
    expect(page.get_by_text("0 of 2 rows.")).to_be_visible()
    undoing.work_on_undoing(now=timezone.now)
    expect(page.get_by_text("2 rows are undone.")).to_be_visible(timeout=15_000)
    assert (Space.objects.count(), SheetImport.objects.get().state) == (0, "undone")


def test_following_can_be_stopped(opening: Opening, carla: Person) -> None:
    sheet = SheetImport.objects.create(kind="spaces", by=carla.user, received_at=timezone.now(), row_count=1)
    page = opening(carla)
    page.goto(page_of(sheet))
    tab_to(page, "Stop that")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="Look again, and keep looking")).to_be_visible()


def test_duplicates_by_keys(opening: Opening, carla: Person) -> None:
    vetted = people.hanna().host
    people.space(vetted)
    other = host("Hana Musterfrau", "+77015550101", address="Abay avenue 10-5")
    page = opening(carla)
    page.goto(DUPLICATES)
    expect(page.get_by_text("The same address, nearly the same name")).to_be_visible()
    tab_to(page, "Look at both")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{DUPLICATES}hosts/{pair(vetted, other)[0]}/{pair(vetted, other)[1]}/")
    assert "Musterfrau" not in page.content()
    tab_to(page, "Why do you need")
    page.keyboard.type("to put")
    tab_to(page, "Show, and log it")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Hana Musterfrau")).to_be_visible()
    assert AccessLog.objects.filter(by=carla.user, reason="mistake").count() == 2

    tab_to(page, "I know that this cannot be undone")
    page.keyboard.press("Space")
    tab_to(page, f"Merge, and keep host {vetted.pk}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing looks like a duplicate here.")).to_be_visible()
    assert (Host.objects.get(pk=other.pk).merged_into, PairVerdict.objects.count()) == (vetted, 1)


def test_export_by_keys(opening: Opening, carla: Person) -> None:
    people.space(people.hanna().host)
    page = opening(carla, accept_downloads=True)
    page.goto(EXPORT)
    tab_to(page, "CSV")
    with page.expect_download() as download:
        page.keyboard.press("Enter")

    text = Path(download.value.path()).read_text("utf-8-sig")
    assert (download.value.suggested_filename, text.splitlines()[0].split(",")[:3]) == (
        "SPACES.csv",
        ["space_id", "place", "lat"],
    )
    assert ("Hanna" in text, page.get_by_role("button", name="Export, and log it").count()) == (False, 0)


def test_coordinator_of_another_place_sees_nothing_of_it(opening: Opening, carla: Person) -> None:
    sheet = taken_in(of_spaces(*ROWS), carla)
    one, other = host("Anna Ivanova", "a@example.org"), host("Ivanova Anna", "b@example.org")
    page = opening(people.carla("elsewhere", places=(people.place("Oral"),)))

    page.goto(LIST)
    expect(page.get_by_text("0 imported sheets")).to_be_visible()
    page.goto(DUPLICATES)
    expect(page.get_by_text("Nothing looks like a duplicate here.")).to_be_visible()
    statuses = [
        page.request.get(address).status
        for address in (page_of(sheet), f"{DUPLICATES}hosts/{one.pk}/{other.pk}/", f"{EXPORT}spaces/csv/")
    ]
    assert statuses == [404, 404, 200]
    assert len(page.request.get(f"{EXPORT}spaces/csv/").text().splitlines()) == 1


# -- axe, at two widths, light and dark -----------------------------------------------------------


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_sheet_page_has_nothing_wrong_and_fits(
    opening: Opening,
    carla: Person,
    pictures: Path,
    width: int,
    scheme: str,
) -> None:
    taken_in(of_spaces({}), carla)
    changed = {"beds": "5", "host": "Other", "windows": "2099-01-01/2099-02-01;2099-03-01/2099-03-05"}
    waiting = previewed(of_spaces(changed, *ROWS[1:]), carla)
    done = taken_in(of_spaces({"space_id": "s9", "phone": "+77015550109"}), carla)
    running = SheetImport.objects.create(kind="requests", by=carla.user, received_at=timezone.now(), row_count=1)
    one, other = host("Anna Ivanova", "a@example.org"), host("Ivanova Anna", "b@example.org")
    page = opening(people.lena() if width > 400 else carla, width=width, color_scheme=scheme)
    addresses = {
        "sheets": LIST,
        "sheet-bring": f"{LIST}bring/",
        "sheet-preview": page_of(waiting),
        "sheet-running": f"{page_of(running)}?follow=no",
        "sheet-done": page_of(done),
        "duplicates": DUPLICATES,
        "duplicate-pair": f"{DUPLICATES}hosts/{one.pk}/{other.pk}/",
        "export": EXPORT,
    }

    found = {}
    for name, address in addresses.items():
        page.goto(address)
        for summary in page.locator("main details > summary, #content details > summary").all():
            summary.click()
        found[name] = wrong(page)
        if name != "sheets":  # Django's own list, which may be wider.
            scrolls = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            found[name] += ["wider than the screen"] if scrolls else []
        if scheme == "light":
            page.screenshot(path=pictures / f"{name}-{width}.png", full_page=True)
    assert found == {name: [] for name in addresses}
