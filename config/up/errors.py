"""How starting up fails, and how it is asked to end."""


class StartError(Exception):
    """A step failed; the text says which and what to do."""


class StopAsked(BaseException):
    """Ctrl-C or SIGTERM. Not an Exception, so that no handler of ordinary failures swallows it."""
