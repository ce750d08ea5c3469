"""The long-lived cookie by which Postern knows a browser again. It signs nobody in."""

from __future__ import annotations

import re
from typing import Any, TypedDict

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from identity.models.browsers import KNOWN_FOR
from identity.rules import network_of

# How browsers and systems give themselves away, the more particular first: many also claim to be Chrome or Safari.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "Mac",
    "Linux": "Linux",
}


def cookie_name() -> str:
    return "__Host-postern-browser" if settings.IS_HTTPS else "postern-browser"


def token_of(request: HttpRequest) -> str:
    """What this browser's cookie holds, or nothing when it could not be one of ours."""
    token = request.COOKIES.get(cookie_name(), "")
    return token if re.fullmatch(r"[A-Za-z0-9_-]{27}", token) else ""


class Whence(TypedDict):
    """Where a try comes from: its network, and the token by which its browser may be known."""

    network: str | None
    token: str


def whence(request: Any) -> Whence:
    """From where this request comes, as the tries at the front door take it."""
    return {"network": network_of(request.address), "token": token_of(request)}


def hand_out(response: HttpResponse, token: str) -> None:
    """Give the browser its token, for as long as it is remembered here."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=KNOWN_FOR,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


def label_of(request: HttpRequest) -> str:
    """What the browser calls itself, in words such as Firefox on Windows. Anybody can say anything here."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for mark, name in BROWSERS.items() if f"{mark}/" in agent), "A browser")
    system = next((name for mark, name in SYSTEMS.items() if mark in agent), "an unknown system")
    return f"{browser} on {system}"
