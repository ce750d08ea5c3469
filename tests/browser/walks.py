"""Pieces of a walk through the house that several browser tests take."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "seven quiet harbours at dusk"


def wait_for(found: Callable[[], Any], *, seconds: float = 60, what: str = "it") -> Any:
    """Ask again and again until something comes back; fails in words after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.25)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


class Authenticator:
    """What the person has on their phone: shows the code of the present step, a new one each time it is asked."""

    def __init__(self, typed: str):
        plain = typed.replace(" ", "")
        self.seed = base64.b32decode(plain + "=" * (-len(plain) % 8))
        self.shown = -1

    def code(self) -> str:
        from django_otp.oath import TOTP

        while (step := int(datetime.now(UTC).timestamp()) // 30) <= self.shown:  # noqa: DTZ005,TID251  a phone's own clock
            time.sleep(0.5)
        self.shown = step
        totp = TOTP(self.seed)
        totp.time = step * 30
        return f"{totp.token():06d}"
