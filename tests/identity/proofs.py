"""What tests ask of a page that wants a fresh proof first."""

from __future__ import annotations


def asks_for_proof(answer) -> bool:
    """Whether this answer is the question for a fresh proof, or leads to it."""
    leads_to = answer.get("HX-Redirect") or answer.get("Location", "")
    return leads_to.startswith("/stepup/?next=") or b"Show that it is still you" in answer.content
