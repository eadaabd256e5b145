"""What the checklist of security (docs/asvs.md) says of answers: escaped text, headers, methods, and parameters given twice."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from rest_framework.test import APIClient

from accounts.contacts import UnreadableContact, read_contact
from accounts.models import User
from matching.models import ShelterRequest
from notifications.channels import gateway
from tests import people
from tests.integration.api.conftest import request_body
from tests.people import Person

pytestmark = pytest.mark.django_db

MARKUP = "<script>alert(1)</script>\"'&"
PAGES = ("/", "/need/", "/case/", "/host/", "/admin/login/")
DOORS = (*PAGES, "/api/v1/places/", "/api/v1/nowhere/", "/api/v1/requests/", "/healthz", "/nowhere/")


@pytest.mark.parametrize("page", ["host", "request", "space", "host at the desk"])
def test_markup_that_people_typed_is_shown_as_text(page: str, carla: Person) -> None:
    """V1.2.1: the page shows what was typed, and holds it nowhere as markup."""
    amira, hanna = people.amira(name=MARKUP), people.hanna(name=MARKUP)
    asked = people.request(amira.arrival, notes=MARKUP)
    space = people.space(hanna.host, address=MARKUP, directions=MARKUP)
    look = {"why": "asked", "field": ["name", "contact", "notes", "address"]}
    match page:
        case "host":
            answer = people.client_of(hanna).get(f"/host/space/{space.pk}/change/address/")
        case "request":
            answer = people.desk_client(carla).post(f"/admin/matching/shelterrequest/{asked.pk}/open/", look)
        case "space":
            answer = people.desk_client(carla).post(f"/admin/matching/space/{space.pk}/open/", look)
        case _:
            answer = people.desk_client(carla).post(f"/admin/accounts/host/{hanna.host.pk}/open/", look)

    content = answer.content.decode()
    assert (answer.status_code, "<script>alert" in content) == (200, False)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in content


@pytest.mark.parametrize("door", DOORS)
def test_every_answer_names_its_kind_and_lets_no_other_site_read_it(door: str, client: Client) -> None:
    """V3.4.2, V3.4.4, V3.4.5, V4.1.1: no CORS, nosniff, a policy for referrers, and a content type with its charset."""
    answer = client.get(door, headers={"origin": "https://elsewhere.example"})

    assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Referrer-Policy"]) == ("nosniff", "same-origin")
    kind = answer.headers["Content-Type"]
    # JSON is always UTF-8 (RFC 8259), and its content type has no charset.
    assert kind.split(";")[0] in ("text/html", "text/plain", "application/json", "application/problem+json")
    assert kind.endswith("; charset=utf-8") is kind.startswith("text/")


@pytest.mark.parametrize("door", [*PAGES[:3], "/api/v1/places/"])
def test_trace_is_not_answered(door: str, client: Client) -> None:
    """V13.4.4."""
    answer = client.trace(door, headers={"x-secret": "echo-me"})

    assert (answer.status_code, b"echo-me" in answer.content) == (405, False)


def test_of_a_parameter_given_twice_the_last_one_counts() -> None:
    """V15.3.7: and one in the address counts nowhere as one of the body."""
    client = APIClient(headers={"accept-language": "en"})

    answer = client.post("/api/v1/requests/?people=9&nights=9", request_body(people=3, nights=2), format="json")

    asked = ShelterRequest.objects.get()
    assert (answer.status_code, asked.people, asked.nights) == (201, 3, 2)


@pytest.mark.parametrize("typed", ["a@example.org\nBcc: b@example.org", "a@example.org\r\nSubject: x", "a@b.org\0c"])
def test_address_with_a_line_break_is_no_address(typed: str) -> None:
    """V1.3.11."""
    with pytest.raises(UnreadableContact):
        read_contact(typed)


def test_gateway_follows_no_redirect() -> None:
    """V15.3.2."""
    assert gateway._client().follow_redirects is False


@pytest.mark.parametrize(
    ("password", "taken"),
    [
        ("elevenchars", False),
        ("qwertyuiop12", False),
        ("password1234", False),
        ("carla-koordinator", False),
        ("only small letters and spaces", True),
        ("ы" * 4 + "жълтый-слон-идёт", True),
        ("x1 " * 42, True),
    ],
)
def test_password_is_long_and_not_common_and_nothing_else_is_asked_of_it(password: str, taken: bool) -> None:
    """V6.2.1, V6.2.4, V6.2.5, V6.2.8, V6.2.9: twelve characters; none of the common ones; no other rule; no cut."""
    user = User(username="carla-koordinator")
    try:
        validate_password(password, user)
    except ValidationError:
        assert not taken
    else:
        assert taken
        user.set_password(password)
        assert [user.check_password(each) for each in (password, password[:-1], password + "x")] == [True, False, False]


def test_form_of_a_password_masks_it_and_lets_it_be_pasted(client: Client, carla: Person) -> None:
    """V6.2.6, V6.2.7."""
    page = client.get("/admin/login/").content.decode()

    (field,) = re.findall(r'<input[^>]*name="password"[^>]*>', page)
    assert ('type="password"' in field, "onpaste" in page) == (True, False)
