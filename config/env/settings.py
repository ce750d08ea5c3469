"""What `load` gives: every setting of this installation, worked out and typed."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import urlsplit

from config.env.addresses import Database, Mail, Redis
from config.env.keys import KeyFile
from config.env.places import KEYS_FOLDER


@dataclass(frozen=True)
class Settings:
    """One installation. Paths are absolute; nothing here has been created or connected to yet.

    `own_keys` names the key files that are expected in the state folder because the environment names no others.
    """

    state: Path
    port: int
    port_is_chosen: bool
    url: str
    is_production: bool
    allowed_hosts: tuple[str, ...]
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    database: Database
    redis: Redis
    mail: Mail
    mail_from: str
    secret_key: str = field(repr=False)
    sealing_keys: KeyFile = field(repr=False)
    pepper: bytes = field(repr=False)
    own_keys: tuple[str, ...]
    has_own_database: bool
    has_own_redis: bool
    chromium: str
    requires_browser: bool
    log_level: str
    log_format: str

    @property
    def is_https(self) -> bool:
        """Whether people reach Postern by TLS, so cookies may insist on it."""
        return self.url.startswith("https://")

    @property
    def host(self) -> str:
        """The public host name, without the port; an IPv6 address in brackets."""
        name = urlsplit(self.url).hostname or "localhost"
        return f"[{name}]" if ":" in name else name

    @property
    def keys(self) -> Path:
        """The folder for key files that `manage.py up` makes."""
        return self.state / KEYS_FOLDER

    @property
    def static(self) -> Path:
        """Where static files are collected."""
        return self.state / "static"

    @property
    def logs(self) -> Path:
        """Where each child of `manage.py up` writes its log."""
        return self.state / "log"

    @property
    def caught_mail(self) -> Path:
        """Where the local catcher keeps each letter as one .eml file."""
        return self.state / "mail"
