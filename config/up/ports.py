"""The web server's port, bound before anything else starts and kept while children come and go."""

import socket

from config.up.errors import StartError

HOST = "127.0.0.1"
BACKLOG = 256
NEARBY = 50


def listen_on(port: int) -> socket.socket:
    """A listening socket on this machine's own address; port 0 takes any. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def claim_port(port: int, *, is_chosen: bool) -> socket.socket:
    """The wanted port; when it is busy and nobody insists on it, one of the next, else any free one."""
    try:
        return listen_on(port)
    except OSError as busy:
        if is_chosen:
            raise StartError(
                f"Port {port} cannot be used: {busy.strerror}. "
                "Set POSTERN_PORT to another one, or leave it out to have a free one chosen."
            ) from None
    return _next_free(port)


def _next_free(port: int) -> socket.socket:
    for candidate in range(port + 1, port + NEARBY):
        try:
            return listen_on(candidate)
        except OSError:
            continue
    return listen_on(0)


def number_of(listener: socket.socket) -> int:
    """The port a socket listens on."""
    port: int = listener.getsockname()[1]
    return port
