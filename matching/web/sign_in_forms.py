"""The forms for signing in: with a case number and its secret, or with a contact and the code sent there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.arrivals import CASE_DIGITS, plain
from accounts.contacts import UnreadableContact, read_contact
from matching.limits import LONGEST_CONTACT, LONGEST_TYPED_SECRET
from matching.refusal_words import words_of
from matching.web.plain_forms import PlainForm
from privacy.seals import seal, unseal

SEALED_CONTACT = "the contact of a code"
SEALED_FOR = timedelta(hours=1)
"""A code is valid for a quarter of an hour; the rest is for people who read it late and are told so."""


class CaseSignInForm(PlainForm):
    """Case number and secret, in groups of any length. The secret is not hidden, because people copy it from paper."""

    case_number = forms.CharField(
        label=gettext_lazy("Case number"),
        help_text=gettext_lazy("8 digits, for example 4821 7730"),
        max_length=LONGEST_TYPED_SECRET,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "username"}),
    )
    secret = forms.CharField(
        label=gettext_lazy("Secret"),
        help_text=gettext_lazy("The 12 digits you wrote down with it"),
        max_length=LONGEST_TYPED_SECRET,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "current-password"}),
    )

    def clean_case_number(self) -> str:
        if len(plain(self.cleaned_data["case_number"])) != CASE_DIGITS:
            raise forms.ValidationError(_("A case number has 8 digits. Check it and write all of them."))
        return str(self.cleaned_data["case_number"])


class ContactForm(PlainForm):
    """The contact to which a host's code is sent."""

    contact = forms.CharField(
        label=gettext_lazy("Your phone or e-mail"),
        help_text=gettext_lazy("The one you gave us, for example: +7 700 123 45 67 or name@example.org"),
        max_length=LONGEST_CONTACT,
    )

    def clean_contact(self) -> str:
        try:
            read_contact(self.cleaned_data["contact"])
        except UnreadableContact as refusal:
            raise forms.ValidationError(words_of(refusal)) from None
        return str(self.cleaned_data["contact"])


class CodeForm(PlainForm):
    """The one-time code. `to` holds the contact to which it was sent, sealed for an hour.

    The form carries the contact because the session that held it may have ended, and the answer may have been lost.
    """

    code = forms.CharField(
        label=gettext_lazy("The 6 digits"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "short"}),
    )
    to = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, contact: str = "") -> None:
        super().__init__(data, initial={"to": seal(contact, purpose=SEALED_CONTACT)})

    def clean_to(self) -> str:
        """Return the contact, or "" if this form did not seal it within the hour. Only a contact is ever shown again."""
        contact = unseal(self.cleaned_data["to"], purpose=SEALED_CONTACT, within=SEALED_FOR)
        try:
            read_contact(contact)
        except UnreadableContact:
            return ""
        return contact
