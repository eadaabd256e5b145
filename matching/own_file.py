"""The file with everything that is held about one person, for that person."""

from __future__ import annotations

import json
from datetime import datetime

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse

from accounts.models import User
from privacy import kept

FILE_NAME = "shanyrak-my-data.json"


def file_of(user: User, *, at: datetime) -> HttpResponse:
    """Return what is held about `user` as a JSON file to keep, in the active language; nobody else is in it.

    {"made_at": …, "holds": [{"table": …, "title": …, "labels": {column: words}, "rows": [{column: value}]}]}
    """
    holds = [section._asdict() for section in kept.held_about(user.pk)]
    text = json.dumps({"made_at": at, "holds": holds}, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    answer = HttpResponse(text, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return answer
