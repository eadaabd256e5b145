"""Tell supervisors, load balancers and people whether the service is alive and ready."""

from __future__ import annotations

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from matching.desk.tonight import ROUND_OVERDUE
from matching.models import MatchingRound

PATHS = ("/healthz", "/readyz")


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process runs."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 while PostgreSQL answers, else 503. Redis and the worker are reported only: without them all is slower."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        latest = MatchingRound.objects.first()
        database = True
    except DatabaseError:
        database, latest = False, None
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            broker = bool(client.ping())
    except (redis.RedisError, OSError):
        broker = False
    report = {
        "database": database,
        "redis": broker,
        "worker": latest is not None and timezone.now() - latest.started_at < ROUND_OVERDUE,
        "last_round": latest.started_at if latest else None,
    }
    return JsonResponse(report, status=200 if database else 503)
