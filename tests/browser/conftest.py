"""A real house, started as a newcomer starts it, and a real Chromium to walk through it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.walks import ROOT, load_demo, set_up

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_browser() -> str | None:
    """A Chromium on this machine: the one named by POSTERN_CHROMIUM, or one on PATH."""
    named = os.environ.get("POSTERN_CHROMIUM")
    return named or next((found for name in BROWSERS if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items):
    """Without a browser these tests are skipped with the reason shown, unless the environment insists on one."""
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.timeout(400))
    if ours and find_browser() is None:
        if os.environ.get("POSTERN_REQUIRE_BROWSER") == "1":
            pytest.exit("No Chromium found. Install one (Debian: apt install chromium) or set POSTERN_CHROMIUM.", 3)
        for item in ours:
            item.add_marker(pytest.mark.skip(reason="no Chromium found; set POSTERN_CHROMIUM"))


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
    house.process.send_signal(signal.SIGINT)
    try:
        house.process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        house.process.kill()
        house.process.wait()
    house.process.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def state_folder() -> Iterator[Path]:
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="postern-house-", dir=base))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def house(state_folder: Path) -> Iterator[House]:
    """One house for the tests that only look."""
    house = start_house(state_folder)
    yield house
    stop_house(house)


@pytest.fixture(scope="session")
def demo_session(house: House, chromium: Browser) -> list[dict]:
    """The cookies of an owner who is signed in to the demo office in that house."""
    context = chromium.new_context()
    page = context.new_page()
    set_up(page, house.url, house.token)
    load_demo(page, house.url)
    cookies = context.cookies()
    context.close()
    return cookies


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def errors() -> list[str]:
    """What the browser's console complained about; the walk fails on anything in it."""
    return []


def open_page(context: BrowserContext, errors: list[str]) -> Page:
    """A page whose every console error, failed request and thrown error is written down."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda thrown: errors.append(str(thrown)))
    return page
