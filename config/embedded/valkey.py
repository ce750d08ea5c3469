"""One Valkey server in a folder: a unix socket, every write kept, nothing ever thrown out."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from config.embedded import children
from config.embedded.binaries import find_valkey
from config.embedded.errors import EmbeddedError
from config.embedded.folders import PRIVATE, check_socket_path, make_folder
from config.env.places import VALKEY_FOLDER, VALKEY_SOCKET

READY_WITHIN = 30.0
STOPPED_WITHIN = 10.0
# The programs' own defaults would keep nothing and, with a memory limit, drop waiting tasks.
KEEP_EVERYTHING = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"]


class Valkey:
    """A server under `state`/valkey, run as the user we are."""

    stop_signal = signal.SIGTERM

    def __init__(self, state: Path, *, environ: Mapping[str, str] = os.environ):
        self.environ = environ
        self.folder = state / VALKEY_FOLDER
        self.socket = self.folder / VALKEY_SOCKET
        self.log = state / "log" / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Make the folders; raises EmbeddedError."""
        check_socket_path(self.socket)
        make_folder(self.folder, PRIVATE)
        make_folder(self.log.parent, PRIVATE)

    def start(self) -> None:
        """Launch and wait until it answers; raises EmbeddedError."""
        self.launch()
        self.wait_ready()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server without waiting."""
        program = find_valkey(self.environ)
        place: list[str | Path] = [
            "--port",
            "0",
            "--unixsocket",
            self.socket,
            "--unixsocketperm",
            "700",
            "--dir",
            self.folder,
        ]
        self.process = children.spawn([program, *place, "--daemonize", "no", *KEEP_EVERYTHING], log=self.log)
        return self.process

    def wait_ready(self, within: float = READY_WITHIN) -> None:
        """Until it answers a PING, so also until it has read back what it kept."""
        deadline = time.monotonic() + within
        while not self.is_ready:
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise EmbeddedError(f"Valkey did not start. Its last words:\n{children.last_words(self.log)}")
            time.sleep(0.02)

    @property
    def is_ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as talk:
                talk.settimeout(2)
                talk.connect(str(self.socket))
                talk.sendall(b"PING\r\n")
                return talk.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> bool:
        """Shut down after writing everything out. Returns whether it went by itself."""
        return self.process is None or children.end(self.process, self.stop_signal, within=STOPPED_WITHIN)

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self.process is not None:
            children.kill(self.process)
