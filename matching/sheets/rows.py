"""The content of a sheet as plain values: good rows, and a problem for each bad cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from matching.sheets.fields import RequestFields, SpaceFields
from matching.sheets.sentences import Sentence
from places.gazetteer import KnownPlace

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceRow(SpaceFields):
    """One space. `phone` is E.164 or "", `email` lower-case or "", `telegram` "@name" or "".

    `place` is None if the sheet names no place, or none near the point. `latitude` and `longitude` are always
    there: if the sheet gives none, they are those of the place. `vetted` is None if the sheet does not say. `line` is
    the first line of the row in its file. `absent` names the fields for which the file has no column, `empty` those whose cell
    is empty.
    """

    space_id: str
    host: str
    phone: str
    email: str
    telegram: str
    place: KnownPlace | None
    languages: frozenset[str] = frozenset()
    vetted: bool | None
    line: int
    absent: frozenset[str] = frozenset()
    empty: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def key(self) -> str:
        return self.space_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow(RequestFields):
    """One household's need. Contacts, `place`, the point and `line` are as in `SpaceRow`.

    `min_nights` is never None: an empty cell means the whole stay. If `smoking` is None, it does not matter. If
    `registered_at` is None, the sheet does not say when the household began to wait.
    """

    request_id: str
    name: str
    phone: str
    email: str
    telegram: str
    place: KnownPlace | None
    min_nights: int
    smoking: bool | None = None
    languages: frozenset[str] = frozenset()
    urgency: float = 1.0
    registered_at: datetime | None
    line: int
    absent: frozenset[str] = frozenset()
    empty: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def key(self) -> str:
        return self.request_id


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row was refused: its line, the column ("" for the whole row), the cell's text, and what to do.

    `reason` is a `Sentence`, or another value that a door words: the refusal of an act.
    """

    line: int
    column: str
    value: str
    reason: object


@dataclass(frozen=True, slots=True)
class Reading(Generic[Row]):
    """The result of reading a sheet. A row is in `rows` or has one or more `problems`; both are in the order of the file.

    `taken` has each heading that was taken for a column of another name, with that column. `headings` has the label of every
    heading with what it means.
    """

    rows: list[Row]
    problems: list[RowProblem]
    taken: list[tuple[str, str]] = field(default_factory=list)
    headings: list[tuple[str, str]] = field(default_factory=list)


class HeaderProblem(ValueError):
    """The file is not a table or has an unexpected header. The `sentences` say what to do.

    `headings` are those of a header that was found, as in `Reading`: somebody may then choose what each means.
    """

    def __init__(self, *sentences: Sentence, headings: Sequence[tuple[str, str]] = ()) -> None:
        self.sentences, self.headings = sentences, list(headings)
        super().__init__(" ".join(sentences))
