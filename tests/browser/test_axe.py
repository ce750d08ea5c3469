"""axe finds nothing on any page, in both themes, at phone and desk width, with target-size switched on."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}
OPEN = ["/signin/", "/lost/", "/nothing-here/"]
PAGES = [
    "/",
    "/accounts/",
    "/accounts/new/",
    "/accounts/new/?broker=ibkr",
    "/devices/",
    "/devices/new/",
    "/validations/new/",
    "/authenticators/",
    "/people/",
    "/people/new/",
    "/letters/",
    "/notices/",
    "/notices/new/",
    "/brokers/",
    "/brokers/ibkr/",
    "/logins/new/",
    "/trail/",
    "/trail/?check=1",
    "/office/",
    "/office/import/",
    "/office/demo/remove/",
    "/me/",
    "/me/codes/",
    "/search/?q=ma",
]
# One of each kind, reached by its first link on the list.
FIRST_OF = {"/accounts/": "main a.row", "/devices/": "main a.row", "/people/": "main a.row", "/letters/": "main a.row"}


def found_by_axe(page, axe: Axe) -> list[str]:
    """Each fault with the element it is at; an answer that is no page of ours is one too."""
    faults = axe.run(page, options=OPTIONS).response["violations"]
    return [f"{fault['id']}: {node['html'][:160]}" for fault in faults for node in fault["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(house, demo_session, chromium: Browser, width, theme):
    viewport = {"width": width, "height": 900}
    context = chromium.new_context(viewport=viewport, color_scheme=theme, base_url=house.url)
    page, axe, faults = context.new_page(), Axe(), {}
    for path in OPEN:
        page.goto(path)
        faults[path] = found_by_axe(page, axe)
    context.add_cookies(demo_session)
    for path in PAGES:
        answer = page.goto(path)
        faults[path] = found_by_axe(page, axe) + ([] if answer.ok else [f"answers {answer.status}"])
    for path, link in FIRST_OF.items():
        page.goto(path)
        page.locator(link).first.click()
        faults[page.url] = found_by_axe(page, axe)
    context.close()

    assert {path: found for path, found in faults.items() if found} == {}
