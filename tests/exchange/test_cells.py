"""One cell: what was typed, and what it means; what is written, and that it comes back the same."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cells import neutralise, restore
from core.forms import plain
from exchange.enums import DayOrder
from exchange.sheets import cells
from exchange.sheets.cells import BadCell, day, day_order, read, show
from exchange.sheets.columns import BY_NAME, SHEETS, Kind
from tests.exchange.books import refusal

APRIL = date(2026, 4, 3)
MARCH = date(2026, 3, 4)


def column(sheet: str, name: str):
    return BY_NAME[sheet].by_name[name]


@pytest.mark.parametrize(
    "text",
    ["2026-04-03", "2026/04/03", "2026-4-3", "3.4.2026", "03.04.2026", "3. 4. 2026", "3.4.26", "20260403", "46115",
     "46115.5", "2026-04-03 14:22", "2026-04-03T14:22:00", "3.4.2026 09:15", "3 Apr 2026", "3. April 2026",
     "April 3, 2026", "Fri 3 April 2026", "3-Apr-2026", "2026 Apr 3"],
)  # fmt: skip
def test_a_day_is_read_however_it_is_written(text):
    assert day(text) == APRIL


@pytest.mark.parametrize("text", ["", "-", "–", "n/a", "never", "Never", "none", "not yet", "?"])
def test_an_empty_day_is_no_day(text):
    assert day(text) is None


@pytest.mark.parametrize("text", ["04/03/2026", "4/3/2026", "04-03-2026", "4/3/26"])
def test_what_can_be_read_two_ways_is_read_as_told(text):
    assert day(text, DayOrder.DAY_FIRST) == MARCH
    assert day(text, DayOrder.MONTH_FIRST) == APRIL
    with pytest.raises(BadCell, match="whether the day or the month stands first"):
        day(text)


@pytest.mark.parametrize("order", DayOrder.values)
def test_what_can_be_read_one_way_only_needs_no_telling(order):
    assert day("25/03/2026", order) == date(2026, 3, 25)
    assert day("03/25/2026", order) == date(2026, 3, 25)
    assert day("05/05/2026", order) == date(2026, 5, 5)


@pytest.mark.parametrize("text", ["soon", "31/31/2026", "2026-02-30", "32.1.2026", "1.13.2026", "12", "April", "99999"])
def test_what_is_no_day_says_how_to_write_one(text):
    with pytest.raises(BadCell, match="2026-11-23"):
        day(text, DayOrder.DAY_FIRST)


@pytest.mark.parametrize("text", ["1899-12-30", "2226-01-01", "3.4.1926"])
def test_a_year_that_cannot_be_is_refused(text):
    with pytest.raises(BadCell, match="cannot be right"):
        day(text)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["04/03/2026", "25/03/2026"], DayOrder.DAY_FIRST),
        (["04/03/2026", "03/25/2026"], DayOrder.MONTH_FIRST),
        (["04/03/2026", "05/06/2026"], DayOrder.UNKNOWN),
        (["04/03/2026", "25/03/2026", "03/25/2026"], DayOrder.UNKNOWN),
        (["2026-04-03", "3.4.2026", ""], None),
        (["05/05/2026"], None),
    ],
)
def test_a_column_says_its_order_by_its_own_cells_or_is_asked(texts, said):
    assert day_order(texts) == said


@settings(deadline=None)
@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2100, 12, 31)))
def test_every_day_comes_back_from_every_way_of_writing_it(one):
    assert day(show(one)) == one
    assert day(f"{one.day}.{one.month}.{one.year}") == one
    assert day(f"{one.day}/{one.month}/{one.year}", DayOrder.DAY_FIRST) == one
    assert day(f"{one.month}/{one.day}/{one.year}", DayOrder.MONTH_FIRST) == one
    assert day(f"{one.day} {one:%b} {one.year}") == one


@pytest.mark.parametrize(
    ("sheet", "name", "text", "value"),
    [
        ("things", "kind", "Laptop", "computer"),
        ("things", "kind", "iPhone", "phone"),
        ("things", "kind", "security key", "security-key"),
        ("things", "kind", "SECURITY_KEY", "security-key"),
        ("things", "kind", "SIM or number", "sim"),
        ("people", "role", "Operations manager", "manager"),
        ("people", "role", "", ""),
        ("logins", "kind", "bot", "automation"),
        ("logins", "broker", "Interactive Brokers", "ibkr"),
        ("logins", "broker", "IB", "ibkr"),
        ("logins", "broker", "thinkorswim", "schwab"),
        ("grants", "rights", "trade and view", ("view", "trade")),
        ("grants", "rights", "View; Trading; withdrawals", ("view", "trade", "withdraw")),
        ("grants", "rights", "Manage users/Reports", ("manage-users", "reports")),
        ("validations", "outcome", "OK", "proven"),
        ("validations", "outcome", "never tried", "expected"),
        ("doors", "used", "Yes", True),
        ("doors", "used", "ja", True),
        ("doors", "used", "x", True),
        ("doors", "used", "0", False),
        ("doors", "used", "FALSE", False),
        ("doors", "used", "", None),
        ("backups", "codes left", "8", 8),
        ("backups", "codes left", "8.0", 8),
        ("backups", "codes left", "-", None),
        ("people", "digest hour", "07:00", 7),
        ("people", "time zone", "europe / zurich", "Europe/Zurich"),
        ("people", "time zone", "London", "Europe/London"),
        ("people", "time zone", "New York", "America/New_York"),
        ("people", "time zone", "Etc/GMT-5", "Etc/GMT-5"),
        ("people", "email", "mailto:lena@brandt.example", "lena@brandt.example"),
        ("people", "key", "Lena Brandt", "lena-brandt"),
        ("people", "key", "Zoë Müller", "zoe-muller"),
        ("logins", "holder", "Lena Brandt", "lena-brandt"),
        ("authenticators", "carriers", "phone; Card 61, phone", ("card-61", "phone")),
        ("accounts", "last four", "•••4417", "4417"),
        ("accounts", "last four", "4417.0", "4417"),
        ("accounts", "last four", "na12", "na12"),
    ],
)
def test_words_are_understood_as_people_write_them(sheet, name, text, value):
    assert read(column(sheet, name), text) == value


@pytest.mark.parametrize(
    ("sheet", "name", "text", "words"),
    [
        ("things", "kind", "toaster", "Write one of: computer, phone"),
        ("logins", "broker", "ibkrr", 'did you mean "ibkr"'),
        ("grants", "rights", "view, fly", "“fly” is not known here"),
        ("doors", "used", "perhaps", "Write yes or no."),
        ("backups", "codes left", "eight", "Write a whole number"),
        ("backups", "codes left", "-3", "Write a whole number"),
        ("people", "digest hour", "25", "from 0 to 23"),
        ("people", "time zone", "Mars", "There is no time zone “Mars”"),
        ("people", "email", "lena@brandt", "That is not an e-mail address"),
        ("people", "key", "???", "A key is made of letters"),
        ("accounts", "last four", "12345", "Write only the last four characters"),
        ("people", "name", "x" * 81, "at most 80 characters; these are 81"),
    ],
)
def test_what_cannot_be_says_what_to_write_instead(sheet, name, text, words):
    with pytest.raises(BadCell) as no:
        read(column(sheet, name), text)
    assert words in str(no.value)


def test_every_word_of_every_choice_is_understood():
    for sheet in SHEETS:
        for one in sheet.columns:
            for word, also in one.choices.items():
                read_back = [read(one, text) for text in (word, word.upper(), *also[:1])]
                wanted = (word,) if one.kind == Kind.CHOICES else word
                assert read_back == [wanted] * len(read_back), f"{sheet.name}: {one.name}: {word}"


def test_every_example_of_the_template_can_be_read():
    for sheet in SHEETS:
        for one in sheet.columns:
            for example in one.examples:
                read(one, example)


# --- formulas --------------------------------------------------------------------------------------------------------
HOSTILE = [
    "=1+1", "+41 44 668 18 00", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "'=1", "''=1", "'+x",
    '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_spreadsheet_would_run_is_written_as_text(text):
    written = neutralise(text)

    assert written == f"'{text}"
    assert restore(written) == text


@pytest.mark.parametrize("text", ["", "plain", "O’Brien", "'quoted'", "a=b", "1-2", "’=", "x@y.example", "'"])
def test_what_is_harmless_is_written_as_it_is(text):
    assert neutralise(text) == text
    assert restore(text) == text


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40) | st.text(alphabet="'=+-@\t\r＝ a", max_size=8))
def test_every_text_comes_back_from_a_neutralised_cell(text):
    assert restore(neutralise(text)) == text
    assert not neutralise(text).lstrip("'").startswith(("=", "@")) or neutralise(text).startswith("'")


@given(st.text(max_size=60))
@settings(deadline=None)
def test_no_cell_is_a_crash(text):
    said = {
        refusal(BadCell, lambda one=one: read(one, plain(text), DayOrder.DAY_FIRST))
        for sheet in SHEETS
        for one in sheet.columns
    }

    assert "" not in said


@given(st.booleans() | st.integers(0, 9999) | st.dates() | st.none())
def test_what_is_shown_is_text(value):
    assert isinstance(show(value), str)


def test_the_detector_is_asked_once_for_words_that_repeat():
    cells.secret_in.cache_clear()

    for _ in range(5):
        assert cells.secret_in("Spare, office safe, tray 2") is None

    assert cells.secret_in.cache_info().misses == 1
