"""Reads the environment through the table; all that is wrong is said at once."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from config.env.addresses import Database, Mail, Redis
from config.env.keys import (
    KEY_BYTES,
    PEPPER,
    SEALING_KEY,
    SECRET_KEY,
    KeyFile,
    Ring,
    others_may_read,
    read_key,
    read_ring,
    read_text,
)
from config.env.places import CHECKOUT, KEYS_FOLDER, POSTGRES_FOLDER, VALKEY_FOLDER, VALKEY_SOCKET, default_state
from config.env.settings import Settings
from config.env.table import MAKE_KEYS, TABLE

T = TypeVar("T")
PREFIX = "POSTERN_"
SHORTEST_SECRET = 50
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class EnvError(Exception):
    """The environment cannot be used; `problems` holds one sentence for each thing to put right."""

    def __init__(self, problems: list[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def load(environ: Mapping[str, str], *, checkout: Path = CHECKOUT) -> Settings:
    """Read and check `environ` whole; raises EnvError with every problem, touches no file but the named key files."""
    problems = _unknown(environ)
    values = _read(environ, problems)
    is_production = _is_production(values)
    if is_production:
        problems += _missing(values)
    values["SECRET_KEY"] = _secret_key(values, problems, is_production=is_production)
    problems += _open_to_others(values)
    if is_production:
        problems += _inside(checkout, values)
    values["POSTERN_PEPPER_FILE"] = _key_in(
        values.get("POSTERN_PEPPER_FILE"), "POSTERN_PEPPER_FILE", read_key, problems
    )
    values["POSTERN_SEALING_KEY_FILE"] = _sealing_keys(values.get("POSTERN_SEALING_KEY_FILE"), problems)
    if problems:
        raise EnvError(problems)
    return _settings(values, environ, checkout, is_production=is_production)


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = [variable.name for variable in TABLE]
    strangers = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [_not_a_setting(name, known) for name in strangers]


def _not_a_setting(name: str, known: list[str]) -> str:
    endings = [other.removeprefix(PREFIX) for other in known if other.startswith(PREFIX)]
    close = get_close_matches(name.removeprefix(PREFIX), endings, n=1)
    hint = f"Did you mean {PREFIX}{close[0]}?" if close else "Remove it, or see the table in docs/running.md."
    return f"{name} is not a setting of Postern. {hint}"


def _read(environ: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable in TABLE:
        text = environ.get(variable.name, "").strip()
        try:
            values[variable.name] = variable.read(text or variable.default)
        except ValueError as no:
            problems.append(f"{variable.name} {no}")
    return values


def _is_production(values: Mapping[str, Any]) -> bool:
    """Real people's data: a public https address, or a database of one's own (also one that could not be read)."""
    is_https = (values.get("POSTERN_URL") or "").startswith("https:")
    return is_https or values.get("DATABASE_URL", "unreadable") is not None


def _missing(values: Mapping[str, Any]) -> list[str]:
    absent = [variable for variable in TABLE if variable.needed and values.get(variable.name, "unreadable") is None]
    return [
        f"{variable.name} is missing. {variable.needed}"
        for variable in absent
        if not (variable.name == "SECRET_KEY_FILE" and values["SECRET_KEY"])
    ]


def _secret_key(values: Mapping[str, Any], problems: list[str], *, is_production: bool) -> str:
    """The key that was given, itself or in a file; "" when it is to come from the state folder."""
    given, file = values["SECRET_KEY"], values.get("SECRET_KEY_FILE")
    if given and file:
        problems.append("SECRET_KEY and SECRET_KEY_FILE are both set. Keep one of them.")
    if file and not given:
        given = _text_in(file, problems)
    if is_production and given and len(given) < SHORTEST_SECRET:
        problems.append(f"SECRET_KEY has {len(given)} characters; it needs {SHORTEST_SECRET}. {MAKE_KEYS}")
    return str(given)


def _text_in(file: Path, problems: list[str]) -> str:
    try:
        return read_text(file)
    except (OSError, UnicodeDecodeError):
        problems.append(f"SECRET_KEY_FILE points to {file}, which this user cannot read as text.")
        return ""


def _open_to_others(values: Mapping[str, Any]) -> list[str]:
    open_ones = [(name, file) for name, file in _key_files(values) if others_may_read(file)]
    return [
        f"{name} points to {file}, which others than its owner may read. {_close(file)}" for name, file in open_ones
    ]


def _inside(checkout: Path, values: Mapping[str, Any]) -> list[str]:
    """A copy or an update of the program must not carry its keys along."""
    inside = [(name, file) for name, file in _key_files(values) if file.resolve().is_relative_to(checkout.resolve())]
    return [f"{name} points to {file}, inside the program's own folder. Move it to one apart." for name, file in inside]


def _key_files(values: Mapping[str, Any]) -> list[tuple[str, Path]]:
    names = ("SECRET_KEY_FILE", "POSTERN_SEALING_KEY_FILE", "POSTERN_PEPPER_FILE")
    return [(name, values[name]) for name in names if values.get(name)]


def _close(file: Path) -> str:
    return f"Close it: chmod 600 {file}"


def _sealing_keys(file: Path | None, problems: list[str]) -> KeyFile | None:
    ring = _key_in(file, "POSTERN_SEALING_KEY_FILE", read_ring, problems)
    return KeyFile(file, ring) if file and ring else None


def _key_in(file: Path | None, name: str, read: Callable[[Path], T], problems: list[str]) -> T | None:
    try:
        return read(file) if file else None
    except (OSError, ValueError):
        problems.append(f"{name} points to {file}, which holds no key that this user can read. {MAKE_KEYS}")
        return None


def _settings(values: dict[str, Any], environ: Mapping[str, str], checkout: Path, *, is_production: bool) -> Settings:
    state = values["POSTERN_STATE"] or default_state(checkout, is_root=os.geteuid() == 0)
    keys = state / KEYS_FOLDER
    url = values["POSTERN_URL"] or f"http://localhost:{values['POSTERN_PORT']}"
    settings = Settings(
        state=state,
        port=values["POSTERN_PORT"],
        port_is_chosen=bool(environ.get("POSTERN_PORT", "").strip()),
        url=url,
        is_production=is_production,
        allowed_hosts=(),
        trusted_proxies=values["POSTERN_TRUSTED_PROXY"],
        database=_database(values, state),
        redis=values["REDIS_URL"] or Redis(socket=str(state / VALKEY_FOLDER / VALKEY_SOCKET)),
        mail=values["EMAIL_URL"] or Mail("127.0.0.1", values["POSTERN_CATCHER_PORT"], is_caught=True),
        mail_from=values["POSTERN_MAIL_FROM"] or "",
        secret_key=values["SECRET_KEY"] or _of_state(keys / SECRET_KEY, read_text, secrets.token_urlsafe),
        sealing_keys=values["POSTERN_SEALING_KEY_FILE"] or _sealing_keys_of_state(keys / SEALING_KEY),
        pepper=values["POSTERN_PEPPER_FILE"] or _of_state(keys / PEPPER, read_key, secrets.token_bytes),
        own_keys=_own_keys(values),
        has_own_database=values["DATABASE_URL"] is not None,
        has_own_redis=values["REDIS_URL"] is not None,
        chromium=values["POSTERN_CHROMIUM"],
        requires_browser=values["POSTERN_REQUIRE_BROWSER"],
        log_level=values["POSTERN_LOG_LEVEL"],
        log_format=values["POSTERN_LOG_FORMAT"] or ("json" if is_production else "text"),
    )
    return _with_names(settings, values["POSTERN_ALLOWED_HOSTS"])


def _own_keys(values: Mapping[str, Any]) -> tuple[str, ...]:
    given = {
        SECRET_KEY: values["SECRET_KEY"],
        SEALING_KEY: values["POSTERN_SEALING_KEY_FILE"],
        PEPPER: values["POSTERN_PEPPER_FILE"],
    }
    return tuple(name for name, value in given.items() if not value)


def _with_names(settings: Settings, further_hosts: tuple[str, ...]) -> Settings:
    """Fill in what follows from the public host name: allowed hosts and the sender of letters."""
    local = () if settings.is_production else LOCAL_HOSTS
    hosts = dict.fromkeys((settings.host, *local, *further_hosts))
    sender = settings.mail_from or f"Postern <postern@{settings.host}>"
    return replace(settings, allowed_hosts=tuple(hosts), mail_from=sender)


def _database(values: Mapping[str, Any], state: Path) -> Database:
    """The database under the role this process is to have: the program's own, or the owner's for migrations."""
    is_owner = values["POSTERN_DB_ROLE"] == "owner"
    given: Database | None = values["DATABASE_URL"]
    owner: Database | None = values["DATABASE_OWNER_URL"]
    if given:
        return (owner or given) if is_owner else given
    role = "postern_owner" if is_owner else "postern_app"
    return Database("postern", role, host=str(state / POSTGRES_FOLDER / "run"))


def _sealing_keys_of_state(file: Path) -> KeyFile:
    return KeyFile(file, _of_state(file, read_ring, lambda size: Ring(((1, secrets.token_bytes(size)),))))


def _of_state(file: Path, read: Callable[[Path], T], throwaway: Callable[[int], T]) -> T:
    """What a key file made by `up` holds; before the first `up` a process gets a throwaway for itself alone."""
    try:
        if others_may_read(file):
            raise EnvError([f"Others than its owner may read {file}. {_close(file)}"])
        return read(file)
    except (FileNotFoundError, NotADirectoryError):
        return throwaway(KEY_BYTES)
    except PermissionError:
        raise EnvError([f"{file} belongs to another user. Run as that user, or set POSTERN_STATE elsewhere."]) from None
    except ValueError:
        raise EnvError([f"{file} does not hold a key any more. Put your copy of it back."]) from None
