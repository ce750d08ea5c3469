"""Error pages: plain templates without context, so that they render when nothing else does."""

from __future__ import annotations

import sys

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from identity.sealing import CannotUnseal, NoKey


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old or came from elsewhere."""
    return HttpResponse(render_to_string("csrf.html"), status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig | TooManyFilesSent):
        return HttpResponse(render_to_string("413.html"), status=413)
    return HttpResponse(render_to_string("400.html"), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("403.html"), status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("404.html"), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug of ours; or, when the database or the sealing key is away, a page that says so.

    Django calls it while the error is handled.
    """
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "5"})
    if isinstance(sys.exception(), NoKey | CannotUnseal):
        return HttpResponse(render_to_string("503_key.html"), status=503)
    return HttpResponse(render_to_string("500.html"), status=500)
