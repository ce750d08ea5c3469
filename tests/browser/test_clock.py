"""A browser whose clock is wrong finds that out, and writes it down for the device it runs on."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

BEHIND = "const right = Date.now.bind(Date); Date.now = () => right() - 21_000;"
TOLD = re.compile(r"This clock is (20\.[5-9]|21\.[0-5]) seconds behind, give or take (less than )?\d\.\d seconds\.")


def test_a_clock_that_is_behind_is_measured_and_written_down(house, demo_session, chromium: Browser):
    context = chromium.new_context(base_url=house.url, reduced_motion="reduce")
    context.add_cookies(demo_session)
    context.add_init_script(BEHIND)
    page = context.new_page()
    page.goto("/clock/")

    expect(page.get_by_text(TOLD)).to_be_visible()
    expect(page.get_by_label("What this device’s clock shows")).to_be_hidden()
    page.get_by_label("Which device are you at?").select_option(label="Nora’s laptop, Nora Amsel")
    page.get_by_role("button", name="Look, or write it down").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Nora’s laptop")
    expect(page.locator("dl.facts")).to_contain_text("21 seconds behind")
    context.close()


def test_without_scripts_a_person_types_what_the_clock_shows(house, chromium: Browser):
    context = chromium.new_context(base_url=house.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/clock/")

    page.get_by_label("What this device’s clock shows").fill("00:07:30")
    page.get_by_role("button", name="Look at it").click()

    expect(page.get_by_text("give or take 4.0 seconds")).to_be_visible()
    context.close()
