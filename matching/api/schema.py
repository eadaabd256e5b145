"""How the OpenAPI schema is made: each operation says that its errors are problem+json."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from matching.api.problems import PROBLEM_JSON, ProblemSerializer

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Sent again with the same body within a day, the same answer and nothing done twice; "
    "with another body, 422. A UUID where you are not signed in.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag you saw; 412 when it has changed since."
)


class WithProblems(AutoSchema):
    """Adds to every operation the shape of its errors."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)  # type: ignore[no-untyped-call]
        bodies["default"] = {
            **self._get_response_for_code(ProblemSerializer, "default", [PROBLEM_JSON]),  # type: ignore[no-untyped-call]
            "description": "An error.",
        }
        return bodies
