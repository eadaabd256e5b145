"""Import whole sheets: every good row goes through the same acts as a row from any other door.

`space_id` and `request_id` are the keys: a row whose key is known changes what it says, and the same
sheet a second time changes nothing. Rows are committed by the hundred, each in a savepoint of its own,
so that a refused row does not stop the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from dataclasses import fields as dataclass_fields
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import vetting
from accounts.contacts import bring_up_to_date
from accounts.hosts import find_host, register_host
from accounts.models import Host, User
from accounts.refusals import Refused
from deployment.locks import Lock, hold_until_commit
from matching import due, intake, queries
from matching.deadlines import local_date
from matching.intake import RequestDetails, SpaceDetails
from matching.models import ShelterRequest, Space, WaitingChange
from matching.refusals import Incomplete, NotYours, one_act
from matching.sheets import RequestRow, RowProblem, SpaceRow, fields
from matching.sheets.columns import CONTACTS
from matching.sheets.writing import there_and_back
from places.gazetteer import nearest_place
from places.models import Place
from reading.keys import forms, unwritten
from reading.signs import plain

Row = TypeVar("Row", SpaceRow, RequestRow)
Known = TypeVar("Known", Space, ShelterRequest)
Details = TypeVar("Details", SpaceDetails, RequestDetails)
RowsDone = Callable[[int], None]

ROWS_A_TRANSACTION = 100

UUID_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The form of a key that the service made: a UUID."""


class RefusedByDatabase(Refused):
    """A constraint that has no refusal of its own refuses the row."""

    code = "refused_by_database"
    message = _("The database refuses this row. Look at its dates and numbers, and import it again.")


class ContactOfAnother(Refused):
    """The row's contact belongs to a host who does not seem to be the row's."""

    code = "contact_of_another"
    message = _(
        "A host with another name is reached by this contact. If it is one person, write the name as it stands in the "
        "service. If the contact is a volunteer's own, leave it out of this row."
    )
    sentences = {
        "vetted": _(
            "The host with this contact has been vetted, and this row says no in the column vetted. Leave that cell empty "
            "if they are one person. If not, leave the contact out of this row."
        ),
        "said_no": _(
            "A sheet has said no in the column vetted about this host. Leave that cell empty, and vet the host at the desk if "
            "they have been checked since: that lifts the no."
        ),
    }


class ListedAlready(Refused):
    """The host offers this address with as many beds already, under another key."""

    code = "listed_already"
    message = _(
        "This host offers the same address with as many beds already, as %(key)s. Write that key if it is the same space. "
        "If it is another one, say in the address what tells them apart."
    )


class KeyOfSeveral(Refused):
    """The key is written as no row's, and a program may have made it of several."""

    code = "key_of_several"
    message = _("Several rows may be meant by this key: %(keys)s. Write the one that is meant, as it stands there.")


class EmptyCell(Refused):
    """An empty cell would change who may stay, or how many; whoever brings the sheet without a preview has not said so."""

    code = "empty_cell"
    message = _(
        "Empty here, and it would change what is known: %(columns)s. Write what is meant, leave the column out to change "
        "nothing, or add --apply-empty."
    )


class GazetteerNotLoaded(Refused):
    """The database lacks a place of the sheet, or has no places at all."""

    code = "gazetteer_not_loaded"
    message = _("The places are not in the database yet. Run: python manage.py load_gazetteer")


CAREFUL = ("beds", "shared", "who", "children")
"""The fields that no empty cell changes unseen: too wide an answer sends people to a door that is not meant for them."""


class RowOutcome(StrEnum):
    """The outcome of one row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Taken:
    """One row that was imported, and what was there before: enough to show its changes and to undo them.

    `before` holds the earlier details, None for a new row. `name_before` is the earlier name of its host or arrival.
    `is_new_person` says that the row brought its host or arrival. `new_contacts` are the ids of their new contact points.
    `waits` are the changes that now wait because of the row: the id of each, and when it was asked for.
    """

    outcome: RowOutcome
    row: Space | ShelterRequest
    before: SpaceDetails | RequestDetails | None = None
    after: SpaceDetails | RequestDetails | None = None
    name_before: str = ""
    is_new_person: bool = False
    new_contacts: tuple[int, ...] = ()
    vouched: bool = False
    waits: tuple[tuple[int, datetime], ...] = ()

    @property
    def person(self) -> User:
        """Return the host or the arrival."""
        return self.row.host.user if isinstance(self.row, Space) else self.row.arrival.user


@dataclass(slots=True)
class Imported:
    """The result of a sheet: the number of rows for each outcome, and the problems of the refused rows."""

    outcomes: dict[RowOutcome, int] = field(default_factory=lambda: dict.fromkeys(RowOutcome, 0))
    problems: list[RowProblem] = field(default_factory=list)


def _quietly(done: int) -> None:
    """Show no progress."""


def take_in_spaces(
    rows: Sequence[SpaceRow],
    *,
    by: User | None,
    at: datetime,
    trust_vetted: bool = False,
    apply_empty: bool = True,
    dry_run: bool = False,
    progress: RowsDone = _quietly,
) -> Imported:
    """List the space of every row, or change it, for its host (found by any contact, else new).

    `by` is the coordinator who brings the sheet; None if each host acts for themself. With
    `trust_vetted` that coordinator vouches for the column `vetted`: the checks of those hosts are put
    on record in their name, and they are vetted. Without `apply_empty` a row is refused where an empty
    cell would change one of the `CAREFUL` fields. A `dry_run` imports every row and rolls back.
    `progress` is called with the number of rows done. Raises NotYours, GazetteerNotLoaded.
    """
    if trust_vetted and by is None:
        raise NotYours
    over = of_another_time(rows, local_date(at))

    def take_in(row: SpaceRow, place: Place | None, space: Space | None) -> RowOutcome:
        taken = take_in_space(row, place, space, by=by, at=at, vouch=trust_vetted, over=over, apply_empty=apply_empty)
        return RowOutcome.CHANGED if taken.vouched and taken.outcome is RowOutcome.UNCHANGED else taken.outcome

    return _take_in_all(rows, spaces_called, take_in, by=by, dry_run=dry_run, progress=progress)


def take_in_requests(
    rows: Sequence[RequestRow],
    *,
    by: User | None,
    at: datetime,
    apply_empty: bool = True,
    dry_run: bool = False,
    progress: RowsDone = _quietly,
) -> Imported:
    """Register the need of every row, or change it. Each row has an arrival of its own.

    The arrival gets a case number and no secret; a coordinator makes one on demand. Waiting counts from
    `registered_at` of the row's first import (default `at`). For the arguments and errors see `take_in_spaces`.
    """

    def take_in(row: RequestRow, place: Place | None, request: ShelterRequest | None) -> RowOutcome:
        return take_in_request(row, place, request, by=by, at=at, apply_empty=apply_empty).outcome

    return _take_in_all(rows, requests_called, take_in, by=by, dry_run=dry_run, progress=progress)


def _take_in_all(
    rows: Sequence[Row],
    called: Callable[[list[str]], RowsCalled[Known]],
    take_in: Callable[[Row, Place | None, Known | None], RowOutcome],
    *,
    by: User | None,
    dry_run: bool,
    progress: RowsDone,
) -> Imported:
    if by is not None and queries.coordinator_of(by) is None:
        raise NotYours
    imported = Imported()
    places = places_of(rows)
    with transaction.atomic() if dry_run else nullcontext():
        for start in range(0, len(rows), ROWS_A_TRANSACTION):
            batch = rows[start : start + ROWS_A_TRANSACTION]
            with transaction.atomic():
                wait_for_other_imports()
                known = called([row.key for row in batch])
                for row in batch:
                    try:
                        with one_act():
                            outcome = take_in(row, places[row.line], known.meant(row.key))
                        imported.outcomes[outcome] += 1
                    except Refused as refusal:
                        imported.problems.append(problem_of(row, refusal))
                    except (IntegrityError, DataError):
                        imported.problems.append(RowProblem(row.line, "", row.key, RefusedByDatabase()))
            progress(start + len(batch))
        if dry_run:
            transaction.set_rollback(True)
    return imported


def of_another_time(rows: Collection[SpaceRow], today: date) -> bool:
    """Return whether this is a sheet of several spaces whose nights have all passed: an old week, kept as it was.

    In any other sheet, and alone, a row without a night to come is a slip, and is refused.
    """
    return len(rows) > 1 and all(last <= today for row in rows for _first, last in row.windows)


def problem_of(row: SpaceRow | RequestRow, refusal: Refused) -> RowProblem:
    """Return the problem of a row whose act was refused, at the column that the refusal is about."""
    named = refusal.field if isinstance(refusal, Incomplete) else ""
    column = next((field.column for field in (*fields.SPACE, *fields.REQUEST) if field.name == named), "")
    value = "" if column else row.key
    return RowProblem(row.line, column, value, refusal)


def wait_for_other_imports() -> None:
    """Wait until no other import looks up or writes a batch, and keep others waiting until this transaction ends."""
    hold_until_commit(Lock.IMPORT)


def places_of(rows: Sequence[Row]) -> dict[int, Place | None]:
    """Return the place of each line: the place that its row names, else the nearest known place within 50 km, else None.

    Raises GazetteerNotLoaded.
    """
    needs_places()
    known = {row.line: row.place or nearest_place(row.latitude, row.longitude) for row in rows}
    numbers = {place.geoname_id for place in known.values() if place}
    present = Place.objects.in_bulk(list(numbers), field_name="geoname_id")
    if len(present) < len(numbers):
        raise GazetteerNotLoaded
    return {line: present[place.geoname_id] if place else None for line, place in known.items()}


def needs_places() -> None:
    """Raise GazetteerNotLoaded if the database has no places."""
    if not Place.objects.exists():
        raise GazetteerNotLoaded


# -- one row --------------------------------------------------------------------------------------


class RowsCalled(dict[str, Known]):
    """The rows by the keys of a sheet that mean them. `several` has the keys that may mean more than one row."""

    def __init__(self, keys: Iterable[str], rows: Iterable[Known]) -> None:
        super().__init__()
        exact = {key_of(row): row for row in rows}
        alike: dict[str, list[str]] = {}
        for there in sorted(exact):
            alike.setdefault(unwritten(there), []).append(there)
        self.several: dict[str, list[str]] = {}
        for key in keys:
            meant = [key] if key in exact else alike.get(unwritten(key), [])
            if len(meant) == 1:
                self[key] = exact[meant[0]]
            elif meant:
                self.several[key] = meant

    def meant(self, key: str) -> Known | None:
        """Return the row that `key` means, None if there is none. Raises KeyOfSeveral."""
        if key in self.several:
            raise KeyOfSeveral(keys=", ".join(self.several[key]))
        return self.get(key)


def spaces_called(keys: list[str]) -> RowsCalled[Space]:
    """Return the spaces by these keys: the `space_id` of a sheet, or the service's own id if no sheet named the space.

    A key that a spreadsheet program took for a number finds its row too: 71 and 71.0 find 0071, if no row is called 71.
    """
    known = Space.objects.filter(_called(keys)).select_related("host__user", "place")
    return RowsCalled(keys, known.prefetch_related("windows", "host__user__contact_points"))


def requests_called(keys: list[str]) -> RowsCalled[ShelterRequest]:
    """Return the shelter requests by these keys, as `spaces_called` does for spaces."""
    known = ShelterRequest.objects.filter(_called(keys)).select_related("arrival__user", "place")
    return RowsCalled(keys, known.prefetch_related("arrival__user__contact_points"))


def key_of(row: Space | ShelterRequest) -> str:
    """Return the key of this row in a sheet."""
    return row.external_id or str(row.pk)


def _called(keys: list[str]) -> Q:
    own = [UUID(key) for key in keys if UUID_KEY.fullmatch(key)]
    return queries.called([form for key in keys for form in forms(key)]) | Q(external_index="", pk__in=own)


def take_in_space(
    row: SpaceRow,
    place: Place | None,
    space: Space | None,
    *,
    by: User | None,
    at: datetime,
    vouch: bool = False,
    over: bool = False,
    apply_empty: bool = True,
) -> Taken:
    """List the space of one row, or change `space`, which has the row's key.

    `vouch` means the same as `trust_vetted` of `take_in_spaces`, `apply_empty` the same as there, and `over` that the nights
    may have passed. Raises NotYours, ContactTaken, EmptyCell, and all errors of `intake.offer_space` and `intake.change_space`.
    """
    details = SpaceDetails(**intake.details_of_row(row, place))
    if space is None:
        known = _host_of(row)
        if known is not None and (there := _listed_already(known, details)):
            raise ListedAlready(key=there)
        host = known or register_host(name=row.host, contacts=_contacts(row), language=_language(row))
        space = intake.offer_space(
            host,
            details,
            by=by or host.user,
            at=at,
            external_id=row.key,
            vouched=bool(vouch and by and row.vetted and host.user_id != by.pk),
            may_be_over=over,
        )
        taken = Taken(RowOutcome.NEW, space, after=details, name_before=host.user.name, is_new_person=known is None)
    else:
        _may_bring(by, space)
        host, before = space.host, details_of_space(space)
        _nobody_said_no(host, row)
        details = _as_before_where_absent(details, before, row.absent)
        if not apply_empty:
            _needs_words(row, details, before)
        contacts, waits = intake.new_contacts(host, _contacts(row), by=by or host.user, at=at)
        taken = _brought_up_to_date(Taken(RowOutcome.UNCHANGED, space, before, details), row, contacts)
        changes = [waits]
        if details != before:
            space, waits = intake.change_space(space.pk, details, by=by or host.user, at=at, may_be_over=over)
            changes.append(waits)
            # What waits has not changed: neither an undo nor the preview may take it for the space's present details.
            now = details_of_space(space)
            taken = replace(taken, row=space, after=now)
            if now != before:
                taken = replace(taken, outcome=RowOutcome.CHANGED)
        taken = _with_what_waits(taken, [change for change in changes if change is not None])
    if row.vetted is False:
        vetting.keep_the_no(host, at=at)
    # Nobody vouches for themself. Any other host in whose case `by` has no part is refused above.
    vouched = bool(vouch and by and row.vetted and host.user_id != by.pk and _vouch_for(host, by=by, at=at))
    return replace(taken, vouched=vouched)


def _host_of(row: SpaceRow) -> Host | None:
    """Return the host whom the row means by its contacts, None for a new one.

    Raises ContactOfAnother if the host has another name, or if the row and the service say otherwise whether they were vetted.
    """
    known = find_host(_contacts(row))
    if known is None:
        return None
    if row.host and known.user.name and plain(row.host).casefold() != plain(known.user.name).casefold():
        raise ContactOfAnother
    if row.vetted is False and known.status == Host.Status.VETTED:
        raise ContactOfAnother("vetted")
    _nobody_said_no(known, row)
    return known


def _nobody_said_no(host: Host, row: SpaceRow) -> None:
    """Raise ContactOfAnother if the row says that the host was vetted, and a sheet has said no."""
    if row.vetted and host.said_no_at is not None:
        raise ContactOfAnother("said_no")


def _listed_already(host: Host, details: SpaceDetails) -> str:
    """Return the key of a space of `host` that has this address and as many beds, "" if there is none."""
    if not details.address:
        return ""
    wanted = (plain(details.address).casefold(), details.beds)
    theirs = host.spaces.exclude(status=Space.Status.WITHDRAWN)
    return next((key_of(space) for space in theirs if (plain(space.address).casefold(), space.beds) == wanted), "")


def _with_what_waits(taken: Taken, changes: Sequence[WaitingChange]) -> Taken:
    """Note the changes that now wait because of the row; a row without any other change counts as changed by them."""
    if not changes:
        return taken
    noted = tuple((change.pk, change.asked_at) for change in changes)
    return replace(taken, outcome=RowOutcome.CHANGED, waits=noted)


def _brought_up_to_date(taken: Taken, row: SpaceRow | RequestRow, contacts: Sequence[tuple[str, str]]) -> Taken:
    """Give the person of a known row the name of the sheet, and these of its contacts."""
    user = taken.person
    name, points = user.name, set(user.contact_points.values_list("pk", flat=True))
    written = row.host if isinstance(row, SpaceRow) else row.name
    if _written_alike(name, written):
        written = name
    if not bring_up_to_date(user, name=written, contacts=contacts):
        return replace(taken, name_before=name)
    new = tuple(sorted(set(user.contact_points.values_list("pk", flat=True)) - points))
    return replace(taken, outcome=RowOutcome.CHANGED, name_before=name, new_contacts=new)


def _vouch_for(host: Host, *, by: User, at: datetime) -> bool:
    """Vet an unvetted host on the word of coordinator `by`. Return False if the host has any other status."""
    if not Host.objects.filter(pk=host.pk, status=Host.Status.UNVETTED).exists():
        return False
    for kind in vetting.missing_checks(host, local_date(at)):
        vetting.record_check(host, kind, by=by, at=at, said={"code": "vouched"})
    vetting.vet(host.pk, by=by, at=at)
    due.note(at)
    return True


def take_in_request(
    row: RequestRow,
    place: Place | None,
    request: ShelterRequest | None,
    *,
    by: User | None,
    at: datetime,
    apply_empty: bool = True,
) -> Taken:
    """Register the need of one row, or change `request`, which has the row's key.

    Raises NotYours, EmptyCell, and all errors of `intake.open_case_and_ask` and `intake.change_request`.
    """
    details = RequestDetails(**intake.details_of_row(row, place))
    if request is None:
        complete = intake.complete_request(details)
        case = intake.open_case_and_ask(
            complete,
            language=_language(row),
            at=at,
            by=by,
            name=row.name,
            contacts=_contacts(row),
            with_secret=False,
            external_id=row.key,
            registered_at=row.registered_at,
        )
        return Taken(RowOutcome.NEW, case.request, after=complete, name_before=row.name, is_new_person=True)
    _may_bring(by, request)
    before = details_of_request(request)
    details = _as_before_where_absent(details, before, row.absent)
    if not apply_empty:
        _needs_words(row, details, before)
    # The sheet has no column for the children's ages, so the ages noted since the import stay. An empty cell says nothing
    # about who they are, so an answer given since stays too.
    details = replace(details, children_ages=tuple(request.children_ages[: details.children]))
    if not details.composition:
        details = replace(details, composition=request.composition, all_women=request.all_women)
    taken = _brought_up_to_date(Taken(RowOutcome.UNCHANGED, request, before, details), row, _contacts(row))
    if details != before:
        request = intake.change_request(request.pk, details, by=by or request.arrival.user, at=at)
        taken = replace(taken, outcome=RowOutcome.CHANGED, row=request)
    return taken


def _as_before_where_absent(details: Details, before: Details, absent: frozenset[str]) -> Details:
    """Return the details of a row, with what was there before in each field for which the sheet has no column.

    A text that an export cannot tell from the one before is the one before: a cell has no white space around it. The same
    languages in another order are the languages before.
    """
    known = {
        field.name: (getattr(before, field.name), getattr(details, field.name)) for field in dataclass_fields(details)
    }
    kept = {name: there for name, (there, said) in known.items() if name in absent or _written_alike(there, said)}
    if isinstance(details, RequestDetails) and kept.get("min_nights") is not None:
        kept["min_nights"] = min(kept["min_nights"], details.nights)
    return replace(details, **kept)


def _needs_words(row: SpaceRow | RequestRow, details: Details, before: Details) -> None:
    """Raise EmptyCell if an empty cell of the row changes a field that no empty cell may change unseen."""
    said = [name for name in CAREFUL if name in row.empty and getattr(details, name) != getattr(before, name)]
    if said:
        raise EmptyCell(columns=", ".join(said))


def _written_alike(there: object, said: object) -> bool:
    if isinstance(there, tuple) and isinstance(said, tuple):  # A list of languages, whose order a sheet does not say.
        return there != said and sorted(there) == sorted(said)
    if not (isinstance(there, str) and isinstance(said, str)):
        return False
    # A workbook ends the lines within a cell in one way only.
    return there_and_back(there).replace("\r\n", "\n") == said.replace("\r\n", "\n")


def _may_bring(by: User | None, there: Space | ShelterRequest) -> None:
    """Raise NotYours for a coordinator who may not act for the row. Names and contacts change before any act checks this."""
    if by is not None and not queries.may_act_for(by, there):
        raise NotYours


def _contacts(row: SpaceRow | RequestRow) -> list[tuple[str, str]]:
    return [(channel, address) for channel, column in CONTACTS.items() if (address := getattr(row, column))]


def _language(row: SpaceRow | RequestRow) -> str:
    """Return the language for messages: the first language of the service that the row names, else the default."""
    return next((code for code, _name in settings.LANGUAGES if code in row.languages), settings.LANGUAGE_CODE)


# -- the details of a row that is there already -----------------------------------------------------


def details_of_space(space: Space) -> SpaceDetails:
    """Return the present details of a space in the form of a sheet. Prefetch `windows`."""
    return replace(intake.details_of_space(space), directions=None, others=None)


def details_of_request(request: ShelterRequest) -> RequestDetails:
    """Return the present details of a shelter request in the form of a sheet."""
    return intake.details_of_request(request)
