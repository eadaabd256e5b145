"""How long the outbox keeps what providers answered."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, TextField
from django.db.models.functions import Cast, Length

from deployment.lengths import days_of
from notifications.models import Delivery
from privacy.retention import kept_for


@kept_for(days_of("answers_of_providers"), "answers_of_providers")
def _forget_answers_of_providers(before: datetime) -> int:
    """Erase what providers said of messages from before `before` that are over; whether each was sent stays."""
    over = Delivery.objects.filter(
        status__in=[Delivery.Status.SENT, Delivery.Status.FAILED], notification__created_at__lt=before
    )
    told = over.annotate(id_length=Length(Cast("provider_id", TextField())))
    return told.filter(Q(id_length__gt=0) | ~Q(error_text="")).update(provider_id="", error_text="")
