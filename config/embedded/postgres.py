"""One PostgreSQL cluster in a folder: prepared once, run in the foreground, entered by its socket only.

No password exists: the system vouches for who stands at the socket (peer), and a map says that this user may be
`postern_owner`, who owns database and tables, or `postern_app`, who may only read and write rows.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from config.embedded import children
from config.embedded.binaries import find_postgres
from config.embedded.errors import EmbeddedError
from config.embedded.folders import (
    PRIVATE,
    check_socket_path,
    make_folder,
    make_reachable_folder,
    reachable_programs,
)
from config.embedded.users import database_user, own_name
from config.env.places import POSTGRES_FOLDER

ROLES = ("postern_owner", "postern_app")
DATABASE = "postern"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m %u ",
    "password_encryption": "scram-sha-256",
}
FIRST_BUILTIN_LOCALE = 17
READY_WITHIN = 60.0
STOPPED_WITHIN = 30.0
STATUS_LINE = 7


class Postgres:
    """A cluster under `state`/pg. `settings` are added to the server's; `rights` to those of postern_owner."""

    stop_signal = signal.SIGINT

    def __init__(
        self,
        state: Path,
        *,
        environ: Mapping[str, str] = os.environ,
        settings: Mapping[str, str] | None = None,
        rights: str = "",
    ):
        self.state = state
        self.environ = environ
        self.settings = SETTINGS | dict(settings or {})
        self.rights = rights
        self.log = state / "log" / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None

    @cached_property
    def run_as(self) -> children.RunAs | None:
        return database_user()

    @cached_property
    def programs(self) -> Path:
        return reachable_programs(find_postgres(self.environ), self.run_as)

    @property
    def folder(self) -> Path:
        """The cluster's real place: a link when the database's user could not enter the state folder."""
        return (self.state / POSTGRES_FOLDER).resolve()

    @property
    def is_elsewhere(self) -> bool:
        """Whether the cluster lies outside the state folder."""
        return (self.state / POSTGRES_FOLDER).is_symlink()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def socket_folder(self) -> Path:
        """The host to connect to."""
        return self.state / POSTGRES_FOLDER / "run"

    @property
    def exists(self) -> bool:
        """Whether a cluster was made here before."""
        return self.data.is_dir()

    def prepare(self) -> None:
        """Make folders and, the first time, the cluster with its roles and database; raises EmbeddedError."""
        check_socket_path(self.socket_folder / ".s.PGSQL.5432")
        make_folder(self.state, 0o711)
        make_folder(self.log.parent, PRIVATE)
        make_reachable_folder(self.state / POSTGRES_FOLDER, self.run_as)
        check_socket_path(self.folder / "run" / ".s.PGSQL.5432")
        make_folder(self.folder / "run", PRIVATE, self.run_as)
        if not self.exists:
            self._create()
        self._check_ownership()
        self._check_version()
        self._write_access_rules(self.data)

    def start(self) -> None:
        """Launch and wait until connections are taken; raises EmbeddedError."""
        self.launch()
        self.wait_ready()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server without waiting."""
        self._clear_stale_lock()
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        self.process = children.spawn(
            [self.programs / "postgres", "-D", self.data, "-k", self.folder / "run", *options],
            log=self.log,
            env=self._environment(),
            run_as=self.run_as,
            when_we_die=self.stop_signal,
        )
        return self.process

    def wait_ready(self, within: float = READY_WITHIN) -> None:
        """Until the server says in its lock file that it takes connections."""
        deadline = time.monotonic() + within
        while not self.is_ready:
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL did not start. Its last words:\n{children.last_words(self.log)}")
            time.sleep(0.02)

    @property
    def is_ready(self) -> bool:
        """Whether the process started last takes connections."""
        lines = self._lock_lines()
        is_ours = self.process is not None and lines[:1] == [str(self.process.pid)]
        return is_ours and len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> bool:
        """Shut down, ending open connections; data is safe. Returns whether it went by itself."""
        return self.process is None or children.end(self.process, self.stop_signal, within=STOPPED_WITHIN)

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self.process is not None:
            children.kill(self.process)

    def _create(self) -> None:
        """initdb, roles and database in a folder beside, renamed when whole: a broken-off try leaves nothing."""
        half = self.folder / "data.new"
        if half.exists():
            shutil.rmtree(half)
        make_folder(half, PRIVATE, self.run_as)
        sync = ["--no-sync"] if self.settings.get("fsync") == "off" else []
        self._run("initdb", "-D", half, "-U", "postgres", "-E", "UTF8", *self._locale(), "--auth=reject", *sync)
        create = [f"CREATE ROLE {ROLES[0]} LOGIN {self.rights}", f"CREATE ROLE {ROLES[1]} LOGIN", *_default_rights()]
        self._single(half, "template1", create)
        self._single(half, "postgres", [f"CREATE DATABASE {DATABASE} OWNER {ROLES[0]}"])
        half.rename(self.data)

    def _locale(self) -> list[str]:
        if self._major() >= FIRST_BUILTIN_LOCALE:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        return ["--locale=C.UTF-8"]

    def _major(self) -> int:
        command = [str(self.programs / "postgres"), "--version"]
        said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 (no shell)
        return int(said.stdout.split()[2].split(".")[0])

    def _single(self, data: Path, database: str, statements: list[str]) -> None:
        """Run statements, one a line, in the server's single-user mode: no socket, no access rules, no race."""
        text = "\n".join(statements) + "\n"
        self._run("postgres", "--single", "-D", data, "-c", "exit_on_error=true", database, text=text)

    def _run(self, program: str, *arguments: str | Path, text: str = "") -> None:
        user, group = (self.run_as.uid, self.run_as.gid) if self.run_as else (None, None)
        done = subprocess.run(  # noqa: S603 (our own programs and arguments, no shell)
            [self.programs / program, *arguments],
            input=text.encode(),
            capture_output=True,
            check=False,
            env=self._environment(),
            cwd="/",
            user=user,
            group=group,
            extra_groups=[] if self.run_as else None,
        )
        if done.returncode or b"ERROR:" in done.stderr:
            words = (done.stdout + done.stderr).decode(errors="replace").strip()
            raise EmbeddedError(f"The database could not be made ({program}). It said:\n{words}")

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def _check_ownership(self) -> None:
        wanted = self.run_as.uid if self.run_as else os.geteuid()
        if self.data.stat().st_uid != wanted:
            raise EmbeddedError(
                f"The database in {self.data} belongs to another user (number {self.data.stat().st_uid}). "
                "Start Postern as the user who made it, or set POSTERN_STATE to another folder."
            )

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self._major()):
            raise EmbeddedError(
                f"The database in {self.data} was made by PostgreSQL {made_by}, and the program here is version "
                f"{self._major()}. Dump it with the old version and restore it with the new one, or set POSTERN_PG_BIN."
            )

    def _write_access_rules(self, data: Path) -> None:
        """Who may come in: only by the socket, only the two roles, only the user we run as."""
        name = own_name().replace('"', '""')
        rules = f"local all {','.join(ROLES)} peer map=postern\n"
        names = "".join(f'postern "{name}" {role}\n' for role in ROLES)
        for file, text in ((data / "pg_hba.conf", rules), (data / "pg_ident.conf", names)):
            if file.read_text() != text:
                file.write_text(text)

    def _lock_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _clear_stale_lock(self) -> None:
        """Deal with the lock file of an earlier run: wait for a server on its way out, remove a dead one's file.

        PostgreSQL itself refuses when the number in it has meanwhile gone to any other process of the same user.
        """
        deadline = time.monotonic() + STOPPED_WITHIN
        while (pid := self._locked_by()) and self._is_ours(pid):
            if time.monotonic() > deadline:
                raise EmbeddedError(f"An earlier database (process {pid}) still runs. End it with `kill -INT {pid}`.")
            time.sleep(0.1)
        if pid:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _locked_by(self) -> int | None:
        first = "".join(self._lock_lines()[:1]).strip()
        return int(first) if first.isdigit() else None

    def _is_ours(self, pid: int) -> bool:
        """Whether that process is a server of this very cluster."""
        return str(self.data) in children.command_of(pid)


def _default_rights() -> list[str]:
    """Run in template1, so that every database made later (test databases too) starts with these."""
    for_app = f"ALTER DEFAULT PRIVILEGES FOR ROLE {ROLES[0]} GRANT"
    return [
        f"{for_app} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {ROLES[1]}",
        f"{for_app} USAGE, SELECT ON SEQUENCES TO {ROLES[1]}",
    ]
