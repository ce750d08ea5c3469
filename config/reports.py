"""What browsers report when a page tried what its policy forbids: one log line each, and few."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config.middleware import said_length
from identity.access import open_to_all

log = logging.getLogger(__name__)
LONGEST = 16_000
# A process writes this many lines a minute at most, whoever sends how many reports.
MOST_LINES = 10
MINUTE = 60.0


class Lines:
    """How many lines may still be written in this minute."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._began, self._written = 0.0, 0

    def take(self, now: float) -> bool:
        """Whether one more may be written at `now` (a monotonic clock)."""
        with self._lock:
            if now - self._began >= MINUTE:
                self._began, self._written = now, 0
            self._written += 1
            return self._written <= self.most


lines = Lines(MOST_LINES)


@csrf_exempt  # a browser sends it by itself and can't hold a token; it changes nothing
@require_POST
@open_to_all
def csp_report(request: HttpRequest) -> HttpResponse:
    """Log which part of the policy was hit, by what, on which kind of page; addresses themselves are not written."""
    if not lines.take(time.monotonic()):
        return HttpResponse(render_to_string("429.html"), status=429, headers={"Retry-After": "60"})
    body = request.body if said_length(request) <= LONGEST else b""
    for report in _reports(body)[:1]:
        log.warning("content policy: %s hit by %s on %s", *report, extra={"request": request})
    return HttpResponse(status=204)


def _reports(body: bytes) -> list[tuple[str, str, str]]:
    """Directive, origin of what was blocked, and route of the page, from either of the two forms browsers send."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if isinstance(sent, dict):
        sent = [sent.get("csp-report")]
    if not isinstance(sent, list):
        return []
    facts = [one.get("body", one) for one in sent if isinstance(one, dict)]
    return [_facts(one) for one in facts if isinstance(one, dict)]


def _facts(report: dict[str, Any]) -> tuple[str, str, str]:
    directive = (
        report.get("effectiveDirective") or report.get("effective-directive") or report.get("violated-directive")
    )
    blocked = report.get("blockedURL") or report.get("blocked-uri")
    page = report.get("documentURL") or report.get("document-uri")
    return _word(directive), _origin(blocked), _route(page)


def _word(text: Any) -> str:
    found = re.match(r"[a-z-]{1,40}", text) if isinstance(text, str) else None
    return found[0] if found else "?"


def _origin(address: Any) -> str:
    """Scheme and host, or the browser's own word for what has none (inline, eval)."""
    parts = _split(address)
    if parts is None:
        return "?"
    host = re.sub(r"[^A-Za-z0-9.:\[\]-]", "", parts.netloc)[:100]
    return f"{_word(parts.scheme)}://{host}" if parts.scheme else _word(address)


def _route(address: Any) -> str:
    """Which page it was, without what its address holds."""
    parts = _split(address)
    try:
        return f"/{resolve(parts.path).route}" if parts and parts.path else "?"
    except Resolver404:
        return "?"


def _split(address: Any) -> Any:
    try:
        return urlsplit(address) if isinstance(address, str) else None
    except ValueError:
        return None
