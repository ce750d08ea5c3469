"""The page to measure against: Django as `startproject` leaves it, with one view of one query and a small template."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.template import Context, Template
from django.test import override_settings
from django.urls import path

from identity.models import Member, Office

MIDDLEWARE = [
    "tests.bench.bare.here",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
PAGE = "<!doctype html><title>{{ office.name }}</title><h1>{{ office.name }}</h1><p>{{ user.name }}</p>"


def here(get_response):
    """Route by this module's URLs."""

    def middleware(request):
        request.urlconf = __name__
        return get_response(request)

    return middleware


@cache
def template() -> Template:
    return Template(PAGE)


def page(request):
    return HttpResponse(template().render(Context({"office": Office.objects.get(pk=1), "user": request.user})))


urlpatterns = [path("", page)]


def application() -> WSGIHandler:
    """A handler that keeps the bare middleware and the store of sessions it was loaded with."""
    with override_settings(MIDDLEWARE=MIDDLEWARE, SESSION_ENGINE="django.contrib.sessions.backends.db"):
        return WSGIHandler()


def signed_in(member: Member) -> str:
    """The key of a session of that member in Django’s own store."""
    session = SessionStore()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    session.create()
    return session.session_key
