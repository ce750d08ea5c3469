"""Houses for the browser tests: whole installations, started with `manage.py up` in state folders of their own."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.walks import ROOT


@dataclass
class House:
    """A running installation: its address, its state folder, and the set-up token the terminal showed."""

    url: str
    state: Path
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        return next(line.split()[-1] for line in self.lines if "token" in line)

    def manage(self, *command: str) -> str:
        """Run a management command inside this house; what it says against it is in the failure."""
        said = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=self.env, check=False, capture_output=True, text=True
        )
        assert said.returncode == 0, said.stderr
        return said.stdout

    @property
    def env(self) -> dict[str, str]:
        return clean_env() | {"POSTERN_STATE": str(self.state), "POSTERN_PORT": self.url.rsplit(":", 1)[1].strip("/")}

    def caught(self) -> list[Path]:
        """The letters that the catcher has, oldest first."""
        return sorted((self.state / "mail").glob("*.eml"), key=lambda file: file.stat().st_mtime)


def clean_env() -> dict[str, str]:
    """This process's environment without what the test plugin put there for the tests' own servers."""
    ours = ("POSTERN_", "DATABASE_", "REDIS_URL", "EMAIL_URL", "SECRET_KEY", "DJANGO_SETTINGS", "PG")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def start_house(state: Path) -> House:
    port = _free_port()
    env = clean_env() | {"POSTERN_STATE": str(state), "POSTERN_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    house = House(url=f"http://localhost:{port}", state=state, process=process)
    for line in process.stdout:
        house.lines.append(line.strip())
        if line.startswith("Press Ctrl-C"):
            return house
    raise AssertionError("The house did not start:\n" + "\n".join(house.lines))


def stop_house(house: House) -> None:
    if house.process.poll() is not None:
        return
    house.process.send_signal(signal.SIGINT)
    try:
        house.process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        house.process.kill()
        house.process.wait()
        raise AssertionError("The house did not stop within half a minute.") from None
    finally:
        house.process.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_house(model: Path | None = None) -> Iterator[House]:
    """A house that is up, in a state folder that is removed afterwards; begun as a copy of `model` if there is one."""
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    state = Path(tempfile.mkdtemp(prefix="postern-house-", dir=base))
    try:
        if model is not None:
            _copy(model, state)
        state.chmod(0o711)  # the database's own user has to get in
        house = start_house(state)
        try:
            yield house
        finally:
            stop_house(house)
    finally:
        shutil.rmtree(state, ignore_errors=True)


def model_in(folder: Path) -> Path:
    """The state folder in there of a house that was up once, so that its copies start as on a second day.

    Whoever asks first makes it; the others wait meanwhile. `tests/config/test_up.py` looks at first days.
    """
    model = folder / "model"
    with (folder / "model.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not model.exists():
            with running_house() as house:
                stop_house(house)
                _copy(house.state, folder / "model.new")
            (folder / "model.new").rename(model)
    return model


def _copy(state: Path, to: Path) -> None:
    """With owners and rights, which Python's own copies leave out."""
    subprocess.run(["cp", "-a", f"{state}/.", str(to)], check=True)
