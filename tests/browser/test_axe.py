"""axe finds nothing on any page."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Browser, Page

from tests.browser.axe import faults_of, visit

OPEN = ["/signin/", "/lost/", "/forgotten/", "/clock/"]
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
    "/people/export/",
    "/findings/",
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
    "/clock/",
    "/people/failures/",
    "/people/invitations/",
    "/office/factors/",
    "/search/?q=ma",
]
# One of each kind, reached by its first link on the list.
FIRST_OF = {"/accounts/": "main a.row", "/devices/": "main a.row", "/people/": "main a.row", "/letters/": "main a.row"}


def test_axe_finds_nothing_before_sign_in(house, demo_session, chromium: Browser):
    page = chromium.new_page(base_url=house.url, reduced_motion="reduce")

    found = {path: visit(page, path) for path in OPEN}
    found["/nothing-here/"] = visit(page, "/nothing-here/", status=404)
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
    page = context.new_page()

    found = {path: visit(page, path) for path in PAGES}
    for path, link in FIRST_OF.items():
        page.goto(path)
        page.locator(link).first.click()
        found[page.url] = faults_of(page)
    page.goto("/")
    page.get_by_role("link", name="Is mine still right?").click()
    found["still right?"] = faults_of(page)
    page.goto("/")
    page.get_by_role("link", name="Which door for which job?").click()
    found["which door?"] = faults_of(page)
    found |= dict(handing_over(page))
    context.close()

    assert {path: faults for path, faults in found.items() if faults} == {}


def handing_over(page: Page) -> Iterator[tuple[str, set[str]]]:
    """From a thing to its hand-over, which is taken back, so that the house stays as it is."""
    page.goto("/devices/")
    page.locator("main a.row").first.click()
    page.get_by_role("link", name="Hand it over").click()
    yield "hand over", faults_of(page)
    page.get_by_label("Who gets it?").select_option(label="Tom Okafor")
    page.get_by_role("button", name="Ask them").click()
    yield "handed over", faults_of(page)
    page.get_by_role("button", name="Take it back").click()
