"""The page that documents the API, made from the OpenAPI schema without scripts and without third parties."""

from __future__ import annotations

import functools
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

METHODS = ("get", "post", "put", "patch", "delete")


@functools.cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


def docs(request: HttpRequest) -> HttpResponse:
    """Show every operation with its parameters, body and answers, and then every schema once."""
    schema = _schema()
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "id": operation["operationId"],
            "description": operation.get("description", ""),
            "parameters": operation.get("parameters", []),
            "body": _name(_content(operation.get("requestBody", {}))),
            "answers": [
                {"status": "any error" if status == "default" else status, "schema": _name(_content(answer))}
                for status, answer in operation["responses"].items()
            ],
        }
        for path, item in schema["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]
    schemas = [
        {
            "name": name,
            "description": body.get("description", ""),
            "enum": body.get("enum", []),
            "choices": [_name(choice) for choice in body.get("oneOf", [])],
            "fields": [
                {
                    "name": field,
                    "type": _type(shape),
                    "required": field in body.get("required", []),
                    "description": shape.get("description", ""),
                }
                for field, shape in body.get("properties", {}).items()
            ],
        }
        for name, body in schema["components"]["schemas"].items()
    ]
    return render(request, "api/docs.html", {"info": schema["info"], "operations": operations, "schemas": schemas})


def _content(part: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, dict[str, Any]] = part.get("content", {})
    return next((body["schema"] for body in content.values()), {})


def _name(shape: dict[str, Any]) -> str:
    """Return the name of a schema; of a list, the name of its members' schema."""
    reference = shape.get("$ref") or shape.get("items", {}).get("$ref") or ""
    return str(reference).rpartition("/")[2]


def _type(shape: dict[str, Any]) -> str:
    if name := _name(shape):
        return f"list of {name}" if shape.get("type") == "array" else name
    for choice in (*shape.get("allOf", []), *shape.get("oneOf", []), *shape.get("anyOf", [])):
        if name := _name(choice):
            return name
    kind = shape.get("type", "")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{words} ({shape['format']})" if "format" in shape else words
