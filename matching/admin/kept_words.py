"""The kinds of rows whose clocks lead coordinators set, in words, and how erasures are asked for."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

KEPT_WORDS: dict[str, Any] = {
    "ended_cases": gettext_lazy("Cases: days after the last night, request and sign-in"),
    "hosts_gone": gettext_lazy("Hosts: days after their word on a space ran out, the last stay and sign-in"),
    "coordinators_gone": gettext_lazy("Coordinators: days after they left"),
    "unsent_answers": gettext_lazy("Answers kept with a case and never sent: days after the last one"),
    "evidence": gettext_lazy("Pictures of evidence: days"),
    "words_of_matches": gettext_lazy("Words in the history of a match: days"),
    "words_beside_histories": gettext_lazy("Notes and reasons of coordinators: days"),
    "texts_of_incidents": gettext_lazy("Words of an incident: days after two people closed it"),
    "incidents": gettext_lazy("Incidents with their log: days after two people closed them"),
    "kept_apart": gettext_lazy("Pairs of people who are kept apart: days"),
    "looks": gettext_lazy("Looks at personal data: days"),
    "old_messages": gettext_lazy("Messages: days"),
    "answers_of_providers": gettext_lazy("Answers of the providers of messages: days"),
    "old_sign_ins": gettext_lazy("Sessions: days after they were last seen"),
    "old_tokens": gettext_lazy("Tokens of programs: days after they ended"),
    "old_invitations": gettext_lazy("Invitations of coordinators: days after the link ended"),
    "imports_before_and_after": gettext_lazy("What an import changed, so that it can be undone: days"),
    "old_sheets": gettext_lazy("Sheets with what became of each row: days"),
    "changes_decided_on": gettext_lazy("What a change of a space or contact wanted: days after the decision"),
    "flags_looked_at": gettext_lazy("Flags: days after somebody looked"),
    "hours_on_call": gettext_lazy("Hours on call: days after they were taken off the rota"),
    "rounds": gettext_lazy("Rounds of matching: days"),
}
"""For each clock of `deployment.lengths` what it erases, and from when its days count."""
