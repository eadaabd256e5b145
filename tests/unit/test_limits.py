"""One limit, one number: at every door, in the columns of the database, and in the sentences that say it.

Some sentences write a limit out, because the words beside it bend with the number. Every language must agree with it.
"""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.template import engines
from django.utils import translation

from accounts.throttles import CODE_SECONDS
from matching.admin.coordinators import ChangeForm
from matching.admin.deployment import SettingsForm
from matching.admin.on_behalf import OnBehalfForm
from matching.admin.places import PlaceForm
from matching.api import account_serializers, match_serializers
from matching.api.serializers import WherePart
from matching.importing.uploads import MOST_ROWS, MOST_SHEET_BYTES, SheetTooLarge
from matching.limits import FARTHEST_FIRST_NIGHT, LONGEST_CONTACT, LONGEST_NOTE, LONGEST_REASON
from matching.web.acts import NoteForm, ReasonForm
from matching.web.need_forms import ReachForm
from matching.web.offer_forms import YouForm
from matching.web.sign_in_forms import ContactForm
from matching.web.where import PlaceQuestion
from notifications.texts import render
from places.models import LONGEST_PLACE_NAME

LANGUAGES = [code for code, _name in settings.LANGUAGES]


def numbers_in(text: str) -> list[int]:
    """Return the whole numbers in `text`; a comma or a space may part the thousands."""
    return [int(re.sub(r"\D", "", found)) for found in re.findall(r"\d{1,3}(?:[, \u00a0]\d{3})+|\d+", text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_message_with_a_code_says_how_long_the_code_is_good(language: str) -> None:
    text = render("sign_in_code", language, {"code": "x"})

    assert (numbers_in(text.sms), numbers_in(text.body.splitlines()[0])) == ([CODE_SECONDS // 60], [CODE_SECONDS // 60])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_for_a_code_says_how_long_the_code_is_good(language: str) -> None:
    text = "If %(contact)s is known to us, a code of 6 digits is on its way there. It is good for 10 minutes."

    with translation.override(language):
        assert sorted(numbers_in(translation.gettext(text))) == [6, CODE_SECONDS // 60]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_refusal_of_a_large_sheet_says_how_large_a_sheet_may_be(language: str) -> None:
    with translation.override(language):
        assert numbers_in(str(SheetTooLarge.message)) == [MOST_SHEET_BYTES // 1024**2, MOST_ROWS]


def test_the_refusal_of_a_far_first_night_says_two_years() -> None:
    assert FARTHEST_FIRST_NIGHT == 2 * 365  # "within the next two years" of `matching.intake`, in every language


def test_a_reason_is_as_long_at_every_door() -> None:
    """No column limits a reason: it stands in a remark. So the doors must agree."""
    forms = [form.base_fields["reason"].max_length for form in (SettingsForm, PlaceForm, ChangeForm)]
    typed = [
        int(engines["django"].from_string("{% load limits %}{% longest '" + it + "' %}").render())
        for it in ("reason", "look")
    ]

    assert {*forms, *typed} == {LONGEST_REASON}


def test_a_note_is_as_long_on_a_page_as_by_the_api_and_at_the_desk() -> None:
    forms = [form.base_fields["note"].max_length for form in (NoteForm, ReasonForm)]
    api = [
        it().fields["note"].max_length
        for it in (match_serializers.ProposeSerializer, match_serializers.ReasonSerializer)
    ]
    desk = engines["django"].from_string("{% load limits %}{% longest 'note' %}").render()

    assert {*forms, *api, int(desk)} == {LONGEST_NOTE}


def test_a_contact_and_a_place_are_as_long_at_every_door() -> None:
    pages = [ContactForm, ReachForm, YouForm, OnBehalfForm]
    api = [account_serializers.ContactToProveSerializer, account_serializers.NewTokenSerializer]
    contacts = [form.base_fields["contact"].max_length for form in pages]
    contacts += [it().fields["contact"].max_length for it in api]
    places = [PlaceQuestion.base_fields["place"].max_length, OnBehalfForm.base_fields["place"].max_length]
    places += [PlaceForm.base_fields["name"].max_length, WherePart().fields["place"].max_length]

    assert (set(contacts), set(places)) == ({LONGEST_CONTACT}, {LONGEST_PLACE_NAME})
