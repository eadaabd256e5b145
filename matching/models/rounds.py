"""The worker's own rows: that a round of matching is due, and what each round did."""

from __future__ import annotations

from django.db import models


class MatchingDue(models.Model):
    """Written in the transaction of each change that may open a possibility; a round removes what it has seen.

    The row is the queue: a lost wake-up costs time until the next sweep, never the work.
    """

    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"due since {self.at}"


class MatchingRound(models.Model):
    """One round of `match_open_requests`: how much it looked at and what came of it."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    needs = models.PositiveIntegerField()
    offers = models.PositiveIntegerField()
    proposals = models.PositiveIntegerField()
    left_over = models.PositiveIntegerField()

    class Meta:
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["-started_at"], name="round_latest")]

    def __str__(self) -> str:
        return f"round of {self.started_at}"
