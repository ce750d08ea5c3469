"""The command line of each child that is a Python program of Postern's own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from config.embedded import children
from config.env.places import CHECKOUT

CELERY = ["-m", "celery", "-A", "config"]
WORKER = [*CELERY, "worker", "--pool", "prefork", "-c", "1", "--without-gossip", "--without-mingle"]
BEAT = [*CELERY, "beat"]
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (gunicorn makes a file without a name there)


def web(listener: int) -> list[str]:
    """gunicorn on an open socket; its worker heartbeats stay off the disk where they can."""
    in_memory = ["--worker-tmp-dir", str(SHARED_MEMORY)] if os.access(SHARED_MEMORY, os.W_OK) else []
    return ["-m", "gunicorn", "-c", "python:config.serving", *in_memory, "--bind", f"fd://{listener}", "config.wsgi"]


def catcher(listener: int) -> list[str]:
    """The local mail catcher on an open socket."""
    return ["manage.py", "catch_mail", "--fd", str(listener)]


def launch(
    arguments: Sequence[str], *, log: Path, env: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start Python in the checkout with `arguments`."""
    return children.spawn([sys.executable, *arguments], log=log, env=env, cwd=CHECKOUT, pass_fds=pass_fds)
