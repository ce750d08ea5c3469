"""Everything that brings data in or takes it out: check, import, undo, export, the demo office."""

from exchange.actions.checking import answer_days, discard, note_export, note_trail_export, press, upload
from exchange.actions.demo import load_demo, remove_demo
from exchange.actions.running import run_next
from exchange.actions.undoing import undo

__all__ = [
    "answer_days",
    "discard",
    "load_demo",
    "note_export",
    "note_trail_export",
    "press",
    "remove_demo",
    "run_next",
    "undo",
    "upload",
]
