"""Each child's log, begun afresh at every start; the last ones are kept beside."""

from pathlib import Path

KEPT = 4


def rotate(folder: Path, name: str) -> Path:
    """Move NAME.log to NAME.log.1 and so on; returns the path of the new, still absent one."""
    log = folder / f"{name}.log"
    for age in range(KEPT - 1, -1, -1):
        older = folder / f"{name}.log.{age}" if age else log
        if older.exists():
            older.replace(folder / f"{name}.log.{age + 1}")
    return log
