"""How long sessions, keys, evidence, lines of looks and the words beside lines of history are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Length

from accounts import desk_contacts
from accounts.models import (
    AccessToken,
    Authenticator,
    CodeRequest,
    Host,
    HostCheck,
    HostEvent,
    HostEvidence,
    Invitation,
    OneTimeCode,
    SignIn,
    Throttle,
)
from deployment.lengths import days_of
from notifications.models import ContactPoint
from privacy import remarks
from privacy.kept import past_guards
from privacy.models import AccessLog, Remark
from privacy.retention import kept_for


@kept_for(timedelta(0), "ended_sessions")
def _forget_sessions(before: datetime) -> int:
    """Erase the sessions that expired before `before`, with the half-finished answers to questions that they hold."""
    return Session.objects.filter(expire_date__lt=before).delete()[0]


@kept_for(timedelta(days=1), "contacts_not_proved")
def _forget_contacts(before: datetime) -> int:
    """Erase the contacts that a coordinator added and did not prove with the code."""
    waiting = ContactPoint.objects.filter(check_pending__sent_at__lt=before).select_related("user")
    points = list(waiting.exclude(check_pending__code_hash=desk_contacts.GONE))
    for point in points:
        desk_contacts.remove(point.user, point.pk, at=before)
    return len(points)


@kept_for(timedelta(hours=1), "requests_for_codes")
def _forget_code_requests(before: datetime) -> int:
    """Erase the requests for codes that no worker has answered: their codes would have ended long ago."""
    return CodeRequest.objects.filter(asked_at__lt=before).delete()[0]


@kept_for(days_of("old_sign_ins"), "old_sign_ins")
def _forget_sign_ins(before: datetime) -> int:
    """Erase what is known of sessions last seen before `before`, with their tokens, once all of it has ended."""
    open_session = Session.objects.filter(session_key=OuterRef("session_key"))
    token = AccessToken.objects.filter(sign_in=OuterRef("pk"), expires_at__gte=before)
    old = SignIn.objects.filter(~Exists(open_session), ~Exists(token), seen_at__lt=before)
    return old.delete()[1].get("accounts.SignIn", 0)


@kept_for(days_of("old_invitations"), "old_invitations")
def _forget_invitations(before: datetime) -> int:
    """Erase invitations whose link ended before `before`, used or not; the history of the person keeps what was done."""
    return Invitation.objects.filter(expires_at__lt=before).delete()[0]


@kept_for(timedelta(days=1), "used_codes")
def _forget_codes(before: datetime) -> int:
    """Erase the codes that ended before `before`, used or not."""
    return OneTimeCode.objects.filter(expires_at__lt=before).delete()[0]


@kept_for(timedelta(days=2), "throttles")
def _forget_tries(before: datetime) -> int:
    """Erase the counts of tries whose window began before `before`; no window is longer than a day."""
    return Throttle.objects.filter(window_at__lt=before).delete()[0]


@kept_for(timedelta(days=1), "second_factors")
def _forget_unfinished_factors(before: datetime) -> int:
    """Erase the second factors that somebody began to set up before `before` and did not confirm."""
    return Authenticator.objects.filter(confirmed=False, created_at__lt=before).delete()[0]


@kept_for(days_of("old_tokens"), "old_tokens")
def _forget_tokens(before: datetime) -> int:
    """Erase the tokens that ended before `before`."""
    over = Q(expires_at__lt=before) | Q(revoked_at__lt=before)
    return AccessToken.objects.filter(over).delete()[0]


@kept_for(days_of("evidence"), "evidence")
def _forget_pictures(before: datetime) -> int:
    """Erase the pictures of evidence kept since before `before`; that there was one, and of which check, stays."""
    old = HostEvidence.objects.filter(at__lt=before, removed_at=None)
    return old.update(picture=b"", removed_at=before + days_of("evidence")())


@kept_for(days_of("words_beside_histories"), "words_beside_histories")
def _forget_remarks(before: datetime) -> int:
    """Erase the words that people typed beside lines of history, in every app; the lines and their codes stay.

    The reason for which a host is refused or suspended now stays as long as the host stands so: whoever decides on the
    host again must be able to read it. The reason of a refusal that nobody has seconded goes as well.
    """
    now = HostEvent.objects.filter(host__status__in=[Host.Status.REFUSED, Host.Status.SUSPENDED])
    standing = now.filter(to_status=F("host__status"), remark__isnull=False)
    asked_since = HostEvent.objects.filter(host=OuterRef("pk"), said__code="refusal_asked", at__gte=before)
    waiting = Host.objects.filter(~Exists(asked_since)).annotate(size=Length("refusal_reason")).filter(size__gt=0)
    checks = HostCheck.objects.filter(at__lt=before).annotate(size=Length("note")).filter(size__gt=0)
    others = checks.update(note="") + LogEntry.objects.filter(action_time__lt=before).delete()[0]
    forgotten = remarks.forget(remarks.lines(), before=before, but=standing.values("remark"))
    return forgotten + others + waiting.update(refusal_reason="")


@kept_for(days_of("looks"), "looks")
def _forget_looks(before: datetime) -> int:
    """Erase the lines of looks at personal fields from before `before`."""
    old = AccessLog.objects.filter(at__lt=before)
    words = list(old.filter(remark__isnull=False).values_list("remark", flat=True))
    with past_guards(AccessLog):
        gone = old.delete()[0]
    Remark.objects.filter(pk__in=words).delete()
    return gone
