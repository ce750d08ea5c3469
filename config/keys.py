"""The three key files: made once, readable by their owner only, never overwritten.

`python -m config.keys FOLDER` makes those that are missing.
"""

import base64
import os
import secrets
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from config.env.keys import KEY_BYTES, PEPPER, SEALING_KEY, SECRET_KEY


def _new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


MAKERS: dict[str, Callable[[], str]] = {
    SECRET_KEY: lambda: secrets.token_urlsafe(48),
    SEALING_KEY: _new_key,
    PEPPER: _new_key,
}


def missing_keys(folder: Path, names: Iterable[str] = tuple(MAKERS)) -> list[str]:
    """Those of `names` that are not in `folder`."""
    return [name for name in names if not (folder / name).exists()]


def make_missing_keys(folder: Path, names: Iterable[str] = tuple(MAKERS)) -> list[Path]:
    """Make the absent key files, mode 0600 in a folder of mode 0700 when it is new; returns those made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = [folder / name for name in missing_keys(folder, names)]
    for file in made:
        _write_new(file, MAKERS[file.name]() + "\n")
    return made


def _write_new(file: Path, text: str) -> None:
    """All or nothing, and an error rather than a second writing: a lost key is a locked office."""
    half = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.link(half, file)
    finally:
        half.unlink()


def main(arguments: list[str]) -> int:
    """Make the missing files in the folder named; says what it made and what was there."""
    if len(arguments) != 1:
        sys.stderr.write("Say where: python -m config.keys FOLDER\n")
        return 2
    folder = Path(arguments[0])
    made = make_missing_keys(folder)
    for file in [folder / name for name in MAKERS]:
        sys.stdout.write(f"{file}: {'made' if file in made else 'kept, it was there'}\n")
    sys.stdout.write("Keep a copy of these files apart from the database's backups.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
