"""A small invented broker, whole and sound, for tests to break in one place."""

from pathlib import Path

from accounts.brokers import Profile, ProfileError, load

ACME = """
schema = 1
as_of = 2026-11-23

[source.acme-help]
url = "https://help.acme.example/login"
tier = "official"
[source.forum-7]
url = "https://forum.example/threads/7"
tier = "community"
dated = 2026-05-01

[[broker]]
slug = "acme"
name = "Acme Brokers"
official_domains = ["acme.example"]
lookalikes_seen = ["acrne.example"]
session_rule = "unknown"
second_factor_mandatory = true
source = ["acme-help"]
as_of = 2026-11-23
as_of_basis = "read"
confidence = "high"

[[broker.factor]]
slug = "password"
name = "User name and password"
kind = "knowledge"
phishing_resistant = false
offline_capable = true
carried_by = { any = ["password-manager", "person"] }
source = ["acme-help"]
as_of = 2026-11-23
as_of_basis = "read"
confidence = "high"

[[broker.factor]]
slug = "passkey"
name = "Passkey"
kind = "possession"
phishing_resistant = true
offline_capable = true
max_active = 2
carried_by = { any = ["phone", "security-key"] }
source = ["acme-help", "forum-7"]
as_of = 2026-11-23
as_of_basis = "read"
confidence = "medium"

[[broker.door]]
slug = "web"
name = "acme.example in a browser"
kind = "web"
purpose = "Account and trading"
powers = ["view", "trade"]
requires = { all = ["password", "passkey"] }
source = ["acme-help"]
as_of = 2026-11-23
as_of_basis = "read"
confidence = "high"

[[broker.door]]
slug = "desk"
name = "Acme Desk"
kind = "desktop"
purpose = "Trading"
powers = ["view", "trade"]
requires = { all = ["password"] }
source = ["acme-help"]
as_of = 2026-11-23
as_of_basis = "read"
confidence = "high"

[[broker.door_override]]
entity = "acme-hk"
doors = ["desk"]
requires = { all = ["password", "passkey"] }
effective = 2026-08-31
source = ["forum-7"]
as_of = 2026-05-01
as_of_basis = "source"
confidence = "low"

[[broker.recovery]]
slug = "new-passkey"
name = "New passkey by post"
restores = ["passkey"]
needs_factors = { all = ["password"] }
needs_assets = { all = ["registered-post"] }
self_service = true
minutes = { typical = 1440, worst = 2880 }
minutes_basis = "estimate"
source = ["acme-help"]
as_of = 2026-11-23
as_of_basis = "read"
confidence = "high"

[[broker.timer]]
slug = "device-check"
name = "Devices are checked again"
kind = "revalidation"
applies_to = ["desk"]
days = 90
source = ["acme-help"]
as_of = 2026-11-23
as_of_basis = "read"
confidence = "high"

[[broker.lockout]]
slug = "bad-logins"
name = "Five bad logins"
effect = "locked for a day"
doors = ["web"]
health_rule = { soft = 2, hard = 3, broker_limit = 5 }
source = ["acme-help"]
as_of = 2026-11-23
as_of_basis = "read"
confidence = "high"

[[broker.entity]]
slug = "acme-hk"
name = "Acme Hong Kong"
restrictions = []
source = ["acme-help"]
as_of = 2026-11-23
as_of_basis = "read"
confidence = "high"

[[broker.contact]]
slug = "desk-line"
region = "all"
number = "+1 202 555 0143"
purpose = "Login help"
source = ["acme-help"]
as_of = 2026-11-23
as_of_basis = "read"
confidence = "high"
"""


def edited(*changes: tuple[str, str]) -> str:
    """Return Acme's file with each text replaced once, at its first place; a text that is not there is an error."""
    text = ACME
    for old, new in changes:
        if old not in text:
            raise AssertionError(f"{old!r} is not in the file")
        text = text.replace(old, new, 1)
    return text


def loaded(folder: Path, text: str, name: str = "acme.toml") -> Profile:
    """Write a profile into a folder and load it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load(path)


def faults(folder: Path, *changes: tuple[str, str]) -> tuple[str, ...]:
    """Return what loading Acme's file says after those changes; no fault at all is an empty tuple."""
    try:
        loaded(folder, edited(*changes))
    except ProfileError as error:
        return error.lines
    return ()
