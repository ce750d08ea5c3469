"""How gunicorn serves Postern: its settings (`gunicorn -c python:config.serving`), its own answers, and its log lines.

Requests that are none never reach Django: a garbled first line, a header without end. gunicorn answers those itself, in
HTML of its own that repeats what was sent. Here they get the house's page and every header of the house.
"""

from __future__ import annotations

import gc
import logging
import os
from http import HTTPStatus
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from config.env import load
from config.logs import FORMATTERS

# --- gunicorn's settings, by their names ------------------------------------------------------------------------------
worker_class = "config.serving.Worker"
logger_class = "config.serving.Lines"
workers = 2
threads = 4
timeout = 60
# Read once, before the workers are made: they share it, and starting costs half.
preload_app = True
graceful_timeout = 10
control_socket_disable = True
# Whose X-Forwarded-* is believed is Postern's own setting (identity.middleware); gunicorn would believe this machine.
forwarded_allow_ips = ""

# What gunicorn raises on requests that are none, where the answer is not 400.
STATUS_OF: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    errors.ForbiddenProxyRequest: HTTPStatus.FORBIDDEN,
    errors.ConfigurationProblem: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidResponseHeader: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidResponseHeaderName: HTTPStatus.INTERNAL_SERVER_ERROR,
}
PAGES = {
    HTTPStatus.REQUEST_URI_TOO_LONG: "414.html",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "431.html",
    HTTPStatus.FORBIDDEN: "403.html",
    HTTPStatus.INTERNAL_SERVER_ERROR: "500.html",
}


def when_ready(_server: Any) -> None:
    """gunicorn's hook before it makes workers: what is read by now stays, so none of them looks there for garbage."""
    gc.collect()
    gc.freeze()


class Lines(Logger):
    """gunicorn's own words as the rest of Postern writes its log lines."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(FORMATTERS[load(os.environ).log_format]())


class Worker(ThreadWorker):
    """gunicorn's worker with threads; what it has to answer itself looks like the house and repeats nothing."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        status = status_of(exc)
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            logging.getLogger("gunicorn.error").error("request failed outside Django", exc_info=exc)
        else:
            self.log.warning("not a request, answered %s: %s", int(status), type(exc).__name__)
        try:
            write_nonblock(client, answer(status))
        except OSError:
            self.log.debug("the other side is gone")


def status_of(exc: BaseException) -> HTTPStatus:
    """500 for what is no fault of the request, else what fits, else 400."""
    if not isinstance(exc, errors.ParseException):
        return HTTPStatus.INTERNAL_SERVER_ERROR
    return next((status for kind, status in STATUS_OF.items() if isinstance(exc, kind)), HTTPStatus.BAD_REQUEST)


def answer(status: HTTPStatus) -> bytes:
    """A whole answer as it goes over the wire; the connection is closed after it."""
    from django.template.loader import render_to_string  # noqa: PLC0415  this module is read before Django is set up

    from config.middleware import NOT_KEPT, strict_headers  # noqa: PLC0415

    page = render_to_string(PAGES.get(status, "400.html")).encode()
    headers = strict_headers() | {
        "Cache-Control": NOT_KEPT,
        "Connection": "close",
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(page)),
    }
    lines = [f"HTTP/1.1 {int(status)} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + page
