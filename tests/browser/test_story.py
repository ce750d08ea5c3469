"""The main job as one story, in a house started as a newcomer starts it.

From the set-up token to the mail in a real SMTP catcher and the confirmation that stops it: once at desk width, once at
phone width, once without JavaScript. Each walk uses a house of its own.
"""

from __future__ import annotations

import email
import email.policy
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import House, open_page, start_house, stop_house
from tests.browser.walks import PASSWORD, ROOT, Authenticator, set_up, wait_for

SAMPLE = ROOT / "docs" / "sample-office.xlsx"
WALKS = {
    "desk": {"viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 360, "height": 780}, "has_touch": True, "color_scheme": "dark"},
    "without JavaScript": {"viewport": {"width": 1280, "height": 900}, "java_script_enabled": False},
}


@pytest.fixture(params=WALKS)
def walk(request, chromium: Browser) -> Iterator[tuple[House, BrowserContext]]:
    """A fresh house and a fresh browser of the walk's kind."""
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    state = Path(tempfile.mkdtemp(prefix="postern-story-", dir=base))
    state.chmod(0o711)
    house = start_house(state)
    context = chromium.new_context(**WALKS[request.param], base_url=house.url)
    yield house, context
    context.close()
    stop_house(house)
    shutil.rmtree(state, ignore_errors=True)


def test_an_office_signs_in_imports_sees_what_is_due_and_gets_the_reminder(walk, errors):
    house, context = walk
    page = open_page(context, errors)

    phone = set_up(page, house.url, house.token)
    import_the_sample(page)
    look_around(page)
    signs_out_and_in(page, phone)
    reminder = gets_the_reminder(page, house)
    confirming_stops_it(page, house, reminder)

    assert errors == []


def import_the_sample(page: Page) -> None:
    """The sample office: upload, dry run, apply; a second time changes nothing."""
    page.get_by_role("link", name="Import a spreadsheet").click()
    upload(page)
    page.get_by_role("button", name=re.compile("^Import")).click()
    wait_for(lambda: looked_again(page, "undo"), what="the import to be done", seconds=90)


def upload(page: Page) -> None:
    page.locator("input[type=file]").first.set_input_files(SAMPLE)
    page.get_by_role("button", name=re.compile("Check|Upload")).first.click()


def looked_again(page: Page, words: str) -> bool:
    """Whether the page says so by now; without script one looks again by hand."""
    if re.search(words, page.content(), re.IGNORECASE):
        return True
    page.reload()
    return False


def look_around(page: Page) -> None:
    """Every main page has what the sample brought."""
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("locked out"))
    expect(page.get_by_role("heading", name="What needs doing")).to_be_visible()
    for path, heading in {
        "/accounts/": "Accounts",
        "/devices/": "Devices",
        "/people/": "People",
        "/letters/": "Letters",
    }.items():
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert sideways <= 0, f"{path} scrolls sideways by {sideways} px"
    for path in ("/accounts/", "/devices/"):
        page.goto(path)
        page.locator("main a.row").first.click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()


def signs_out_and_in(page: Page, phone: Authenticator) -> None:
    page.goto("/signin/")
    page.context.clear_cookies()
    page.goto("/devices/")
    page.get_by_label("E-mail").fill("nora@amsel.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("One-time code").fill(phone.code())
    page.get_by_role("button", name="Open").click()
    expect(page).to_have_url(re.compile("/devices/$"))


def letters_to(house: House, address: str):
    """Reminders in the catcher for one person, parsed."""
    parsed = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in house.caught()]
    return [mail for mail in parsed if mail["To"] == address and "Confirm" in mail["Subject"]]


def gets_the_reminder(page: Page, house: House):
    """One grouped mail, text and HTML, in the catcher and on the Letters page."""
    mails = wait_for(lambda: letters_to(house, "nora@amsel.example"), seconds=150, what="the reminder")
    assert len(mails) == 1
    assert {part.get_content_type() for part in mails[0].walk()} >= {"text/plain", "text/html"}
    page.goto("/letters/")
    expect(page.get_by_text("accepted by the relay").first).to_be_visible()
    return mails[0]


def confirming_stops_it(page: Page, house: House, reminder) -> None:
    """The mail's one button leads to a page of this house; recording there takes the thing off Today."""
    address = re.search(rf"{house.url}(/\S*)", reminder.get_body(("plain",)).get_content()).group(1)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
