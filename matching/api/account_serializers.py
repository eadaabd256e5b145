"""Serializers of a caller's own inbox and tokens."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts import tokens
from accounts.models import AccessToken, SignIn
from accounts.sign_ins import SIGN_IN
from matching.api.serializers import Exact
from matching.limits import LONGEST_CONTACT, LONGEST_TYPED_SECRET
from notifications.models import Notification
from notifications.texts import render


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    text = serializers.SerializerMethodField()

    class Meta:
        model = Notification
        fields = ["id", "event", "text", "context", "created_at", "read_at"]

    def get_text(self, notification: Notification) -> str:
        return render(notification.event, notification.language, notification.context).body


class UnreadSerializer(serializers.Serializer[Any]):
    unread = serializers.IntegerField()


class TokenSerializer(serializers.ModelSerializer[AccessToken]):
    valid = serializers.SerializerMethodField(
        help_text="Whether it opens anything: it ends with the keys, the session and the token that it came from."
    )

    class Meta:
        model = AccessToken
        fields = ["id", "name", "scope", "valid", "created_at", "expires_at", "revoked_at", "last_used_at"]

    def get_valid(self, token: AccessToken) -> bool:
        return tokens.is_valid(token, at=timezone.now())


class SessionSerializer(serializers.ModelSerializer[SignIn]):
    current = serializers.SerializerMethodField(help_text="Whether this call was made in this session.")

    class Meta:
        model = SignIn
        fields = ["id", "way", "began_at", "seen_at", "current"]

    def get_current(self, session: SignIn) -> bool:
        return bool(self.context["request"]._request.session.get(SIGN_IN) == session.pk)


class ContactToProveSerializer(Exact):
    """The contact to which a one-time code is sent."""

    contact = serializers.CharField(max_length=LONGEST_CONTACT, help_text="A host's e-mail address or phone number.")


class NewTokenSerializer(Exact):
    """A new token. A caller who is signed in (by a session, or by a token of scope `write`) needs no proof; one that is sent
    must be right, and the token is for the person it proves.

    Without signing in, an arrival sends `case_number` and `secret`. A host sends `contact` and the `code` that
    `POST /tokens/code/` sent to that contact.
    """

    name = serializers.CharField(max_length=60)
    scope = serializers.ChoiceField(choices=AccessToken.Scope.choices, default="read")
    days = serializers.IntegerField(min_value=1, max_value=365, default=30)
    case_number = serializers.CharField(max_length=LONGEST_TYPED_SECRET, required=False)
    secret = serializers.CharField(max_length=LONGEST_TYPED_SECRET, required=False)
    contact = serializers.CharField(max_length=LONGEST_CONTACT, required=False)
    code = serializers.CharField(max_length=20, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        signed_in = self.context["request"].user.is_authenticated
        proof = set(attrs) & {"case_number", "secret", "contact", "code"}
        if proof not in ({"case_number", "secret"}, {"contact", "code"}) and (proof or not signed_in):
            raise serializers.ValidationError(_("Send case_number and secret, or contact and code."))
        return attrs


class IssuedTokenSerializer(TokenSerializer):
    token = serializers.CharField(help_text="Shown once; only its hash is kept.")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
