"""The words that people type beside lines of history: written, read and erased without touching the line.

A history is append-only, so it holds codes, numbers, persons and moments only. Free text stands beside the line in an
encrypted row of its own (`privacy.models.Remark`), which a clock or an erasure can empty. A line says by its `remark` whether
there were words. Every page reads them by `words_of`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from privacy import erasures
from privacy.models import Remark, Remarked


def write(words: str, *, at: datetime) -> Remark | None:
    """Store the words for one new line, within the caller's transaction; return None where there are none."""
    return Remark.objects.create(text=words, written_at=at) if words else None


def write_each(words: Sequence[str], *, at: datetime) -> list[Remark | None]:
    """Store words for many new lines, one remark for each line, in one query; None for each line without words."""
    made = iter(Remark.objects.bulk_create([Remark(text=text, written_at=at) for text in words if text]))
    return [next(made) if text else None for text in words]


def words_of(line: Remarked) -> str:
    """Return the words beside a line: "" where there were none, a short note in the active language where they are erased."""
    if line.remark is None:
        return ""
    return line.remark.text if line.remark.erased_at is None else _("(words erased)")


def lines() -> list[type[Remarked]]:
    """Return every table of history whose lines may have words beside them."""
    return [model for model in apps.get_models() if issubclass(model, Remarked)]


def about(user_id: int) -> QuerySet[Remark]:
    """Return the remarks beside lines about this person, whoever wrote them: the words to erase with the person."""
    return _beside((model, model.is_about(user_id)) for model in lines())


def written_by(user_id: int) -> QuerySet[Remark]:
    """Return the remarks that this person wrote."""
    return _beside((model, Q(by=user_id)) for model in lines())


def lines_about(user_id: int) -> Iterator[Remarked]:
    """Yield the lines with words about this person, table by table, each with its remark, oldest first."""
    for model in lines():
        found = model._default_manager.filter(model.is_about(user_id), remark__isnull=False)
        yield from found.select_related("remark").order_by("pk")


def erase(remarks: QuerySet[Remark], *, at: datetime) -> int:
    """Erase the words of these remarks, so that a restore erases them again; return how many there were.

    The lines stay. Runs in a transaction of its own, or within the caller's.
    """
    with transaction.atomic():
        kept = remarks.filter(erased_at=None).select_for_update(of=("self",)).order_by("pk")
        ids = list(kept.values_list("pk", flat=True))
        for pk in ids:
            erasures.note("remark", pk, at=at)
        return Remark.objects.filter(pk__in=ids).update(text="", erased_at=at)


def forget(tables: Collection[type[Remarked]], *, before: datetime, but: QuerySet[Any] | None = None) -> int:
    """Erase the words beside lines of these tables that were written before a moment; return how many.

    For clocks, which run again after a restore, so the register of erasures has no line of it. `but` is a query of ids of
    remarks that stay.
    """
    old = _beside((model, Q()) for model in tables).filter(erased_at=None, written_at__lt=before)
    return (old if but is None else old.exclude(pk__in=but)).update(text="", erased_at=Now())


def _beside(conditions: Iterable[tuple[type[Remarked], Q]]) -> QuerySet[Remark]:
    found = Q(pk__in=[])
    for model, condition in conditions:
        found |= Q(pk__in=model._default_manager.filter(condition, remark__isnull=False).values("remark"))
    return Remark.objects.filter(found)
