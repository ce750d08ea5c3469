"""Imports: what was read from a file, what was written, and what stood there before."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from exchange.enums import BatchState, DayOrder, Origin, Verdict
from exchange.sheets.columns import BY_NAME

# What a row is called by; the page shows it anyway.
_SAID_ALREADY = ("key", "name", "label", "login", "door", "thing")


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def visible_to(self, member) -> ImportBatchQuerySet:
        """Every import for those who see everything; a trader imports nothing and sees none."""
        return self if member.sees_everything else self.none()

    def waiting(self) -> ImportBatchQuerySet:
        return self.filter(state=BatchState.WAITING)


class ImportBatch(models.Model):
    """One upload from the dry run to the undo. It keeps the cells as they were typed, and never one with a secret."""

    origin = models.CharField(max_length=10, choices=Origin, default=Origin.FILE)
    file_name = models.CharField(max_length=300, help_text="The files as they were called.")
    digest = models.CharField(max_length=64, help_text="SHA-256 over the files.")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="imports")
    uploaded_at = models.DateTimeField()
    day_order = models.CharField(max_length=3, choices=DayOrder, blank=True)
    asks = models.JSONField(default=list, help_text="Columns whose days can be read two ways, each with a sample.")
    layout = models.JSONField(default=list, help_text="For each sheet its name, its title and its columns’ letters.")
    remarks = models.JSONField(default=list, help_text="What was not read, in words.")
    counts = models.JSONField(default=dict, help_text="How many rows of each verdict, by sheet.")
    state = models.CharField(max_length=10, choices=BatchState, default=BatchState.CHECKED)
    leaves_out = models.BooleanField(default=False, help_text="Rows with problems are left out rather than waited for.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often a worker has begun it.")
    trouble = models.CharField(max_length=400, blank=True, help_text="Why it stopped, in words.")
    pressed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    pressed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["pressed_at"], name="imports_waiting", condition=Q(state="waiting"))]
        constraints = [
            models.CheckConstraint(
                name="what_waits_was_asked_for", condition=~Q(state="waiting") | Q(pressed_by__isnull=False)
            ),
            models.CheckConstraint(
                name="what_was_done_or_undone_has_its_moment",
                condition=(~Q(state__in=["done", "undone"]) | Q(finished_at__isnull=False))
                & (~Q(state="undone") | Q(undone_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    def total(self, verdict: str) -> int:
        """How many rows have this verdict."""
        return sum(sheet.get(verdict, 0) for sheet in self.counts.values())

    @property
    def new(self) -> int:
        return self.total(Verdict.NEW)

    @property
    def changed(self) -> int:
        return self.total(Verdict.CHANGES)

    @property
    def problems(self) -> int:
        return self.total(Verdict.PROBLEM)

    @property
    def same(self) -> int:
        return self.total(Verdict.SAME)

    @property
    def left(self) -> int:
        return self.total(Verdict.LEFT)

    @property
    def writes(self) -> int:
        """How many rows it would write, or wrote."""
        return self.new + self.changed

    @property
    def size(self) -> int:
        """How many rows were read."""
        return sum(sum(sheet.values()) for sheet in self.counts.values())

    @property
    def must_ask(self) -> bool:
        """Whether somebody has to say first whether the day or the month stands first."""
        return bool(self.asks) and not self.day_order


class ImportRow(models.Model):
    """One row of an upload with its verdict. Kept until the next upload."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField(help_text="Its place in the whole upload.")
    sheet = models.CharField(max_length=20)
    number = models.PositiveIntegerField(help_text="Its row in the spreadsheet.")
    name = models.CharField(max_length=200, blank=True)
    cells = models.JSONField(default=dict, help_text="What was typed, by column; cells with a secret are empty.")
    faults = models.JSONField(default=dict, help_text="Why a cell was not kept, by column.")
    verdict = models.CharField(max_length=10, choices=Verdict)
    rank = models.PositiveSmallIntegerField()
    word = models.CharField(max_length=300, blank=True)
    troubles = models.JSONField(default=list, help_text="Pairs of a cell’s address and why it cannot be.")
    changes = models.JSONField(default=list, help_text="Triples of column, value before and value after.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="a_row_of_an_upload_has_its_place"),
        ]
        indexes = [models.Index(fields=["batch", "rank", "position"], name="import_rows_by_verdict")]

    def __str__(self) -> str:
        return f"{self.sheet} {self.number}"

    @property
    def summary(self) -> str:
        """What was typed beside the row’s own name, in the order of the sheet."""
        columns = (column.name for column in BY_NAME[self.sheet].columns if column.name not in _SAID_ALREADY)
        return " · ".join(self.cells[name] for name in columns if self.cells.get(name))


class ImportChange(models.Model):
    """One row of the office that an import wrote: what stood there before, nothing if it is new, and what it wrote."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="written")
    position = models.PositiveIntegerField()
    model = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    before = models.JSONField(null=True)
    after = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="a_change_of_an_import_has_its_place"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.object_id}"
