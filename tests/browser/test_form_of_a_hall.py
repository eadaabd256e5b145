"""A form's answers in Russian, with a title line and headings nobody knows: from the file to proposals, without a manual."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from matching.models import Match, SheetImport, ShelterRequest
from matching.worker import matchmaking
from tests import people
from tests.browser.desk_pages import Opening
from tests.integration.test_sheet_imports import worked_on
from tests.people import tonight

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/matching/sheetimport/"
HEADINGS = (
    "Отметка времени,Кто вы,Телефон,Город,Сколько вас человек,С какого числа,На сколько ночей,Откуда узнали,Пожелания"
)
ANSWERS = {
    "Отметка времени": "request_id",
    "Кто вы": "name",
    "Откуда узнали": "пропустить",
    "Пожелания": "сохранить в примечаниях",
}
"""What Carla answers for the headings that the service does not know."""

WRONG = {
    3: ("Город", "Алмата и Шымкент", "Алматы"),
    5: ("Сколько вас человек", "много", "2"),
    6: ("Телефон", "12", "+77015550106"),
}
"""In three lines of the file: the column, what stands there, and what Carla finds out by asking."""


def the_form() -> bytes:
    lines = ["Ответы на форму «Нужен ночлег»", HEADINGS]
    for line in range(3, 8):
        row = {
            "Отметка времени": f"28.09.2026 10:0{line}:00",
            "Кто вы": f"Амира {line}",
            "Телефон": f"8 701 555 01 0{line}",
            "Город": "Алматы",
            "Сколько вас человек": "2",
            "С какого числа": f"{tonight(1):%d.%m.%Y}",
            "На сколько ночей": "7 дней",
            "Откуда узнали": "чат",
            "Пожелания": "с кошкой",
        }
        if line in WRONG:
            column, written, _meant = WRONG[line]
            row[column] = written
        lines.append(",".join(row.values()))
    return "\n".join(lines).encode()


def corrected(workbook: Path) -> bytes:
    """Return the workbook of refused rows with what Carla found out."""
    book = openpyxl.load_workbook(workbook)
    sheet = book.active
    assert sheet is not None
    header = [str(cell.value) for cell in sheet[1]]
    assert sheet.max_row == 1 + len(WRONG)
    for number, (column, written, meant) in enumerate(WRONG.values(), start=2):
        cell = sheet.cell(number, header.index(column) + 1)
        assert cell.value == written
        cell.value = meant
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def bring(page: Page, file: Path) -> None:
    page.goto(f"{LIST}bring/")
    page.locator("[name=kind][value=requests]").check()
    page.locator("[name=file]").set_input_files(file)
    page.locator("form:has([name=file]) button").click()
    page.wait_for_url("**/change/**")
    worked_on()
    page.reload()


def confirm(page: Page) -> None:
    page.get_by_role("button", name="Принять", exact=True).click()
    page.wait_for_url("**/change/**")
    worked_on()


@pytest.mark.parametrize("width", [360, 1280])
def test_form_goes_from_the_file_to_proposals(
    opening: Opening, live_server: LiveServer, tmp_path: Path, pictures: Path, width: int
) -> None:
    hanna = people.hanna()
    for _space in range(5):
        people.space(hanna.host)
    page = opening(people.carla(), scripts=False, width=width)
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "ru", "url": live_server.url}])
    form = tmp_path / "form.csv"
    form.write_bytes(the_form())

    bring(page, form)
    for heading, answer in ANSWERS.items():
        page.get_by_label(heading).select_option(label=answer)
    page.locator("[name=keep_as]").fill("Форма зала")
    page.screenshot(path=pictures / f"form-columns-{width}.png", full_page=True)
    page.get_by_role("button", name="Просмотреть с этими столбцами").click()
    page.wait_for_url("**/change/**")
    worked_on()
    page.reload()
    page.screenshot(path=pictures / f"form-preview-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == width

    with page.expect_download() as taken:
        page.get_by_role("link", name="Взять отклонённые строки").click()
    refused = tmp_path / "refused.xlsx"
    taken.value.save_as(refused)
    confirm(page)
    assert ShelterRequest.objects.count() == 2

    again = tmp_path / "corrected.xlsx"
    again.write_bytes(corrected(refused))
    bring(page, again)
    expect(page.get_by_text("Форма зала").first).to_be_visible()
    confirm(page)

    assert sorted(ShelterRequest.objects.values_list("people", "nights", "external_id")) == [
        (2, 7, f"28.09.2026 10:0{line}:00") for line in range(3, 8)
    ]
    assert set(SheetImport.objects.values_list("state", flat=True)) == {SheetImport.State.DONE}
    matchmaking.match_open_requests(now=timezone.now)
    assert Match.objects.filter(status="proposed").count() == 5
    page.goto("/admin/matching/match/queue/")
    page.screenshot(path=pictures / f"form-queue-{width}.png", full_page=True)
    expect(page.get_by_role("button", name="Одобрить")).to_have_count(5)
