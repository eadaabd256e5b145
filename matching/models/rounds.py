"""The worker's own rows: work that is due, rounds with their regions and prices, and notes of changes."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from places.models import Place


class MatchingDue(models.Model):
    """Work for the worker, written in the same transaction as the change that may make a match possible.

    A row names a request that wants a place, or a space that has free beds; a row that names neither asks for a whole
    round. The worker deletes the row when it has done the work. These rows are the queue, so a lost wake-up only delays
    the work until the next sweep.
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
    """One whole round of matching, with its numbers of needs, offers and proposals. Open until `finished_at`."""

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
    """A part of a round that is planned by itself. Region 0 comes last and holds the requests that reach several regions.

    The worker that holds the region's advisory lock works on the row. If the worker dies, PostgreSQL frees the lock and
    another worker plans the region. A finished region no longer lists its requests and spaces.
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
    """The worth of one more bed of a kind near a place on a night, by the prices of the last round.

    Only beds scarce enough to be advised have a row (`matching.engine.advice`).
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
    """A note that a request, a space, or a match of theirs was written. Triggers write it for every kind of write.

    A worker that keeps the market in memory reads the notes it has not seen yet. `xid` is the id of the writing
    transaction. With it, a reader does not miss a row that is committed late; by the order of row ids it could.
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
