"""Starts everything in order, says so in words, keeps it running, and stops it in the opposite order."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from config.embedded import EmbeddedError, Postgres, Valkey
from config.embedded.children import last_words
from config.embedded.folders import PASSABLE, PRIVATE, make_folder
from config.env import Settings
from config.keys import make_missing_keys, missing_keys
from config.up import ports, programs
from config.up.child import Child
from config.up.errors import StartError, StopAsked
from config.up.lock import StateLock
from config.up.logs import rotate
from config.up.parent import Parent
from config.up.preparation import prepare
from config.up.pulse import LOOK_EVERY, SILENT_AFTER, silence_of_worker
from config.up.readiness import wait_for_page

GLANCE = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CHILDREN = ("postgres", "valkey", "prepare", "web", "catcher", "worker", "beat")


class Supervisor:
    """One run of Postern on this machine. `say` gets each line meant for the terminal."""

    def __init__(self, settings: Settings, *, say: Callable[[str], None], ends_with_parent: bool = False):
        self.settings = settings
        self.say = say
        self.parent = Parent() if ends_with_parent else None
        self.children: list[Child] = []
        self.env = dict(os.environ)
        self.logs: dict[str, Path] = {}
        self.open = ExitStack()
        self.looked_at_pulse = time.monotonic()
        self.is_asked = self.is_busy = self.is_stopping = False

    def run(self) -> int:
        """Until somebody asks to stop; 0 then, 1 when a step failed."""
        self._listen_for_signals()
        try:
            self._start()
            self._watch()
        except StopAsked:
            self.say("Stopping; your data stays.")
            return 0
        except (StartError, EmbeddedError) as failed:
            self.is_stopping = True
            self.say(str(failed))
        except OSError as failed:
            self.is_stopping = True
            self.say(f"Postern cannot start: {failed}. Its state is to be in {self.settings.state} (POSTERN_STATE).")
        finally:
            self._stop()
        return 1

    def _listen_for_signals(self) -> None:
        """Whoever starts us with nohup means us to outlive the terminal; an ignored Ctrl-C is no such wish."""
        for number in STOP_SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """The first ask breaks off whatever is going on; later ones change nothing, the stopping goes on.

        What is raised at a bad moment is lost: Python ignores exceptions in what it runs around a fork. So the ask is
        also written down, and heeded after each step.
        """
        is_first, self.is_asked = not self.is_asked, True
        if is_first and not self.is_busy and not self.is_stopping:
            raise StopAsked

    def _heed(self) -> None:
        if self.is_asked and not self.is_stopping:
            raise StopAsked

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """Whoever asks meanwhile waits: a child that was started and not written down would be nobody's to stop."""
        self.is_busy = True
        try:
            yield
        finally:
            self.is_busy = False
        self._heed()

    def _start(self) -> None:
        state = make_folder(self.settings.state, PASSABLE)
        lock = StateLock(state)
        lock.take()
        listener = self.open.enter_context(ports.claim_port(self.settings.port, is_chosen=self.settings.port_is_chosen))
        catcher = self.open.enter_context(ports.listen_on(0)) if self.settings.mail.is_caught else None
        port = ports.number_of(listener)
        lock.note(address=f"http://localhost:{port}/")
        if port != self.settings.port:
            self.say(f"Port {self.settings.port} is busy; taking {port} instead.")
        self.env["POSTERN_PORT"] = str(port)
        if catcher:
            self.env["POSTERN_CATCHER_PORT"] = str(ports.number_of(catcher))
        make_folder(self.settings.logs, PRIVATE)
        self.logs = {name: rotate(self.settings.logs, name) for name in CHILDREN}
        self._make_keys()
        self._start_servers()
        token = prepare(self.env, log=self.logs["prepare"], say=self.say)
        self._heed()
        self._start_web(listener.fileno(), port)
        self._say_where(port, token)
        self._start_helpers(catcher)

    def _make_keys(self) -> None:
        """Before the database exists, never after: new keys for old rows would lock everybody out."""
        missing = missing_keys(self.settings.keys, self.settings.own_keys)
        if not missing:
            return
        if Postgres(self.settings.state).exists:
            names = ", ".join(missing)
            raise StartError(
                f"The database is here, but its keys are gone: {names} in {self.settings.keys}. "
                "Put your copy of these files back; new ones would open nothing that the old ones sealed. "
                "What to do when there is no copy is in docs/running.md, “The keys”."
            )
        make_missing_keys(self.settings.keys, missing)
        self.say(f"Made the keys in {self.settings.keys}; keep a copy of them in a safe place.")

    def _start_servers(self) -> None:
        state = self.settings.state
        if not self.settings.has_own_database:
            postgres = Postgres(state)
            self.say("Starting PostgreSQL." if postgres.exists else "Making a database and starting PostgreSQL.")
            postgres.prepare()
            if postgres.is_elsewhere:
                self.say(f"Its files are in {postgres.folder}: its user may not enter {state}.")
            self._add(Child("postgres", postgres.launch, postgres.stop_signal, 30))
        if not self.settings.has_own_redis:
            self.say("Starting Valkey.")
            valkey = Valkey(state)
            valkey.prepare()
            self._add(Child("valkey", valkey.launch, valkey.stop_signal))
            valkey.wait_ready()
        if not self.settings.has_own_database:
            postgres.wait_ready()

    def _start_web(self, listener: int, port: int) -> None:
        self.say("Starting the web server.")
        child = self._add_program("web", programs.web(listener), fds=[listener], patience=12)
        answered = wait_for_page(
            port,
            host=self.settings.host,
            is_alive=lambda: child.process is not None and child.process.poll() is None,
        )
        if not answered:
            words = last_words(self.logs["web"])
            raise StartError(
                f"The web server does not answer as it should. Its last words ({self.logs['web']}):\n{words}"
            )

    def _say_where(self, port: int, token: str) -> None:
        self.say(f"Postern is up: http://localhost:{port}/")
        if token:
            self.say(f"First run: set up your office at http://localhost:{port}/setup/")
            self.say(f"The one-time token it asks for: {token}")
        if self.settings.mail.is_caught:
            self.say(f"No mail leaves this machine: letters are kept in {self.settings.caught_mail}.")
        self.say("Press Ctrl-C to stop; your data stays.")

    def _start_helpers(self, catcher: socket.socket | None) -> None:
        """What no page needs comes after the first page."""
        if catcher:
            self._add_program("catcher", programs.catcher(catcher.fileno()), fds=[catcher.fileno()], patience=3)
        self._add_program("worker", programs.WORKER, patience=8)
        self._add_program("beat", programs.BEAT, patience=4)

    def _add_program(self, name: str, arguments: list[str], *, patience: float, fds: Sequence[int] = ()) -> Child:
        launch = partial(programs.launch, arguments, log=self.logs[name], env=self.env, pass_fds=fds)
        return self._add(Child(name, launch, patience=patience))

    def _add(self, child: Child) -> Child:
        with self._undisturbed():
            self.children.append(child)
            child.start()
        return child

    def _watch(self) -> NoReturn:
        while not (self.parent and self.parent.is_leaving):
            now = time.monotonic()
            for child in self.children:
                with self._undisturbed():
                    words = child.tend(now)
                if words:
                    self.say(words)
            self._check_pulse(now)
            time.sleep(GLANCE)
            self._heed()
        raise StopAsked

    def _check_pulse(self, now: float) -> None:
        """A worker may live and yet take nothing any more, or its beat send nothing; both begin anew then."""
        if now - self.looked_at_pulse < LOOK_EVERY:
            return
        self.looked_at_pulse = now
        silent_for = silence_of_worker(self.settings.database) or 0
        pair = [child for child in self.children if child.name in {"worker", "beat"}]
        if silent_for > SILENT_AFTER and min(child.age(now) for child in pair) > SILENT_AFTER:
            self.say(f"The worker has been silent for {silent_for:.0f} seconds.")
            for child in pair:
                child.restart()

    def _stop(self) -> None:
        self.is_stopping = True
        for child in _in_stopping_order(self.children):
            child.stop()
        self.open.close()


def _in_stopping_order(children: list[Child]) -> list[Child]:
    """Who gives work first, who serves others last: beat, worker, web, catcher, valkey, postgres."""
    order = ("beat", "worker", "web", "catcher", "valkey", "postgres")
    return sorted(children, key=lambda child: order.index(child.name))
