"""The words about a request or a match on the pages of arrivals and hosts: its state, the next step, and the contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from matching import hindrances, queries
from matching.deadlines import answer_by
from matching.models import Match, ShelterRequest
from matching.refusals import Frozen
from matching.states import RequestState, Role, Status
from matching.web.every_page import unbroken

ENDED_EARLY = frozenset({Status.DECLINED, Status.EXPIRED, Status.CANCELLED, Status.BROKEN_OFF})
"""The ends of a match after which the household is planned anew, while its request stands."""


@dataclass(frozen=True, slots=True)
class Story:
    """The state of a request or a match in words. `by` is the moment by which the next step is due, if there is one."""

    happened: str
    next: str
    by: datetime | None = None


def is_wanted(request: ShelterRequest, state: RequestState) -> bool:
    """Return whether a request still needs something: some nights are open, or a match is live. Prefetch `matches`."""
    if state in (RequestState.WITHDRAWN, RequestState.LAPSED):
        return False
    return state is not RequestState.MET or any(match.holds_beds for match in request.matches.all())


def whom_to_contact(match: Match | None = None, role: Role | None = None) -> str:
    """Return words that name the people to ask: always the coordinators, and the other side once its contact is open."""
    if settings.HELP_CONTACT:
        desk = _("A question, or something is wrong? The coordinators: %(contact)s.") % {
            "contact": unbroken(settings.HELP_CONTACT)
        }
    else:
        desk = _("A question, or something is wrong? Ask at the place where you heard about us.")
    if match is None or role is None or not hindrances.contact_is_shown_open(match, role):
        return desk
    other = (
        _("Ask the household about everything to do with the stay: you can open their contact here.")
        if role is Role.HOST
        else _("Ask your host about the way, the key and the time: you can open their contact here.")
    )
    return f"{other} {desk}"


def of_request(request: ShelterRequest, state: RequestState, now: datetime, *, begun: bool = False) -> Story:
    """Return the story of a request without a live match that the arrival may see. `begun`: a stay has already ended.

    `state` counts proposals too. Arrivals must not hear of a proposal before it is approved, so the words do not
    depend on whether nights are proposed.
    """
    if state is RequestState.WITHDRAWN:
        return Story(_("You have withdrawn this request."), _("If you need a place again, ask again."))
    if state is RequestState.LAPSED:
        return Story(_("The nights you asked for are over."), _("If you still need a place, ask again."))
    if request.is_minor_alone:
        return Story(
            _("We have your request. People decide about it, not a program."),
            _("Look here again soon. If you are in danger, call 112."),
        )
    happened = _("Some of the nights you asked for are still open.") if begun else _("We have your request.")
    patience = answer_by(request.first_night, request.registered_at)
    if patience <= now:
        return Story(
            happened,
            _(
                "We have not found a place yet, and go on looking. Ask the coordinators; more places fit if you "
                "change the nights, or ask again with a greater distance or fewer needs."
            ),
        )
    return Story(
        happened,
        _(
            "We are looking for a place all the time, and a coordinator checks each one before we ask you. "
            "Look here again, or wait for our message. If you have heard nothing by %(by)s, ask the coordinators."
        )
        % {"by": formats.date_format(timezone.localtime(patience), "j E, H:i")},
    )


def of_match(match: Match, role: Role) -> Story:
    """Return the story of a match for its arrival or its host."""
    if match.holds_beds and isinstance(hindrances.known_hindrance(match, role), Frozen):
        if queries.has_reported(match, role):
            return _for_reporter(match, role)
        return Story(
            _("This is paused for now."),
            _(
                "We pause a stay now and then, for different reasons. Nothing is expected of you meanwhile, and you can "
                "still end it here. If you are in danger, call 112."
            ),
        )
    return _for_host(match) if role is Role.HOST else _for_arrival(match)


def _for_reporter(match: Match, role: Role) -> Story:
    leave = _("You can leave, and end this here, at any time. If you are in danger, call 112.")
    request = match.request
    if role is Role.HOST:
        search = _("Coordinators look for another place for the household.")
    elif request.is_minor_alone or request.desk_since is not None:
        search = _("A coordinator looks for another place for you personally.")
    else:
        search = _("We are looking for another place for you, before all others.")
    if role is Role.ARRIVAL and request.is_minor_alone and settings.MINORS_HELPLINE:
        leave += " " + _("Children and young people can also call %(number)s.") % {
            "number": unbroken(settings.MINORS_HELPLINE)
        }
    return Story(_("You told us that you do not feel safe."), f"{search} {leave}")


def _for_arrival(match: Match) -> Story:
    story = _of_arrival(match)
    if match.request.withdrawn_at is not None and match.status in ENDED_EARLY:
        return Story(story.happened, _("If you need a place again, ask again."))  # Nobody looks any further.
    return story


def _of_arrival(match: Match) -> Story:
    match Status(match.status):
        case Status.APPROVED if match.arrival_accepted_at is None:
            return Story(_("We have found a place for you."), _("Look at it, then accept or decline."), match.due_at)
        case Status.APPROVED:
            return Story(_("You have accepted. We have asked the host."), _("The host answers."), match.due_at)
        case Status.CONFIRMED:
            return Story(
                _("It is agreed: the host expects you."),
                _("Open the contact and address below and tell the host when you come. Say here when you are there."),
            )
        case Status.CHECKED_IN:
            return Story(_("You have arrived."), _("Rest well. If it does not work out, say so here at any time."))
        case Status.COMPLETED:
            return Story(_("Your stay has ended."), _("We wish you well."))
        case Status.DECLINED:
            return Story(_("This place was declined."), _("We are looking for another one."))
        case Status.EXPIRED:
            return Story(_("The time to answer ran out."), _("We are looking for another one."))
        case Status.CANCELLED:
            return Story(_("This place was cancelled."), _("We are looking for another one if you still need it."))
        case Status.NO_SHOW:
            return Story(_("The host said that you did not come."), _("If you still need a place, ask again."))
        case _:
            return Story(_("This stay was broken off."), _("We are looking for a place for the remaining nights."))


def _for_host(match: Match) -> Story:
    match Status(match.status):
        case Status.APPROVED if match.host_accepted_at is None:
            return Story(
                _("Somebody needs a place to sleep. A coordinator has approved it."),
                _("Accept or decline."),
                match.due_at,
            )
        case Status.APPROVED:
            return Story(_("You have accepted. We have asked the household."), _("They answer."), match.due_at)
        case Status.CONFIRMED:
            return Story(
                _("It is agreed: the household comes to you."),
                _("Open their contact below, and say here when they have arrived."),
            )
        case Status.CHECKED_IN:
            return Story(_("They have arrived."), _("If it does not work out, say so here at any time."))
        case Status.COMPLETED:
            return Story(_("The stay has ended."), _("Thank you!"))
        case Status.DECLINED:
            return Story(_("It was declined."), _("There is nothing to do."))
        case Status.EXPIRED:
            return Story(_("The time to answer ran out."), _("Tell us below whether your space still stands."))
        case Status.CANCELLED:
            return Story(_("It was cancelled."), _("There is nothing to do. The nights are free again."))
        case Status.NO_SHOW:
            return Story(_("They did not come."), _("There is nothing to do. The nights are free again."))
        case _:
            return Story(_("The stay was broken off."), _("There is nothing to do. The nights are free again."))
