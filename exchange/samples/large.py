"""An office of any size, for measuring: the same rows every time, all of them legal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from exchange.samples import Rows

IBKR_DOORS = ("tws", "ibkr-desktop", "ibkr-mobile", "client-portal")
# People, and what each of them brings: rows of the other sheets for one person.
ROWS_A_PERSON = 25


def large_office(rows: int, *, today: date) -> Rows:
    """About `rows` rows over all sheets, dated back from `today`."""
    people = max(1, rows // ROWS_A_PERSON)
    office: Rows = {"accounts": [_account(n) for n in range(max(1, people // 4))]}
    for n in range(people):
        for sheet, row in _person(n, accounts=len(office["accounts"]), today=today):
            office.setdefault(sheet, []).append(row)
    return office


def _account(n: int) -> dict[str, str]:
    return {
        "key": f"account-{n}",
        "name": f"Account {n}",
        "broker": "ibkr",
        "entity": "ib-ie",
        "last four": f"{n:04}"[-4:],
    }


def _person(n: int, *, accounts: int, today: date) -> Iterator[tuple[str, dict[str, str]]]:
    person, login, account = f"person-{n}", f"login-{n}", f"account-{n % accounts}"
    laptop, phone, number = f"laptop-{n}", f"phone-{n}", f"number-{n}"
    yield (
        "people",
        {"key": person, "name": f"Person {n}", "email": f"person-{n}@large.example", "phone": "020 7946 0100"},
    )
    yield "logins", {"key": login, "label": f"Person {n} at IBKR", "broker": "ibkr", "holder": person}
    for door in IBKR_DOORS:
        yield "doors", {"login": login, "door": door}
    yield (
        "things",
        {"key": laptop, "name": f"Laptop {n}", "kind": "computer", "holder": person, "model": "ThinkPad T14"},
    )
    yield "things", {"key": f"desk-{n}", "name": f"Desk PC {n}", "kind": "computer", "note": "Shared, trading desk"}
    yield "things", {"key": phone, "name": f"Phone {n}", "kind": "phone", "holder": person, "model": "iPhone 15"}
    yield "things", {"key": number, "name": f"Number {n}", "kind": "sim", "holder": person, "carried by": phone}
    for age, (door, thing) in enumerate((door, thing) for door in IBKR_DOORS for thing in (laptop, f"desk-{n}", phone)):
        proved = (today - timedelta(days=(n * 7 + age * 11) % 120)).isoformat()
        yield "validations", {"login": login, "door": door, "thing": thing, "proved on": proved, "how": "used"}
    key = f"ib-key-{n}"
    yield "authenticators", {"key": key, "login": login, "factor": "ib-key-push", "carriers": phone}
    rescue = {"key": f"number-on-file-{n}", "kind": "number", "label": "Number on file", "carriers": number}
    yield "backups", rescue | {"login": login, "authenticator": key}
    yield "grants", {"login": login, "account": account, "rights": "view, trade", "granted on": "2025-02-01"}
