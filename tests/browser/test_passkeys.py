"""Passkeys in Chromium, whose own virtual authenticator answers: made, shown, cancelled, removed; by keyboard too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.axe import faults_of, visit
from tests.browser.conftest import open_page
from tests.browser.houses import House
from tests.browser.test_sessions import SHIFT
from tests.browser.walks import PASSWORD, Authenticator, set_up

EMAIL = "nora@amsel.example"


@dataclass
class Walker:
    """Nora, in a house of her own, with an authenticator app and what Chromium has in the place of a security key."""

    house: House
    page: Page
    phone: Authenticator
    devtools: CDPSession
    errors: list[str]
    key: str = ""

    def plug_in(self, *, verified: bool = True) -> None:
        """A security key that knows its holder, or fails to."""
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": verified,
            "automaticPresenceSimulation": True,
        }
        self.key = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def know_holder(self, *, yes: bool) -> None:
        facts = {"authenticatorId": self.key, "isUserVerified": yes}
        self.devtools.send("WebAuthn.setUserVerified", facts)

    def forget(self) -> None:
        """A key that was wiped: it has no passkey any more."""
        self.devtools.send("WebAuthn.clearCredentials", {"authenticatorId": self.key})

    def time_passes(self) -> None:
        """Half an hour, for the last proof of this browser's session."""
        key = next(cookie["value"] for cookie in self.page.context.cookies() if cookie["name"] == "postern")
        self.house.manage("shell", "-c", SHIFT.format(key=key, stamps=("fresh_at",)))

    def sign_out(self) -> None:
        self.page.goto("/")
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("heading", name="Sign in")).to_be_visible()

    def show_password(self) -> None:
        self.page.goto("/signin/")
        self.page.get_by_label("E-mail").fill(EMAIL)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Continue").click()


@pytest.fixture(scope="module")
def nora(own_house: House, chromium: Browser) -> Iterator[Walker]:
    errors: list[str] = []
    context = chromium.new_context(base_url=own_house.url, reduced_motion="reduce")
    page = open_page(context, errors)
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    yield Walker(own_house, page, set_up(page, own_house.url, own_house.token), devtools, errors)
    context.close()


def test_chapter_1_the_set_up_ends_with_a_word_on_the_second_factor(nora):
    expect(nora.page.get_by_text("You need one more way to sign in.")).to_be_visible()

    nora.page.get_by_role("link", name="See what is missing").click()

    expect(nora.page.get_by_text("All you have is on “My phone”, so one loss takes all of it.")).to_be_visible()


def test_chapter_2_a_passkey_is_made_by_keyboard(nora):
    page = nora.page
    nora.plug_in()
    page.get_by_role("link", name="Add a passkey").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Add a passkey")).to_be_visible()
    page.get_by_label("Which device is it on?").focus()
    page.keyboard.type("Blue key")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")

    page.keyboard.press("Enter")

    expect(page.get_by_text("“Passkey on Blue key” opens Postern for you from now on.")).to_be_visible()
    expect(page.get_by_text("Two independent factors: no single loss")).to_be_visible()
    expect(page.get_by_text("You need one more way to sign in.")).to_have_count(0)


def test_chapter_3_the_same_key_makes_no_second_one(nora):
    nora.page.goto("/me/passkeys/new/")
    nora.page.get_by_label("Which device is it on?").fill("Blue key")

    nora.page.get_by_role("button", name="Make the passkey").click()

    expect(nora.page.get_by_text("This device has a passkey for you already.")).to_be_visible()


def test_chapter_4_password_and_passkey_open_the_house(nora):
    nora.sign_out()
    nora.show_password()
    expect(nora.page.get_by_role("heading", name="Show your passkey")).to_be_visible()

    nora.page.get_by_role("button", name="Use my passkey").click()

    nora.page.wait_for_url("**/")
    expect(nora.page.get_by_role("button", name="Sign out")).to_be_visible()


def test_chapter_5_alone_only_where_the_office_allows_it(nora):
    page = nora.page
    page.goto("/office/factors/")
    page.get_by_label("A passkey opens without the password").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The rule is changed")).to_be_visible()
    nora.sign_out()

    page.get_by_role("link", name="Sign in with a passkey alone").click()
    page.get_by_role("button", name="Use my passkey").click()

    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_chapter_6_cancelled_or_not_the_holder_is_said_and_can_be_tried_again(nora):
    page = nora.page
    nora.sign_out()
    page.get_by_role("link", name="Sign in with a passkey alone").click()
    nora.know_holder(yes=False)
    page.get_by_role("button", name="Use my passkey").click()
    expect(page.get_by_text("No passkey was shown: it was cancelled")).to_be_visible()
    expect(page.get_by_role("button", name="Use my passkey")).to_be_focused()

    nora.know_holder(yes=True)
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_chapter_7_a_passkey_is_a_fresh_proof(nora):
    page = nora.page
    nora.time_passes()
    page.goto("/me/codes/")
    expect(page.get_by_role("heading", name="Show that it is still you")).to_be_visible()
    assert faults_of(page) == set()

    page.get_by_role("button", name="Use my passkey").click()

    expect(page.get_by_role("heading", name="New backup codes")).to_be_visible()


def test_chapter_8_the_checkup_tries_each_of_them(nora):
    page = nora.page
    page.goto("/me/checkup/")
    expect(page.get_by_role("heading", name="Three to try")).to_be_visible()
    page.get_by_label("Code from the app on My phone").fill(nora.phone.code())
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("button", name="Show it").click()
    expect(page.get_by_role("heading", name="One to try")).to_be_visible()
    today = page.evaluate("new Date().toISOString().slice(0, 10)")
    page.get_by_label("Which date is on the sheet?").fill(today)

    page.get_by_role("button", name="I have it here").click()

    expect(page.get_by_text("All of it works. That was the check-up.")).to_be_visible()


def test_chapter_9_axe_finds_nothing_on_any_page_of_it(nora, chromium: Browser):
    inside = [
        "/me/factors/",
        "/me/passkeys/new/",
        "/me/authenticators/new/",
        "/me/checkup/",
        "/me/",
    ]
    inside += ["/office/factors/", "/people/", "/people/?lacking=1"]
    context = chromium.new_context(base_url=nora.house.url, reduced_motion="reduce")
    outside = context.new_page()

    found = {path: visit(nora.page, path) for path in inside}
    for link in ("Change Passkey on Blue key", "Remove Passkey on Blue key"):
        nora.page.goto("/me/factors/")
        address = nora.page.get_by_role("link", name=link).get_attribute("href")
        found[link] = visit(nora.page, address)
    found["alone"] = visit(outside, "/signin/alone/")
    outside.goto("/signin/")
    outside.get_by_label("E-mail").fill(EMAIL)
    outside.get_by_label("Password").fill(PASSWORD)
    outside.get_by_role("button", name="Continue").click()
    found["second question"] = visit(outside, "/signin/passkey/")
    context.close()

    assert {path: faults for path, faults in found.items() if faults} == {}


def test_chapter_10_at_phone_width_nothing_reaches_over_the_edge(nora):
    nora.page.set_viewport_size({"width": 360, "height": 780})
    wide = {}
    for path in ("/me/factors/", "/me/passkeys/new/", "/me/authenticators/new/", "/me/checkup/", "/office/factors/"):
        nora.page.goto(path)
        wide[path] = nora.page.evaluate("document.documentElement.scrollWidth")

    assert {path: width for path, width in wide.items() if width > 360} == {}


def test_chapter_11_without_javascript_a_page_says_what_to_do_instead(nora, chromium: Browser):
    context = chromium.new_context(base_url=nora.house.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/signin/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_text("A passkey needs JavaScript, which is off in this browser.")).to_be_visible()
    expect(page.get_by_role("button", name="Use my passkey")).to_have_count(0)
    page.get_by_role("link", name="Use a code from the authenticator app").click()
    page.get_by_label("One-time code").fill(nora.phone.code())
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("button", name="Sign out")).to_have_count(1)
    context.close()


def test_chapter_12_a_wiped_key_is_said_and_another_way_stays(nora):
    nora.page.set_viewport_size({"width": 1280, "height": 900})
    nora.forget()
    nora.sign_out()
    nora.show_password()

    nora.page.get_by_role("button", name="Use my passkey").click()

    expect(nora.page.get_by_text("No passkey was shown: it was cancelled, or this device has none")).to_be_visible()
    nora.page.get_by_role("link", name="Use a code from the authenticator app").click()
    nora.page.get_by_label("One-time code").fill(nora.phone.code())
    nora.page.get_by_role("button", name="Open").click()
    expect(nora.page.get_by_role("button", name="Sign out")).to_be_visible()


def test_chapter_13_removing_one_that_the_rule_needs_is_refused_and_a_spare_goes(nora):
    page = nora.page
    page.goto("/me/factors/")
    page.get_by_role("link", name="Remove Passkey on Blue key").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("The office asks you for two independent factors")).to_be_visible()
    page.get_by_role("link", name="Add an authenticator").click()
    tablet = Authenticator(page.locator("code.seed").inner_text())
    page.get_by_label("Which device is the app on?").fill("Tablet")
    page.get_by_label("One-time code").fill(tablet.code())
    page.get_by_role("button", name="Check and add").click()
    expect(page.get_by_text("“Authenticator on Tablet” is in use.")).to_be_visible()

    page.get_by_role("link", name="Remove Passkey on Blue key").click()
    page.get_by_role("button", name="Remove it").click()

    expect(page.get_by_text("“Passkey on Blue key” opens nothing any more.")).to_be_visible()


def test_the_browser_complained_about_nothing(nora):
    """Among it: no script, style or connection that the policy of the pages forbids."""
    assert nora.errors == []
