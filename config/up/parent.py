"""The program that started us, when we are to end with it (`make up`)."""

import os
import signal
from pathlib import Path

SURE_AFTER = 3


class Parent:
    """Asked again and again whether it still wants us.

    GNU make does not pass a SIGINT on that was sent to it alone: it blocks further ones and waits for us to end by
    ourselves. A terminal's Ctrl-C reaches us too; `kill -INT` of make would hang without this look.
    """

    def __init__(self) -> None:
        self.pid = os.getppid()
        self.never_hears = _blocks_interrupts(self.pid)
        self.looks = 0

    @property
    def is_leaving(self) -> bool:
        """Whether it is gone, or has been deaf to Ctrl-C for some looks in a row and was not so at first."""
        if os.getppid() != self.pid:
            return True
        is_deaf = not self.never_hears and _blocks_interrupts(self.pid)
        self.looks = self.looks + 1 if is_deaf else 0
        return self.looks >= SURE_AFTER


def _blocks_interrupts(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    masks = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return bool(int(masks.get("SigBlk", "0"), 16) & 1 << (signal.SIGINT - 1))
