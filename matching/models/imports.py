"""Sheets brought to the desk: what each row would do, what it did, and what is needed to undo it."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from places.models import Place
from privacy.fields import BlindIndexField, EncryptedBytesField, EncryptedTextField


class SheetImport(models.Model):
    """One sheet that a coordinator brought. Its `content` is erased when the sheet has been taken in or dropped."""

    class SheetKind(models.TextChoices):
        SPACES = "spaces", _("spaces")
        REQUESTS = "requests", _("shelter requests")

    class State(models.TextChoices):
        ASKED = "asked", _("waits for its columns")
        RECEIVED = "received", _("being looked through")
        PREVIEWED = "previewed", _("waits for confirmation")
        CONFIRMED = "confirmed", _("being taken in")
        DONE = "done", _("taken in")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")
        DROPPED = "dropped", _("not taken in")

    WAITING = (State.ASKED, State.RECEIVED, State.PREVIEWED)
    """The states in which nobody has confirmed the sheet."""

    kind = models.CharField(_("kind"), max_length=10, choices=SheetKind.choices)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RECEIVED)
    file_name = EncryptedTextField(blank=True, default="")
    content = EncryptedBytesField(default=b"")
    row_count = models.PositiveIntegerField(_("rows"), default=0)
    headings = models.JSONField(default=list, help_text="The headings that were taken for a column of another name.")
    columns = EncryptedTextField(blank=True, default="", help_text="Every heading with what it means, as JSON.")
    mapping = EncryptedTextField(blank=True, default="", help_text="The kept mapping by which it was read.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    received_at = models.DateTimeField(_("brought"))
    trust_vetted = models.BooleanField(default=False, help_text="Its bringer vouches for the column vetted.")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(_("taken in"), null=True, blank=True)
    undo_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    undo_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("imported sheet")
        verbose_name_plural = _("imported sheets")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="sheet_kind_known", condition=Q(kind__in=["spaces", "requests"])),
            models.CheckConstraint(
                name="sheet_state_known",
                condition=Q(
                    state__in=["asked", "received", "previewed", "confirmed", "done", "undoing", "undone", "dropped"],
                ),
            ),
            models.CheckConstraint(
                name="sheet_confirmed_at_a_moment",
                condition=~Q(state__in=["confirmed", "done", "undoing", "undone"]) | Q(confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="sheet_undone_by_somebody",
                condition=~Q(state__in=["undoing", "undone"]) | Q(undo_by__isnull=False, undo_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="sheet_to_work_on", fields=["id"], condition=Q(state__in=["received", "confirmed", "undoing"])
            ),
        ]

    def __str__(self) -> str:
        return _("sheet %(number)s") % {"number": self.pk}

    def drop_content(self) -> None:
        """Erase the file and the rows of this locked sheet, which is not to be taken in, within the caller's act."""
        self.rows.all().delete()
        self.state, self.content, self.columns = self.State.DROPPED, b"", ""
        self.save(update_fields=["state", "content", "columns"])

    @property
    def what_means_what(self) -> list[tuple[str, str]]:
        """Return every heading with the column that it means, "-" (left out), "+" (a note), or "" if nobody knows yet."""
        return [(heading, meaning) for heading, meaning in json.loads(self.columns or "[]")]

    @property
    def is_worked_on(self) -> bool:
        return self.state in (self.State.RECEIVED, self.State.CONFIRMED, self.State.UNDOING)


class ColumnMapping(models.Model):
    """What the headings of one kind of file mean, kept under a name. It holds headings only, no cell of any row.

    Name and headings are encrypted all the same: people put each other's names into both.
    """

    name = EncryptedTextField(_("name"), found_by="name_index")
    name_index = BlindIndexField(text=lambda mapping: mapping.name, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=SheetImport.SheetKind.choices)
    columns = EncryptedTextField(help_text="[heading, meaning] of every column of the file, in its order, as JSON.")
    kept_at = models.DateTimeField(_("kept"))

    class Meta:
        verbose_name = _("mapping of columns")
        verbose_name_plural = _("mappings of columns")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="mapping_kind_known", condition=Q(kind__in=["spaces", "requests"])),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def chosen(self) -> dict[str, str]:
        """Return the meaning of each heading, in the order of the file."""
        return dict(json.loads(self.columns))


class SheetImportRow(models.Model):
    """One row of a sheet. These rows are the queue: a row without an `outcome` is still to be taken in.

    `foreseen` and `outcome` are new, changed, unchanged or refused. `before` holds the old values of what the row changed.
    `problems` and `kept_because` hold codes with values, which `matching.refusal_words` words.
    """

    class Undone(models.TextChoices):
        YES = "undone", _("undone")
        NO = "kept", _("kept")

    sheet = models.ForeignKey(SheetImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    key = EncryptedTextField(blank=True, default="")
    place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+")
    problems = EncryptedTextField(blank=True, default="")
    foreseen = models.CharField(max_length=10, blank=True)
    changes = EncryptedTextField(blank=True, default="")
    would_vouch = models.BooleanField(default=False, help_text="Its host would be vetted if the column is believed.")
    outcome = models.CharField(max_length=10, blank=True)
    vouched_at = models.DateTimeField(null=True, blank=True)
    object_id = models.UUIDField(null=True, blank=True, help_text="The space or the shelter request.")
    before = EncryptedTextField(blank=True, default="")
    undone = models.CharField(max_length=10, choices=Undone.choices, blank=True)
    kept_because = models.JSONField(null=True, blank=True)

    class Meta:
        verbose_name = _("row of a sheet")
        verbose_name_plural = _("rows of sheets")
        ordering = ["line"]
        constraints = [
            models.UniqueConstraint(name="sheet_line_once", fields=["sheet", "line"]),
        ]
        indexes = [
            models.Index(name="sheet_row_outcome", fields=["sheet", "outcome", "line"]),
            models.Index(name="sheet_row_foreseen", fields=["sheet", "foreseen", "line"]),
        ]

    def __str__(self) -> str:
        return f"{self.sheet_id}, {self.line}"

    @property
    def what_is_wrong(self) -> list[list[Any]]:
        """Return [column, value] of each problem; the column is "" for the whole row, and the value a code with numbers."""
        found: list[list[Any]] = json.loads(self.problems or "[]")
        return found

    @property
    def what_changes(self) -> list[list[Any]]:
        """Return [column, before, after] of each changed column; both are None where they are personal.

        A fourth value, True, stands where an empty cell changed the column.
        """
        found: list[list[Any]] = json.loads(self.changes or "[]")
        return found
