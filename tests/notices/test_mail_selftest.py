"""The self-test sends every kind of letter to one address and says how each fared."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command

from core.letters.models import Letter
from tests.mail import Fate

NAMES = [
    "reminder-one",
    "reminder-many",
    "reminder-in-person",
    "notice",
    "notice-declined",
    "hand-over",
    "hand-over-declined",
    "invitation",
    "backup-code-used",
    "security",
    "sign-in-shut",
    "new-sign-in",
    "sessions-ended",
    "factor-reset-opened",
    "factor-reset-link",
    "password-link",
    "address-link",
    "people-news",
    "call-request",
    "weekly",
    "self-test",
]


def selftest(address: str) -> list[str]:
    out = StringIO()
    call_command("mail_selftest", address, stdout=out)
    return out.getvalue().splitlines()


def test_one_letter_of_every_kind_reaches_the_address(sink, owner, trader):
    assert selftest("check@elsewhere.li") == [f"{name}: accepted by the relay" for name in NAMES]

    assert {one.recipient for one in sink.kept} == {"check@elsewhere.li"}
    assert all(str(one.mail["Subject"]).startswith("[Self-test] ") for one in sink.kept)
    assert set(Letter.objects.values_list("kind", "recipient", "state")) == {("self_test", owner.pk, "accepted")}


def test_every_template_of_a_letter_is_among_them(sink, owner):
    """A new kind of letter has to join the self-test."""
    selftest("check@elsewhere.li")

    folder = Path(configured.BASE_DIR) / "templates" / "letters"
    templates = {file.stem for file in folder.glob("*.txt")} - {"base"}
    assert templates == {file.stem for file in folder.glob("[!_]*.html")} - {"base"}
    assert templates == {
        "reminder",
        "security", "sign_in_shut", "notice", "notice_declined", "invitation", "backup_code_used", "call_request",
        "self_test", "weekly", "new_sign_in", "sessions_ended",
        "factor_reset_opened", "factor_reset_link", "password_link", "address_link", "people_news", "hand_over",
        "hand_over_declined",
    }  # fmt: skip


def test_every_letter_says_the_same_in_text_and_html_and_loads_nothing(sink, owner):
    selftest("check@elsewhere.li")

    for one in sink.kept:
        text, html = one.part("plain"), one.part("html")
        assert not re.search(r"<(script|img|link|iframe|form|svg|object)\b|url\(|@import", html)
        links = set(re.findall(r'href="([^"]+)"', html))
        assert links == {link.replace("&", "&amp;") for link in re.findall(r"http://\S+", text)}
        assert len(links) == 1
        assert not re.search(r"<[a-z]+|&#x27;|&amp;", text)
        assert "!" not in text + re.sub(r"<style>.*?</style>|<!doctype[^>]*>|!important", "", html, flags=re.DOTALL)
        assert max(map(len, text.splitlines())) < 900


def test_what_was_not_taken_is_named(sink, owner):
    sink.script = lambda number, recipient: Fate(at_recipient="550 Unknown") if number == 3 else Fate()

    with pytest.raises(CommandError, match="1 of 21 letters were not taken"):
        selftest("check@elsewhere.li")

    assert Letter.objects.get(state="refused").key.endswith(":notice")


def test_a_person_of_the_office_is_addressed_as_themselves(sink, owner, trader):
    selftest(trader.email.upper())

    assert set(Letter.objects.values_list("recipient", flat=True)) == {trader.pk}


@pytest.mark.parametrize("address", ["nobody", "a@b\nBcc: c@d.li", ""])
def test_what_is_no_address_is_refused(sink, owner, address):
    with pytest.raises(CommandError, match="is not a mail address"):
        selftest(address)
    assert sink.kept == []


def test_before_the_office_is_set_up_there_is_nobody_to_write_for(db):
    with pytest.raises(CommandError, match="Set the office up first"):
        selftest("check@elsewhere.li")
