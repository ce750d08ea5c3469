"""Refusals a person can act on. Anything else that is raised is a bug."""

from __future__ import annotations


class Refused(Exception):
    """The office's own rules say no. The text is shown to the person and says what to do next."""
