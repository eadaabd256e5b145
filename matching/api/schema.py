"""Additions to the OpenAPI schema: shared parameters, and problem+json (RFC 9457) as the error of each operation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from matching.api.problems import PROBLEM_JSON, ProblemSerializer

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A key that you choose. A call repeated with the same key and body within a day gets the same answer, and "
    "nothing is done twice; with another body it gets 422. If you are not signed in, the key must be a UUID.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag you saw; the answer is 412 if it has changed since."
)


class WithProblems(AutoSchema):
    """Adds the error body to every operation."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)  # type: ignore[no-untyped-call]
        bodies["default"] = {
            **self._get_response_for_code(ProblemSerializer, "default", [PROBLEM_JSON]),  # type: ignore[no-untyped-call]
            "description": "An error.",
        }
        return bodies
