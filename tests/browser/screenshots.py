"""The pictures in docs/screenshots, as they are: `python -m tests.browser.screenshots`.

Starts a house of its own, loads the demo office, and takes Today, an account, a device and the reminder mail.
"""

from __future__ import annotations

import sys
from email import message_from_bytes, policy

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, find_browser
from tests.browser.houses import running_house
from tests.browser.walks import ROOT, load_demo, set_up, wait_for

TARGET = ROOT / "docs" / "screenshots"


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with running_house() as house, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        set_up(page, house.url, house.token)
        load_demo(page, house.url)
        take(page, house)
        browser.close()


def take(page, house) -> None:
    """Four pictures, each of what a person sees without scrolling."""
    page.goto(house.url)
    page.screenshot(path=TARGET / "today.png")
    for name, path, link in (("account", "/accounts/", "Global Macro"), ("device", "/devices/", "ThinkPad")):
        page.goto(house.url + path)
        page.locator("main a.row", has_text=link).first.click()
        page.screenshot(path=TARGET / f"{name}.png")
    page.goto(f"{house.url}/me/")
    page.get_by_label("Daily mail at").fill("0")
    page.get_by_role("button", name="Save").click()
    mail = wait_for(lambda: reminders(house), seconds=180, what="a reminder")[0]
    take_mail(page.context.browser, mail)


def take_mail(browser, mail) -> None:
    """A mail program is no page of ours: it has its own rules about styles."""
    page = browser.new_page(viewport={"width": 720, "height": 860})
    page.set_content(mail.get_body(("html",)).get_content())
    page.screenshot(path=TARGET / "mail.png")


def reminders(house) -> list:
    """The reminders that the catcher has."""
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in house.caught()]
    return [mail for mail in mails if "Confirm" in (mail["Subject"] or "")]


if __name__ == "__main__":
    sys.exit(main())
