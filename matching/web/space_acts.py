"""The acts of a host on a space that take one button: pause, list again, confirm that it is available, withdraw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from matching import intake, queries
from matching.models import Space
from matching.web import acts
from matching.web.host import HOST_HOME, host_page
from matching.web.plain_forms import Wording
from matching.web.refused import refusals_shown_on
from matching.web.visitors import for_hosts, host_of


@dataclass(frozen=True, slots=True)
class SpaceAct:
    """One act on a space, and the words around it."""

    do: Callable[..., Space]
    title: Wording
    text: Wording
    button: Wording
    done: Wording


SPACE_ACTS = {
    "pause": SpaceAct(
        intake.pause_space,
        gettext_lazy("Pause this space?"),
        gettext_lazy("We ask you about no new household until you list it again. Agreed stays go on."),
        gettext_lazy("Pause"),
        gettext_lazy("The space is paused."),
    ),
    "list": SpaceAct(
        intake.list_space,
        gettext_lazy("List this space again?"),
        gettext_lazy("We may ask you about households again."),
        gettext_lazy("List again"),
        gettext_lazy("The space is listed again."),
    ),
    "still_available": SpaceAct(
        intake.confirm_still_available,
        gettext_lazy("Does this space still stand?"),
        gettext_lazy("Your answer lets us send people to you with certainty."),
        gettext_lazy("Yes, it still stands"),
        gettext_lazy("Thank you. We count on it."),
    ),
    "withdraw": SpaceAct(
        intake.withdraw_space,
        gettext_lazy("Withdraw this space?"),
        gettext_lazy(
            "We stop asking you about this space. You cannot withdraw it while somebody is there or expected."
        ),
        gettext_lazy("Withdraw"),
        gettext_lazy("The space is withdrawn. Thank you for having offered it."),
    ),
}


LOOKED_AT_FIRST = gettext_lazy("A coordinator looks at this space first. Until then we ask you about nobody for it.")


@require_http_methods(["GET", "HEAD", "POST"])
@for_hosts
@refusals_shown_on(host_page)
def space_act(request: HttpRequest, space_id: UUID, act: str) -> HttpResponse:
    """Show one act on a space (GET), or do it (POST)."""
    host = host_of(request)
    assert host is not None
    space = get_object_or_404(queries.spaces_visible_to(host.user), pk=space_id, host=host)
    if (found := SPACE_ACTS.get(act)) is None:
        raise Http404
    if request.method != "POST":
        return acts.confirm_page(
            request, title=str(found.title), text=str(found.text), button=str(found.button), home=HOST_HOME
        )
    done = found.do(space.pk, by=host.user, at=timezone.now())
    waits = act == "list" and done.status != Space.Status.LISTED
    messages.success(request, LOOKED_AT_FIRST if waits else found.done)
    return redirect(HOST_HOME)
