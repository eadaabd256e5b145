"""The page about who runs this, how hosts are checked and what is kept says what holds in this deployment."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from deployment import rules
from matching.web.every_page import unbroken

pytestmark = pytest.mark.django_db


def test_the_page_names_the_checks_of_this_deployment_and_the_numbers_of_people(settings: Any) -> None:
    settings.HELP_CONTACT, settings.MINORS_HELPLINE = "+7 700 000 00 00", "150"
    required = rules.current().required_checks

    page = Client(headers={"accept-language": "en"}).get("/trust/").content.decode()

    checks = re.findall(r"<li>([^<]+)</li>", page.partition("<ul>")[2].partition("</ul>")[0])
    assert len(checks) == len(required) > 0
    assert f"The coordinators: {unbroken('+7 700 000 00 00')}" in page
    assert "can also call 150" in page


def test_every_page_leads_there() -> None:
    pages = [Client().get(address).content.decode() for address in ("/", "/need/", "/case/", "/offer/", "/nothing/")]

    assert ['href="/trust/"' in page for page in pages] == [True] * 5
