"""What is kept of people, table by table: for how long, what an erasure does to it, and what a download holds of it.

Each app declares its tables in its `kept.py`, which Django's set-up imports:

    kept("letters.Letter", about=by_user("writer"), clock="old_letters", deletes=True, shows=("text", "at"))
    kept("letters.Seal", clock="old_seals", empties={"words": ""}, about=by_user("letter__writer"), no_download="no words")

A table of our apps with an encrypted column, or with a way of foreign keys to a person, must be declared. Each of clock,
erasure and download is given, or its `no_…` says why there is none. `tests/unit/test_kept.py` holds the tables to that.
Whoever needs the list (tests, searches for what was erased) reads `register()`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import pgtrigger
from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import ProtectedError, Q

from privacy import remarks
from privacy.models import Remark

AboutPerson = Callable[[int], Q]
"""Returns the condition for the rows that are about the person with this user id."""

Elsewhere = Callable[[int, Collection[str], datetime], int]
"""Erases rows that no foreign key leads to: takes the user id, marks of the person, and the moment; returns their number.

Marks are texts that only this person's rows hold: addresses of their contacts and the number of their case. There are none
where a clock erases, because what browsers and programs keep has ended long before.
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is declared of one table; `kept` documents the parts."""

    model: str
    about: AboutPerson | None = None
    clock: str = ""
    deletes: bool = False
    empties: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: Elsewhere | None = None
    shows: tuple[str, ...] = ()
    shown_of: AboutPerson | None = None
    guarded: bool = False
    words_beside: bool = False
    no_clock: str = ""
    no_erasure: str = ""
    no_download: str = ""

    @property
    def table(self) -> type[models.Model]:
        return apps.get_model(self.model)

    @property
    def erases(self) -> bool:
        return self.deletes or self.words_beside or bool(self.empties) or self.elsewhere is not None

    def problems(self) -> list[str]:
        """Return what is missing or said twice, in words for a developer."""
        said = {
            "clock": (bool(self.clock), bool(self.no_clock)),
            "erasure": (self.erases, bool(self.no_erasure)),
            "download": (bool(self.shows), bool(self.no_download)),
        }
        found = [f"{self.model}: no {part}, and no reason why" for part, (has, why) in said.items() if not has | why]
        found += [f"{self.model}: a {part}, and a reason for none" for part, (has, why) in said.items() if has & why]
        if self.about is None and (self.deletes or self.empties or self.shows):
            found.append(f"{self.model}: nothing says which rows are about a person")
        if "status" in self.empties:
            found.append(f"{self.model}: a status is written by its own acts only")
        return found


_kept: dict[str, Kept] = {}


def kept(model: str, **parts: Any) -> None:
    """Declare one table, `app.Model`.

    about: which rows are about a person.
    clock: the name of the clock that erases its rows, or their words.
    deletes: an erasure deletes these rows; those that another row needs are emptied instead.
    empties: columns and what an erasure writes into them: a value, or a function of the row and the moment.
    elsewhere: erases further rows, which no foreign key leads to.
    shows, shown_of: the columns of a download (`at__date`: the day alone), and of which rows (by default `about`).
    words_beside: its words are remarks (`privacy.remarks`), which an erasure empties.
    guarded: the table's triggers stay on while it is emptied. Else they are passed by, since histories refuse changes.
    no_clock, no_erasure, no_download: why there is none.

    Raises ValueError if the table is declared already.
    """
    if model in _kept:
        raise ValueError(f"{model} is declared already.")
    _kept[model] = Kept(model, **parts)


def register() -> Mapping[str, Kept]:
    """Return what is declared, by `app.Model`."""
    return MappingProxyType(_kept)


def by_user(*paths: str) -> AboutPerson:
    """Return the condition that one of these paths leads to the person."""

    def about(user_id: int) -> Q:
        condition = Q()
        for path in paths:
            condition |= Q(**{path: user_id})
        return condition

    return about


# -- erasing ----------------------------------------------------------------------------------------


def erase_rows(user_id: int, *, marks: Collection[str], at: datetime) -> Counter[str]:
    """Erase what every table holds of one person, within the caller's transaction; return the rows by table.

    Codes stay, words go: a row that others need loses its words, and the person's own row its name.
    """
    erased: Counter[str] = Counter()
    with transaction.atomic():
        for each in _kept.values():
            if each.elsewhere is not None:
                erased[each.model] += each.elsewhere(user_id, marks, at)
        for each in _in_order([each for each in _kept.values() if each.deletes]):
            erased[each.model] += _delete(each, user_id, at)
        for each in _kept.values():
            if each.empties and not each.deletes:
                erased[each.model] += _empty(each, user_id, at)
    return +erased


def _in_order(declared: Sequence[Kept]) -> list[Kept]:
    """Return the tables so that each comes before the tables that its rows point to."""
    left, ordered = {each.table: each for each in declared}, []
    while left:
        pointed_to = {
            column.related_model
            for table in left
            for column in table._meta.concrete_fields
            if column.is_relation and column.related_model is not table
        }
        free = [table for table in left if table not in pointed_to] or list(left)
        ordered += [left.pop(table) for table in free]
    return ordered


def _rows(each: Kept, user_id: int, about: AboutPerson) -> models.QuerySet[models.Model]:
    ids = each.table._default_manager.filter(about(user_id)).values("pk")
    return each.table._default_manager.filter(pk__in=ids)


def _delete(each: Kept, user_id: int, at: datetime) -> int:
    assert each.about is not None
    done = 0
    for row in list(_rows(each, user_id, each.about)):
        try:
            with transaction.atomic():
                row.delete()
        except ProtectedError:
            _empty_row(each, row, at)
        done += 1
    return done


def _empty(each: Kept, user_id: int, at: datetime) -> int:
    assert each.about is not None
    rows = list(_rows(each, user_id, each.about).order_by("pk").select_for_update(no_key=True))
    for row in rows:
        _empty_row(each, row, at)
    return len(rows)


def _empty_row(each: Kept, row: models.Model, at: datetime) -> None:
    values = {name: value(row, at) if callable(value) else value for name, value in each.empties.items()}
    if not values:
        return
    of_row = each.table._default_manager.filter(pk=row.pk)
    if each.guarded:
        of_row.update(**values)
    else:
        with past_guards(each.table):
            of_row.update(**values)


@contextmanager
def past_guards(*tables: type[models.Model]) -> Iterator[None]:
    """Pass by the triggers of these tables within the block, so that a history can lose its words. Needs a transaction."""
    own = [
        f"{table._meta.label}:{trigger.name}"
        for table in tables
        for guarded, trigger in pgtrigger.registered()
        if guarded is table
    ]
    if not own:
        yield
        return
    with pgtrigger.ignore(*own):
        yield
    with connection.cursor() as cursor:  # The setting would last until the end of the transaction.
        cursor.execute("SELECT set_config('pgtrigger.ignore', '{}', true)")


def codes_only(name: str) -> Callable[[Any, datetime], Any]:
    """Return a value for `empties`: a column of codes stays as it is, unless it holds words of before there were codes."""

    def value(row: Any, _at: datetime) -> Any:
        said = getattr(row, name)
        return None if isinstance(said, dict) and said.get("code") == "said" else said

    return value


# -- a download -------------------------------------------------------------------------------------


class Section(NamedTuple):
    """What one table holds of a person: its name and its columns in words, and its rows by column."""

    table: str
    title: str
    labels: dict[str, str]
    rows: list[dict[str, Any]]


def held_about(user_id: int) -> list[Section]:
    """Return what the tables hold of a person, in the words of the active language. No row of anybody else is in it."""
    sections = []
    for each in _kept.values():
        about = each.shown_of or each.about
        if not each.shows or about is None:
            continue
        rows = [_shown(each, row) for row in _rows(each, user_id, about).order_by("pk")]
        if rows:
            labels = {name: str(_column(each, name).verbose_name) for name in map(_plain, each.shows)}
            sections.append(Section(each.model, str(each.table._meta.verbose_name_plural), labels, rows))
    return sections


def _plain(name: str) -> str:
    return name.removesuffix("__date")


def _column(each: Kept, name: str) -> models.Field[Any, Any]:
    column = each.table._meta.get_field(name)
    assert isinstance(column, models.Field)
    return column


def _shown(each: Kept, row: models.Model) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for asked in each.shows:
        name = _plain(asked)
        column, value = _column(each, name), getattr(row, name)
        if value is None:
            pass
        elif asked != name:
            value = value.date()
        elif isinstance(value, Remark):
            value = value.text
        elif column.choices:
            value = str(getattr(row, f"get_{name}_display")())
        elif column.is_relation:
            value = str(value)
        shown[name] = value
    return shown


# -- the tables of this app, of Django's, and of apps that know no person -------------------------------

kept(
    "privacy.AccessLog",
    about=by_user("about"),
    clock="looks",
    words_beside=True,
    shows=("at__date", "fields"),  # The hour might say what a look was for.
)


def _remarks(user_id: int, _marks: Collection[str], at: datetime) -> int:
    """Erase the words beside the lines of every history that are about this person."""
    return remarks.erase(remarks.about(user_id), at=at)


kept(
    "privacy.Remark",
    clock="words_beside_histories",
    elsewhere=_remarks,
    no_download="What the person wrote is with the line of the history that it stands beside.",
)
kept(
    "privacy.PersonErasure",
    no_clock="it proves that an erasure was asked for and done; it holds codes, and names nobody",
    no_erasure="it is the trace that an erasure leaves",
    no_download="after an erasure nobody can sign in any more to read it",
)
