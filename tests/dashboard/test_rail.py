"""The rail marks the line that the present page belongs to."""

from __future__ import annotations

import re

import pytest

from tests.factories import make_account, make_grant, make_login

MARKED = re.compile(r'aria-current="page"><svg [^>]*><use [^>]*></svg>([^<]+)<')


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/", "Today"),
        ("/accounts/new/", "Accounts"),
        ("/logins/new/", "Accounts"),
        ("/validations/new/", "Devices"),
        ("/backups/new/", "Authenticators"),
        ("/office/", "Settings"),
        ("/office/import/", "Import and export"),
        ("/office/export/", "Import and export"),
        ("/office/demo/remove/", "Import and export"),
    ],
)
def test_each_page_stands_under_one_line(browse, owner, path, line):
    shown = browse(owner).get(path).content.decode()

    assert MARKED.findall(shown) == [line]


def test_a_login_and_its_rights_stand_under_accounts(browse, owner):
    login = make_login(owner)
    grant = make_grant(login, make_account())
    client = browse(owner)

    for path in (f"/logins/{login.pk}/", f"/grants/{grant.pk}/edit/"):
        assert MARKED.findall(client.get(path).content.decode()) == ["Accounts"]
