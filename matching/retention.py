"""What is kept for so long and no longer: answers to the arrivals' and hosts' questions that were never sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session

from matching.models import KeptDraft


def forget_unsent_answers(*, at: datetime) -> int:
    """Erase drafts that nobody has touched for `settings.DRAFT_DAYS` days, and the sessions that have ended; return how many.

    A draft lies with a case or in a session (`matching.web.drafts`). The case stays: with number and secret one can
    ask anew. Whoever sends a draft just now holds its row and is waited for.
    """
    drafts, _each = KeptDraft.objects.filter(kept_at__lt=at - timedelta(days=settings.DRAFT_DAYS)).delete()
    sessions, _each = Session.objects.filter(expire_date__lt=at).delete()
    return drafts + sessions
