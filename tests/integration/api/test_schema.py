"""The schema is OpenAPI 3.1 without a warning; its page needs no script and nothing from another site."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.utils.translation import override

from matching.desk.by_hand import OVERRIDES
from matching.engine.reasons import NUMBERS, Code
from matching.states import REASONS

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the schema; its generation fails on the first warning."""
    file = tmp_path_factory.mktemp("schema") / "schema.yml"
    with override("en"):
        call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(file))
    made: dict[str, Any] = yaml.safe_load(file.read_text())
    return made


def _operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, operation) for path, item in schema["paths"].items() for method, operation in item.items()]


def test_schema_is_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"] == "3.1.0"


def test_served_schema_is_the_same(schema: dict[str, Any], client: Client) -> None:
    served = yaml.safe_load(client.get("/api/v1/schema/").content)

    assert served["paths"] == schema["paths"]


def test_every_operation_says_what_it_does_and_what_an_error_looks_like(schema: dict[str, Any]) -> None:
    silent = [path for _method, path, operation in _operations(schema) if not operation.get("description")]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    without = [
        path for _m, path, operation in _operations(schema) if operation["responses"]["default"]["content"] != problem
    ]

    assert (silent, without) == ([], [])


def test_every_creating_call_takes_a_key_and_every_change_an_etag(schema: dict[str, Any]) -> None:
    def headers(operation: dict[str, Any]) -> set[str]:
        return {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}

    keyed = {path for method, path, operation in _operations(schema) if "Idempotency-Key" in headers(operation)}
    unguarded = {
        (method, path)
        for method, path, operation in _operations(schema)
        if method in ("put", "post") and not headers(operation)
    }

    assert keyed == {f"/api/v1/{name}/" for name in ("spaces", "requests", "matches", "tokens")}
    assert unguarded == {
        ("post", "/api/v1/matches/{id}/contact/"),
        ("post", "/api/v1/matches/{id}/safety/"),  # nobody else writes these words
        ("post", "/api/v1/notifications/read/"),
        ("post", "/api/v1/notifications/{id}/read/"),
        ("post", "/api/v1/tokens/code/"),
    }


def test_schema_lists_the_reasons_to_choose_from(schema: dict[str, Any]) -> None:
    assert set(schema["components"]["schemas"]["ReasonEnum"]["enum"]) == set(REASONS)
    assert set(schema["components"]["schemas"]["OverrideEnum"]["enum"]) == set(OVERRIDES)


def test_schema_lists_the_codes_of_the_engine_and_their_numbers(schema: dict[str, Any]) -> None:
    parts = schema["components"]["schemas"]

    assert set(parts["ReasonCodeEnum"]["enum"]) == set(Code)
    assert set(parts["ReasonNumbers"]["properties"]) == {name for names in NUMBERS.values() for name in names}
    for part, column in (("Desk", "reasons"), ("Request", "left_over_reasons"), ("Candidate", "reasons")):
        assert parts[part]["properties"][column]["items"] == {"$ref": "#/components/schemas/WordedReason"}


def test_page_names_every_operation_and_schema(schema: dict[str, Any], client: Client) -> None:
    page = client.get("/api/v1/docs/").content.decode()

    for method, path, operation in _operations(schema):
        assert f'id="{operation["operationId"]}"' in page
        assert f"{method.upper()} {path}" in page
    for name in schema["components"]["schemas"]:
        assert f'id="schema-{name}"' in page


def test_page_links_lead_somewhere_on_it(client: Client) -> None:
    page = client.get("/api/v1/docs/").content.decode()

    targets = set(re.findall(r'href="#([^"]*)"', page))

    assert targets - set(re.findall(r'id="([^"]*)"', page)) == set()


def test_page_needs_no_script_and_nothing_from_elsewhere(client: Client) -> None:
    response = client.get("/api/v1/docs/")
    page = response.content.decode()

    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert re.findall(r"<script|<style|style=|\son\w+=|(?:src|href)=\"(?:https?:)?//", page) == []


def test_page_names_the_two_answers_to_a_request(client: Client) -> None:
    page = " ".join(client.get("/api/v1/docs/").content.decode().split())

    assert 'Either <a href="#schema-Request">Request</a> or <a href="#schema-Case">Case</a>.' in page
