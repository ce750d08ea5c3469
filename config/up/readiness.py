"""Waiting until the web server really answers."""

import http.client
import time
from collections.abc import Callable

from config.up.ports import HOST

ANSWERS_WITHIN = 90.0
OK = 200


def wait_for_page(port: int, *, host: str, is_alive: Callable[[], bool], within: float = ANSWERS_WITHIN) -> bool:
    """Whether /healthz answered 200 in time; gives up at once when the server has ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if _answers(port, host):
            return True
        if not is_alive():
            return False
        time.sleep(0.1)
    return False


def _answers(port: int, host: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status == OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
