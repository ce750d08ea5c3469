"""What every answer of the web process has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /csp-report/; report-to csp"
)
STRICT = {
    "Content-Security-Policy": CSP,
    "Reporting-Endpoints": 'csp="/csp-report/"',
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
NOT_KEPT = "no-store"


def strict_headers() -> dict[str, str]:
    """What every answer carries, also those that gunicorn gives before Django sees a request (`config.serving`).

    Behind a public https address that is HSTS too, whatever a proxy says of how the request came.
    """
    if not settings.SECURE_HSTS_SECONDS:
        return STRICT
    return STRICT | {"Strict-Transport-Security": f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"}


class Headers:
    """The strict policy on every answer, error pages included; nothing behind sign-in is kept by a cache."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.strict = strict_headers()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.strict.items():
            response.setdefault(name, value)
        if response.status_code != 200 or not request.path.startswith(settings.STATIC_URL):
            response.setdefault("Cache-Control", NOT_KEPT)
        return response


class Methods:
    """Only GET, HEAD and POST reach a view, and only bodies of a size that somebody may mean there.

    A body is judged by the length it says it has, before any of it is read; one that says none is not read at all.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"], render_to_string("405.html"))
        if said_length(request) > settings.POSTERN_MOST_UPLOAD:
            return too_large()
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            response.content = render_to_string("405.html")
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Where no file is expected, a form's size is the most; this comes before the check of the form's token."""
        if said_length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and not getattr(view, "takes_files", False):
            return too_large()
        return None


def too_large() -> HttpResponse:
    return HttpResponse(render_to_string("413.html"), status=413)


def said_length(request: HttpRequest) -> int:
    """The length that a body says it has; 0 when it says none or nonsense, and then none of it is read."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0
