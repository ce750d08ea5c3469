"""What axe finds on a page, in both themes, at phone and desk width, with target-size switched on.

The theme changes colours and nothing else, so in the dark only contrast is looked at again.
"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# Only faults are described; to describe what is good takes longer than to look.
FAULTS = {"resultTypes": ["violations"], "iframes": False}  # a letter's preview is a document of its own
FULL = FAULTS | {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}
COLOURS = FAULTS | {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
HERE = "typeof axe === 'object'"
RUN = "async options => (await axe.run(document, options)).violations"


def faults_of(page: Page) -> set[str]:
    """Each fault with the element it is at, over both widths and themes."""
    if not page.evaluate(HERE):
        page.evaluate(AXE_SCRIPT)
    found = set()
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        for theme, options in (("light", FULL), ("dark", COLOURS)):
            page.emulate_media(color_scheme=theme)
            faults: list[dict[str, Any]] = page.evaluate(RUN, options)
            found |= {
                f"{width} {theme} {fault['id']}: {node['html'][:140]}" for fault in faults for node in fault["nodes"]
            }
    return found


def visit(page: Page, path: str, *, status: int = 200) -> set[str]:
    """What is wrong with one page; an answer of another kind than expected is a fault too."""
    answer = page.goto(path)
    return faults_of(page) if answer.status == status else {f"answers {answer.status}"}
