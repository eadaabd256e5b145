"""Sentences about a sheet: in English here, and translated by a door."""

from __future__ import annotations

from typing import Any


class Sentence(str):
    """An English sentence that keeps its `template` and the `values` filled into it.

    This package does not translate. A door looks the template up in the reader's catalog and fills the values in again;
    `shelter.translations` gathers the template. Values are numbers and texts, so that JSON can keep them.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Sentence:
        made = super().__new__(cls, template % values if values else template)
        made.template, made.values = template, values
        return made
