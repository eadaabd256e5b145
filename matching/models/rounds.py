"""The worker's own rows: what there is to do, what each round did, and what has changed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from places.models import Place


class MatchingDue(models.Model):
    """Written in the transaction of each change that may open a possibility; whoever has dealt with it removes it.

    It names the request that wants a place or the space that has something free; one that names neither asks
    for a whole round. The row is the queue: a lost wake-up costs time until the next sweep, never the work.
    """

    at = models.DateTimeField()
    request_id = models.UUIDField(null=True)
    space_id = models.UUIDField(null=True)

    class Meta:
        verbose_name = _("note of what is to be matched")
        verbose_name_plural = _("notes of what is to be matched")
        constraints = [
            models.CheckConstraint(name="due_names_one", condition=Q(request_id=None) | Q(space_id=None)),
        ]

    def __str__(self) -> str:
        return f"due since {self.at}"


class MatchingRound(models.Model):
    """One whole round of matching: how much it looked at and what came of it. Open until `finished_at`."""

    started_at = models.DateTimeField(_("begun"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    needs = models.PositiveIntegerField(_("needs"), default=0)
    offers = models.PositiveIntegerField(_("offers"), default=0)
    proposals = models.PositiveIntegerField(_("proposals"), default=0)
    left_over = models.PositiveIntegerField(_("left over"), default=0)

    class Meta:
        verbose_name = _("round of matching")
        verbose_name_plural = _("rounds of matching")
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["-started_at"], name="round_latest")]
        constraints = [
            models.UniqueConstraint(
                name="round_one_open", fields=["finished_at"], condition=Q(finished_at=None), nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return _("round %(number)s") % {"number": self.pk}


class MatchingRegion(models.Model):
    """A part of a round that is planned by itself; number 0 is the last one, for those who reach several.

    Whoever holds its advisory lock works on it. A worker that dies gives the lock back and leaves the row
    unfinished for the next. What the region covers is forgotten when it is finished.
    """

    round = models.ForeignKey(MatchingRound, on_delete=models.CASCADE, related_name="regions")
    number = models.PositiveSmallIntegerField()
    requests = ArrayField(models.UUIDField(), default=list)
    spaces = ArrayField(models.UUIDField(), default=list)
    finished_at = models.DateTimeField(null=True)
    needs = models.PositiveIntegerField(default=0)
    offers = models.PositiveIntegerField(default=0)
    proposals = models.PositiveIntegerField(default=0)
    left_over = models.PositiveIntegerField(default=0)
    objective = models.FloatField(default=0)
    bound = models.FloatField(default=0)
    seconds = models.JSONField(default=dict, help_text="Seconds taken to load, plan and write.")

    class Meta:
        verbose_name = _("region of a round")
        verbose_name_plural = _("regions of rounds")
        ordering = ["round", "number"]
        constraints = [
            models.UniqueConstraint(name="region_once", fields=["round", "number"]),
        ]

    def __str__(self) -> str:
        return f"region {self.number} of round {self.round_id}"


class MatchingPrice(models.Model):
    """What one more bed of a kind would be worth near a place on a night, by the last round's prices.

    Only what is scarce enough to be advised (`matching.engine.advice`) has a row.
    """

    round = models.ForeignKey(MatchingRound, on_delete=models.CASCADE, related_name="prices")
    place = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="+")
    night = models.DateField()
    kind = models.CharField(max_length=20, help_text="The name of one of matching.engine.advice.KINDS.")
    price = models.FloatField(help_text="In units of the objective.")

    class Meta:
        verbose_name = _("price of a bed")
        verbose_name_plural = _("prices of beds")
        ordering = ["-price"]
        constraints = [
            models.UniqueConstraint(name="price_once", fields=["place", "night", "kind"]),
        ]

    def __str__(self) -> str:
        return f"{self.price:.2f} for the night of {self.night}"


class MatchingChange(models.Model):
    """That a request, a space or a match of theirs was written: by triggers, whatever path the write took.

    A worker that keeps the market in memory reads what it has not seen yet. `xid` is the transaction that
    wrote: by it, unlike by the order of ids, a reader cannot miss a row that was committed late.
    """

    xid = models.BigIntegerField(
        db_default=Func(template="(pg_current_xact_id()::text::bigint)", output_field=models.BigIntegerField())
    )
    at = models.DateTimeField(db_default=Func(function="now"))
    request_id = models.UUIDField(null=True)
    space_id = models.UUIDField(null=True)

    class Meta:
        verbose_name = _("note of a change")
        verbose_name_plural = _("notes of changes")
        indexes = [models.Index(fields=["xid"], name="change_by_transaction")]

    def __str__(self) -> str:
        return f"change {self.pk}"
