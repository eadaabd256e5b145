"""A hall of 500 people behind one address signs in by HTTP at a real server, and some of them mistype first."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.hashers import make_password

from accounts.models import Arrival, Throttle, User
from tests import processes

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 500
MISTYPES_EACH = 10
"""Every tenth person mistypes once: fifty failures of one address in the time of the test."""
SECRET = "123456789012"


def sign_in(site: str, number: int) -> Counter[int]:
    """Return the statuses that one person is answered, with a phone of their own."""
    answers: Counter[int] = Counter()
    with httpx.Client(base_url=site, timeout=60) as phone:
        page = phone.get("/case/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token
        form = {"csrfmiddlewaretoken": token[1], "case_number": f"{number:08}", "secret": SECRET}
        if number % MISTYPES_EACH == 0:
            answers[phone.post("/case/", data=form | {"secret": "0" * 12}).status_code] += 1
        answers[phone.post("/case/", data=form).status_code] += 1
    return answers


def test_hall_of_500_people_signs_in(tmp_path: Path) -> None:
    password = make_password(SECRET)  # The tests' cheap hash: this test is about counting.
    users = User.objects.bulk_create(
        User(username=f"{number:08}", password=password, language="en") for number in range(PEOPLE)
    )
    Arrival.objects.bulk_create(Arrival(user=user) for user in users)

    with processes.web(tmp_path / "web.log", threads=4) as site, ThreadPoolExecutor(8) as hall:
        answers = sum(hall.map(lambda number: sign_in(site, number), range(PEOPLE)), Counter[int]())

    mistyped = PEOPLE // MISTYPES_EACH
    assert answers == {302: PEOPLE, 422: mistyped}
    assert max(Throttle.objects.filter(key__startswith="case-from:").values_list("count", flat=True)) == mistyped
