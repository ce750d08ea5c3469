"""Addresses of the servers Postern talks to, taken apart once and handed on as typed parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

DATABASE_OPTIONS = {
    "application_name",
    "channel_binding",
    "connect_timeout",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "options",
    "passfile",
    "service",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslpassword",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
}
MAIL_PORTS = {"starttls": 587, "ssl": 465, "none": 25}


@dataclass(frozen=True)
class Parts:
    """An address cut into pieces, percent-decoded; `port` is None when the address names none."""

    scheme: str
    user: str
    password: str = field(repr=False)
    host: str
    port: int | None
    path: str
    query: Mapping[str, str]


def parts_of(address: str) -> Parts:
    """Cut `address` up; unlike urllib's `hostname` this keeps the case, so a socket folder may stand as the host.

    Raises ValueError in words that go on after the variable's name.
    """
    split = urlsplit(address)
    if not split.scheme or "://" not in address:
        raise ValueError("is not an address; it has to look like scheme://user:password@host:port/name.")
    credentials, _, place = split.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    host, port = _host_and_port(place)
    query = dict(parse_qsl(split.query, keep_blank_values=True, strict_parsing=bool(split.query)))
    return Parts(split.scheme, unquote(user), unquote(password), host, port, unquote(split.path), query)


def _host_and_port(place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = place.partition(":")
    return unquote(host), port_number(port) if port else None


def port_number(text: str) -> int:
    """A TCP port; raises ValueError for anything but a number from 1 to 65535."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise ValueError(f'has the port "{text}"; a port is a number from 1 to 65535.')
    return int(text)


@dataclass(frozen=True)
class Database:
    """One PostgreSQL database and the role that enters it; `host` is a folder for a unix socket."""

    name: str
    user: str
    password: str = field(default="", repr=False)
    host: str = ""
    port: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def as_django(self) -> dict[str, object]:
        """The entry for Django's DATABASES; connection ages and the like are the settings' business."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": self.name,
            "USER": self.user,
            "PASSWORD": self.password,
            "HOST": self.host,
            "PORT": self.port,
            "OPTIONS": dict(self.options),
        }

    def as_conninfo(self, **usual: str | int) -> dict[str, Any]:
        """Keyword arguments for `psycopg.connect`; `usual` are options that the address may overrule."""
        named = {
            "dbname": self.name,
            "user": self.user,
            "password": self.password,
            "host": self.host,
            "port": self.port,
        }
        return {**usual, **{key: value for key, value in named.items() if value}, **self.options}


def database_at(address: str) -> Database:
    """postgresql://user:password@host:5432/name?sslmode=require; a percent-encoded folder or ?host= is a socket."""
    parts = parts_of(address)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("has to start with postgresql://.")
    options = dict(parts.query)
    host, port = options.pop("host", parts.host), options.pop("port", str(parts.port or ""))
    name = parts.path.removeprefix("/")
    if not name or "/" in name:
        raise ValueError("names no database; it has to end like /postern.")
    if strange := sorted(options.keys() - DATABASE_OPTIONS):
        raise ValueError(f"has the option {strange[0]}, which PostgreSQL clients do not know.")
    return Database(name, parts.user, parts.password, host, port, options)


@dataclass(frozen=True)
class Redis:
    """A Valkey or Redis server, by TCP or by a unix socket.

    The broker keeps the numbered database of the address, the cache the next one, so that neither empties the other.
    """

    host: str = ""
    port: int = 6379
    socket: str = ""
    number: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    is_encrypted: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def broker_url(self) -> str:
        """The address as Celery's transport wants it."""
        if self.socket:
            query = urlencode({"virtual_host": self.number} | dict(self.options))
            return f"redis+socket://{self._credentials}{quote(self.socket)}?{query}"
        return self._tcp(self.number)

    @property
    def cache_url(self) -> str:
        """The address as the redis client, and so Django's cache, wants it."""
        if self.socket:
            query = urlencode({"db": self.number + 1} | dict(self.options))
            return f"unix://{self._credentials}{quote(self.socket)}?{query}"
        return self._tcp(self.number + 1)

    @property
    def _credentials(self) -> str:
        if not (self.user or self.password):
            return ""
        return f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@"

    def _tcp(self, number: int) -> str:
        scheme, options = "redis", dict(self.options)
        if self.is_encrypted:
            # Celery's transport turns TLS on only when the address carries an ssl_ option.
            scheme, options = "rediss", {"ssl_cert_reqs": "required"} | options
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = f"?{urlencode(options)}" if options else ""
        return f"{scheme}://{self._credentials}{host}:{self.port}/{number}{query}"


def redis_at(address: str) -> Redis:
    """redis://, rediss:// (TLS), or a unix socket as redis+socket:///path?virtual_host=0 or unix:///path?db=0."""
    parts = parts_of(address)
    options = dict(parts.query)
    if parts.scheme in {"redis+socket", "unix"}:
        number = _database_number(options.pop("virtual_host", "") or options.pop("db", "") or "0")
        if not parts.path or parts.host:
            raise ValueError("names no socket; it has to look like unix:///run/valkey/valkey.sock?db=0.")
        return Redis(socket=parts.path, number=number, user=parts.user, password=parts.password, options=options)
    if parts.scheme not in {"redis", "rediss"}:
        raise ValueError("has to start with redis://, rediss://, redis+socket:// or unix://.")
    if not parts.host:
        raise ValueError("names no host.")
    number = _database_number(parts.path.strip("/") or options.pop("db", "") or "0")
    return Redis(
        host=parts.host,
        port=parts.port or 6379,
        number=number,
        user=parts.user,
        password=parts.password,
        is_encrypted=parts.scheme == "rediss",
        options=options,
    )


def _database_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("has a database that is not a number.")
    return int(text)


@dataclass(frozen=True)
class Mail:
    """The mail server; `is_caught` says that it is the local catcher and no letter leaves this machine."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "none"
    is_caught: bool = False

    def as_django(self) -> dict[str, object]:
        """Django's EMAIL_* settings."""
        return {
            "EMAIL_HOST": self.host,
            "EMAIL_PORT": self.port,
            "EMAIL_HOST_USER": self.user,
            "EMAIL_HOST_PASSWORD": self.password,
            "EMAIL_USE_TLS": self.tls == "starttls",
            "EMAIL_USE_SSL": self.tls == "ssl",
        }


def mail_at(address: str) -> Mail:
    """smtp://user:password@host:587?tls=starttls; `tls` may be starttls (the default), ssl (port 465) or none."""
    parts = parts_of(address)
    if parts.scheme != "smtp":
        raise ValueError("has to start with smtp://.")
    if not parts.host:
        raise ValueError("names no host.")
    options = dict(parts.query)
    tls = options.pop("tls", "ssl" if parts.port == MAIL_PORTS["ssl"] else "starttls")
    if tls not in MAIL_PORTS:
        raise ValueError(f'has tls={tls}; it may be "starttls", "ssl" or "none".')
    if options:
        raise ValueError(f"has the option {min(options)}; the only one is tls.")
    return Mail(parts.host, parts.port or MAIL_PORTS[tls], parts.user, parts.password, tls)
