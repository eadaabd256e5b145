"""The inbox shows a person's own notifications, counts each as read once, and shows no codes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import User
from notifications.inbox import inbox, mark_all_read, mark_read, unread_count
from notifications.models import Notification
from notifications.outbox import tell
from tests.integration.notifications.conftest import NOON


def test_inbox_shows_the_persons_own_notifications_newest_first(hanna: User, oskar: User) -> None:
    older = tell(hanna, "host_vetted", at=NOON, key="1")
    newer = tell(hanna, "host_confirmed", at=NOON + timedelta(hours=1), key="2")
    others = tell(oskar, "host_vetted", at=NOON, key="3")

    assert (list(inbox(hanna)), list(inbox(oskar))) == ([newer, older], [others])


def test_inbox_never_shows_a_code(hanna: User) -> None:
    tell(hanna, "sign_in_code", at=NOON, key="1", secret="482177")

    assert (list(inbox(hanna)), unread_count(hanna)) == ([], 0)


def test_mark_read_counts_the_first_time(hanna: User) -> None:
    told = tell(hanna, "host_vetted", at=NOON, key="1")

    first = mark_read(told.pk, by=hanna, at=NOON)
    again = mark_read(told.pk, by=hanna, at=NOON + timedelta(days=1))

    assert (first.read_at, again.read_at, unread_count(hanna)) == (NOON, NOON, 0)


def test_mark_read_of_another_persons_notification_is_not_found(hanna: User, oskar: User) -> None:
    told = tell(hanna, "host_vetted", at=NOON, key="1")

    with pytest.raises(Notification.DoesNotExist):
        mark_read(told.pk, by=oskar, at=NOON)

    assert unread_count(hanna) == 1


def test_mark_all_read_leaves_others_alone(hanna: User, oskar: User) -> None:
    for number in range(3):
        tell(hanna, "host_confirmed", at=NOON, key=f"hanna:{number}")
    tell(oskar, "host_confirmed", at=NOON, key="oskar")

    assert mark_all_read(by=hanna, at=NOON) == 3
    assert (unread_count(hanna), unread_count(oskar)) == (0, 1)
