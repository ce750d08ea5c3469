"""A trader lost the phone and the printed sheet: a reset is opened, waits, and lets her in again; or she stops it.

Walked by keyboard at 360 px in the dark, and looked at in both themes with axe. The waiting time is moved by hand, in
the house's own database: nobody waits four hours for a test.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import faults_of
from tests.browser.conftest import open_page
from tests.browser.houses import House
from tests.browser.walks import PASSWORD, Authenticator, set_up, wait_for

MARIA = "maria@amsel.example"
# Colours change at once: while they move, axe would measure something in between.
STILL = {"reduced_motion": "reduce"}
PHONE = STILL | {"viewport": {"width": 360, "height": 780}, "color_scheme": "dark"}
TIME_MOVED = (
    "from datetime import timedelta;"
    "from core import clock; from core.letters.models import Letter; from identity.models import FactorReset;"
    "now = clock.now();"
    "FactorReset.objects.filter(ended_at=None).update("
    "waits_until=now - timedelta(minutes=1), expires_at=now + timedelta(hours=24));"
    "Letter.objects.filter(key__startswith='reset:').update(not_before=now)"
)


@pytest.fixture(scope="module")
def owner(own_house, chromium: Browser) -> Iterator[Page]:
    """The owner, signed in, who has just been set up."""
    context = chromium.new_context(base_url=own_house.url, viewport={"width": 1440, "height": 900}, **STILL)
    page = open_page(context, complaints)
    set_up(page, own_house.url, own_house.token)
    yield page
    context.close()


complaints: list[str] = []


@pytest.fixture
def trader(own_house, chromium: Browser) -> Iterator[Page]:
    """Maria's own browser, at phone width."""
    context = chromium.new_context(base_url=own_house.url, **PHONE)
    yield open_page(context, complaints)
    context.close()


def test_walk_1_a_trader_joins(own_house, owner, trader):
    owner.goto("/people/new/")
    owner.get_by_label("Name").fill("Maria Santos")
    owner.get_by_label("E-mail").fill(MARIA)
    owner.get_by_role("button", name="Add the person").click()
    owner.get_by_role("button", name="Invite to Postern").click()
    owner.goto("/people/invitations/")
    expect(owner.get_by_role("cell", name=MARIA)).to_be_visible()
    looks_right(owner)

    trader.goto(link_in(own_house, "invitation:"))
    choose_password(trader)
    enrol(trader)
    expect(trader.get_by_text("You are in, Maria")).to_be_visible()


def test_walk_2_lost_phone_and_sheet_then_in_again(own_house, owner, trader):
    open_reset(owner)
    looks_right(owner)
    warned = link_in(own_house, "stop-reset:")
    assert trader.goto(warned).status == 200
    expect(trader.get_by_role("heading", name="Stop the reset of your factors?")).to_be_visible()
    looks_right(trader)

    own_house.manage("shell", "-c", TIME_MOVED)
    trader.goto(link_in(own_house, "reset:"))
    looks_right(trader)
    trader.keyboard.press("Tab")
    focus(trader, trader.get_by_label("Password"))
    trader.keyboard.type(PASSWORD)
    trader.keyboard.press("Enter")
    enrol(trader)
    expect(trader.get_by_text("You are in again, Maria")).to_be_visible()

    owner.reload()
    expect(owner.get_by_text("enrolled anew after a reset").first).to_be_visible()
    trader.goto(warned)
    expect(trader.get_by_role("heading", name="Nothing is left to stop")).to_be_visible()


def test_walk_3_she_has_lost_nothing_and_stops_it(own_house, owner, trader):
    before = letters(own_house, "stop-reset:")
    open_reset(owner)
    trader.goto(link_in(own_house, "stop-reset:", after=len(before)))
    focus(trader, trader.get_by_role("button", name="Stop this"))
    trader.keyboard.press("Enter")
    expect(trader.get_by_role("heading", name="It is stopped")).to_be_visible()
    looks_right(trader)

    owner.reload()
    expect(owner.get_by_text("Factors are to be reset")).to_have_count(0)


def test_walk_4_a_forgotten_password(own_house, owner, trader):
    trader.goto("/signin/")
    trader.get_by_role("link", name="Forgotten your password?").click()
    looks_right(trader)
    trader.get_by_label("E-mail").fill(MARIA)
    trader.keyboard.press("Enter")
    expect(trader.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    trader.goto(link_in(own_house, "password:"))
    looks_right(trader)
    trader.get_by_label("Password", exact=True).fill("nine slow herons over the weir")
    trader.get_by_label("The same again").fill("nine slow herons over the weir")
    trader.keyboard.press("Enter")
    expect(trader.get_by_text("your code is asked for as before")).to_be_visible()


def test_every_other_page_of_this_looks_right(own_house, owner):
    number = re.search(r"/people/(\d+)/", owner.url).group(1)
    for path in ("", "away/", "reset/", "end/", "edit/"):
        owner.goto(f"/people/{number}/{path}")
        looks_right(owner)
    for path in ("/people/", "/people/invitations/", "/me/", "/me/away/", "/me/password/", "/me/address/", "/office/"):
        owner.goto(path)
        looks_right(owner)


def test_the_browsers_complained_about_nothing(own_house):
    assert [said for said in complaints if "404" not in said] == []


def looks_right(page: Page) -> None:
    """Nothing for axe in both themes and widths, and nothing to scroll sideways at 360 px."""
    size = page.viewport_size
    found = faults_of(page)
    page.set_viewport_size({"width": 360, "height": 780})
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.set_viewport_size(size)
    page.emulate_media(color_scheme="dark" if size["width"] == 360 else "light")
    assert (found, sideways) == (set(), 0), page.url


def focus(page: Page, target) -> None:
    """Go on with the Tab key until the target has the focus."""
    for _ in range(12):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not reach it")


def choose_password(page: Page) -> None:
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def enrol(page: Page) -> None:
    """From the QR code to the open house."""
    expect(page.get_by_role("heading", name="Add your authenticator")).to_be_visible()
    looks_right(page)
    phone = Authenticator(page.locator("code.seed").inner_text())
    page.get_by_label("One-time code").fill(phone.code())
    page.get_by_role("button", name="Check and continue").click()
    page.get_by_role("button", name="Show my codes").click()
    expect(page.locator(".codes li")).to_have_count(10)
    looks_right(page)
    page.get_by_label("The sheet is printed and put away").check()
    page.get_by_role("button", name="Open the house").click()


def open_reset(owner: Page) -> None:
    owner.goto("/people/")
    owner.get_by_role("link", name="Maria Santos").click()
    owner.get_by_role("link", name=re.compile("Let Maria enrol anew")).click()
    looks_right(owner)
    owner.get_by_label("What happened").fill("Phone and sheet were in the bag that was stolen.")
    owner.get_by_role("button", name="Open the reset").click()
    expect(owner.get_by_role("heading", name="Factors are to be reset")).to_be_visible()


def letters(house: House, key: str) -> list[email.message.EmailMessage]:
    """What the catcher has of one kind, oldest first."""
    parsed = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in house.caught()]
    return [mail for mail in parsed if mail["X-Postern-Key"].startswith(key)]


def link_in(house: House, key: str, *, after: int = 0) -> str:
    """The path of the one link in the newest letter of a kind, once more than `after` of them have come."""
    found = wait_for(lambda: letters(house, key)[after:], seconds=120, what=f"the letter {key}")
    return re.search(rf"{house.url}(/\S*)", found[-1].get_body(("plain",)).get_content()).group(1)
