"""The settings of one installation, read from the environment through one typed table.

`load(environ)` gives a frozen `Settings` or raises one `EnvError` that names everything wrong at once.
`as_markdown()` writes the same table for docs/running.md. Nothing here knows Django.
"""

from config.env.addresses import Database, Mail, Redis
from config.env.loading import EnvError, load
from config.env.settings import Settings
from config.env.table import TABLE, Variable, as_markdown

__all__ = ["TABLE", "Database", "EnvError", "Mail", "Redis", "Settings", "Variable", "as_markdown", "load"]
