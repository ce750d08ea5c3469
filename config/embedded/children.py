"""Starting a program as a child that cannot outlive us, and ending it for certain."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class RunAs:
    """The system user a program runs as."""

    name: str
    uid: int
    gid: int


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    run_as: RunAs | None = None,
    when_we_die: signal.Signals = signal.SIGTERM,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, so a Ctrl-C in the terminal reaches only us.

    Its output is added to `log`. When the calling thread ends, for whatever reason, the kernel sends it
    `when_we_die`; therefore call this from the main thread only.
    """
    user, group = (run_as.uid, run_as.gid) if run_as else (None, None)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 (our own programs and arguments, no shell)
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            user=user,
            group=group,
            extra_groups=[] if run_as else None,
            process_group=0,
            pass_fds=pass_fds,
            preexec_fn=_die_with(os.getpid(), when_we_die),  # noqa: PLW1509 (one system call, no lock taken)
        )


def _die_with(parent: int, when_we_die: signal.Signals) -> Callable[[], None]:
    """Runs in the child after the change of user, which would clear the wish."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def wish() -> None:
        prctl(PR_SET_PDEATHSIG, int(when_we_die), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return wish


def end(child: subprocess.Popen[bytes], how: signal.Signals, *, within: float) -> bool:
    """Ask with `how`, wait `within` seconds, then kill the whole group. Returns whether asking was enough."""
    if child.poll() is not None:
        return True
    child.send_signal(how)
    try:
        child.wait(within)
    except subprocess.TimeoutExpired:
        kill(child)
        return False
    return True


def kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and all it started at once, and reap it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def last_words(log: Path, *, lines: int = 8) -> str:
    """The end of a log, for showing beside an error; empty when there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def command_of(pid: int) -> list[str]:
    """The command line of a live process; empty when there is none, or none that can be seen."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
