"""A whole Postern of a test's own: PostgreSQL, Valkey, web server, workers and beats as real processes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from config.embedded import Postgres, Valkey
from config.env.places import CHECKOUT
from config.keys import make_missing_keys
from tests.embedded import private_cluster, private_valkey, without_postern
from tests.mail import Sink, free_port, running_sink

QUICK, REAL = "tests.faults.quick", "config"


@dataclass
class House:
    """The parts, each of which a test may end in a cruel way and start again."""

    postgres: Postgres
    valkey: Valkey
    sink: Sink
    app: str
    environ: dict[str, str]
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    beats: list[subprocess.Popen[bytes]] = field(default_factory=list)
    web: subprocess.Popen[bytes] | None = None
    web_port: int = 0
    cookie: str = ""

    def run(self, *arguments: str) -> str:
        """A Python program in this house; what it printed."""
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=CHECKOUT, env=self.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """A program that stays, in a process group of its own, its words in a file of its name."""
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=CHECKOUT,
                env=self.environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def add_worker(self) -> None:
        self.workers.append(self._worker(len(self.workers)))

    def _worker(self, number: int) -> subprocess.Popen[bytes]:
        options = f"worker --pool prefork -c 1 --without-gossip --without-mingle -n w{number}@%h --loglevel INFO"
        return self.start(f"worker{number}", "-m", "celery", "-A", self.app, *options.split())

    def mend(self) -> None:
        """Start again what ended by itself, as the supervisor does."""
        for number, worker in enumerate(self.workers):
            if worker.poll() is not None:
                self.workers[number] = self._worker(number)

    def add_beat(self) -> None:
        self.beats.append(
            self.start(f"beat{len(self.beats)}", "-m", "celery", "-A", self.app, "beat", "--loglevel", "INFO")
        )

    def start_web(self) -> None:
        self.web_port = free_port()
        options = f"-c python:config.serving --workers 1 --threads 2 --bind 127.0.0.1:{self.web_port}"
        self.web = self.start("web", "-m", "gunicorn", *options.split(), "config.wsgi")
        self.until(lambda: self.get("/healthz")[0] == 200, within=30)

    def get(self, path: str, cookie: str = "") -> tuple[int, str]:
        """Status and text of a page; 0 when nobody answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=15)
        headers = {"Host": "localhost"} | ({"Cookie": f"postern={cookie}"} if cookie else {})
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def ready(self) -> tuple[int, dict[str, bool]]:
        status, text = self.get("/readyz")
        return status, json.loads(text)

    def kill_workers(self) -> int:
        """All of them, with kill -9, children and all; how many there were."""
        killed = len(self.workers)
        for worker in self.workers:
            kill(worker)
        self.workers.clear()
        return killed

    def rows(self, query: str) -> list[tuple]:
        """What the database says; raises psycopg.Error while it is away."""
        with psycopg.connect(f"host={self.postgres.socket_folder} dbname=postern user=postern_owner") as connection:
            return connection.execute(query).fetchall()

    def change(self, statement: str) -> None:
        with psycopg.connect(f"host={self.postgres.socket_folder} dbname=postern user=postern_owner") as connection:
            connection.execute(statement)

    def states(self) -> dict[str, int]:
        return dict(self.rows("SELECT state, count(*) FROM letters_letter GROUP BY state"))

    def until(self, holds: Callable[[], bool], *, within: float) -> float:
        """Wait until something holds; seconds that took. Fails, with the programs' last words, when it doesn't."""
        begun = time.monotonic()
        while time.monotonic() - begun < within:
            self.mend()
            try:
                if holds():
                    return time.monotonic() - begun
            except psycopg.Error:
                pass  # the database is on its way back
            time.sleep(0.1)
        raise AssertionError(f"It did not come about within {within} seconds.\n{self.last_words()}")

    def last_words(self) -> str:
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)


def kill(process: subprocess.Popen[bytes]) -> None:
    """A process and all its children, as a power cut would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def house(folder: Path, *, app: str = QUICK) -> Iterator[House]:
    """Servers running and tables made; no worker, beat or web server yet. All ends with the block."""
    with ExitStack() as stack:
        postgres = stack.enter_context(private_cluster())
        valkey = stack.enter_context(private_valkey())
        sink = stack.enter_context(running_sink())
        one = House(postgres, valkey, sink, app, environment(folder, postgres, valkey, sink), folder)
        stack.callback(stop, one)
        one.run("manage.py", "migrate", "--verbosity", "0")
        yield one


def stop(one: House) -> None:
    for process in [*one.workers, *one.beats, *([one.web] if one.web else [])]:
        kill(process)


def environment(folder: Path, postgres: Postgres, valkey: Valkey, sink: Sink) -> dict[str, str]:
    make_missing_keys(folder / "keys")
    return without_postern(dict(os.environ)) | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "POSTERN_STATE": str(folder),
        "POSTERN_URL": "http://localhost:8000",
        "DATABASE_URL": f"postgresql://postern_owner@{quote(str(postgres.socket_folder), safe='')}/postern",
        "REDIS_URL": f"unix://{valkey.socket}?db=0",
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}?tls=none",
        "SECRET_KEY_FILE": str(folder / "keys" / "secret_key"),
        "POSTERN_SEALING_KEY_FILE": str(folder / "keys" / "sealing_key"),
        "POSTERN_PEPPER_FILE": str(folder / "keys" / "pepper"),
        "POSTERN_LOG_FORMAT": "text",
    }
