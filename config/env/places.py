"""Where things lie on disk when nobody says otherwise."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
STATE_OF_ROOT = Path("/var/lib/postern")
KEYS_FOLDER = "keys"
POSTGRES_FOLDER = "pg"
VALKEY_FOLDER = "valkey"
VALKEY_SOCKET = "v.sock"


def default_state(checkout: Path, *, is_root: bool) -> Path:
    """`var` in the checkout, unless root's database user could not enter it."""
    beside = checkout / "var"
    return beside if not is_root or not closed_parents(beside) else STATE_OF_ROOT


def closed_parents(folder: Path) -> list[Path]:
    """Those parents of `folder`, outermost first, that other users may not pass through."""
    return [parent for parent in reversed(folder.parents) if parent.exists() and not parent.stat().st_mode & 0o001]
