"""One supervisor a state folder: a lock that ends with the process, and a note of who holds it."""

import fcntl
import json
import os
from pathlib import Path

from config.up.errors import StartError


class StateLock:
    """Held from `take` until the process ends; raises StartError naming the one that runs already."""

    def __init__(self, state: Path):
        self.file = state / "up.lock"
        self._handle = -1

    def take(self) -> None:
        self._handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(self._who_runs()) from None
        self.note(address="")

    def note(self, *, address: str) -> None:
        """Write down the address for the next one who asks."""
        text = json.dumps({"process": os.getpid(), "address": address}).encode()
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, text, 0)

    def _who_runs(self) -> str:
        try:
            note = json.loads(self.file.read_text())
        except ValueError:
            note = {"process": "unknown", "address": ""}
        where = f"at {note['address']}" if note["address"] else "and is still starting"
        return f"Postern runs already {where} (process {note['process']}, state in {self.file.parent})."
