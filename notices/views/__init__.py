"""Pages of notices and letters."""
