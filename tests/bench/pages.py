"""Pages against a bare one: `python -m tests.bench.pages [rounds]` prints CPU and p95 ratios and sizes.

The bare page is Django as it comes: session, user, one query, a small template (tests/bench/bare.py). Both go through
the real WSGI handler of one process, in turns, so that a noisy machine is noisy for both.
"""

from __future__ import annotations

import gzip
import io
import os
import statistics
import sys
import time

import tests.embedded

LISTS = ("/accounts/", "/devices/", "/people/", "/letters/", "/authenticators/", "/backups/", "/findings/")
SINGLES = ("/people/{trader}/", "/people/{trader}/proofs/", "/people/{trader}/doors/")
SINGLES += ("/accounts/{account}/", "/devices/{thing}/", "/clock/")
BARS = {"cpu": 6.0, "p95": 4.0}


def request(application, path: str, cookie: str) -> tuple[str, bytes]:
    """One GET through a WSGI application; returns the status line and the whole body."""
    status: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": f"postern={cookie}",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
    }
    response = application(environ, lambda line, headers, exc=None: status.append(line))
    body = b"".join(response)
    if hasattr(response, "close"):
        response.close()
    return status[0], body


def measure(calls: dict[str, object], rounds: int) -> dict[str, tuple[float, float]]:
    """Median CPU and p95 wall time in ms of each call, taken in turns."""
    cpu: dict[str, list[float]] = {name: [] for name in calls}
    wall: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            began, busy = time.perf_counter(), time.process_time()
            call()
            cpu[name].append((time.process_time() - busy) * 1000)
            wall[name].append((time.perf_counter() - began) * 1000)
    return {name: (statistics.median(cpu[name]), statistics.quantiles(wall[name], n=20)[18]) for name in calls}


def main(rounds: int = 200) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    tests.embedded.servers.start()
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import CaptureQueriesContext, get_runner

    call_command("collectstatic", interactive=False, verbosity=0)
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        return _run(rounds, connection, CaptureQueriesContext)
    finally:
        runner.teardown_databases(databases)
        tests.embedded.servers.stop()


def _run(rounds: int, connection, capture) -> int:
    from config import serving
    from config.wsgi import application as product
    from core import clock
    from tests.bench import bare, house
    from tests.factories import signed_in

    owner = house.fill(clock.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    cookie = signed_in(owner).cookies["postern"].value
    base, bare_cookie = bare.application(), bare.signed_in(owner)
    calls = {"bare": lambda: request(base, "/", bare_cookie)}
    paths = ["/", *LISTS, *(path.format(**house.one_of_each()) for path in SINGLES)]
    calls |= {path: (lambda path=path: request(product, path, cookie)) for path in paths}
    for call in calls.values():
        status, _ = call()
        if not status.startswith("200"):
            raise SystemExit(f"a page did not answer: {status}")
    serving.when_ready(None)
    figures = measure(calls, rounds)
    base_cpu, base_p95 = figures["bare"]
    print(f"bare page: {base_cpu:.2f} ms CPU, p95 {base_p95:.2f} ms")
    failed = 0
    for path in paths:
        cpu, p95 = figures[path][0] / base_cpu, figures[path][1] / base_p95
        with capture(connection) as queries:
            body = request(product, path, cookie)[1]
        good = cpu <= BARS["cpu"] and p95 <= BARS["p95"]
        failed += path == "/" and not good
        size = f"{len(body) / 1000:.0f} kB, {len(gzip.compress(body)) / 1000:.1f} kB gzip"
        print(f"{path:20} CPU {cpu:4.1f}x  p95 {p95:4.1f}x  {len(queries)} queries  {size}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
