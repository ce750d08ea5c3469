"""What signing in costs: `python -m tests.bench.signin [rounds]`, all in one run of one process.

Prints the Argon2 runs and queries of each step, its CPU beside a bare Django login (one password, no second factor, no
throttle, the same Argon2), the medians for names of every kind, and the CPU of ordinary pages with and without
identity's own middleware. Exits with 1 when a bar is missed.
"""

from __future__ import annotations

import os
import statistics
import sys
import time

import tests.embedded
from tests.bench.pages import measure, request

PATHS = ("/", "/accounts/", "/devices/", "/people/")
# An ordinary page may cost so much more with identity's middleware; nobody may tell kinds of names by their time.
MOST_OF_MIDDLEWARE, MOST_BETWEEN_NAMES = 1.10, 1.10


def main(rounds: int = 40) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    tests.embedded.servers.start()
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test.utils import get_runner

    call_command("collectstatic", interactive=False, verbosity=0)
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        missed = _steps(rounds) + _names(rounds) + _pages(rounds * 5)
    finally:
        runner.teardown_databases(databases)
        tests.embedded.servers.stop()
    return 1 if missed else 0


class Argon2Count:
    """Counts runs of Argon2 by standing in front of the function that Django's hasher calls."""

    def __init__(self):
        self.runs = 0

    def __enter__(self):
        import argon2

        self.kept = argon2.low_level.hash_secret, argon2.PasswordHasher.verify

        def hashed(*args, **kwargs):
            self.runs += 1
            return self.kept[0](*args, **kwargs)

        def verified(*args, **kwargs):
            self.runs += 1
            return self.kept[1](*args, **kwargs)

        argon2.low_level.hash_secret, argon2.PasswordHasher.verify = hashed, verified
        return self

    def __exit__(self, *trouble):
        import argon2

        argon2.low_level.hash_secret, argon2.PasswordHasher.verify = self.kept


def _steps(rounds: int) -> int:
    """Each step of the sign-in beside a bare login."""
    from django.contrib.auth.hashers import check_password
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from identity.models import SignIn
    from tests import factories
    from tests.identity.doors import right_code, show_password

    factories.make_office()
    member = factories.make_member("Eleanor Hartwell", role="owner")
    bare_login = _bare_login(member)
    figures: dict[str, list[float]] = {"bare login": [], "password": [], "code": []}
    runs, queries = {}, {}
    for _ in range(rounds):
        SignIn.objects.all().delete()
        client = Client()
        client.get("/signin/")
        code = right_code(member)
        steps = {
            "bare login": bare_login,
            "password": lambda client=client: show_password(client, member.email),
            "code": lambda client=client, code=code: client.post("/signin/code/", {"code": code}),
        }
        for name, step in steps.items():
            with Argon2Count() as counted, CaptureQueriesContext(connection) as asked:
                busy = time.process_time()
                if step().status_code != 302:
                    raise SystemExit(f"{name} was refused")
                figures[name].append((time.process_time() - busy) * 1000)
            runs[name], queries[name] = counted.runs, len(asked)
    argon2 = _median(lambda: check_password(factories.PASSWORD, member.password), rounds)
    middle = {name: statistics.median(values) for name, values in figures.items()}
    print(f"one Argon2: {argon2:.1f} ms CPU")
    for name, cpu in middle.items():
        print(f"{name:12} {runs[name]} Argon2  {queries[name]:2} queries  {cpu:6.1f} ms CPU")
    whole = middle["password"] + middle["code"]
    print(f"sign-in in two steps: {whole / middle['bare login']:.2f}x a bare login")
    return runs["password"] + runs["code"] != 1


def _bare_login(member):
    """A POST to a login of nothing but Django: find the user, one Argon2, session, redirect."""
    from django.contrib.auth import login
    from django.contrib.auth.hashers import check_password
    from django.contrib.sessions.middleware import SessionMiddleware
    from django.http import HttpResponse, HttpResponseRedirect
    from django.test import RequestFactory

    from identity.models import Member
    from tests.factories import PASSWORD

    def view(request):
        found = Member.objects.get(email=request.POST["email"])
        if not check_password(request.POST["password"], found.password):
            return HttpResponse(status=403)
        login(request, found, backend="identity.backends.MemberBackend")
        return HttpResponseRedirect("/")

    handler, make = SessionMiddleware(view), RequestFactory()
    return lambda: handler(make.post("/", {"email": member.email, "password": PASSWORD}))


def _names(rounds: int) -> int:
    """A wrong password for names of every kind, in turns."""
    from django.test import Client

    from identity.models import SignIn
    from tests import factories
    from tests.identity.doors import WRONG, show_password

    people = {
        "known": factories.make_member("Known").email,
        "left": factories.make_member("Left", left_at=factories.AT).email,
        "invited": factories.make_member("Invited", email="invited@office.test", signs_in=False).email,
        "unknown": "nobody@office.test",
    }
    taken: dict[str, list[float]] = {name: [] for name in people}
    for _ in range(rounds):
        for name, email in people.items():
            SignIn.objects.all().delete()
            client = Client()
            busy = time.process_time()
            show_password(client, email, WRONG)
            taken[name].append((time.process_time() - busy) * 1000)
    middle = {name: statistics.median(values) for name, values in taken.items()}
    print("CPU of a wrong password: " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in middle.items()))
    return max(middle.values()) > MOST_BETWEEN_NAMES * min(middle.values())


def _pages(rounds: int) -> int:
    """Ordinary pages with and without identity's middleware, in turns."""
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings

    from config.wsgi import application as product
    from core import clock
    from identity.models import Member
    from tests.bench import house
    from tests.factories import signed_in

    Member.objects.all().delete()
    cookie = signed_in(house.fill(clock.now())).cookies["postern"].value
    others = [name for name in settings.MIDDLEWARE if not name.startswith("identity.")]
    with override_settings(MIDDLEWARE=others):
        without = WSGIHandler()
    calls = {path: (lambda path=path: request(product, path, cookie)) for path in PATHS}
    calls |= {f"{path} without": (lambda path=path: request(without, path, cookie)) for path in PATHS}
    for path, call in calls.items():
        if not call()[0].startswith("200"):
            raise SystemExit(f"{path} did not answer")
    figures, missed = measure(calls, rounds), 0
    for path in PATHS:
        cpu, bare = figures[path][0], figures[f"{path} without"][0]
        missed += cpu > MOST_OF_MIDDLEWARE * bare
        print(f"{path:12} {cpu:5.2f} ms CPU, {bare:5.2f} without identity's middleware: {cpu / bare:.3f}x")
    return missed


def _median(call, rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        busy = time.process_time()
        call()
        taken.append((time.process_time() - busy) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
