"""The table of requirements in docs/asvs.md: none is missing, and what a line names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([123]) \| (.+?) \| (.+) \|$")
# Requirements of levels 1 and 2 of ASVS 5.0.0 by section, but V10 (OAuth) and V17 (WebRTC), of which there is nothing.
LEVELS_1_AND_2 = {
    "1.1": [1, 2],
    "1.2": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "1.3": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    "1.4": [1, 2, 3],
    "1.5": [1, 2],
    "2.1": [1, 2, 3],
    "2.2": [1, 2, 3],
    "2.3": [1, 2, 3, 4],
    "2.4": [1],
    "3.2": [1, 2],
    "3.3": [1, 2, 3, 4],
    "3.4": [1, 2, 3, 4, 5, 6],
    "3.5": [1, 2, 3, 4, 5],
    "3.7": [1, 2],
    "4.1": [1, 2, 3],
    "4.2": [1],
    "4.3": [1, 2],
    "4.4": [1, 2, 3, 4],
    "5.1": [1],
    "5.2": [1, 2, 3],
    "5.3": [1, 2],
    "5.4": [1, 2, 3],
    "6.1": [1, 2, 3],
    "6.2": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    "6.3": [1, 2, 3, 4],
    "6.4": [1, 2, 3, 4],
    "6.5": [1, 2, 3, 4, 5],
    "6.6": [1, 2, 3],
    "6.8": [1, 2, 3, 4],
    "7.1": [1, 2, 3],
    "7.2": [1, 2, 3, 4],
    "7.3": [1, 2],
    "7.4": [1, 2, 3, 4, 5],
    "7.5": [1, 2],
    "7.6": [1, 2],
    "8.1": [1, 2],
    "8.2": [1, 2, 3],
    "8.3": [1],
    "8.4": [1],
    "9.1": [1, 2, 3],
    "9.2": [1, 2, 3, 4],
    "11.1": [1, 2],
    "11.2": [1, 2, 3],
    "11.3": [1, 2, 3],
    "11.4": [1, 2, 3, 4],
    "11.5": [1],
    "11.6": [1],
    "12.1": [1, 2, 3],
    "12.2": [1, 2],
    "12.3": [1, 2, 3, 4],
    "13.1": [1],
    "13.2": [1, 2, 3, 4, 5],
    "13.3": [1, 2],
    "13.4": [1, 2, 3, 4, 5],
    "14.1": [1, 2],
    "14.2": [1, 2, 3, 4],
    "14.3": [1, 2, 3],
    "15.1": [1, 2, 3],
    "15.2": [1, 2, 3],
    "15.3": [1, 2, 3, 4, 5, 6, 7],
    "16.1": [1],
    "16.2": [1, 2, 3, 4, 5],
    "16.3": [1, 2, 3, 4],
    "16.4": [1, 2, 3],
    "16.5": [1, 2, 3],
}
# Those of level 3 that are claimed besides.
LEVEL_3 = """
1.2.10 2.3.5 3.4.7 3.4.8 3.5.8 3.6.1 4.1.4 6.3.5 6.3.6 6.3.7 6.3.8 6.4.5 6.4.6 6.5.6 6.5.7 6.5.8 6.7.1 6.7.2 7.5.3
8.3.2 15.4.2
"""


def rows() -> list[tuple[str, str, str, str]]:
    lines = (ROOT / "docs" / "asvs.md").read_text().splitlines()
    return [found.groups() for line in lines if (found := ROW.match(line))]


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    lines = [line.lstrip("# ").lower() for line in page.read_text().splitlines() if line.startswith("#")]
    return {re.sub(r"[^a-z0-9 -]", "", line).replace(" ", "-") for line in lines}


def test_every_requirement_has_its_line_once():
    wanted = {f"{section}.{n}" for section, numbers in LEVELS_1_AND_2.items() for n in numbers}

    given = [number for number, *_ in rows()]

    assert len(given) == len(set(given))
    assert {number for number, level, *_ in rows() if level != "3"} == wanted
    assert {number for number, level, *_ in rows() if level == "3"} == set(LEVEL_3.split())


def test_every_test_and_page_that_a_line_names_is_there():
    gone = []
    for number, _, _, met_by in rows():
        for file, name in re.findall(r"`([\w/.]+?)(?:::(\w+))?`", met_by):
            path = ROOT / file
            if not path.exists() or (name and f"def {name}(" not in path.read_text()):
                gone.append((number, file, name))
        for target in re.findall(r"\]\(([^)]+)\)", met_by):
            page, _, anchor = target.partition("#")
            path = (ROOT / "docs" / page).resolve()
            if not path.exists() or (anchor and anchor not in headings(path)):
                gone.append((number, target, ""))

    assert gone == []


def test_a_line_is_met_by_something_or_says_why_it_does_not_apply():
    empty = [
        number
        for number, _, _, met_by in rows()
        if not re.search(r"`[\w/.]+(?:::\w+)?`|\]\(", met_by)
        and not (met_by.startswith("does not apply: ") and len(met_by) > 20)
    ]

    assert empty == []
