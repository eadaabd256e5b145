"""The refusals of the domain: each has a code and a message. Refusals of the database are turned into them here.

A refusal's docstring says when it happens; its `message`, or one of its `sentences`, is what the person reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, ClassVar

from django.db import IntegrityError, transaction
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Refused

WRONG_INPUT = 422
"""The HTTP status (RFC 9110) of a page that shows a form again because something in it is wrong."""


class LookNeedsSecond(Refused):
    """A coordinator has opened as many people's personal fields within a day as this deployment allows to one person."""

    code = "look_needs_second"
    message = _(
        "You have opened the personal fields of %(most)d people within a day. Before you open more, a lead coordinator "
        "has to agree: on your page among the coordinators."
    )
    sentences = {"budget": message}


class NoRoomLeft(Refused):
    """On some night of the match the space has no bed left, or another household has it, or the persons must not meet."""

    code = "no_room_left"
    message = _("There is no room left in this space on these nights. Choose another space or other nights.")


class OutsideWindow(Refused):
    """Some night of the match lies in no window of the space."""

    code = "outside_window"
    message = _("The space is not free on all of these nights. Choose nights within its windows.")


class OutsideRequest(Refused):
    """The request does not ask for some night of the match. Its nights were changed, or never included that night."""

    code = "outside_request"
    message = _("The household does not ask for all of these nights now. Choose among the nights it asks for.")


class SpaceNotOpen(Refused):
    """The host is not vetted, or the space is paused or withdrawn."""

    code = "space_not_open"
    message = _("This space cannot be matched now: its host is not vetted, or it is paused or withdrawn.")


class RequestNotOpen(Refused):
    """The request is withdrawn."""

    code = "request_not_open"
    message = _("This request was withdrawn.")


class PlacedAlready(Refused):
    """Another live match already gives the household a place on some night of this match."""

    code = "placed_already"
    message = _(
        "This household has a place on some of these nights already. End that match first, or choose other nights."
    )


class IllegalMove(Refused):
    """The moves table has no such move from the match's present status."""

    code = "illegal_move"
    message = _("This is no longer possible: the match has moved on. Look at its present state.")
    sentences = {"not_on_hold": _("This match is not on hold.")}


class TooEarly(Refused):
    """The day or the hour of the stay from which this can be said has not come."""

    code = "too_early"
    message = _("This cannot be said yet.")
    sentences = {"from": _("This can be said from %(moment)s on.")}

    @classmethod
    def worded(cls, numbers: Mapping[str, Any]) -> Mapping[str, Any]:
        moment = datetime.fromisoformat(numbers["moment"])
        return {"moment": formats.date_format(timezone.localtime(moment), "j E, H:i")}


class TooLateToTakeBack(Refused):
    """What was said about the first evening is older than an hour."""

    code = "too_late_to_take_back"
    message = _("This could be taken back for an hour. Ask the coordinators now.")


class NotYours(Refused):
    """This person may not see the match, space or request, or only another role may make this move.

    Doors answer 404 to a stranger and 403 to a person who may see the thing but not do this.
    """

    code = "not_yours"
    message = _("You may not do this.")
    sentences = {"other_coordinator": _("Choose another coordinator of this place.")}


class PersonNeeded(Refused):
    """Policy never approves a proposal that has a risk or that a person has already acted on."""

    code = "person_needed"
    message = _("A person must decide on this proposal.")


class LegTaken(Refused):
    """The request already has a live match for this leg."""

    code = "leg_taken"
    message = _("There is already a match for this leg of the request.")


class DeclinedBefore(Refused):
    """This household and this space were declined before; the pair is not proposed again."""

    code = "declined_before"
    message = _("This pair was declined before and is not proposed again.")


class RuleForbids(Refused):
    """A hard rule of the engine forbids the pair. `reasons` are the rules; `matching.refusal_words` words them."""

    code = "rule_forbids"
    message = _("A rule forbids this pair. Choose another one.")

    def __init__(self, reasons: Iterable[Any] = ()) -> None:
        super().__init__()
        self.reasons = tuple(reasons)


class SheetUnreadable(Refused):
    """The file is not a table or has an unexpected header. `problems` say what to do; `matching.refusal_words` words them.

    `headings` are those of a header that was found, each with what it was taken for.
    """

    code = "sheet_unreadable"
    message = _("This file cannot be read as a sheet.")

    def __init__(self, problems: Iterable[Any] = (), headings: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self.problems, self.headings = tuple(problems), tuple(headings)


class ReasonNeeded(Refused):
    """Declining, cancelling and breaking off need a reason from the list."""

    code = "reason_needed"
    message = _("Choose a reason from the list.")


class SecondPersonNeeded(Refused):
    """A high-risk match needs a second, different coordinator."""

    code = "second_person_needed"
    message = _("This match is high-risk and you have approved it already: another coordinator must approve it too.")


class Frozen(Refused):
    """The match is frozen: somebody does not feel safe, or the host is suspended; a coordinator must look first."""

    code = "frozen"
    message = _("This match is on hold until a coordinator has looked at it.")


class HostNotVetted(Refused):
    """The host of the match is not vetted now: suspended, most likely. Nothing goes forward with this host."""

    code = "host_not_vetted"
    message = _("The host of this match is not vetted now, so it cannot go on. It can still be ended.")


class NotNow(Refused):
    """Something is closed for the moment, for a reason that the person who asks may not learn from this refusal."""

    code = "not_now"
    message = _("This is not possible just now. Try again later, or ask the coordinators if it cannot wait.")


class AlreadyAnswered(Refused):
    """This side has accepted already."""

    code = "already_answered"
    message = _("You have accepted already.")


class HasLiveMatches(Refused):
    """The act would contradict a live match. That match must end first."""

    code = "has_live_matches"
    message = _("There are live matches that this would contradict. End or cancel them first.")
    sentences = {
        "stay_going_on": _("A stay is going on. End the stay first, then withdraw the request."),
        "stay_until": _("You are in a place until %(day)s. To leave earlier, say there that your stay has ended."),
        "both_decided": _("Both have a match that somebody has decided on. End one of them first."),
    }

    @classmethod
    def worded(cls, numbers: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"day": formats.date_format(date.fromisoformat(numbers["day"]), "j E")}


class ErasureWaits(Refused):
    """A person cannot be erased yet. The plain message tells nobody why: the other side of a match may have reported."""

    code = "erasure_waits"
    message = _("This is not possible just now. Please call a coordinator, who can look into it.")
    sentences = {
        "stay": _("A stay is going on. Say first that it has ended; then everything can be erased."),
        "incident": _(
            "We still look after what you told us about not feeling safe. Once that is closed, erase everything."
        ),
        "on_duty": _(
            "You have promised to look after somebody who does not feel safe. Close that with a second person first."
        ),
        "lead_decides": _("An incident is open, or the host is suspended or refused. A lead coordinator decides."),
        "last_lead": _("This is the only lead coordinator. Make somebody else a lead first."),
    }


class Overtaken(HasLiveMatches):
    """While the nights of a request were being changed, a match was written for nights that the request then lost."""


class Incomplete(Refused):
    """The details sent contradict each other or lie outside the bounds. The sentence says what to change, `field` where."""

    code = "incomplete"
    fields: ClassVar[Mapping[str, str]] = {
        "longest_stay": "max_nights",
        **dict.fromkeys(
            ("window_backwards", "windows_overlap", "windows_passed", "window_too_long", "too_many_windows"), "windows"
        ),
        "ages": "children_ages",
        "shortest_stay": "min_nights",
        "radius": "radius_km",
        "composition_contradicts": "composition",
        "too_far_ahead": "first_night",
        "nights_passed": "first_night",
        "not_on_earth": "latitude",
        "language_unnamed": "languages",
        **{name: name for name in ("beds", "windows", "people", "children", "nights", "women_only", "composition")},
    }
    """The field of the details that each sentence is about, where it is about one."""

    @property
    def field(self) -> str:
        """The name of the field that needs another value, or ""."""
        return self.fields.get(self.sentence, "")

    sentences = {
        "beds": _("Say how many people can sleep here: a number from 1 to %(most)d."),
        "windows": _("Say from which night until which day the space is free."),
        "longest_stay": _("The longest stay is at least one night; leave it empty for no limit."),
        "window_backwards": _("A window ends after it begins: the last day comes after the first night."),
        "windows_overlap": _("Two windows overlap. Join them into one."),
        "windows_passed": _("All these nights have passed. Give later ones."),
        "window_too_long": _("A window is longer than three years. Give a nearer end; it can be moved later."),
        "too_many_windows": _("These are too many windows: give at most %(most)d, and join those that touch."),
        "language_unnamed": _("Name the languages that the host should speak, or do not ask for a common one."),
        "people": _("Say how many people need a place to sleep: a number from 1 to %(most)d."),
        "children": _("There are more children than people. Count the children among the people."),
        "ages": _("There are more ages than children."),
        "nights": _("Say for how many nights: a number from 1 to %(most)d."),
        "shortest_stay": _("The shortest stay that helps cannot be longer than the whole stay."),
        "radius": _("Say how far from the place it may be: more than 0 km."),
        "women_only": _("A women-only space can be asked for only by a household of women."),
        "composition": _("Say who they are: women, mixed or unsaid; leave it empty if nobody asked."),
        "composition_contradicts": _("The two answers about who they are contradict each other. Give one of them."),
        "too_far_ahead": _("The first night is too far ahead: give one within the next two years."),
        "not_on_earth": _("The coordinates are not on Earth: latitude is -90 to 90, longitude -180 to 180."),
        "nights_passed": _("These nights have passed. Give later ones."),
        "withdrawn": _("This request is withdrawn. Ask again instead."),
        "empty_note": _("Write something first."),
    }


class ChangedSince(Refused):
    """Somebody changed the row after the caller read it (the version, or If-Match, does not fit)."""

    code = "stale"
    message = _("Somebody changed this in the meantime. Load it again and repeat.")


class DecidedAlready(Refused):
    """Somebody decided on this proposal a moment ago, and the decision has not gone out yet."""

    code = "decided_already"
    message = _("Somebody has just decided on this. The decision can be undone until it goes out.")


class GoneOut(Refused):
    """A decision cannot be undone any more: the people concerned have been told."""

    code = "gone_out"
    message = _("This can no longer be undone: the messages have gone. Open the match to see what is possible now.")


class TakenByAnother(Refused):
    """Another coordinator is looking at this household."""

    code = "taken_by_another"
    message = _("Another coordinator is looking at this. Take the next one, or ask them to hand it over.")
    sentences = {"named": _("%(who)s is looking at this. Take the next one, or take it over first.")}


class OverrideNeedsReason(Refused):
    """A coordinator chose another space or request than the advised one and gave no reason."""

    code = "override_needs_reason"
    message = _("Another choice is advised here. Say why you choose this one.")


class LookFirst(Refused):
    """A change of what was vetted that no coordinator has applied; only a write past the acts runs into it."""

    code = "look_first"
    message = _("This change waits until a coordinator has looked at it.")


class ChangeDecided(Refused):
    """Somebody has decided on the waiting change already."""

    code = "change_decided"
    message = _("Somebody has decided on this change already. Look at its outcome.")


class IncidentOpen(Refused):
    """An incident about the match is open, and two people have not agreed that the match goes on."""

    code = "incident_open"
    message = _(
        "An incident about this match is open: two coordinators close it, or agree there that the match goes on."
    )


class AcknowledgedAlready(Refused):
    """Somebody else acknowledged the incident first."""

    code = "acknowledged_already"
    message = _(
        "Another coordinator has acknowledged this a moment ago. Speak with them; there is nothing to do for you."
    )


class AcknowledgeFirst(Refused):
    """An incident that nobody has acknowledged cannot be closed, and its match cannot go on."""

    code = "acknowledge_first"
    message = _("Acknowledge the incident first, so that the others know that somebody looks at it.")


class AnotherMustAgree(Refused):
    """The first of two people cannot be the second one too."""

    code = "another_must_agree"
    message = _("You have said so already: another coordinator must agree.")


class IncidentOver(Refused):
    """The incident is closed."""

    code = "incident_over"
    message = _("This incident is closed. If it is not over, report it again.")
    sentences = {"apart_no_longer": _("These two are not kept apart any more.")}


class NoNumberGiven(Refused):
    """A coordinator promised to call somebody who gave no number and no place."""

    code = "no_number_given"
    message = _("This side has not said where they can be reached: you cannot promise them a call.")


class OutcomeNeeded(Refused):
    """Closing an incident needs an outcome from the list."""

    code = "outcome_needed"
    message = _("Choose how it ended from the list.")


BY_CONSTRAINT: dict[str, type[Refused]] = {
    "match_room_left": NoRoomLeft,
    "match_within_windows": OutsideWindow,
    "match_within_request": OutsideRequest,
    "match_space_open": SpaceNotOpen,
    "match_request_open": RequestNotOpen,
    "match_household_once": PlacedAlready,
    # Persons who must not meet read as no room, and a live match of theirs as a passing hindrance: no refusal tells of them.
    "match_kept_apart": NoRoomLeft,
    "match_goes_on_apart": NotNow,
    "kept_apart_taken_back_by_two": AnotherMustAgree,
    "match_frozen": Frozen,
    "match_host_vetted": HostNotVetted,
    "match_legal_move": IllegalMove,
    "match_status_is_history": IllegalMove,
    "match_one_live_per_leg": LegTaken,
    "match_approved_by": SecondPersonNeeded,
    "match_accepted_by_both": IllegalMove,
    "match_held_by_incident": IncidentOpen,
    "incident_closed_by_two": AnotherMustAgree,
    "incident_go_on_by_two": AnotherMustAgree,
    "decision_once": DecidedAlready,
    "space_keeps_promises": HasLiveMatches,
    "window_keeps_promises": HasLiveMatches,
    "request_keeps_matches": Overtaken,
    "space_as_vetted": LookFirst,
    "waiting_change_decided_once": ChangeDecided,
}


def refusal_for(error: IntegrityError) -> Refused | None:
    """Return the refusal for the constraint that the database's `error` names, or None for any other constraint."""
    diag = getattr(error.__cause__, "diag", None)
    named = BY_CONSTRAINT.get(getattr(diag, "constraint_name", None) or "")
    return named() if named else None


@contextmanager
def one_act() -> Iterator[None]:
    """Run one act in one transaction. Raises the `Refused` of BY_CONSTRAINT where the database refuses by a constraint."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if refusal := refusal_for(error):
            raise refusal from error
        raise
