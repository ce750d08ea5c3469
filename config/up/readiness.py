"""Waiting until the web server really answers."""

import http.client
import time
from collections.abc import Callable

from config.up.ports import HOST

ANSWERS_WITHIN = 90.0
RECOVERS_WITHIN = 5.0
OK = 200


def wait_for_page(port: int, *, host: str, is_alive: Callable[[], bool], within: float = ANSWERS_WITHIN) -> bool:
    """Whether /healthz answered 200 in time.

    Gives up at once when the server has ended, and soon when it answers with nothing but errors.
    """
    has_answered, deadline = False, time.monotonic() + within
    while time.monotonic() < deadline:
        status = _status(port, host)
        if status == OK:
            return True
        if not is_alive():
            return False
        if status and not has_answered:
            has_answered, deadline = True, min(deadline, time.monotonic() + RECOVERS_WITHIN)
        time.sleep(0.1)
    return False


def _status(port: int, host: str) -> int | None:
    """What /healthz answered, None while nobody does."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
