"""Screens of Postern's own door."""
