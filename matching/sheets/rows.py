"""What a sheet says, as plain values: good rows, and for each bad cell where it is and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from matching.sheets.sentences import Sentence
from places.gazetteer import KnownPlace

Window = tuple[date, date]
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class SpaceRow:
    """One space. `phone` is E.164 or "", `email` lower-case or "", `telegram` "@name" or "".

    `place` is None when the sheet names none, or none that the point could belong to; `lat` and `lon`
    are always there (the place's own where the sheet gives none). `windows` are half-open and in
    order; `max_nights` None means no limit. `line` is the first line of the row in its file.
    """

    space_id: str
    host: str
    phone: str
    email: str
    telegram: str
    place: KnownPlace | None
    address: str
    lat: float
    lon: float
    beds: int
    shared: bool
    windows: tuple[Window, ...]
    max_nights: int | None
    who: str
    children: bool
    pets: bool
    smoking: bool
    step_free: bool
    languages: frozenset[str]
    vetted: bool
    line: int

    @property
    def key(self) -> str:
        return self.space_id


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One household's need; contacts, `place`, `lat`, `lon` and `line` as in `SpaceRow`.

    `min_nights` is never empty (the whole stay where the sheet says nothing), `smoking` None means no
    matter, `registered_at` None means that the sheet does not say since when they wait.
    """

    request_id: str
    name: str
    phone: str
    email: str
    telegram: str
    place: KnownPlace | None
    lat: float
    lon: float
    radius_km: float
    people: int
    children: int
    all_women: bool
    first_night: date
    nights: int
    min_nights: int
    pets: bool
    step_free: bool
    women_only: bool
    smoking: bool | None
    languages: frozenset[str]
    language_required: bool
    urgency: float
    registered_at: datetime | None
    may_move: bool
    may_split: bool
    notes: str
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
