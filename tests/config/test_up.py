"""`manage.py up` as a person runs it: the whole of Postern in a state folder of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest

from config.up.ports import listen_on, number_of
from tests.embedded import new_state, remove_state, without_postern

CHECKOUT = Path(__file__).resolve().parents[2]
# When a hang is called one; how long it takes on a quiet machine is another matter.
STARTS_WITHIN, STOPS_WITHIN = 90, 45
pytestmark = pytest.mark.timeout(400)  # several starts in one test, beside four other processes that test


@pytest.fixture
def state() -> Iterator[Path]:
    folder = new_state()
    yield folder
    for up in Up.all_of.pop(folder, []):
        up.process.kill()
        up.wait_for_end()
    remove_state(folder)


class Up:
    """One `manage.py up`; everything it prints is in `lines`."""

    all_of: ClassVar[dict[Path, list["Up"]]] = {}

    def __init__(self, state: Path, **environ: str):
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=CHECKOUT,
            env=without_postern(dict(os.environ)) | {"POSTERN_STATE": str(state)} | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        self.all_of.setdefault(state, []).append(self)

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as said:
            self.lines.extend(line.rstrip("\n") for line in said)

    def wait_until_up(self) -> str:
        """The address it prints; fails with all it said when it ends before."""
        while self.process.poll() is None:
            for line in list(self.lines):
                if found := re.fullmatch(r"Postern is up: (http://localhost:\d+/)", line):
                    return found[1]
            time.sleep(0.05)
        return pytest.fail("\n".join(["It ended:", *self.lines]))

    def wait_for_end(self, within: float = STARTS_WITHIN) -> int:
        """Its exit code, once all it said is in `lines`."""
        code = self.process.wait(within)
        self.reader.join()
        return code

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.wait_for_end(STOPS_WITHIN)


def processes_of(state: Path) -> dict[int, str]:
    """Live processes that carry the state folder in their command line or environment."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, environ = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        if str(state).encode() in command + environ:
            found[int(folder.name)] = command.replace(b"\0", b" ").decode()
    return found


def status_of(address: str) -> int:
    with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310 (the address that `up` printed)
        return int(answer.status)


def wait_for(claim: Callable[[], bool], within: float = 30) -> None:
    deadline = time.monotonic() + within
    while not claim():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def connect(state: Path) -> psycopg.Connection:
    return psycopg.connect(host=str(state / "pg" / "run"), dbname="postern", user="postern_owner", autocommit=True)


def kept(state: Path) -> list[tuple[int]]:
    with connect(state) as owner:
        return owner.execute("SELECT number FROM kept").fetchall()


@pytest.mark.faults
def test_a_first_run_a_second_one_beside_it_and_one_after_it(state: Path) -> None:
    first = Up(state)
    address = first.wait_until_up()
    assert status_of(f"{address}healthz") == 200
    assert status_of(f"{address}setup/") == 200
    with connect(state) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 1 AS number")
    keys = {file.name: file.read_text() for file in (state / "keys").iterdir()}

    beside = Up(state)
    assert beside.wait_for_end() == 1
    assert beside.lines == [f"Postern runs already at {address} (process {first.process.pid}, state in {state})."]

    assert first.stop() == 0
    assert processes_of(state) == {}
    told = "\n".join(first.lines)
    assert told.count("Postern is up: ") == 1
    assert f"First run: set up your office at {address}setup/" in first.lines
    assert re.search(r"^The one-time token it asks for: \S{20,}$", told, re.MULTILINE)
    assert first.lines[-1] == "Stopping; your data stays."

    after = Up(state)
    address = after.wait_until_up()
    assert kept(state) == [(1,)]
    assert {file.name: file.read_text() for file in (state / "keys").iterdir()} == keys
    assert not {"Collecting static files.", "Making a database and starting PostgreSQL."} & set(after.lines)
    os.kill(after.process.pid, signal.SIGKILL)
    after.wait_for_end()
    wait_for(lambda: processes_of(state) == {}, within=STOPS_WITHIN)


@pytest.mark.faults
def test_whatever_is_killed_comes_back_and_nothing_committed_is_lost(state: Path) -> None:
    with listen_on(0) as free:
        port = number_of(free)
    up = Up(state, POSTERN_PORT=str(port))
    address = up.wait_until_up()
    assert address == f"http://localhost:{port}/"
    with connect(state) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 1 AS number")

    servers = re.compile("postgres -D|valkey-server|gunicorn")
    for pid in [pid for pid, command in processes_of(state).items() if servers.search(command)]:
        os.kill(pid, signal.SIGKILL)

    wait_for(lambda: worker_has_worked(state), within=60)
    assert status_of(f"{address}healthz") == 200
    assert kept(state) == [(1,)]
    assert up.stop(signal.SIGTERM) == 0
    assert processes_of(state) == {}
    ended = {line.split()[0] for line in up.lines if " ended by itself (signal 9); starting it again." in line}
    assert ended == {"postgres", "valkey", "web"}


def worker_has_worked(state: Path) -> bool:
    """Whether a task went from the beat through Valkey to the worker and into PostgreSQL."""
    try:
        with connect(state) as owner:
            return owner.execute("SELECT FROM letters_pulse WHERE name = 'worker'").fetchone() is not None
    except psycopg.Error:
        return False


def test_a_port_that_was_asked_for_and_is_busy_ends_it_in_words(state: Path) -> None:
    with listen_on(0) as busy:
        port = number_of(busy)
        up = Up(state, POSTERN_PORT=str(port))
        assert up.wait_for_end() == 1

    (line,) = up.lines
    assert line == (
        f"Port {port} cannot be used: Address already in use. "
        "Set POSTERN_PORT to another one, or leave it out to have a free one chosen."
    )
    assert processes_of(state) == {}


def test_lost_keys_are_never_replaced_by_new_ones(state: Path) -> None:
    (state / "pg" / "data").mkdir(parents=True)

    up = Up(state)

    assert up.wait_for_end() == 1
    (line,) = up.lines
    assert line == (
        f"The database is here, but its keys are gone: secret_key, sealing_key, pepper in {state}/keys. "
        "Put your copy of these files back; new ones would open nothing that the old ones sealed. "
        "What to do when there is no copy is in docs/running.md, “The keys”."
    )
    assert not (state / "keys").exists()


def test_a_database_that_does_not_answer_is_said_in_words_and_what_was_started_is_stopped(state: Path) -> None:
    keys = state / "mine"
    subprocess.run([sys.executable, "-m", "config.keys", str(keys)], cwd=CHECKOUT, check=True, capture_output=True)
    with listen_on(0) as free:
        dead = number_of(free)

    up = Up(
        state,
        POSTERN_URL="http://localhost:8000",
        DATABASE_URL=f"postgresql://nobody@127.0.0.1:{dead}/postern",
        REDIS_URL=f"redis://127.0.0.1:{dead}",
        EMAIL_URL=f"smtp://127.0.0.1:{dead}",
        SECRET_KEY_FILE=str(keys / "secret_key"),
        POSTERN_SEALING_KEY_FILE=str(keys / "sealing_key"),
        POSTERN_PEPPER_FILE=str(keys / "pepper"),
    )

    assert up.wait_for_end() == 1
    assert up.lines[0] == f"Preparing the database failed. The last words ({state}/log/prepare.log):"
    assert "The database does not answer as it should: connection failed" in "\n".join(up.lines)
    assert processes_of(state) == {}


def test_a_state_folder_that_cannot_be_made_is_said_in_words(state: Path) -> None:
    (state / "file").write_text("")

    up = Up(state / "file")

    assert up.wait_for_end() == 1
    (line,) = up.lines
    assert line == (
        f"Postern cannot start: [Errno 20] Not a directory: '{state}/file'. "
        f"Its state is to be in {state}/file (POSTERN_STATE)."
    )


def test_a_wrong_setting_is_named_without_a_traceback(state: Path) -> None:
    up = Up(state, POSTERN_PROT="8001")

    assert up.wait_for_end() == 2
    assert up.lines[-1] == "POSTERN_PROT is not a setting of Postern. Did you mean POSTERN_PORT?"
    assert "Traceback" not in "\n".join(up.lines)
