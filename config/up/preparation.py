"""Runs `manage.py prepare` as the tables' owner: its progress goes to the terminal, the set-up token comes back."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from config.embedded import children
from config.env.places import CHECKOUT
from config.up.errors import StartError

TOKEN = "setup-token: "  # noqa: S105 (what stands before it on the line)


def prepare(env: Mapping[str, str], *, log: Path, say: Callable[[str], None]) -> str:
    """Migrate and collect static files; returns the one-time set-up token, "" once there is an owner."""
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "prepare", "--token"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(env) | {"POSTERN_DB_ROLE": "owner"},
            cwd=CHECKOUT,
            process_group=0,
            text=True,
        )
    try:
        token = _listen(process, say)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode:
        raise StartError(f"Preparing the database failed. The last words ({log}):\n{children.last_words(log)}")
    return token


def _listen(process: "subprocess.Popen[str]", say: Callable[[str], None]) -> str:
    token = ""
    for line in process.stdout or ():
        if line.startswith(TOKEN):
            token = line.removeprefix(TOKEN).strip()
        else:
            say(line.rstrip())
    process.wait()
    return token
