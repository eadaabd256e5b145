"""E-mail over SMTP (RFC 5321), through Django's backend. The Message-ID carries the idempotency key."""

from __future__ import annotations

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from notifications.channels.message import DeliveryFailed, Message, Sent


def send(message: Message) -> Sent:
    """Hand the message to the SMTP server. Raises DeliveryFailed.

    A failure is permanent only if the server refuses this recipient or this text (5xx). If it refuses the sender or
    the password, the settings are wrong, and the message can go out once somebody has corrected them.
    """
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    message_id = f"<{message.idempotency_key}@{domain}>"
    mail = EmailMessage(
        message.subject,
        message.body,
        to=[message.address],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"},
        connection=EmailBackend(),
    )
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        raise DeliveryFailed("permanent" if code >= 500 else "server", str(code)) from None
    except smtplib.SMTPDataError as error:
        raise DeliveryFailed("permanent" if error.smtp_code >= 500 else "server", str(error.smtp_code)) from None
    except smtplib.SMTPResponseException as error:
        raise DeliveryFailed("server", str(error.smtp_code)) from None
    except (smtplib.SMTPException, OSError) as error:
        # smtplib wraps the time-out of a read into SMTPServerDisconnected.
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            raise DeliveryFailed("timeout") from None
        raise DeliveryFailed("server", exception=error.__class__.__name__) from None
    return Sent(message_id)
