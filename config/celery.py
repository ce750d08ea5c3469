"""The Celery app, its settings and the whole schedule.

The database is the truth: every task is a sweep over rows, safe to run twice and on two machines, and short. The web
process never publishes; a message the broker loses is made good by the next sweep.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import timedelta

import psycopg
from celery import Celery
from celery.beat import Scheduler

from config.env import load
from config.watch import waiting_tasks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
log = logging.getLogger(__name__)

SCHEDULE = {
    "raise what is due": {"task": "notices.raise_due", "schedule": timedelta(seconds=30)},
    "write the weekly letters": {"task": "notices.write_weekly", "schedule": timedelta(minutes=5)},
    "walk the trail once a day": {"task": "notices.watch_trail", "schedule": timedelta(minutes=20)},
    "send waiting letters": {"task": "letters.deliver", "schedule": timedelta(seconds=15)},
    "write to those who forgot a password": {
        "task": "identity.post_password_resets",
        "schedule": timedelta(seconds=10),
    },
    "clear sessions that ran out": {"task": "identity.clear_sessions", "schedule": timedelta(hours=1)},
    "watch the gate": {"task": "identity.watch_the_gate", "schedule": timedelta(seconds=20)},
    "forget old tries at the gate": {"task": "identity.forget_tries", "schedule": timedelta(hours=12)},
    "run waiting imports": {"task": "exchange.run_imports", "schedule": timedelta(seconds=3)},
}

app = Celery("postern")
app.conf.update(
    broker_url=load(os.environ).redis.broker_url,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 200,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 15,
        "socket_connect_timeout": 5,
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_time_limit=170,
    task_soft_time_limit=150,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    accept_content=["json"],
    task_serializer="json",
    timezone="UTC",
    beat_schedule=SCHEDULE,
    beat_scheduler="config.celery:LeadingScheduler",
    beat_max_loop_interval=1,
)
app.autodiscover_tasks(["core.letters", "identity", "notices", "exchange"])


class LeadingScheduler(Scheduler):
    """A beat that sends only while it holds one lock of the database, so that several may run and one leads.

    The lock belongs to a connection of its own: it is gone the moment the process or the database is. Through the same
    connection the leader leaves its sign of life, which so needs neither broker nor worker to be seen.
    """

    LOCK = 0x62656174
    PULSE_EVERY = 20.0
    PULSE = (
        "INSERT INTO letters_pulse (name, at) VALUES ('beat', now()) ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at"
    )
    # What a server elsewhere needs so that a broken line is noticed within seconds; a socket ignores it.
    PATIENCE = {"connect_timeout": "5", "tcp_user_timeout": "10000", "keepalives_idle": "5", "keepalives_interval": "2"}
    # A worker that fell behind this far gets no more: each sweep does the work of all those before it.
    MOST_WAITING = 20

    _lead: psycopg.Connection | None = None
    _holds = False
    _pulsed = 0.0

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *args, **kwargs) -> float:
        """Send what is due when leading; look again in a second when another beat leads."""
        return super().tick(*args, **kwargs) if self.leads() else 1.0

    def leads(self) -> bool:
        """Whether this beat holds the lock; tries for it, and notices when its connection is gone."""
        try:
            if self._lead is None:
                address = self.PATIENCE | load(os.environ).database.as_conninfo()
                self._lead = psycopg.connect(**address, autocommit=True)
            if self._holds:
                self._prove_life(self._lead)
            else:
                row = self._lead.execute("SELECT pg_try_advisory_lock(%s)", [self.LOCK]).fetchone()
                self._holds = bool(row and row[0])
        except psycopg.Error as away:
            log.warning("beat: database away (%s)", type(away).__name__)
            self._drop()
        return self._holds

    def _prove_life(self, lead: psycopg.Connection) -> None:
        """Raises psycopg.Error when the connection, and with it the lock, is gone."""
        if time.monotonic() - self._pulsed < self.PULSE_EVERY:
            lead.execute("SELECT 1")
            return
        lead.execute(self.PULSE)
        self._pulsed = time.monotonic()

    def apply_entry(self, entry, producer=None) -> None:
        """Publish one task, unless so many wait already that nobody is taking them."""
        if waiting_tasks(self.app) >= self.MOST_WAITING:
            log.warning("beat: %s tasks wait for a worker, %s is left out", self.MOST_WAITING, entry.task)
            return
        super().apply_entry(entry, producer=producer)

    def _drop(self) -> None:
        if self._lead is not None:
            self._lead.close()
        self._lead, self._holds = None, False

    def close(self) -> None:
        self._drop()
        super().close()
