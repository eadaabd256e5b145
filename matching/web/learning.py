"""After a host's no: the reason leads to the page where the host can prevent further questions of the same kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy

from matching.models import Match
from matching.states import Act
from matching.web.plain_forms import Wording


@dataclass(frozen=True, slots=True)
class Lesson:
    """The page to which a reason leads, and the words shown there."""

    view: str
    words: Wording
    more: Mapping[str, str]


LESSONS = {
    "dates_changed": Lesson(
        "web:host_space_nights",
        gettext_lazy("Which nights are free now? Change them here, and we ask you only about those."),
        {},
    ),
    "too_many_people": Lesson(
        "web:host_space_change",
        gettext_lazy("How many people can sleep there? Change it here, and we ask you only about households that fit."),
        {"question": "beds"},
    ),
    "not_suitable": Lesson(
        "web:host_space_change",
        gettext_lazy("Who may stay? Change it here if it is not right, and we ask you only about them."),
        {"question": "who"},
    ),
    "not_now": Lesson(
        "web:host_space_act",
        gettext_lazy("Do you need a rest? Pause the space, and we ask you about nobody until you list it again."),
        {"act": "pause"},
    ),
}


def after_a_no(request: HttpRequest, match: Match, act: str, said: Mapping[str, str]) -> HttpResponse | None:
    """Return the way to the page that a host may want after declining or cancelling, or None if no reason leads there."""
    lesson = LESSONS.get(said.get("reason", ""))
    if lesson is None or act not in (Act.DECLINE, Act.CANCEL):
        return None
    messages.info(request, lesson.words)
    return redirect(reverse(lesson.view, kwargs={"space_id": match.space_id, **lesson.more}))
