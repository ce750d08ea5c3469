"""PostgreSQL and Valkey run as children of this process, on unix sockets inside the state folder.

The programs come from wheels (or the system); everything about running them is ours. Nothing here knows Django.
"""

from config.embedded.errors import EmbeddedError
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "Postgres", "Valkey"]
