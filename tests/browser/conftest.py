"""A real house, started as a newcomer starts it, and a real Chromium to walk through it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.houses import House, model_in, running_house
from tests.browser.walks import load_demo, set_up

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


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a house that nobody has set up, made once for all processes of this run."""
    folder = tmp_path_factory.getbasetemp()
    return model_in(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)


@pytest.fixture(scope="session")
def house(model: Path) -> Iterator[House]:
    """One house for the tests that only look."""
    with running_house(model) as house:
        yield house


@pytest.fixture(scope="module")
def own_house(model: Path) -> Iterator[House]:
    """A house of this file's own, for walks that change people."""
    with running_house(model) as house:
        yield house


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
    page.set_default_timeout(30_000)
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda thrown: errors.append(str(thrown)))
    return page
