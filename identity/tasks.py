"""What runs by itself for Postern's own door."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.contrib.sessions.backends.base import SessionBase
from django.utils.module_loading import import_string

from core import clock
from identity import actions
from identity.models import SpentChallenge


@shared_task(name="identity.clear_sessions")
def clear_sessions() -> None:
    """Remove sessions that ran out, and challenges no session asks for; neither opens anything before this ran."""
    store: type[SessionBase] = import_string("identity.sessions.SessionStore")
    store.clear_expired()
    actions.tidy_sessions(at=clock.now())
    SpentChallenge.objects.filter(at__lt=clock.now() - timedelta(days=1)).delete()


@shared_task(name="identity.watch_the_gate")
def watch_the_gate() -> None:
    """Put new failures into the trail, and tell the owners whose sign-in they have shut."""
    at = clock.now()
    actions.tell_failures(at=at)
    actions.tell_of_shut_doors(at=at)


@shared_task(name="identity.forget_tries")
def forget_tries() -> None:
    """Remove what is kept of tries at the front door once it is old."""
    actions.forget_tries(at=clock.now())


@shared_task(name="identity.post_password_resets")
def post_password_resets() -> None:
    """Write the letters to those who forgot their password."""
    actions.post_password_resets(at=clock.now())
