"""The main job as one story, in a house started as a newcomer starts it.

From the set-up token to the mail in a real SMTP catcher and the confirmation that stops it: once at desk width, once at
phone width, once without JavaScript. Each walker has a house of its own; they take each chapter in turn, so that one's
reminder comes while the others walk. A chapter rests on those before it.
"""

from __future__ import annotations

import email
import email.policy
import re
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House, open_page, start_house, stop_house
from tests.browser.walks import PASSWORD, ROOT, Authenticator, set_up, wait_for

SAMPLE = ROOT / "docs" / "sample-office.xlsx"
WALKS = {
    "desk": {"viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 360, "height": 780}, "has_touch": True, "color_scheme": "dark"},
    "without JavaScript": {"viewport": {"width": 1280, "height": 900}, "java_script_enabled": False},
}


@dataclass
class Walker:
    """One person with one browser in one house; `errors` is what the browser complained about."""

    house: House
    page: Page
    errors: list[str] = field(default_factory=list)
    phone: Authenticator | None = None
    reminder: email.message.EmailMessage | None = None


@pytest.fixture(scope="module")
def walkers(chromium: Browser) -> Iterator[dict[str, Walker]]:
    """Three fresh houses, started at once."""
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    states = [Path(tempfile.mkdtemp(prefix="postern-story-", dir=base)) for _ in WALKS]
    for state in states:
        state.chmod(0o711)
    with ThreadPoolExecutor(len(WALKS)) as starters:
        houses = list(starters.map(start_house, states))
    people = {}
    for (name, kind), house in zip(WALKS.items(), houses, strict=True):
        errors: list[str] = []
        context = chromium.new_context(**kind, base_url=house.url)
        people[name] = Walker(house, open_page(context, errors), errors)
    yield people
    for walker in people.values():
        walker.page.context.close()
        stop_house(walker.house)
        shutil.rmtree(walker.house.state, ignore_errors=True)


@pytest.fixture(params=WALKS)
def walker(request, walkers) -> Walker:
    return walkers[request.param]


def test_chapter_1_the_token_makes_an_office_with_an_owner(walker):
    walker.phone = set_up(walker.page, walker.house.url, walker.house.token)
    wants_mail_at_any_hour(walker.page)


def test_chapter_2_the_office_comes_in_from_one_workbook(walker):
    import_the_sample(walker.page)


def test_chapter_3_every_page_has_what_came_in(walker):
    look_around(walker.page)


def test_chapter_4_password_and_code_open_the_house_again(walker):
    signs_out_and_in(walker.page, walker.phone)


def test_chapter_5_the_reminder_comes(walker):
    walker.reminder = gets_the_reminder(walker.page, walker.house)


def test_chapter_6_confirming_stops_it(walker):
    confirming_stops_it(walker.page, walker.house, walker.reminder)


def test_chapter_7_a_notice_is_written_and_answered(walker):
    answers_a_notice(walker.page)


def test_the_browsers_complained_about_nothing(walker):
    assert walker.errors == []


def wants_mail_at_any_hour(page: Page) -> None:
    """So that the reminder comes whatever the clock says while this runs."""
    page.goto("/me/")
    page.get_by_label("Daily mail at").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your settings are changed")).to_be_visible()
    page.goto("/")


def import_the_sample(page: Page) -> None:
    """The sample office: upload, dry run, apply; a second time changes nothing."""
    page.get_by_role("link", name="Import a spreadsheet").click()
    upload(page)
    expect(page.get_by_text("Nothing is written yet")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Import \\d+ rows")).click()
    wait_for(lambda: is_imported(page), what="the import to be done", seconds=90)
    page.goto("/office/import/")
    upload(page)
    expect(page.get_by_role("heading", name="There is nothing to do")).to_be_visible()


def upload(page: Page) -> None:
    page.locator("input[type=file]").set_input_files(SAMPLE)
    page.get_by_role("button", name="Check the file").click()


def is_imported(page: Page) -> bool:
    """Whether the page says so by now; without script one looks again by hand."""
    if page.get_by_role("link", name="Undo this import").count():
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
    return [mail for mail in parsed if mail["To"] == address and mail["X-Postern-Key"].startswith("reminder")]


def gets_the_reminder(page: Page, house: House):
    """One grouped mail, text and HTML, in the catcher and on the Letters page."""
    mails = wait_for(lambda: letters_to(house, "nora@amsel.example"), seconds=150, what="the reminder")
    assert len(mails) == 1
    assert {part.get_content_type() for part in mails[0].walk()} >= {"text/plain", "text/html"}
    page.goto("/letters/")
    expect(page.get_by_role("cell", name="Accepted by the relay").first).to_be_visible()
    return mails[0]


def confirming_stops_it(page: Page, house: House, reminder) -> None:
    """The mail's one button leads to a page of this house; recording there takes the thing off the list for good."""
    address = re.search(rf"{house.url}(/\S*)", reminder.get_body(("plain",)).get_content()).group(1)
    assert page.goto(address).status == 200
    page.goto("/")
    before = things_to_do(page)
    first = page.locator(".tasks > li").first
    title = first.locator("h3").inner_text()
    first.get_by_role("link", name=re.compile("^Record it")).click()
    expect(page.get_by_role("heading", name="Record a validation")).to_be_visible()
    page.get_by_role("button", name="Record it").click()
    page.goto("/")
    assert things_to_do(page) == before - 1
    expect(page.locator(".tasks h3", has_text=title)).to_have_count(0)


def things_to_do(page: Page) -> int:
    return int(re.search(r"(\d+) things", page.locator("#todo + p").inner_text()).group(1))


def answers_a_notice(page: Page) -> None:
    """Entered by hand with broker, text and deadline; whoever is concerned is asked."""
    page.goto("/notices/new/")
    page.get_by_label("Broker", exact=True).select_option("ibkr")
    page.get_by_label("Title").fill("A second factor at every sign-in")
    page.get_by_label("The broker’s text").fill(
        "From the first of the month every session of the portal asks for a second factor."
    )
    page.get_by_label("Answer by").fill("2030-01-15")
    page.locator("main form button[type=submit]").last.click()
    expect(page.get_by_role("heading", name="A second factor at every sign-in").first).to_be_visible()
