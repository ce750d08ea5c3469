"""A worker that lives and yet takes nothing any more ends itself, so that whoever keeps it starts it anew.

After the broker was lost with a task in flight, Celery's consumer may come back connected and deaf: it holds the
connection and never takes a message again (celery issue 10205 and its kin). A thread beside it notices what cannot be:
tasks wait, none is running, and none was taken for a while.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from celery import Celery, signals
from celery.worker import state
from kombu.exceptions import OperationalError as BrokerAway

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
DEAF_AFTER = 45.0
# As many waiting tasks can't be explained by the moment between two sweeps.
MANY = 3

_taken_at = time.monotonic()


def is_deaf(*, waiting: int, running: int, silent_for: float) -> bool:
    """Whether a worker ought to have taken something: seconds since it last did, and what waits and runs now."""
    return waiting >= MANY and running == 0 and silent_for > DEAF_AFTER


@signals.task_received.connect
def _taken(**_: Any) -> None:
    global _taken_at  # noqa: PLW0603  one consumer a process, and a signal hands over no object of ours
    _taken_at = time.monotonic()


@signals.worker_ready.connect
def _watch(sender: Any, **_: Any) -> None:
    _taken()
    threading.Thread(target=_look, args=(sender.app,), name="watch", daemon=True).start()


def _look(app: Celery) -> None:
    while True:
        time.sleep(LOOK_EVERY)
        silent_for = time.monotonic() - _taken_at
        if is_deaf(waiting=waiting_tasks(app), running=len(state.active_requests), silent_for=silent_for):
            log.critical(
                "worker: tasks wait and none was taken for %.0f seconds; ending, to be started anew", silent_for
            )
            os._exit(os.EX_TEMPFAIL)


def waiting_tasks(app: Celery) -> int:
    """How many tasks lie in the queue; none when the broker can't be asked."""
    with app.connection_for_read() as connection:
        try:
            queue = app.amqp.queues[app.conf.task_default_queue]
            return queue(connection.default_channel).queue_declare(passive=True).message_count
        except (BrokerAway, *connection.connection_errors, *connection.channel_errors, OSError):
            return 0
