"""Entering what somebody says to a coordinator, by phone or in person: the same intake, in the coordinator's name.

Each form carries a key of its own, which the row keeps as `external_id`. A form that is sent twice is entered once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.arrivals import grouped
from accounts.contacts import find_contact_point
from accounts.hosts import register_host
from accounts.models import User
from accounts.refusals import Refused
from deployment.locks import Lock, hold_until_commit
from matching import intake, queries
from matching.intake import Case, RequestDetails, SpaceDetails, TypedContact
from matching.models import ShelterRequest, Space
from matching.refusals import one_act


class EnteredAlready(Refused):
    """The form was sent before, and its row (`row`) is there; nothing was entered twice."""

    code = "entered_already"
    message = _("This was entered already. Nothing is entered twice.")
    sentences = {"case": _("This was entered already: case number %(number)s. Nothing is entered twice.")}

    def __init__(self, row: ShelterRequest | Space, sentence: str = "", **numbers: str) -> None:
        super().__init__(sentence, **numbers)
        self.row = row


@dataclass(frozen=True, slots=True)
class SpaceEntered:
    """A space that was just entered. `known` says that its host was there already, found by phone or e-mail."""

    space: Space
    known: bool


def ask(
    details: RequestDetails,
    *,
    key: UUID,
    by: User,
    at: datetime,
    language: str,
    name: str = "",
    contact: TypedContact | None = None,
) -> Case:
    """Open a case and register its need, in the name of coordinator `by`: all or nothing.

    Raises Incomplete, NotYours when `by` does not coordinate the place, or EnteredAlready.
    """
    with one_act():
        _wait_for_the_same(key)
        if entered := ShelterRequest.objects.filter(queries.called([_external(key)])).first():
            raise EnteredAlready(entered, "case", number=grouped(entered.arrival.case_number))
        return intake.open_case_and_ask(
            details,
            language=language,
            at=at,
            by=by,
            name=name,
            contacts=[contact] if contact else [],
            external_id=_external(key),
        )


def offer(
    details: SpaceDetails,
    *,
    key: UUID,
    by: User,
    at: datetime,
    language: str,
    name: str,
    contact: TypedContact | None = None,
) -> SpaceEntered:
    """List a space in the name of coordinator `by`: all or nothing. The host is found by the contact, or is new.

    Raises Incomplete, NotYours when `by` does not coordinate the place, or EnteredAlready.
    """
    with one_act():
        _wait_for_the_same(key)
        if there := Space.objects.filter(queries.called([_external(key)])).first():
            raise EnteredAlready(there)
        known = contact is not None and find_contact_point(*contact, hosts_only=True) is not None
        host = register_host(name=name, contacts=[contact] if contact else [], language=language)
        space = intake.offer_space(host, details, by=by, at=at, external_id=_external(key))
        return SpaceEntered(space, known)


def _external(key: UUID) -> str:
    return f"desk:{key}"


def _wait_for_the_same(key: UUID) -> None:
    """Hold the form's lock until the transaction ends: the same form, sent at the same moment, then finds its row."""
    hold_until_commit(Lock.FORM, _external(key))
