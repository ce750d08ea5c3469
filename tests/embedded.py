"""A pytest plugin: one PostgreSQL and one Valkey of the tests' own, in memory, gone when the run is over.

Named in `addopts`, so it is imported before Django reads its settings; the environment is set at import, the servers
start before any test is collected. Workers of pytest-xdist inherit both and start nothing.

`servers` gives fault tests the run's servers; `private_cluster()` and `private_valkey()` give them ones to be cruel to.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from config.embedded import Postgres, Valkey
from config.keys import make_missing_keys

PREFIX = "postern-tests-"
KEPT = {"POSTERN_CHROMIUM", "POSTERN_REQUIRE_BROWSER", "POSTERN_PG_BIN", "POSTERN_VALKEY_SERVER"}
# Outlives a killed server (the system still has the pages), not a power cut.
CARELESS = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "dynamic_shared_memory_type": "mmap",  # leaves nothing behind in memory when killed
}
IS_XDIST_WORKER = "PYTEST_XDIST_WORKER" in os.environ


class Servers:
    """The run's two servers, under one state folder; each has start(), stop(), kill() and is_running."""

    def __init__(self, state: Path):
        self.state = state
        self.postgres = careless_postgres(state)
        self.valkey = Valkey(state)

    def start(self) -> None:
        self.postgres.prepare()
        self.postgres.launch()
        self.valkey.prepare()
        self.valkey.start()
        self.postgres.wait_ready()

    def stop(self) -> None:
        self.valkey.stop()
        self.postgres.stop()
        remove_state(self.state)


def careless_postgres(state: Path) -> Postgres:
    """A cluster that trades safety in a power cut for speed, and whose owner may make test databases."""
    return Postgres(state, settings=CARELESS, rights="CREATEDB")


def memory_folder() -> Path:
    """Where files cost nothing and every user may pass."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def new_state() -> Path:
    """A fresh state folder named after this process; the database's user may enter it."""
    state = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=memory_folder()))
    state.chmod(0o711)
    return state


def remove_state(state: Path) -> None:
    """Remove a state folder, and the cluster it may link to."""
    shutil.rmtree((state / "pg").resolve(), ignore_errors=True)
    shutil.rmtree(state, ignore_errors=True)


def remove_left_overs() -> None:
    """State folders of runs that were killed: the process in their name is gone."""
    for folder in memory_folder().glob(f"{PREFIX}*"):
        number = folder.name.removeprefix(PREFIX).partition("-")[0]
        if number.isdigit() and not Path("/proc", number).exists() and Path("/proc/self").exists():
            remove_state(folder)


@contextmanager
def private_cluster() -> Iterator[Postgres]:
    """A running PostgreSQL apart from the run's; database `postern`, roles postern_owner and postern_app."""
    state = new_state()
    postgres = careless_postgres(state)
    try:
        postgres.prepare()
        postgres.start()
        yield postgres
    finally:
        postgres.stop()
        remove_state(state)


@contextmanager
def private_valkey() -> Iterator[Valkey]:
    """A running Valkey apart from the run's."""
    state = new_state()
    valkey = Valkey(state)
    try:
        valkey.prepare()
        valkey.start()
        yield valkey
    finally:
        valkey.stop()
        remove_state(state)


def environment_of(servers: Servers) -> dict[str, str]:
    """What the settings read during tests: servers of one's own, as the role that owns the tables."""
    keys = servers.state / "keys"
    make_missing_keys(keys)
    return {
        "POSTERN_STATE": str(servers.state),
        "POSTERN_URL": "http://localhost:8000",
        "DATABASE_URL": f"postgresql://postern_owner@{quote(str(servers.postgres.socket_folder), safe='')}/postern",
        "REDIS_URL": f"unix://{servers.valkey.socket}?db=0",
        "EMAIL_URL": "smtp://127.0.0.1:1?tls=none",
        "SECRET_KEY_FILE": str(keys / "secret_key"),
        "POSTERN_SEALING_KEY_FILE": str(keys / "sealing_key"),
        "POSTERN_PEPPER_FILE": str(keys / "pepper"),
        "POSTERN_LOG_FORMAT": "text",
    }


def without_postern(environ: dict[str, str]) -> dict[str, str]:
    """A copy of `environ` without a person's own settings, which no test may depend on or touch."""
    named = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY", "SECRET_KEY_FILE"}
    return {
        name: value
        for name, value in environ.items()
        if name in KEPT or not (name in named or name.startswith("POSTERN_"))
    }


def _set_environment(servers: Servers) -> None:
    clean = without_postern(dict(os.environ)) | environment_of(servers)
    for name in set(os.environ) - set(clean):
        del os.environ[name]
    os.environ.update(clean)


if IS_XDIST_WORKER:
    servers = Servers(Path(os.environ["POSTERN_STATE"]))
else:
    remove_left_overs()
    servers = Servers(new_state())
    _set_environment(servers)


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    if not IS_XDIST_WORKER:
        servers.start()


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    if not IS_XDIST_WORKER:
        servers.stop()
