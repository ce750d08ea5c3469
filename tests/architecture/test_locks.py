"""Rows are locked in the one way that nobody deadlocks on who writes a row pointing to them."""

from __future__ import annotations

import ast
from pathlib import Path

from django.conf import settings

PACKAGES = ["accounts", "config", "core", "dashboard", "devices", "exchange", "identity", "notices", "recovery"]


def locks() -> list[tuple[str, ast.Call]]:
    found = []
    for path in sorted(file for package in PACKAGES for file in Path(settings.BASE_DIR, package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "select_for_update":
                found.append((f"{path.relative_to(settings.BASE_DIR)}:{node.lineno}", node))
    return found


def test_every_lock_lets_others_point_to_its_row():
    """PostgreSQL looks at foreign keys when a transaction commits, then long past its other locks and the trail's."""
    strong = [where for where, call in locks() if "no_key" not in {word.arg for word in call.keywords}]

    assert len(locks()) > 40
    assert strong == []
