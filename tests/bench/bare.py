"""The page to measure against: Django as `startproject` leaves it, with one view of one query and a small template."""

from __future__ import annotations

from functools import cache

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.template import Context, Template
from django.test import override_settings
from django.urls import path

from identity.models import Office

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
    """A handler that keeps the bare middleware it was loaded with."""
    with override_settings(MIDDLEWARE=MIDDLEWARE):
        return WSGIHandler()
