"""The main job as one story, in a house started as a newcomer starts it.

From the set-up token to the mail in a real SMTP catcher and the confirmation that stops it, then a broker's notice and
the answer to it: once at desk width, once at phone width, once without JavaScript. Each walker has a house of its own;
they take each chapter in turn, so that one's letters come while the others walk. A chapter rests on those before it.

Nora owns the office. Ines trades; she is put on file by hand in chapter 6 and comes in by the letter that invites her.
Everybody walks everything, save that the many forms of chapter 7 are dealt out among the three.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_page
from tests.browser.houses import House, running_house
from tests.browser.walks import (
    ROOT,
    Authenticator,
    letters_to,
    link_in,
    load_demo,
    press,
    protects_their_door,
    set_up,
    signs_in,
    wait_for,
    writes,
)

WORKBOOK = [ROOT / "docs" / "sample-office.xlsx"]
TABLES = sorted((ROOT / "docs" / "sample-office").glob("*.csv"))
WALKS = {
    "desk": {"viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 360, "height": 780}, "has_touch": True, "color_scheme": "dark"},
    "without JavaScript": {"viewport": {"width": 1440, "height": 900}, "java_script_enabled": False},
}
NORA, INES = "nora@amsel.example", "ines@amsel.example"
NOTICE = "A second factor at every sign-in"
# As a spreadsheet with other habits saves it: a mark at the start, semicolons, days in no certain order, an empty row,
# and a cell that must never be kept.
ODD_TABLE = """\ufeffname;kind;holder;lost on;note
;;;;
Tablet from the ferry;tablet;;04/03/2026;Left there
Note in a drawer;paper;;;password: hunter2-Blue-Kettle-77
"""


@dataclass
class Walker:
    """One house, and the two people who walk through it; `errors` is what their browsers complained about."""

    house: House
    page: Page
    traders_page: Page
    errors: list[str]
    files: list[Path]
    share: Callable[[Page], None]
    phone: Authenticator | None = None
    traders_phone: Authenticator | None = None
    reminder: EmailMessage | None = None

    def gets_letters(self, kind: str, address: str) -> list[EmailMessage]:
        """The letters of that kind to that address, oldest first, once the catcher has any."""
        return wait_for(lambda: letters_to(self.house.caught(), address, kind), seconds=150, what=f"the {kind}")

    def gets_a_letter(self, kind: str, address: str) -> EmailMessage:
        """The one letter of that kind to that address."""
        (letter,) = self.gets_letters(kind, address)
        return letter


@pytest.fixture(scope="module")
def walkers(model: Path, chromium: Browser) -> Iterator[dict[str, Walker]]:
    """Three fresh houses, started at once."""
    with ExitStack() as houses, ThreadPoolExecutor(len(WALKS)) as starters:
        started = list(starters.map(lambda _: houses.enter_context(running_house(model)), WALKS))
        people = {name: walker_in(house, chromium, name) for name, house in zip(WALKS, started, strict=True)}
        yield people
        for walker in people.values():
            for page in (walker.page, walker.traders_page):
                page.context.close()


def walker_in(house: House, chromium: Browser, name: str) -> Walker:
    """Two browsers of one kind. One walker has the spreadsheet as a set of tables."""
    errors: list[str] = []
    owns, trades = (chromium.new_context(**WALKS[name], base_url=house.url, reduced_motion="reduce") for _ in range(2))
    shares = {"desk": changes_her_login, "phone": changes_what_it_opens, "without JavaScript": adds_and_tries_her_keys}
    files = TABLES if name == "without JavaScript" else WORKBOOK
    return Walker(house, open_page(owns, errors), open_page(trades, errors), errors, files, shares[name])


@pytest.fixture(params=WALKS)
def walker(request, walkers) -> Walker:
    return walkers[request.param]


def test_chapter_1_the_token_makes_an_office_with_an_owner(walker):
    walker.phone = set_up(walker.page, walker.house.url, walker.house.token)
    wants_mail_at_any_hour(walker.page)


def test_chapter_2_the_demo_office_comes_and_goes_with_one_press(walker):
    looks_at_the_demo_office(walker.page, walker.house.url)
    removes_the_demo_office(walker.page)


def test_chapter_3_the_office_comes_in_from_its_spreadsheet(walker):
    takes_the_template(walker.page)
    imports(walker.page, *walker.files)


def test_chapter_4_every_page_has_what_came_in(walker):
    looks_around(walker.page)
    looks_into_an_account_and_a_device(walker.page)
    reads_what_is_known_of_brokers(walker.page)


def test_chapter_5_password_and_code_open_the_house_again(walker):
    finds_the_house_shut(walker.page)
    signs_in(walker.page, NORA, walker.phone)
    expect(walker.page).to_have_url(re.compile("/devices/$"))


def test_chapter_6_a_person_an_account_and_a_phone_are_put_on_file_by_hand(walker):
    adds_ines_and_invites_her(walker.page)
    adds_her_account_with_its_login(walker.page)
    adds_her_phone_and_proves_a_door_from_it(walker.page)


def test_chapter_7_what_is_on_file_is_changed_by_hand(walker):
    walker.share(walker.page)


def test_chapter_8_she_joins_through_the_link_in_her_letter(walker):
    invitation = walker.gets_a_letter("invitation", INES)
    walker.traders_page.goto(link_in(invitation, walker.house.url))
    walker.traders_phone = protects_their_door(walker.traders_page)
    sees_what_is_hers(walker.traders_page)
    is_kept_from(walker.traders_page, someone_elses_device(walker.page))


def test_chapter_9_the_reminder_comes(walker):
    walker.reminder = gets_the_reminder(walker)


def test_chapter_10_confirming_stops_it(walker):
    confirms_what_it_asks_for(walker.page, link_in(walker.reminder, walker.house.url))


def test_chapter_11_what_goes_out_comes_in_again_and_changes_nothing(walker, tmp_path):
    takes_the_office_out_and_in_again(walker.page, tmp_path / "office.xlsx")


def test_chapter_12_the_last_import_is_undone(walker, tmp_path):
    imports_an_odd_table(walker.page, tmp_path / "things.csv")
    undoes_it(walker.page)


def test_chapter_13_a_notice_asks_those_it_concerns(walker):
    puts_a_notice_on_file(walker.page)
    expect(walker.page.get_by_role("heading", name="0 of 1 confirmed")).to_be_visible()


def test_chapter_14_she_answers_it_from_her_letter(walker):
    she, letter = walker.traders_page, walker.gets_a_letter("notice", INES)
    she.context.clear_cookies()
    she.goto(link_in(letter, walker.house.url))
    signs_in(she, INES, walker.traders_phone)
    press(she, "I have read it and am ready")
    expect(she.get_by_text(re.compile("^Ready "))).to_be_visible()
    walker.page.reload()
    expect(walker.page.get_by_role("heading", name="1 of 1 confirmed")).to_be_visible()


def test_the_browsers_complained_about_nothing(walker):
    assert walker.errors == []


# --- Chapters 1 and 2 -------------------------------------------------------------------------------------------------
def wants_mail_at_any_hour(page: Page) -> None:
    """So that the reminder comes whatever the clock says while this runs."""
    page.goto("/me/")
    writes(page, {"Daily mail at": "0"}, then="Save", says="Your settings are changed")


def looks_at_the_demo_office(page: Page, url: str) -> None:
    """Loaded in one press and marked on every page."""
    load_demo(page, url)
    expect(page.get_by_text("Everyone and everything in it is invented")).to_be_visible()
    for path in ("/accounts/", "/devices/1/", "/letters/", "/office/"):
        assert "Everyone and everything in it is invented" in page.request.get(path).text()


def removes_the_demo_office(page: Page) -> None:
    """One press on the page that says what goes; the house is as it was."""
    press(page, "Remove the demo office")
    page.get_by_role("button", name="Remove the demo office").click()
    expect(page.get_by_role("heading", name="Let’s find your doors")).to_be_visible()
    expect(page.get_by_text("Everyone and everything in it is invented")).to_have_count(0)


# --- Chapter 3 --------------------------------------------------------------------------------------------------------
def takes_the_template(page: Page) -> None:
    """A workbook with a sheet for each table, and examples in it."""
    press(page, "Import a spreadsheet")
    with page.expect_download() as download:
        press(page, "Template, XLSX")
    book = load_workbook(BytesIO(download.value.path().read_bytes()), read_only=True)
    assert {"people", "accounts", "things", "validations"} <= set(book.sheetnames)
    assert "Lena Brandt" in {cell for row in book["people"].values for cell in row}


def imports(page: Page, *files: Path) -> None:
    """Upload, dry run, apply."""
    uploads(page, *files)
    expect(page.get_by_text("Nothing is written yet")).to_be_visible()
    applies(page)


def uploads(page: Page, *files: Path) -> None:
    page.locator("input[type=file]").set_input_files(files)
    press(page, "Check the file")


def applies(page: Page) -> None:
    """Press the button that imports; the page shows by itself when it is done."""
    page.get_by_role("button", name=re.compile("^Import \\d+ row")).click()
    expect(page.get_by_role("link", name="Undo this import")).to_be_visible(timeout=90_000)


# --- Chapters 4 and 5 -------------------------------------------------------------------------------------------------
def looks_around(page: Page) -> None:
    """Every main page has what the sample brought."""
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("locked out"))
    expect(page.get_by_role("heading", name="What needs doing")).to_be_visible()
    expect(page.get_by_role("heading", name="Who is ready")).to_be_visible()
    opens(page, "/people/", "People")
    opens(page, "/letters/", "Letters")


def opens(page: Page, path: str, heading: str) -> None:
    """The page is there, and fits the window."""
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert sideways <= 0, f"{path} scrolls sideways by {sideways} px"


def looks_into_an_account_and_a_device(page: Page) -> None:
    """A device with its validations; an account with its doors, what each asks for, and how that is known."""
    opens(page, "/devices/", "Devices")
    press(page, "Lena’s EliteBook")
    expect(page.get_by_role("heading", name="Doors it helps open")).to_be_visible()
    opens(page, "/accounts/", "Accounts")
    press(page, "Lago Options")
    expect(page.get_by_role("list", name="Doors of this account").get_by_role("listitem")).not_to_have_count(0)
    asks = page.get_by_role("region", name="What each door asks for")
    expect(asks.get_by_text(" confidence.").first).not_to_be_visible()
    asks.get_by_text("How we know").first.click()
    expect(asks.get_by_text(" confidence.").first).to_be_visible()


def reads_what_is_known_of_brokers(page: Page) -> None:
    """All seven profiles are there."""
    opens(page, "/brokers/", "Brokers")
    expect(page.locator("main a.row")).to_have_count(7)


def finds_the_house_shut(page: Page) -> None:
    """Without a session nothing opens but sign-in and the page for those who lost something."""
    page.context.clear_cookies()
    for path in ("/", "/accounts/1/", "/letters/", "/office/export/"):
        assert page.request.get(path).url.split("?")[0].endswith("/signin/")
    assert page.request.get("/lost/").url.endswith("/lost/")
    page.goto("/devices/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


# --- Chapters 6 and 7 -------------------------------------------------------------------------------------------------
def adds_ines_and_invites_her(page: Page) -> None:
    page.goto("/people/new/")
    writes(page, {"Name": "Ines Moreau", "E-mail": INES}, then="Add the person", says="Ines Moreau is on file")
    press(page, "Invite to Postern")
    expect(page.locator("[role=status].flash")).to_contain_text("Ines Moreau gets a letter")


def adds_her_account_with_its_login(page: Page) -> None:
    """Account, login, its doors and its rights in one form made from the broker's profile."""
    page.goto("/accounts/new/?broker=schwab")
    answers = {"Name": "Night Book", "A new login": "Ines at Schwab", "Who holds it": "Ines Moreau", "Withdraw": True}
    writes(page, answers, then="Add the account", says="Night Book is on file")


def adds_her_phone_and_proves_a_door_from_it(page: Page) -> None:
    """The thing, a promise to try a door from it, and one press once that was done."""
    page.goto("/devices/new/")
    answers = {"What is it?": "Phone", "Name": "Ines’s Pixel", "Held by": "Ines Moreau"}
    writes(page, answers, then="Put it on file", says="Ines’s Pixel is on file")
    press(page, "Record a validation")
    answers = {"Door": "Schwab mobile app", "Nobody has tried yet": True}
    writes(page, answers, then="Record it", says="It counts as never proven")
    press(page, "Still right")
    expect(page.locator("[role=status].flash")).to_contain_text("is proven")


def changes_her_login(page: Page) -> None:
    """A person, an account and a login."""
    page.goto("/people/")
    press(page, "Ines Moreau")
    press(page, "Change")
    writes(page, {"Daily mail at": "6"}, then="Save", says="Ines Moreau is changed")
    press(page, "Night Book")
    press(page, "Change")
    writes(page, {"Note": "For the Asian hours."}, then="Save", says="The account is changed")
    press(page, "Ines at Schwab")
    press(page, "Change")
    writes(page, {"End of the user name": "im77"}, then="Save", says="The login is changed")


def changes_what_it_opens(page: Page) -> None:
    """A thing, the doors of a login, and its rights in an account."""
    press(page, "Change")
    writes(page, {"Make and model": "Pixel 9"}, then="Save", says="Saved")
    page.goto("/people/")
    press(page, "Ines Moreau")
    press(page, "Ines at Schwab")
    press(page, "Set the doors")
    page.get_by_text("2 more doors").click()
    writes(page, {"Trader API": True}, then="Save", says="The doors of Ines at Schwab are set")
    press(page, "Change the rights in Night Book")
    writes(page, {"Withdraw": False}, then="Save", says="The rights of Ines at Schwab are changed")


def adds_and_tries_her_keys(page: Page) -> None:
    """An authenticator and the sheet that stands in for it: put on file, changed, tried."""
    page.goto("/authenticators/")
    press(page, "Authenticator for Ines at Schwab")
    writes(page, {"What the office calls it": "Ines’s code"}, then="Put it on file", says="Ines’s code is on file")
    press(page, "Backup for Ines at Schwab")
    press(page, "Choose Printed recovery codes")
    answers = {"What the office calls it": "Ines’s sheet", "Codes left": "10"}
    writes(page, answers, then="Put it on file", says="Ines’s sheet is on file")
    press(page, "Change")
    writes(page, {"Note": "In the envelope."}, then="Save", says="Saved")
    page.goto("/authenticators/")
    press(page, "Change Ines’s code")
    writes(page, {"Note": "Enrolled in her office."}, then="Save", says="Saved")
    press(page, "Confirm Ines’s code")
    writes(page, {}, then="It works", says="Ines’s code of Ines at Schwab is proven")
    press(page, "Tested: Ines’s sheet")
    writes(page, {"Codes left": "9"}, then="It works", says="Ines’s sheet is tested")


# --- Chapters 8 to 10 -------------------------------------------------------------------------------------------------
def sees_what_is_hers(page: Page) -> None:
    """Her own Today and her own things, all of them and no others."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("You")
    page.goto("/devices/")
    expect(page.locator("main a.row")).to_have_text(["Ines’s Pixel"])


def someone_elses_device(page: Page) -> str:
    """The address of a device that opens for those who run the office."""
    address = re.search(r"/devices/\d+/", page.request.get("/devices/?text=EliteBook").text()).group()
    assert page.request.get(address).ok
    return address


def is_kept_from(page: Page, address: str) -> None:
    """What is not hers is not there; what only others do is forbidden."""
    assert page.request.get(address).status == 404
    assert page.request.get("/trail/").status == 403


def gets_the_reminder(walker: Walker) -> EmailMessage:
    """One grouped mail, text and HTML, in the catcher and on the Letters page.

    On a slow machine, what was put on file a minute after the import is asked for in a second one; never the same.
    """
    mail, *later = walker.gets_letters("reminder", NORA)
    assert len({one["Message-ID"] for one in (mail, *later)}) == len(later) + 1
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}
    walker.page.goto("/letters/")
    expect(walker.page.get_by_role("cell", name="Accepted by the relay").first).to_be_visible()
    return mail


def confirms_what_it_asks_for(page: Page, address: str) -> None:
    """The mail's one button leads to a page of this house; recording there takes the thing off the list for good."""
    assert page.goto(address).status == 200
    page.goto("/")
    before = things_to_do(page)
    first = page.locator(".tasks > li").first
    title = first.locator("h3").inner_text()
    first.get_by_role("link", name=re.compile("^Record it")).click()
    expect(page.get_by_role("heading", name="Record a validation")).to_be_visible()
    press(page, "Record it")
    page.goto("/")
    assert things_to_do(page) == before - 1
    expect(page.locator(".tasks h3", has_text=title)).to_have_count(0)


def things_to_do(page: Page) -> int:
    return int(re.search(r"(\d+) things", page.locator("#todo + p").inner_text()).group(1))


# --- Chapters 11 to 13 ------------------------------------------------------------------------------------------------
def takes_the_office_out_and_in_again(page: Page, copy: Path) -> None:
    page.goto("/office/export/")
    with page.expect_download() as download:
        press(page, "Export it")
    download.value.save_as(copy)
    page.goto("/office/import/")
    uploads(page, copy)
    expect(page.get_by_role("heading", name="There is nothing to do")).to_be_visible()


def imports_an_odd_table(page: Page, table: Path) -> None:
    """The page asks how days are written, names the cell that must not be kept, and takes the rest."""
    table.write_text(ODD_TABLE, encoding="utf-8")
    page.goto("/office/import/")
    uploads(page, table)
    page.get_by_label(re.compile("4 March 2026")).check()
    press(page, "Read them so")
    expect(page.get_by_role("row", name=re.compile("Problem")).get_by_text("things.csv!E4")).to_be_visible()
    page.get_by_label("Leave out the 1 row with problems").check()
    applies(page)
    assert "Tablet from the ferry" in page.request.get("/devices/?state=lost").text()


def undoes_it(page: Page) -> None:
    """One import back, and only that one."""
    press(page, "Undo this import")
    press(page, "Undo the import")
    expect(page.locator("[role=status].flash")).to_contain_text("Undone")
    things = page.request.get("/devices/?state=lost").text()
    assert ("Tablet from the ferry" in things, "Aiko’s tablet" in things) == (False, True)


def puts_a_notice_on_file(page: Page) -> None:
    """Entered by hand with broker, text and deadline; whoever is concerned is asked."""
    page.goto("/notices/new/")
    answers = {
        "Broker": "Charles Schwab",
        "Title": NOTICE,
        "The broker’s text": "From the first of the month every session of the site asks for a second factor.",
        "Answer by": "2030-01-15",
    }
    writes(page, answers, then="Put it on file and ask", says="asked")
    expect(page.get_by_role("heading", name=NOTICE).first).to_be_visible()
