"""axe finds nothing on any page, in both themes, at phone and desk width, with target-size switched on.

Each page is loaded once and looked at four times. The theme changes colours and nothing else, so in the dark only
contrast is looked at again.
"""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

# Only faults are described; to describe what is good takes longer than to look.
FAULTS = {"resultTypes": ["violations"], "iframes": False}  # a letter's preview is a document of its own
FULL = FAULTS | {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}
COLOURS = FAULTS | {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
OPEN = ["/signin/", "/lost/", "/forgotten/"]
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
    "/brokers/swissquote/",
    "/logins/new/",
    "/trail/",
    "/trail/check/",
    "/trail/export/",
    "/office/",
    "/office/import/",
    "/office/demo/remove/",
    "/me/",
    "/me/codes/",
    "/me/factors/",
    "/me/authenticators/new/",
    "/me/passkeys/new/",
    "/me/checkup/",
    "/me/sessions/",
    "/me/password/",
    "/me/address/",
    "/me/away/",
    "/stepup/",
    "/people/failures/",
    "/people/invitations/",
    "/office/factors/",
    "/search/?q=ma",
]
# One of each kind, reached by its first link on the list.
FIRST_OF = {"/accounts/": "main a.row", "/devices/": "main a.row", "/people/": "main a.row", "/letters/": "main a.row"}


def faults_of(page: Page, axe: Axe) -> set[str]:
    """Each fault with the element it is at, over both widths and themes."""
    found = set()
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        for theme, options in (("light", FULL), ("dark", COLOURS)):
            page.emulate_media(color_scheme=theme)
            faults = axe.run(page, options=options).response["violations"]
            found |= {
                f"{width} {theme} {fault['id']}: {node['html'][:140]}" for fault in faults for node in fault["nodes"]
            }
    return found


def visit(page: Page, axe: Axe, path: str, *, status: int = 200) -> set[str]:
    """What is wrong with one page; an answer of another kind than expected is a fault too."""
    answer = page.goto(path)
    return faults_of(page, axe) if answer.status == status else {f"answers {answer.status}"}


def test_axe_finds_nothing_before_sign_in(house, demo_session, chromium: Browser):
    page, axe = chromium.new_page(base_url=house.url, reduced_motion="reduce"), Axe()

    found = {path: visit(page, axe, path) for path in OPEN}
    found["/nothing-here/"] = visit(page, axe, "/nothing-here/", status=404)
    ask_for_a_call(page)
    page.close()

    assert {path: faults for path, faults in found.items() if faults} == {}


def ask_for_a_call(page: Page) -> None:
    """It makes a letter, so that there is one to look at."""
    page.goto("/lost/")
    page.get_by_label("Your name").fill("Maria Santos")
    page.get_by_label("Number to call you on").fill("020 7946 0999")
    page.get_by_role("button", name="Ask to be called").click()


def test_axe_finds_nothing_inside(house, demo_session, chromium: Browser):
    context = chromium.new_context(base_url=house.url, reduced_motion="reduce")
    context.add_cookies(demo_session)
    page, axe = context.new_page(), Axe()

    found = {path: visit(page, axe, path) for path in PAGES}
    for path, link in FIRST_OF.items():
        page.goto(path)
        page.locator(link).first.click()
        found[page.url] = faults_of(page, axe)
    context.close()

    assert {path: faults for path, faults in found.items() if faults} == {}
