"""One process the supervisor looks after: started, started again after a pause, stopped."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from config.embedded import EmbeddedError, children

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 3.0
STEADY_AFTER = 10.0


@dataclass
class Child:
    """`launch` starts it; `stop_signal` and `patience` (seconds) say how it is asked to end."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    pause: float = field(default=FIRST_PAUSE, init=False)
    again_at: float | None = field(default=None, init=False)

    def start(self) -> None:
        """Launch it, from the main thread."""
        self.again_at, self.started = None, time.monotonic()
        self.process = self.launch()

    def tend(self, now: float) -> str:
        """Start it again when it has ended and its pause is over.

        Returns a sentence the first time in a row that it was found ended; a child that keeps failing is said once.
        """
        if self.again_at is not None:
            if now >= self.again_at:
                self._start_again(now)
            return ""
        if self.process is None or self.process.poll() is None:
            return ""
        return self._rest(now, f"ended by itself ({self._ending()})")

    def restart(self) -> None:
        """End it the hard way; the next look starts it again."""
        if self.process:
            children.kill(self.process)

    def stop(self, *, patience: float | None = None) -> None:
        """Ask, wait, then insist."""
        self.again_at = None
        if self.process:
            children.end(self.process, self.stop_signal, within=self.patience if patience is None else patience)

    def age(self, now: float) -> float:
        """Seconds since the last start."""
        return now - self.started

    def _start_again(self, now: float) -> None:
        try:
            self.start()
        except (EmbeddedError, OSError) as failed:
            self._rest(now, str(failed))

    def _rest(self, now: float, why: str) -> str:
        """Plan the next start: half a second at first, doubling up to three; short again after a steady run."""
        if self.age(now) > STEADY_AFTER:
            self.pause = FIRST_PAUSE
        is_first = self.pause == FIRST_PAUSE
        self.process, self.again_at = None, now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return f"{self.name} {why}; starting it again. See log/{self.name}.log." if is_first else ""

    def _ending(self) -> str:
        code = self.process.returncode if self.process else 0
        return f"signal {-code}" if code < 0 else f"exit {code}"
