"""The supervisor's parts, each on its own."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from config.embedded.children import spawn
from config.up.child import Child
from config.up.errors import StartError
from config.up.lock import StateLock
from config.up.logs import rotate
from config.up.ports import claim_port, listen_on, number_of
from config.up.readiness import wait_for_page


@pytest.fixture
def busy() -> Iterator[socket.socket]:
    with listen_on(0) as listener:
        yield listener


def test_a_free_port_is_taken_as_it_is(busy: socket.socket) -> None:
    port = number_of(busy)
    busy.close()

    with claim_port(port, is_chosen=True) as listener:
        assert listener.getsockname() == ("127.0.0.1", port)


def test_a_busy_default_gives_way_to_another_port(busy: socket.socket) -> None:
    with claim_port(number_of(busy), is_chosen=False) as listener:
        assert number_of(listener) != number_of(busy)


def test_a_busy_port_that_was_asked_for_is_refused_in_words(busy: socket.socket) -> None:
    port = number_of(busy)

    with pytest.raises(StartError) as refused:
        claim_port(port, is_chosen=True)

    assert str(refused.value) == (
        f"Port {port} cannot be used: Address already in use. "
        "Set POSTERN_PORT to another one, or leave it out to have a free one chosen."
    )


def test_a_second_supervisor_is_told_where_the_first_one_runs(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from config.up.lock import StateLock\n"
        f"lock = StateLock(Path({str(tmp_path)!r}))\n"
        "lock.take()\n"
        "print('starting', flush=True)\n"
        "sys.stdin.readline()\n"
        "lock.note(address='http://localhost:8123/')\n"
        "print('up', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdin
        assert first.stdout
        first.stdout.readline()
        with pytest.raises(StartError) as early:
            StateLock(tmp_path).take()
        first.stdin.write("\n")
        first.stdin.flush()
        first.stdout.readline()
        with pytest.raises(StartError) as late:
            StateLock(tmp_path).take()
        first.kill()

    of_first = f"(process {first.pid}, state in {tmp_path})"
    assert str(early.value) == f"Postern runs already and is still starting {of_first}."
    assert str(late.value) == f"Postern runs already at http://localhost:8123/ {of_first}."
    StateLock(tmp_path).take()


def test_logs_begin_afresh_and_four_old_ones_are_kept(tmp_path: Path) -> None:
    for run in range(7):
        rotate(tmp_path, "web").write_text(f"run {run}")
    rotate(tmp_path, "web")

    kept = {file.name: file.read_text() for file in tmp_path.iterdir()}

    assert kept == {"web.log.1": "run 6", "web.log.2": "run 5", "web.log.3": "run 4", "web.log.4": "run 3"}


def failing(tmp_path: Path) -> Child:
    return Child("web", lambda: spawn(["false"], log=tmp_path / "log"))


def ended(child: Child) -> Child:
    assert child.process is not None
    child.process.wait()
    return child


def comes_true(claim: Callable[[], bool], *, within: float = 10.0) -> bool:
    """Whether something holds now or soon; a busy machine takes its time."""
    until = time.monotonic() + within
    while not claim():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def is_running(pid: int) -> bool:
    """Whether there is such a process and it is not just waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_child_that_keeps_ending_is_started_after_growing_pauses_and_said_once(tmp_path: Path) -> None:
    child = failing(tmp_path)
    child.start()
    now, said, pauses = child.started, [], []

    for _ in range(5):
        said.append(ended(child).tend(now))
        assert child.again_at is not None
        pauses.append(round(child.again_at - now, 3))
        assert (child.tend(now), child.process) == ("", None)
        now = child.again_at
        child.tend(now)

    assert pauses == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert said == ["web ended by itself (exit 1); starting it again. See log/web.log.", "", "", "", ""]
    ended(child)


def test_after_a_steady_run_the_pause_is_short_again(tmp_path: Path) -> None:
    child = failing(tmp_path)
    child.start()
    child.pause = 3.0

    words = ended(child).tend(child.started + 11)

    assert child.again_at == child.started + 11.5
    assert words == "web ended by itself (exit 1); starting it again. See log/web.log."


def test_a_child_that_cannot_even_be_launched_is_tried_again(tmp_path: Path) -> None:
    child = failing(tmp_path)
    child.start()
    ended(child).tend(child.started)
    child.launch = lambda: spawn(["/no/such/program"], log=tmp_path / "log")

    child.tend(child.started + 1)

    assert child.process is None
    assert child.again_at is not None


def test_a_child_that_does_not_listen_is_killed_with_all_it_started(tmp_path: Path) -> None:
    deaf = "trap '' TERM; sleep 60 & echo $! >&2; wait; wait"
    child = Child("web", lambda: spawn(["sh", "-c", deaf], log=tmp_path / "log"))
    child.start()
    assert comes_true(lambda: (tmp_path / "log").read_text().endswith("\n"))
    grandchild = int((tmp_path / "log").read_text())
    assert is_running(grandchild)

    child.stop(patience=0.2)

    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL
    # The kernel has the signal for each of the group by now, but a busy machine may take a moment to act on it.
    assert comes_true(lambda: not is_running(grandchild))


def test_waiting_for_the_page_ends_at_once_when_the_server_has_ended() -> None:
    with listen_on(0) as free:
        port = number_of(free)

    assert not wait_for_page(port, host="localhost", is_alive=lambda: False)


def test_a_server_that_answers_with_errors_only_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.up.readiness.RECOVERS_WITHIN", 0.3)

    class Broken(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(500)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Broken) as server:
        threading.Thread(target=server.serve_forever).start()
        answered = wait_for_page(server.server_port, host="localhost", is_alive=lambda: True, within=60)
        server.shutdown()

    assert not answered


LOOKING = """
import time
from config.up.parent import Parent
parent = Parent()
print("looking", flush=True)
while not parent.is_leaving:
    time.sleep(0.05)
print("leaving", flush=True)
"""
STARTING = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
print(child.stdout.readline().strip(), flush=True)
time.sleep(0.5)
print("still there" if child.poll() is None else "gone too soon", flush=True)
if sys.argv[2] == "deaf":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    print(child.stdout.readline().strip(), flush=True)
child.stdout = None
os._exit(0)
"""


def test_a_parent_that_only_waits_for_our_end_is_left() -> None:
    """As GNU make does after a SIGINT that was sent to it alone."""
    said = subprocess.run([sys.executable, "-c", STARTING, LOOKING, "deaf"], capture_output=True, text=True, check=True)

    assert said.stdout.splitlines() == ["looking", "still there", "leaving"]


def test_a_parent_that_ended_is_noticed(tmp_path: Path) -> None:
    note = tmp_path / "note"
    looking = LOOKING.replace('print("leaving", flush=True)', f"open({str(note)!r}, 'w').close()")

    said = subprocess.run([sys.executable, "-c", STARTING, looking, "ends"], capture_output=True, text=True, check=True)

    assert said.stdout.splitlines() == ["looking", "still there"]
    deadline = time.monotonic() + 10
    while not note.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
