"""Staying signed in, signed out in the middle of a form, proving it anew: by keyboard, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.axe import faults_of
from tests.browser.conftest import open_page
from tests.browser.houses import House
from tests.browser.walks import PASSWORD, Authenticator

TYPED_KEY = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
MAKE = f"""
import base64
from core import clock
from django.contrib.auth.hashers import make_password
from django.db import transaction
from identity import sealing
from identity.models import Member, TotpDevice
at = clock.now()
member, _ = Member.objects.get_or_create(key="vera", defaults=dict(
    name="Vera Wolf", email="vera@amsel.example", role="owner", timezone="Europe/Zurich", created_at=at, joined_at=at,
    password=make_password("{PASSWORD}")))
TotpDevice.objects.filter(user=member).delete()
device = TotpDevice(user=member, name="Authenticator", confirmed=True)
with transaction.atomic():
    device.sealed = sealing.seal(base64.b32decode("{TYPED_KEY.replace(" ", "")}"), context=device.seal_context())
    device.save()
"""
SHIFT = """
from identity.models import Member
from identity.sessions import SessionStore
session = SessionStore(session_key="{key}")
for stamp in {stamps}:
    session[stamp] -= 31 * 60
session.save()
"""


class Vera:
    """An owner of the shared house in a browser of her own, and her telephone."""

    def __init__(self, house: House, context: BrowserContext, errors: list[str]):
        self.house, self.context, self.page = house, context, open_page(context, errors)
        self.phone = Authenticator(TYPED_KEY)

    def sign_in(self, path: str = "/signin/") -> None:
        if path:
            self.page.goto(path)
        self.page.get_by_label("E-mail").fill("vera@amsel.example")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.get_by_label("One-time code").fill(self.phone.code())
        self.page.keyboard.press("Enter")
        expect(self.page.locator("nav.rail")).to_be_attached()

    def time_passes(self, *stamps: str) -> None:
        """Half an hour more than she has, for these stamps of her session."""
        key = next(cookie["value"] for cookie in self.context.cookies() if cookie["name"] == "postern")
        self.house.manage("shell", "-c", SHIFT.format(key=key, stamps=stamps))


@pytest.fixture
def vera(house: House, demo_session, chromium: Browser, errors: list[str]):
    """A function that opens Vera’s browser with the options of a context."""

    @contextmanager
    def opened(**options) -> Iterator[Vera]:
        house.manage("shell", "-c", MAKE)
        context = chromium.new_context(base_url=house.url, reduced_motion="reduce", **options)
        yield Vera(house, context, errors)
        context.close()

    return opened


def tab_to(page: Page, name: str) -> None:
    """Go from control to control until the one of that name has the keyboard."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || ''").strip() == name:
            return
    raise AssertionError(f"no key leads to {name}")


def covered(page: Page, label: str) -> bool:
    """Whether the warning lies over a field."""
    field, box = page.get_by_label(label).bounding_box(), page.locator("form.stay").bounding_box()
    return field["y"] + field["height"] > box["y"] and field["y"] < box["y"] + box["height"]


def type_a_person(page: Page) -> None:
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("Priya Nair")
    page.get_by_label("Note").focus()
    page.keyboard.type("Starts in December")


def test_a_warning_comes_two_minutes_before_and_one_press_stays(vera, errors):
    with vera(viewport={"width": 360, "height": 760}) as she:
        she.sign_in()
        page = she.page
        page.clock.install()
        page.goto("/people/new/")
        type_a_person(page)
        warning = page.get_by_role("button", name="Stay signed in")

        page.clock.fast_forward("27:30")
        expect(warning).to_be_hidden()
        page.clock.fast_forward("01:00")
        expect(warning).to_be_visible()
        expect(page.locator("#stay-said")).to_contain_text("You will be signed out at")
        assert page.evaluate("document.activeElement.name") == "note"
        assert not covered(page, "Note")
        faults = faults_of(page)
        tab_to(page, "Stay signed in")
        page.keyboard.press("Enter")

        expect(page.locator("#stay-said")).to_have_text("You stay signed in.")
        expect(warning).to_be_hidden()
        expect(page.get_by_label("Note")).to_have_value("Starts in December")
        page.clock.fast_forward("29:00")
        expect(warning).to_be_visible()
        page.clock.fast_forward("02:00")
        expect(page.locator("#stay-said")).to_contain_text("You are signed out")
        expect(warning).to_be_hidden()
        expect(page.get_by_label("Note")).to_have_value("Starts in December")

    assert (faults, errors) == (set(), [])


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 1440, "height": 900}},
        {"viewport": {"width": 360, "height": 760}, "java_script_enabled": False, "color_scheme": "dark"},
    ],
    ids=["wide with scripts", "narrow without scripts"],
)
def test_who_is_signed_out_in_the_middle_of_a_form_finds_it_filled_in(vera, errors, options):
    with vera(**options) as she:
        she.sign_in()
        page = she.page
        page.goto("/people/new/")
        type_a_person(page)
        she.time_passes("seen", "ends_at")

        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        she.sign_in("")

        expect(page.get_by_text("This was not sent, because you were signed out.")).to_be_visible()
        expect(page.get_by_label("Name", exact=True)).to_have_value("Priya Nair")
        expect(page.get_by_label("Note")).to_have_value("Starts in December")
        page.reload()
        expect(page.get_by_label("Note")).to_have_value("Starts in December")

    assert errors == []


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 1440, "height": 900}},
        {"viewport": {"width": 360, "height": 760}, "java_script_enabled": False, "color_scheme": "dark"},
    ],
    ids=["wide with scripts", "narrow without scripts"],
)
def test_a_proof_in_the_middle_of_a_form_does_what_was_being_done(vera, errors, options):
    with vera(**options) as she:
        she.sign_in()
        page = she.page
        page.goto("/office/")
        number = "044 555 01 23" if "java_script_enabled" in options else "044 555 01 24"
        page.get_by_label("Emergency number").fill(number)
        she.time_passes("fresh_at")

        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Show that it is still you")).to_be_visible()
        expect(page.get_by_text("What you typed comes along.")).to_be_visible()
        faults = faults_of(page) if options.get("java_script_enabled", True) else set()
        page.get_by_label("One-time code").focus()
        page.keyboard.type("000000")
        page.keyboard.press("Enter")
        expect(page.get_by_text("That code is wrong").first).to_be_visible()
        page.get_by_label("One-time code").fill(she.phone.code())
        page.keyboard.press("Enter")

        expect(page.get_by_text("The office’s settings are changed.")).to_be_visible()
        expect(page.get_by_label("Emergency number")).to_have_value(number)

    assert (faults, errors) == (set(), [])


def test_ending_a_session_elsewhere_signs_that_browser_out(vera, errors):
    with (
        vera() as here,
        vera(user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Safari/604.1") as there,
    ):
        here.sign_in()
        there.phone.shown = here.phone.shown
        there.sign_in()
        here.page.goto("/me/sessions/")
        faults = faults_of(here.page)

        here.page.get_by_role("button", name="End Safari on iPhone").first.click()
        expect(here.page.get_by_text("Ended: Safari on iPhone.")).to_be_visible()
        there.page.reload()

        expect(there.page.get_by_role("heading", name="Sign in")).to_be_visible()

    assert (faults, errors) == (set(), [])
