"""What a sheet says, as plain values: good rows, and for each bad cell where it is and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from matching.sheets.fields import RequestFields, SpaceFields
from matching.sheets.sentences import Sentence
from places.gazetteer import KnownPlace

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceRow(SpaceFields):
    """One space. `phone` is E.164 or "", `email` lower-case or "", `telegram` "@name" or "".

    `place` is None when the sheet names none, or none that the point could belong to. `latitude` and `longitude` are
    always there: the place's own where the sheet gives none. `line` is the first line of the row in its file.
    """

    space_id: str
    host: str
    phone: str
    email: str
    telegram: str
    place: KnownPlace | None
    languages: frozenset[str] = frozenset()
    vetted: bool
    line: int

    @property
    def key(self) -> str:
        return self.space_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow(RequestFields):
    """One household's need. Contacts, `place`, the point and `line` are as in `SpaceRow`.

    `min_nights` is never None: the whole stay where the sheet says nothing. `smoking` of None means no matter, and
    `registered_at` of None that the sheet does not say since when they wait.
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

    @property
    def key(self) -> str:
        return self.request_id


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row did not get in: its line, the column ("" for the whole row), what stands there, and what to do."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading(Generic[Row]):
    """A sheet as read: a row is either in `rows` or has one or more `problems`; both in the order of the file."""

    rows: list[Row]
    problems: list[RowProblem]


class HeaderProblem(ValueError):
    """The file cannot be read at all: not a table, or its header line is not the one expected. `sentences` say what to do."""

    def __init__(self, *sentences: Sentence) -> None:
        self.sentences = sentences
        super().__init__(" ".join(sentences))
