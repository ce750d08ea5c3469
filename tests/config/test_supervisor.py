"""Whoever asks to stop is heard at every moment, and no child is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from config.env import load
from config.up.child import Child
from config.up.errors import StopAsked
from config.up.supervisor import STOP_SIGNALS, Supervisor
from tests.embedded import new_state, remove_state


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """One that listens for signals in this process and has started nothing yet."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    state = new_state()
    one = Supervisor(load({"POSTERN_STATE": str(state)}), say=lambda _: None)
    one._listen_for_signals()
    yield one
    one._stop()
    for number, handler in before.items():
        signal.signal(number, handler)
    remove_state(state)


def sleeper(first: Callable[[], object] = lambda: None) -> Callable[[], subprocess.Popen[bytes]]:
    """What launches a process that sleeps, and does something `first`, in the midst of it."""

    def launch() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        first()
        return process

    return launch


def ask() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_ask_while_a_child_is_begun_waits_until_it_is_written_down(supervisor):
    with pytest.raises(StopAsked):
        supervisor._add(Child("web", sleeper(ask)))

    [child] = supervisor.children
    supervisor._stop()
    assert child.process.poll() == -signal.SIGTERM


def test_an_ask_while_a_child_is_begun_again_is_heard_too(supervisor):
    child = supervisor._add(Child("web", sleeper()))
    child.process.kill()
    child.process.wait()
    child.launch, child.pause = sleeper(ask), 0.0

    with pytest.raises(StopAsked):
        supervisor._watch()

    assert child.process.poll() is None


def test_an_ask_that_python_swallows_is_heeded_at_the_next_glance(supervisor):
    supervisor._add(Child("web", sleeper()))
    with pytest.raises(StopAsked):
        ask()

    with pytest.raises(StopAsked):
        supervisor._watch()


def test_asking_twice_breaks_off_nothing_more(supervisor):
    with pytest.raises(StopAsked):
        ask()
    ask()
