"""For any input the answer is a row or a problem, never a failure of the server (the client raises failures)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import people
from tests.integration.api.conftest import Calling, request_body, space_body
from tests.people import Person

pytestmark = pytest.mark.django_db

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([-1, 0, 1, 2**15, 2**31, 2**63, 10**40, 1e308, -1e308, 5e-324]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.sampled_from(["\x00", "0001-01-01", "9999-12-31", "2026-02-30", "Алматы", "yes", "4", "ru", ""]),
    st.dates().map(str),
    st.lists(st.one_of(st.integers(), st.text(max_size=5)), max_size=3),
    st.dictionaries(st.sampled_from(["first_night", "last_day", "x"]), st.dates().map(str), max_size=3),
    st.lists(st.fixed_dictionaries({"first_night": st.dates().map(str), "last_day": st.dates().map(str)}), max_size=3),
)
MANY = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
REQUEST_FIELDS = (
    *("place", "latitude", "longitude", "radius_km", "people", "children", "children_ages", "all_women"),
    *("first_night", "nights", "min_nights", "pets", "step_free", "women_only", "smoking", "languages"),
    *("language_required", "urgency", "may_move", "may_split", "notes"),
)
SPACE_FIELDS = (
    *("place", "latitude", "longitude", "address", "beds", "shared", "windows", "max_nights", "who", "children"),
    *("pets", "smoking", "step_free", "languages"),
)
PARAMETERS = (
    *("name", "status", "place", "beds__gte", "shared", "people__lte", "first_night__gte", "request", "space"),
    *("urgency", "unread", "event", "cursor", "page_size"),
)


@MANY
@given(odd=st.dictionaries(st.sampled_from(REQUEST_FIELDS), ODD, min_size=1, max_size=4))
def test_odd_request_is_taken_or_refused(calling: Calling, amira: Person, odd: dict[str, Any]) -> None:
    response = calling(amira).post("/api/v1/requests/", request_body(**odd), format="json")

    assert response.status_code in (201, 400), response.json()


@MANY
@given(odd=st.dictionaries(st.sampled_from(SPACE_FIELDS), ODD, min_size=1, max_size=4))
def test_odd_offer_is_taken_or_refused(calling: Calling, hanna: Person, odd: dict[str, Any]) -> None:
    response = calling(hanna).post("/api/v1/spaces/", space_body(**odd), format="json")

    assert response.status_code in (201, 400), response.json()


@MANY
@given(
    resource=st.sampled_from(["places", "spaces", "requests", "matches", "notifications"]),
    parameter=st.sampled_from(PARAMETERS),
    value=st.one_of(st.text(max_size=20), st.integers().map(str), st.sampled_from(["\x00", "1e400", "NaN", "9" * 40])),
)
def test_odd_filter_narrows_or_is_refused(
    calling: Calling, carla: Person, resource: str, parameter: str, value: str
) -> None:
    people.place()

    response = calling(carla).get(f"/api/v1/{resource}/", {parameter: value})

    assert response.status_code in (200, 400, 404), response.json()
