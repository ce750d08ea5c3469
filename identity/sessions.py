"""Database sessions whose keys are stored as digests: a copy of the database signs nobody in."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import CharField, DateTimeField, QuerySet

from core import clock
from core.prepared import Prepared, Slot


def _build() -> QuerySet[Any, tuple[str]]:
    """The data of a session that has not run out, by its stored key."""
    rows = DatabaseStore.get_model_class().objects.all()
    wanted = rows.filter(session_key=Slot("key", CharField()), expire_date__gt=Slot("at", DateTimeField()))
    return wanted.values_list("session_data")


_FOUND = Prepared(_build)


class SessionStore(DatabaseStore):
    """Django's own store; the browser holds the key, the table its SHA-256."""

    @staticmethod
    def stored(session_key: str | None) -> str:
        """The primary key under which a session lies (SHA-256 cut to the 40 characters of the column, 160 bits)."""
        return hashlib.sha256((session_key or "").encode()).hexdigest()[:40]

    def _get_session_from_db(self):
        """Every page asks this, so it is asked as cheaply as can be."""
        for [data] in _FOUND.rows(key=self.stored(self.session_key), at=clock.now()):
            return self.model(session_data=data)
        self._session_key = None
        return None

    def exists(self, session_key: str) -> bool:
        return self.model.objects.filter(session_key=self.stored(session_key)).exists()

    def create_model_instance(self, data):
        return self.model(
            session_key=self.stored(self._get_or_create_session_key()),  # type: ignore[attr-defined]  # untyped in the stubs
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
        )

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=self.stored(key)).delete()
