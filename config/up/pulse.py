"""Whether the worker still works: its task leaves a row each minute, whatever its process looks like."""

import logging

import psycopg

from config.env import Database

LOOK_EVERY = 60.0
SILENT_AFTER = 180.0
AGE_OF_PULSE = "SELECT extract(epoch FROM now() - max(at))::float FROM letters_pulse WHERE name = 'worker'"

log = logging.getLogger(__name__)


def silence_of_worker(database: Database) -> float | None:
    """Seconds since the worker's last sign of life by the database's clock; None when that cannot be told."""
    try:
        with psycopg.connect(**database.as_conninfo(connect_timeout=3)) as connection:
            row = connection.execute(AGE_OF_PULSE).fetchone()
    except psycopg.Error as away:
        log.warning("pulse: cannot be read (%s)", type(away).__name__)
        return None
    return row[0] if row else None
