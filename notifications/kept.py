"""What the outbox keeps of people (`privacy.kept`)."""

from __future__ import annotations

from privacy.kept import by_user, kept

kept(
    "notifications.ContactPoint",
    about=by_user("user"),
    clock="ended_cases",
    deletes=True,
    shows=("channel", "address", "verified_at", "preferred", "quiet_from", "quiet_until"),
)
kept(
    "notifications.ContactCheck",
    about=by_user("contact_point__user"),
    clock="contacts_not_proved",
    deletes=True,
    no_download="The mark of a code that is on its way to the person.",
)
kept(
    "notifications.Notification",
    about=by_user("recipient"),
    clock="old_messages",
    deletes=True,
    empties={"secret": ""},  # A page of an incident is part of its log, and stays without words.
    shows=("event", "language", "created_at", "read_at"),
)
kept(
    "notifications.Delivery",
    about=by_user("notification__recipient", "contact_point__user"),
    clock="old_messages",
    deletes=True,
    shows=("transport", "status", "attempts", "sent_at"),
)
