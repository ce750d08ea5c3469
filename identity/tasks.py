"""What runs by itself for Postern's own door."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.backends.base import SessionBase
from django.utils.module_loading import import_string

from core import clock
from identity import actions


@shared_task(name="identity.clear_sessions")
def clear_sessions() -> None:
    """Remove sessions that ran out."""
    store: type[SessionBase] = import_string("identity.sessions.SessionStore")
    store.clear_expired()


@shared_task(name="identity.post_password_resets")
def post_password_resets() -> None:
    """Write the letters to those who forgot their password."""
    actions.post_password_resets(at=clock.now())
