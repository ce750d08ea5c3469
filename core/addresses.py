"""Addresses of pages, worked out once a process: finding one costs Django more than a row of a list does."""

from __future__ import annotations

from functools import lru_cache

from django.urls import reverse


@lru_cache(maxsize=8192)
def address(route: str, *numbers: int) -> str:
    """The path of a named route with these numbers in it. Raises NoReverseMatch like Django's own."""
    return reverse(route, args=numbers)
