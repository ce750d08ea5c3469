"""Settings as behind a public https address, and gunicorn itself."""

from __future__ import annotations

import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import make_password
from django.contrib.staticfiles import finders
from django.test import Client

from config.env.places import CHECKOUT
from identity.actions import gate
from tests.mail import free_port

HOST = "postern.example"
# What a public https address changes; read from the settings file itself, not written down a second time.
CHANGED = ("ALLOWED_HOSTS", "CSRF_", "POSTERN_URL", "POSTERN_TRUSTED_PROXIES", "SECURE_", "SESSION_COOKIE_", "IS_HTTPS")


def https_environment() -> dict[str, str]:
    return {"POSTERN_URL": f"https://{HOST}", "POSTERN_TRUSTED_PROXY": "127.0.0.1"}


@pytest.fixture(autouse=True)
def _quick_nobody(monkeypatch):
    """Names that nobody has are hashed too; here as quickly as the passwords of people."""
    quick = make_password("a password that nobody has")
    monkeypatch.setattr(gate, "hash_of_nobody", lambda: quick)


@pytest.fixture
def https(settings, monkeypatch):
    """Django's settings of a house at https://postern.example behind a proxy on this machine."""
    for name, value in https_environment().items():
        monkeypatch.setenv(name, value)
    for name, value in runpy.run_path(str(CHECKOUT / "config" / "settings.py")).items():
        if name.isupper() and name.startswith(CHANGED):
            setattr(settings, name, value)
    return settings


@pytest.fixture
def proxied(https):
    """A function that makes a browser which comes through the proxy, by TLS."""
    return through_proxy


def through_proxy(**more) -> Client:
    """A browser as the proxy passes it on."""
    headers = {"host": HOST, "x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.7"}
    return Client(raise_request_exception=False, headers=headers, **more)


@dataclass
class Web:
    """A running gunicorn, as `manage.py up` and systemd start it."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def say(self, request: bytes, *, within: float = 5.0) -> bytes:
        """Send bytes as they are and read until the other side closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=within) as line:
            line.sendall(request)
            return b"".join(iter(lambda: line.recv(65536), b""))


@pytest.fixture(scope="session")
def web(tmp_path_factory) -> Iterator[Web]:
    """gunicorn with settings as behind a public https address; it needs no database for what it is asked here."""
    folder, port = tmp_path_factory.mktemp("web"), free_port()
    log = folder / "web.log"
    environ = os.environ | https_environment() | {"POSTERN_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:config.serving", "--workers", "1"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}", "config.wsgi"], cwd=CHECKOUT, env=environ, stdout=out, stderr=out
        )
    one = Web(port, process, log)
    try:
        _wait(one)
        yield one
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _wait(web: Web) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if web.say(f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(web.log.read_text())


@pytest.fixture(scope="session")
def static_file() -> str:
    """The address of one static file that WhiteNoise serves."""
    folder = Path(django_settings.STATIC_ROOT) / "postern"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "favicon.svg").write_bytes(Path(finders.find("postern/favicon.svg")).read_bytes())
    return "/static/postern/favicon.svg"
