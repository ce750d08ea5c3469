"""Pieces of a walk through the house that several browser tests take."""

from __future__ import annotations

import base64
import email
import email.policy
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from django_otp.oath import TOTP
from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "seven quiet harbours at dusk"


def wait_for(found: Callable[[], Any], *, seconds: float = 60, what: str = "it") -> Any:
    """Ask again and again until something comes back; fails in words after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.25)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


class Authenticator:
    """What the person has on their phone: shows the code of the present step, a new one each time it is asked."""

    def __init__(self, typed: str):
        plain = typed.replace(" ", "")
        self.seed = base64.b32decode(plain + "=" * (-len(plain) % 8))
        self.shown = -1

    def code(self) -> str:
        while (step := int(datetime.now(UTC).timestamp()) // 30) <= self.shown:  # noqa: TID251  a phone's own clock
            time.sleep(0.5)
        self.shown = step
        totp = TOTP(self.seed)
        totp.time = step * 30
        return f"{totp.token():06d}"


# --- Postern's own door -----------------------------------------------------------------------------------------------
def set_up(page: Page, url: str, token: str) -> Authenticator:
    """Token, office and owner, authenticator by QR, printed backup codes."""
    page.goto(url)
    expect(page).to_have_title("Set up Postern · Postern")
    page.get_by_label("Set-up token").fill("not the token")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("That is not the token").first).to_be_visible()
    page.get_by_label("Set-up token").fill(token)
    page.get_by_role("button", name="Continue").click()

    page.get_by_label("Name of the office").fill("Amsel Family Office")
    page.get_by_label("Time zone").select_option("Europe/Zurich")
    page.get_by_label("Your name").fill("Nora Amsel")
    page.get_by_label("Your e-mail").fill("nora@amsel.example")
    phone = protects_their_door(page)
    expect(page.get_by_role("heading", name="Let’s find your doors")).to_be_visible()
    return phone


def protects_their_door(page: Page) -> Authenticator:
    """From the page that asks for a password: that, an authenticator with a confirming code, printed backup codes."""
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", name="Add your authenticator")).to_be_visible()
    phone = Authenticator(page.locator("code.seed").inner_text())
    page.get_by_label("One-time code").fill(phone.code())
    page.get_by_role("button", name="Check and continue").click()
    page.get_by_role("button", name="Show my codes").click()
    expect(page.locator(".codes li")).to_have_count(10)
    page.get_by_label("The sheet is printed and put away").check()
    page.get_by_role("button", name="Open the house").click()
    return phone


def signs_in(page: Page, address: str, phone: Authenticator) -> None:
    """Password, then the code that the phone shows."""
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("One-time code").fill(phone.code())
    page.get_by_role("button", name="Open").click()


# --- Pages ------------------------------------------------------------------------------------------------------------
def press(page: Page, name: str) -> None:
    """Press the link or the button of that name on the page itself; what is said only aloud counts as part of it."""
    named = re.compile(r"^{}\b".format(re.escape(name).replace(":", r"\s?:")))
    main = page.get_by_role("main")
    main.get_by_role("link", name=named).or_(main.get_by_role("button", name=named)).first.click()


def writes(page: Page, answers: Mapping[str, str | bool], *, then: str, says: str) -> None:
    """Fill in the page's form by its labels, press the button, read what the house says to it."""
    for label, answer in answers.items():
        _answer(page.get_by_role("main").get_by_label(re.compile(rf"^{re.escape(label)}( optional)?$")), label, answer)
    press(page, then)
    expect(page.locator("[role=status].flash")).to_contain_text(says)


def _answer(field: Locator, label: str, answer: str | bool) -> None:
    """A tick, a choice by the beginning of its words, or typed text."""
    if isinstance(answer, bool):
        field.page.get_by_role("main").get_by_label(label).set_checked(answer)
    elif words := field.evaluate("field => Array.from(field.options || [], option => option.label)"):
        field.select_option(label=next(one for one in words if one.startswith(answer)))
    else:
        field.fill(answer)


def load_demo(page: Page, url: str) -> None:
    """Press “Try the demo office” and wait until it is there."""
    page.goto(f"{url}/office/import/")
    page.get_by_role("button", name="Try the demo office").click()
    wait_for(lambda: _is_there(page, f"{url}/"), what="the demo office", seconds=60)


def _is_there(page: Page, today: str) -> bool:
    page.goto(today)
    return "What needs doing" in page.content()


# --- Letters ----------------------------------------------------------------------------------------------------------
def letters_to(files: list[Path], address: str, kind: str) -> list[EmailMessage]:
    """The letters of one kind to one person among those caught, oldest first."""
    mails = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    return [mail for mail in mails if mail["To"] == address and mail["X-Postern-Key"].startswith(kind)]


def link_in(mail: EmailMessage, url: str) -> str:
    """The one address of the house at `url` that the letter's text part leads to, without the house."""
    return re.search(rf"{url}(/\S*)", mail.get_body(("plain",)).get_content()).group(1)
