"""Rows are locked in the one way that nobody deadlocks on who writes a row pointing to them."""

from __future__ import annotations

import ast
from pathlib import Path

from django.conf import settings

PACKAGES = ["accounts", "config", "core", "dashboard", "devices", "exchange", "identity", "notices", "recovery"]


def locks() -> dict[str, ast.Call]:
    files = sorted(file for package in PACKAGES for file in Path(settings.BASE_DIR, package).rglob("*.py"))
    return {
        f"{path.relative_to(settings.BASE_DIR)}:{node.lineno}": node
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "select_for_update"
    }


def test_every_lock_lets_others_point_to_its_row():
    """PostgreSQL looks at foreign keys when a transaction commits, then long past its other locks and the trail's."""
    strong = [where for where, call in locks().items() if "no_key" not in {word.arg for word in call.keywords}]

    assert len(locks()) > 40
    assert strong == []
