"""The one way an embedded server says no."""


class EmbeddedError(Exception):
    """A server cannot be prepared or started; the text says what to do, in whole sentences."""
