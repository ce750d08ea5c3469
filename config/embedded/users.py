"""Who the database runs as. PostgreSQL refuses to run as root, so root gets it a system user of its own."""

import os
import pwd
import shutil
import subprocess

from config.embedded.children import RunAs
from config.embedded.errors import EmbeddedError

SYSTEM_USER = "postern-db"
INSTEAD = "postgres"


def database_user() -> RunAs | None:
    """The system user to run PostgreSQL as, made when it is not there; None when we are not root."""
    if os.geteuid() != 0:
        return None
    return _existing(SYSTEM_USER) or _created() or _existing(INSTEAD) or _refuse()


def own_name() -> str:
    """The name of the user this process runs as, which PostgreSQL checks at the socket."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise EmbeddedError(
            f"User number {os.geteuid()} has no name on this machine, and the embedded database needs one. "
            "Add the user to /etc/passwd, or set DATABASE_URL to a server of your own."
        ) from None


def _existing(name: str) -> RunAs | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return RunAs(name, entry.pw_uid, entry.pw_gid)


def _created() -> RunAs | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if not useradd:
        return None
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command = [useradd, *options, "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    # Two starts at once may both get here: whoever is second finds the user made.
    subprocess.run(command, check=False, capture_output=True)  # noqa: S603 (fixed arguments, no shell)
    return _existing(SYSTEM_USER)


def _refuse() -> RunAs:
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} could not be made. "
        f"Make it with `useradd --system {SYSTEM_USER}`, or run Postern as an ordinary user."
    )
