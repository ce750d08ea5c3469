"""What runs by itself for Postern's own door."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.contrib.sessions.backends.base import SessionBase
from django.utils.module_loading import import_string

from core import clock
from identity.models import SpentChallenge


@shared_task(name="identity.clear_sessions")
def clear_sessions() -> None:
    """Remove sessions that ran out, and challenges so old that no session asks for them any more."""
    store: type[SessionBase] = import_string("identity.sessions.SessionStore")
    store.clear_expired()
    SpentChallenge.objects.filter(at__lt=clock.now() - timedelta(days=1)).delete()
