"""Files that volunteers brought to other systems, and what becomes of each here: the files of `tests/cases/field`."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Host
from matching.models import ShelterRequest, Space
from tests import people
from tests.unit.documents import ROOT

pytestmark = pytest.mark.django_db

CASES = ROOT / "tests" / "cases" / "field"


@pytest.fixture(autouse=True)
def _desk() -> None:
    people.place("Almaty")
    people.carla()


def brought(kind: str, name: str) -> str:
    """Return everything that the import of this file says."""
    out = StringIO()
    more = {"trust_vetted": True} if kind == "spaces" else {}
    try:
        call_command(f"import_{kind}", str(CASES / name), by="carla", stdout=out, stderr=out, **more)
    except CommandError as refusal:
        out.write(str(refusal))
    return out.getvalue()


KEPT = ("who", "address", "pets", "step_free", "max_nights", "languages", "children")


def space(key: str) -> Space:
    return Space.objects.select_related("host__user").get(external_id=key)


def addresses(key: str) -> list[str]:
    return sorted(point.address for point in space(key).host.user.contact_points.all())


@pytest.mark.parametrize(
    ("name", "vetted", "other"), [("01-telegram-none.csv", "f01ta", "f01tb"), ("01-phone-zeros.csv", "f01pa", "f01pb")]
)
def test_a_filler_joins_nobody(name: str, vetted: str, other: str) -> None:
    brought("spaces", name)

    statuses = {key: (space(key).host.status, addresses(key)) for key in (vetted, other)}
    assert statuses == {vetted: (Host.Status.VETTED, []), other: (Host.Status.UNVETTED, [])}
    assert Host.objects.count() == 2


def test_what_a_sheet_has_no_column_for_stays() -> None:
    brought("spaces", "02-spaces-first.csv")
    before = Space.objects.values(*KEPT).get()

    brought("spaces", "02-spaces-beds-only.csv")

    after = Space.objects.values(*KEPT).get()
    assert (after, space("f02a").beds, after["who"]) == (before, 3, "women")


def test_a_key_that_a_program_took_for_a_number_finds_its_row() -> None:
    brought("spaces", "03-zeros-first.csv")
    brought("spaces", "03-zeros-saved-again.csv")

    assert [each.external_id for each in Space.objects.all()] == ["0071"]


def test_a_number_of_another_country_becomes_none_of_kazakhstan() -> None:
    said = brought("spaces", "04-phones.csv")

    assert addresses("f04a") == ["+995555123456"]
    assert not Space.objects.filter(external_id="f04b").exists()
    assert "Which country is this number of?" in said


def test_invisible_signs_leave_an_address() -> None:
    brought("spaces", "08-emails.csv")

    assert [addresses(key) for key in ("f08a", "f08b")] == [["f08a@example.org"], ["f08b@example.org"]]


def test_what_programs_write_for_yes_and_for_numbers_is_read() -> None:
    brought("spaces", "09-booleans-russian.csv")
    brought("spaces", "09-phone-float.csv")

    russian, number = Space.objects.order_by("created_at")
    assert (russian.shared, russian.pets, russian.children) == (True, False, False)
    assert [point.address for point in number.host.user.contact_points.all()] == ["+77000000902"]


def test_days_in_every_form_are_one_day() -> None:
    brought("requests", "09-dates.csv")

    assert [asked.first_night for asked in ShelterRequest.objects.all()] == [date(2027, 3, 28)] * 2


def test_a_row_without_its_last_empty_cells_is_taken_in() -> None:
    brought("requests", "10-short-row.csv")

    assert [asked.external_id for asked in ShelterRequest.objects.all()] == ["f10a"]


def test_windows_that_touch_are_one(tmp_path: Path) -> None:
    out = tmp_path / "MATCHES.csv"

    call_command(
        "match_files",
        str(CASES / "06-spaces.csv"),
        str(CASES / "06-requests.csv"),
        out=out,
        progress="none",
        stdout=StringIO(),
        stderr=StringIO(),
    )

    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == 2


@pytest.mark.parametrize(("name", "key"), [("07-mac-cyrillic.csv", "f07mac"), ("07-utf8-twice.csv", "f07utf")])
def test_names_are_readable_whatever_program_wrote_them(name: str, key: str) -> None:
    brought("spaces", name)

    assert (space(key).host.user.name, space(key).address) == ("Айгерим Жук", "ул. Абая 10")
