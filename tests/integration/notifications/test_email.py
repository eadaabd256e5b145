"""The e-mail channel over a real SMTP server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from notifications.delivering import deliver_due
from notifications.models import Delivery
from notifications.outbox import tell
from tests.integration.notifications.conftest import NOON
from tests.standins.mailserver import MailServer


def deliver(seconds: float = 0.0) -> int:
    return deliver_due(now=lambda: NOON + timedelta(seconds=seconds), jitter=lambda: 0.0)


def test_deliver_sends_a_mail_with_its_key_as_message_id(mail_server: MailServer, hanna: User) -> None:
    hanna.language = "ka"
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    assert deliver() == 1

    delivery, mail = Delivery.objects.get(), mail_server.mails[0]
    assert {name: str(mail[name]).strip() for name in ("From", "To", "Subject", "Message-ID", "Auto-Submitted")} == {
        "From": "Shanyrak <we@example.org>",
        "To": "hanna@example.org",
        "Subject": "შემოწმება დასრულდა. მადლობა! უკვე შეგვიძლია დაგიკავშირდეთ.",
        "Message-ID": f"<{delivery.idempotency_key}@example.org>",
        "Auto-Submitted": "auto-generated",
    }
    assert mail.get_content().startswith("ყველა შემოწმება დასრულდა. მადლობა!")
    assert (delivery.status, delivery.provider_id) == ("sent", f"<{delivery.idempotency_key}@example.org>")


@pytest.mark.parametrize(
    ("recipient", "data", "status", "error_class", "error_text"),
    [
        (["550 no such person"], [], "failed", "permanent", "550"),
        (["450 mailbox busy"], [], "waiting", "server", "450"),
        ([], ["554 not taken"], "failed", "permanent", "554"),
        ([], ["451 try later"], "waiting", "server", "451"),
    ],
)
def test_deliver_tells_temporary_from_permanent_failures(
    mail_server: MailServer,
    hanna: User,
    recipient: list[str],
    data: list[str],
    status: str,
    error_class: str,
    error_text: str,
) -> None:
    mail_server.will_answer_recipient(*recipient)
    mail_server.will_answer_data(*data)
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    deliver()
    failed = Delivery.objects.get()
    deliver(3600)

    assert (failed.status, failed.error_class, failed.error_text) == (status, error_class, error_text)
    assert len(mail_server.mails) == (1 if status == "waiting" else 0)


def test_deliver_tries_again_after_a_server_that_stalls(mail_server: MailServer, hanna: User) -> None:
    mail_server.stall()
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    deliver()

    failed = Delivery.objects.get()
    assert (failed.status, failed.error_class, failed.error_text) == ("waiting", "timeout", "")


def test_deliver_tries_again_when_no_server_listens(settings: Any, mail_server: MailServer, hanna: User) -> None:
    settings.EMAIL_PORT = 1
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    deliver()

    failed = Delivery.objects.get()
    assert (failed.status, failed.error_class, failed.error_text) == ("waiting", "server", "")
    assert failed.exception == "ConnectionRefusedError"
