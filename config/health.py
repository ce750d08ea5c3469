"""Is it alive, is it ready: for the supervisor, a proxy, a watch from outside. Names nobody and nothing."""

from __future__ import annotations

from django.core.cache import cache
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from core import clock
from core.letters import queries as letters
from identity import queries as identity
from identity.access import open_to_all


@require_safe
@open_to_all
def healthz(request: HttpRequest) -> HttpResponse:
    """The web process answers."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
@open_to_all
def readyz(request: HttpRequest) -> JsonResponse:
    """Each part with yes or no; 503 when one is away. Computed by the web process alone."""
    parts = {"database": _database(), "broker": _broker()}
    if parts["database"]:
        health = letters.health(clock.now())
        parts |= {"beat": not health.beat_late, "worker": not health.worker_late, "mail": not health.mail_late}
        parts["sealing_key"] = identity.sealing_key_fits()
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        connection.close()
        return False
    return True


def _broker() -> bool:
    try:
        cache.get("ping")
    except (RedisError, OSError):
        return False
    return True
