"""What a space and a shelter request consist of. Each field is declared here once; all other files read it from here.

`SpaceFields` and `RequestFields` are the two lists. Their order is the order of the columns in the sheets. From them come:

- the columns of the two spreadsheets (`matching.sheets.columns`), and the rows that are read (`matching.sheets.rows`);
- `SpaceDetails` and `RequestDetails`, and how they are copied to and from the database (`matching.intake`);
- exports, undoing an import, and which cells are personal (`matching.importing`);
- the needs and offers of the engine (`matching.worker.market`, `matching.desk.rows_to_values`, `matching.management.weeks`);
- the plain fields of the API (`matching.api.serializers`).

The models stay ordinary Django models, and the engine imports nothing from here: `tests/unit/test_fields.py` compares
both with these lists.

A new field needs a line here, a column of the model with a migration, and its words: the questions on the pages, the
name of its column at the desk, a line in docs/sheets.md. If the engine weighs it, it also needs a field of `Need`
or `Offer` and a rule.

A value has two forms. The rows of a sheet and the engine share one: a set of languages, a number for urgency, None for
"no matter". Details, the database, the API and JSON share the other: a list of languages, the texts "1.5" and "". Most
kinds of value look the same in both. Defaults below are in the form of the details.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Annotated, Any, get_args, get_type_hints

from matching.limits import DEFAULT_RADIUS_KM, LONGEST_LIMIT, LONGEST_STAY, MOST_BEDS, MOST_PEOPLE
from matching.sheets import cells
from matching.sheets.sentences import Sentence
from places.hearing import unmistakable

Window = cells.Window

NEEDED: Any = dataclasses.MISSING
"""The default of a field that has none, so that its value must be given."""


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class KindOfValue:
    """A kind of value, and the functions between its forms.

    `read` turns the text of a cell, which is not empty and has no white space around it, into the engine's form; it raises
    CellProblem. `keep` turns the engine's form into the details' form, `weigh` turns it back. `write` turns the details'
    form into the cell of an export. `load` turns a JSON value back into the details' form.
    """

    read: Callable[[str], Any]
    keep: Callable[[Any], Any] = _same
    weigh: Callable[[Any], Any] = _same
    write: Callable[[Any], Any] = _same
    load: Callable[[Any], Any] = _same

    @property
    def changes_form(self) -> bool:
        """Return whether the database and the engine write a value of this kind differently."""
        return self.weigh is not _same


@dataclass(frozen=True, slots=True)
class Declared:
    """The declaration of a field, apart from its name, type and default.

    `column` is the heading in the sheet if it differs from the field's name; "" keeps the field out of the sheets. `engine`
    is the name in `Need` or `Offer`, by the same two rules. `needed` says what to write in a sheet that leaves the
    cell empty. A `personal` field is shown to its owner only; an export with it asks for a reason, which is logged.
    """

    kind: KindOfValue
    column: str | None = None
    engine: str | None = None
    needed: str = ""
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field: see `Declared`. `type` is the type of the details' form; `default` is NEEDED if the field has none."""

    name: str
    type: Any
    default: Any
    kind: KindOfValue
    column: str
    engine: str
    needed: str
    personal: bool

    @property
    def empty(self) -> Any:
        """Return what an empty cell means, in the engine's form."""
        return None if self.default is NEEDED else self.kind.weigh(self.default)


# -- kinds of value -------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def _set_of(codes: tuple[str, ...]) -> frozenset[str]:
    """Return the same set for the same languages, to save memory: 100,000 needs share a few dozen sets."""
    return frozenset(codes)


def _windows_of(pairs: Iterable[Sequence[str]]) -> tuple[Window, ...]:
    return tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in pairs)


TEXT = KindOfValue(cells.text)
YES_NO = KindOfValue(cells.yes_no, write=lambda value: "yes" if value else "no")
PLACE = KindOfValue(cells.text, write=lambda place: unmistakable(place) if place else "")
DAY = KindOfValue(cells.day, write=date.isoformat, load=date.fromisoformat)
WINDOWS = KindOfValue(
    cells.windows,
    write=lambda windows: ";".join(f"{first}/{last}" for first, last in windows),
    load=_windows_of,
)
LANGUAGE_LIST = KindOfValue(
    cells.languages,
    keep=lambda codes: tuple(sorted(codes)),
    weigh=lambda codes: _set_of(tuple(codes)),
    write=" ".join,
    load=tuple,
)
AGES = KindOfValue(cells.text, load=tuple)
SMOKING = KindOfValue(
    cells.yes_no,
    keep=lambda value: "" if value is None else "yes" if value else "no",
    weigh={"": None, "yes": True, "no": False}.__getitem__,
)
URGENCY = KindOfValue(cells.urgency, keep=lambda weight: f"{weight:g}", weigh=float)
WHO = KindOfValue(cells.who)
COMPOSITION = KindOfValue(cells.text)


def _whole(smallest: int, greatest: int) -> KindOfValue:
    return KindOfValue(cells.whole_number(smallest, greatest))


YesNo = Annotated[bool, Declared(YES_NO)]
Text = Annotated[str, Declared(TEXT, engine="", personal=True)]
Latitude = Annotated[float, Declared(KindOfValue(cells.coordinate("latitude", 90)), column="lat", engine="lat")]
Longitude = Annotated[float, Declared(KindOfValue(cells.coordinate("longitude", 180)), column="lon", engine="lon")]
SomePlace = Annotated[object, Declared(PLACE, engine="")]
Languages = Annotated[object, Declared(LANGUAGE_LIST)]


# -- the two lists --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFields:
    """What a host offers. Its host may change every field; live matches keep what they were promised.

    `latitude` and `longitude` are degrees. `windows` are half-open runs of nights, in order. If `max_nights` is
    None, there is no limit. `others` is the number of other people who live there. If `directions` or `others` is None, it
    stays as it is, since a sheet has no column for it. `place`
    is None for a point far from every known place. It is a gazetteer's place in a sheet, a database row in the details.
    """

    place: SomePlace = None
    address: Text = ""
    directions: Annotated[str | None, Declared(TEXT, column="", engine="", personal=True)] = None
    latitude: Latitude
    longitude: Longitude
    beds: Annotated[int, Declared(_whole(1, MOST_BEDS), needed=Sentence("beds_needed"))]
    others: Annotated[int | None, Declared(_whole(0, MOST_PEOPLE), column="", engine="")] = None
    shared: YesNo = False
    windows: Annotated[
        tuple[Window, ...],
        Declared(WINDOWS, needed=Sentence("windows_needed")),
    ]
    max_nights: Annotated[int | None, Declared(_whole(1, LONGEST_LIMIT))] = None
    who: Annotated[str, Declared(WHO)] = "anyone"
    children: YesNo = True
    pets: YesNo = False
    smoking: YesNo = False
    step_free: YesNo = False
    languages: Languages = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFields:
    """What a household needs. The household may change every field as long as no match is under way.

    `place`, `latitude` and `longitude` as in `SpaceFields`; `radius_km` is the farthest distance from that point, in
    km. `nights` counts from `first_night`. `min_nights` is the shortest stay that helps; None means the whole stay.
    `children` are among `people`. `composition` is "women" (the same as `all_women`), "mixed", "unsaid" (the household
    would rather not say) or "" (nobody asked). A sheet says it by its column `all_women`: yes, no, or an empty cell.
    """

    place: SomePlace = None
    latitude: Latitude
    longitude: Longitude
    radius_km: Annotated[float, Declared(KindOfValue(cells.radius))] = DEFAULT_RADIUS_KM
    people: Annotated[int, Declared(_whole(1, MOST_PEOPLE), needed=Sentence("people_needed"))]
    children: Annotated[int, Declared(_whole(0, MOST_PEOPLE))] = 0
    children_ages: Annotated[tuple[int, ...], Declared(AGES, column="", engine="")] = ()
    all_women: YesNo = False
    composition: Annotated[str, Declared(COMPOSITION, column="", engine="")] = ""
    first_night: Annotated[date, Declared(DAY, needed=Sentence("first_night_needed"))]
    nights: Annotated[int, Declared(_whole(1, LONGEST_STAY), needed=Sentence("nights_needed"))]
    min_nights: Annotated[int | None, Declared(_whole(1, LONGEST_STAY))] = None
    pets: YesNo = False
    step_free: YesNo = False
    women_only: YesNo = False
    smoking: Annotated[object, Declared(SMOKING)] = ""
    languages: Languages = ()
    language_required: YesNo = False
    urgency: Annotated[object, Declared(URGENCY)] = "1"
    may_move: YesNo = False
    may_split: YesNo = False
    notes: Text = ""


# -- reading the lists ----------------------------------------------------------------------------


def _fields_of(record: type) -> tuple[Field, ...]:
    hints = get_type_hints(record, include_extras=True)
    found = []
    for each in dataclasses.fields(record):
        kind_of, declared = get_args(hints[each.name])
        found.append(
            Field(
                name=each.name,
                type=kind_of,
                default=each.default,
                kind=declared.kind,
                column=each.name if declared.column is None else declared.column,
                engine=each.name if declared.engine is None else declared.engine,
                needed=declared.needed,
                personal=declared.personal,
            )
        )
    return tuple(found)


SPACE = _fields_of(SpaceFields)
REQUEST = _fields_of(RequestFields)

SPACE_NAMES = [field.name for field in SPACE]
REQUEST_NAMES = [field.name for field in REQUEST]


def weighed(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Return the fields that the engine reads, in their order."""
    return tuple(field for field in fields if field.engine)


def from_a_row(fields: Sequence[Field]) -> Callable[[Any], dict[str, Any]]:
    """Return a function that gives the engine's values of a sheet's row, by the engine's names."""
    names = [field.engine for field in weighed(fields)]
    values = attrgetter(*(field.name for field in weighed(fields)))
    return lambda row: dict(zip(names, values(row), strict=True))


def from_details(fields: Sequence[Field]) -> Callable[[Any], dict[str, Any]]:
    """Return a function that gives the engine's values of details or of a database row, by the engine's names."""
    taken = weighed(fields)
    return lambda details: {field.engine: field.kind.weigh(getattr(details, field.name)) for field in taken}
