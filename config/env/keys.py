"""Reading the three key files, and writing the one that has generations."""

import base64
import binascii
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

KEY_BYTES = 32
SECRET_KEY, SEALING_KEY, PEPPER = "secret_key", "sealing_key", "pepper"
# A generation is written in one byte of each sealed value.
MOST_GENERATIONS = 255


def read_key(file: Path) -> bytes:
    """The 32 or more bytes in a key file (URL-safe base64); raises ValueError when it holds anything else."""
    return _decoded(_text_of(file), file)


def read_text(file: Path) -> str:
    """The text of a secret's file without the line end."""
    return file.read_text().strip()


def others_may_read(file: Path) -> bool:
    """Whether anybody but the file's owner may read or write it."""
    return bool(stat.S_IMODE(file.stat().st_mode) & 0o077)


@dataclass(frozen=True)
class Ring:
    """The generations of one key as (number, key), the newest first: it alone seals, each of them opens."""

    keys: tuple[tuple[int, bytes], ...] = field(repr=False)

    @property
    def newest(self) -> int:
        return self.keys[0][0]

    @property
    def older(self) -> tuple[int, ...]:
        return tuple(number for number, _ in self.keys[1:])

    def key(self, number: int) -> bytes | None:
        """The key of a generation, None when it is not here."""
        return dict(self.keys).get(number)

    def with_new(self, key: bytes) -> "Ring":
        """A ring in which `key` is the newest, under the next number that is free."""
        numbers = {number for number, _ in self.keys}
        following = (number % MOST_GENERATIONS + 1 for number in range(self.newest, self.newest + MOST_GENERATIONS))
        return Ring(((next(number for number in following if number not in numbers), key), *self.keys))

    def newest_only(self) -> "Ring":
        return Ring(self.keys[:1])


def read_ring(file: Path) -> Ring:
    """The generations in a key file, one a line, `NUMBER:KEY`; a line with a key alone is generation 1.

    Raises ValueError when a line holds anything else or a number stands there twice, OSError when it can't be read.
    """
    keys = tuple(_generation(line.strip(), file) for line in _text_of(file).splitlines() if line.strip())
    if not keys:
        raise ValueError(f"{file} is empty")
    if len(dict(keys)) < len(keys):
        raise ValueError(f"{file} holds two keys of the same number")
    return Ring(keys)


def ring_text(ring: Ring) -> str:
    """The ring as its file holds it."""
    return "".join(f"{number}:{base64.urlsafe_b64encode(key).decode()}\n" for number, key in ring.keys)


def _generation(line: str, file: Path) -> tuple[int, bytes]:
    number, colon, key = line.rpartition(":")
    if not colon:
        return 1, _decoded(key, file)
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= MOST_GENERATIONS):
        raise ValueError(f"{file} has a line that does not begin with a key's number")
    return int(number), _decoded(key, file)


def _text_of(file: Path) -> str:
    try:
        return read_text(file)
    except UnicodeError:
        raise ValueError(f"{file} is not base64") from None


def _decoded(text: str, file: Path) -> bytes:
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{file} is not base64") from None
    if len(key) < KEY_BYTES:
        raise ValueError(f"{file} holds {len(key)} bytes; a key has {KEY_BYTES}")
    return key


class KeyFile:
    """The sealing key's file, looked at again whenever it has changed, so that a rotation needs no restart.

    `ring` is what was in it when the process started (before the first `up`: a throwaway of this process alone).
    """

    def __init__(self, path: Path, ring: Ring):
        self.path = path
        self._seen = (_mark(path), ring)

    def ring(self) -> Ring:
        """What the file holds now; while it is away or broken, what it held last. For opening."""
        try:
            return self.ring_on_disk()
        except (OSError, ValueError):
            return self._seen[1]

    def ring_on_disk(self) -> Ring:
        """What the file holds now; raises OSError or ValueError. For sealing: never with a key that is not on disk."""
        mark = _mark(self.path)
        if mark is None and self._seen[0] is not None:
            raise FileNotFoundError(f"{self.path} is gone")
        if mark != self._seen[0]:
            self._seen = (mark, read_ring(self.path))
        return self._seen[1]

    def write(self, ring: Ring) -> None:
        """Put `ring` into the file, whole or not at all, for the owner it has and nobody else; raises OSError."""
        path = self.path.resolve()
        now = path.stat()
        for left_over in path.parent.glob(f".{path.name}.*"):
            left_over.unlink()
        half = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w") as out:
                if (now.st_uid, now.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(handle, now.st_uid, now.st_gid)
                out.write(ring_text(ring))
                out.flush()
                os.fsync(handle)
            half.replace(path)
        except BaseException:
            half.unlink(missing_ok=True)
            raise
        _sync_names(path.parent)


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None while there is none."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


def _sync_names(folder: Path) -> None:
    """A renamed file outlives a power cut only once its folder is on disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
