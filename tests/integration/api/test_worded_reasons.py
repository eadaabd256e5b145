"""Reasons over the API: a code and numbers for programs, and words in the language of the call."""

from __future__ import annotations

import pytest

from matching import intake
from matching.engine.reasons import Code, Reason
from tests import people
from tests.integration.api.conftest import Calling
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "words"), [("en", "3 free within 37.5 km"), ("uk", "вільне житло в межах 37,5 км: 3")]
)
def test_reasons_of_a_request_come_in_the_callers_language(
    calling: Calling, amira: Person, language: str, words: str
) -> None:
    asked = people.request(amira.arrival)
    intake.note_unplaced({str(asked.pk): [Reason(Code.FARTHER, (3, 37.5))]})

    row = calling(amira).get(f"/api/v1/requests/{asked.pk}/", headers={"accept-language": language}).json()

    assert row["left_over_reasons"] == [{"code": "farther", "numbers": {"radius_km": 37.5, "count": 3}, "words": words}]


def test_candidates_come_with_their_reasons(calling: Calling, amira: Person, hanna: Person, carla: Person) -> None:
    asked = people.request(amira.arrival)
    people.space(hanna.host)

    (row,) = calling(carla).get(f"/api/v1/requests/{asked.pk}/candidates/", headers={"accept-language": "ru"}).json()

    assert row["reasons"][0] == {"code": "distance", "numbers": {"km": 0.0}, "words": "0,0 км"}
    assert row["reasons"][3] == {"code": "all_nights", "numbers": {"nights": 5}, "words": "весь срок: 5 ночей"}
