"""`python -m tests.faults.full`: the storm in any size, once for each line of a table.

    python -m tests.faults.full --people 200 --letters 2000 --workers 3 --beats 2 --worker-kills 3

`--real` runs it with the product's own waits and periods instead of seconds: allow for the minutes a lease takes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict, fields
from pathlib import Path

from tests import embedded
from tests.faults.house import QUICK, REAL, house
from tests.faults.storm import Plan, Report, storm

COLUMNS = ["expected", "keys", "lost", "doubles", "most_copies", "lost_replies", "accepted", "unsettled", "seconds"]


def main(arguments: list[str]) -> int:
    """Run, print, and fail when something was lost, doubled beyond what was allowed, or left over."""
    chosen = _parser().parse_args(arguments)
    plan = Plan(**{one.name: getattr(chosen, one.name) for one in fields(Plan)})
    reports = [_run(plan, REAL if chosen.real else QUICK) for _ in range(chosen.times)]
    sys.stdout.write(_table(reports))
    return 0 if all(_is_good(report) for report in reports) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.full", description="Break everything, count letters.")
    defaults = asdict(
        Plan(people=200, letters=2000, worker_kills=3, valkey_kills=3, postgres_kills=3, hangs=3, within=600)
    )
    for name, value in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help=f"default {value}")
    parser.add_argument("--times", type=int, default=1, help="how many runs; default 1")
    parser.add_argument("--real", action="store_true", help="the product's own waits")
    return parser


def _run(plan: Plan, app: str) -> Report:
    with tempfile.TemporaryDirectory() as folder, house(Path(folder), app=app) as one:
        one.run("-m", "tests.faults.fill", str(plan.people), str(plan.letters))
        return storm(one, plan)


def _is_good(report: Report) -> bool:
    allowed = report.lost_replies + report.killed["worker"]
    return report.lost == report.unsettled == 0 and report.ids == report.keys and report.doubles <= allowed


def _table(reports: list[Report]) -> str:
    head = ["run", *COLUMNS, "killed", "verdict"]
    rows = [[str(number), *_figures(report)] for number, report in enumerate(reports, start=1)]
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]
    return "\n".join(lines) + "\n"


def _figures(report: Report) -> list[str]:
    killed = ", ".join(f"{count} {name}" for name, count in sorted(report.killed.items()))
    figures = [getattr(report, name) for name in COLUMNS]
    shown = [f"{one:.1f}" if isinstance(one, float) else str(one) for one in figures]
    return [*shown, killed, "good" if _is_good(report) else "BAD"]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    finally:
        embedded.remove_state(embedded.servers.state)
