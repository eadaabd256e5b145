"""Serializers of a caller's own inbox and tokens."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import AccessToken
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
    class Meta:
        model = AccessToken
        fields = ["id", "name", "scope", "created_at", "expires_at", "revoked_at", "last_used_at"]


class ContactToProveSerializer(Exact):
    """The contact to which a one-time code is sent."""

    contact = serializers.CharField(max_length=LONGEST_CONTACT, help_text="A host's e-mail address or phone number.")


class NewTokenSerializer(Exact):
    """A new token. A caller who is signed in (by a session, or by a token of scope `write`) needs no proof.

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
        if not signed_in and not ({"case_number", "secret"} <= set(attrs) or {"contact", "code"} <= set(attrs)):
            raise serializers.ValidationError(_("Send case_number and secret, or contact and code."))
        return attrs


class IssuedTokenSerializer(TokenSerializer):
    token = serializers.CharField(help_text="Shown once; only its hash is kept.")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
