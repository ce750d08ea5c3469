"""The trail as files: CSV for a spreadsheet, formulas neutralised; JSON lines for checking it elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.cells import MARK, csv_lines
from core.trail import files
from core.trail.chain import Word, moment
from dashboard.queries.trail import Line

COLUMNS = (
    "event",
    "at (UTC)",
    "recorded at (UTC)",
    "person",
    "person's number",
    "deed",
    "what",
    "about",
    "kind",
    "its number",
    "from",
    "changes",
    "facts",
    "digest",
)
# Events are read, named and written this many at a time.
AT_ONCE = 1000


def as_csv(stretches: Iterable[list[Line]]) -> Iterator[bytes]:
    """The file in pieces: UTF-8 with mark, commas, one event a row."""
    yield MARK + csv_lines([COLUMNS])
    for lines in stretches:
        yield csv_lines(_row(line) for line in lines)


def _row(line: Line) -> tuple[object, ...]:
    event = line.event
    return (
        event.pk,
        moment(event.at),
        moment(event.recorded_at) if event.recorded_at else "",
        line.who,
        event.actor_id,
        event.get_verb_display(),
        event.verb,
        line.about,
        event.about_type,
        event.about_id,
        event.address,
        "; ".join(f"{name}: {old} → {new}" for name, old, new in line.changes),
        "; ".join(f"{name}: {value}" for name, value in line.facts),
        event.digest,
    )


def as_lines(head: files.Head, stretches: Iterable[tuple[list[Line], dict[int, dict[str, Word]]]]) -> Iterator[bytes]:
    """The file in pieces, one event a line; `verify_trail --file` reads it."""
    yield head.line().encode()
    for lines, words in stretches:
        yield "".join(_line(line, words) for line in lines).encode()


def _line(line: Line, words: dict[int, dict[str, Word]]) -> str:
    kept = words.get(line.event.pk, {}).values()
    return files.event_line(line.event.link, kept, who=line.who, about=line.about)
