"""The one clock. Views, tasks and commands read it; everything below them takes `at`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return timezone.now()  # noqa: TID251  the one place


def local_day(at: datetime, zone: str) -> date:
    """The calendar day that `at` falls on in the named zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def end_of_day(day: date, zone: str) -> datetime:
    """The moment at which `day` is over in the named zone: a deadline includes its last day."""
    return start_of_day(day + timedelta(days=1), zone)


def start_of_day(day: date, zone: str) -> datetime:
    """The first moment of `day` in the named zone, aware, in UTC."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))


def at_hour(day: date, hour: int, zone: str) -> datetime:
    """`hour` o'clock on `day` in the named zone, in UTC. A skipped hour becomes the next one."""
    return datetime.combine(day, time(hour), tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
