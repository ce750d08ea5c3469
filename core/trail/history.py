"""Field history: what each row of the inventory was, kept by triggers so that bulk updates are seen too.

`tracked` goes on a model. Each insert, update and delete leaves the row as it then was, with the database's clock and
the number of its transaction. The deed of the same transaction in the trail says who did it and from where, so nothing
has to be told to the database beforehand, and a page that only reads pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pghistory
import pghistory.models
from django.db import models
from django.db.models.functions import Cast

Model = TypeVar("Model", bound=type[models.Model])
# The number of the present transaction, as the trail's events have it.
TRANSACTION = Cast(
    Cast(models.Func(function="pg_current_xact_id"), output_field=models.TextField()),
    output_field=models.BigIntegerField(),
)


class Change(pghistory.models.Event):
    """What all tables of history have: when, what kind of change, in which transaction."""

    pgh_id = models.BigAutoField(primary_key=True)
    transaction = models.BigIntegerField(db_default=TRANSACTION)

    class Meta:
        abstract = True


def tracked(name: str, *, says: str, exclude: list[str] | None = None) -> Callable[[Model], Model]:
    """Keep the history of a model in one called `name`, found by the `id` of the row; `says` is its docstring."""
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=exclude,
        obj_field=None,
        context_field=None,  # type: ignore[arg-type]  # its own way to say that there is none
        context_id_field=None,  # type: ignore[arg-type]  # likewise
        model_name=name,
        base_model=Change,
        attrs={"__doc__": says},
        meta={"indexes": [models.Index(fields=["id", "pgh_id"], name=f"{name[:20].lower()}_by_row")]},
    )
