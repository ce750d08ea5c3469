"""The one table of sheets and columns. Template, reader, export and docs/import.md are all made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from accounts.enums import LoginKind, Right
from devices.enums import AssetKind, How, Outcome
from identity.enums import Role
from recovery.enums import BackupKind


class Kind(StrEnum):
    """What stands in the cells of a column, and so how they are read."""

    KEY = "key"
    TEXT = "text"
    EMAIL = "email"
    REF = "ref"
    REFS = "refs"
    CHOICE = "choice"
    CHOICES = "choices"
    BROKER = "broker"
    ENTITY = "entity"
    DOOR = "door"
    FACTOR = "factor"
    DAY = "day"
    YES_NO = "yes-no"
    NUMBER = "number"
    HOUR = "hour"
    ZONE = "zone"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `stays`: an empty cell leaves what is on file instead of emptying it; `default` is for new rows.

    `also` are further headers it is known by; case, spaces, hyphens and underscores never matter. `choices` are the
    words of the code with further words that mean the same. `examples` stand in the template's first rows.
    """

    name: str
    kind: Kind
    help: str
    examples: tuple[str, ...]
    required: bool = False
    to: str = ""
    longest: int = 300
    also: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default: str | None = None

    @property
    def stays(self) -> bool:
        return self.default is not None

    @property
    def fact(self) -> str:
        """The column's name in code."""
        return self.name.replace(" ", "_")


@dataclass(frozen=True)
class Sheet:
    """One table of the file. `key` names the columns by which a row is known again."""

    name: str
    one: str
    title: str
    help: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    also: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def required(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.required)


def _key(*examples: str, of: str) -> Column:
    return Column(
        name="key",
        kind=Kind.KEY,
        longest=60,
        also=("id", "slug", "code", "short name"),
        help=f"The name by which imports know this {of} again. Letters, figures and hyphens; made from the name when "
        "empty. Never change it.",
        examples=examples,
    )


def _note(*examples: str) -> Column:
    return Column(
        name="note",
        kind=Kind.TEXT,
        also=("notes", "comment", "comments", "remark", "remarks", "bemerkung"),
        help="Anything worth knowing, 300 characters at most. Where a secret lies, never the secret.",
        examples=examples or ("",),
    )


def _hint(help_: str, *examples: str, also: tuple[str, ...]) -> Column:
    return Column(name="last four", kind=Kind.HINT, longest=4, also=("hint", "ends", "ends in", *also), help=help_,
                  examples=examples)  # fmt: skip


def _ended(name: str, help_: str, *also: str) -> Column:
    return Column(name=name, kind=Kind.DAY, help=help_, examples=("",), also=also)


def _words(enum: type, **more: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The words of an enum, each with its label and further words for it."""
    return {
        value: (label, *more.get(value.replace("-", "_"), ()))
        for value, label in enum.choices  # type: ignore[attr-defined]  # TextChoices
    }


ROLES = _words(Role, owner=("principal",), manager=("operations", "operations manager"), auditor=("auditors",))
LOGIN_KINDS = _words(
    LoginKind, person=("human", "personal"), automation=("program", "bot", "api", "automated", "service account")
)
RIGHTS = _words(
    Right,
    view=("read", "read only", "viewing"),
    trade=("trading", "orders"),
    withdraw=("withdrawal", "withdrawals", "cash", "funding", "move money"),
    manage_users=("users", "user management", "admin"),
    reports=("report", "statements", "reporting"),
)
ASSET_KINDS = _words(
    AssetKind,
    computer=("laptop", "notebook", "desktop", "pc", "mac", "macbook", "workstation"),
    phone=("mobile", "smartphone", "iphone", "android", "mobile phone", "cell phone", "handy"),
    tablet=("ipad",),
    server=("host", "vm", "virtual machine", "gateway"),
    security_key=("yubikey", "fido key", "fido2", "key fob", "hardware key"),
    card=("security card", "code card"),
    sim=("number", "phone number", "sim card", "esim", "mobile number"),
    mailbox=("mail", "email", "e-mail", "email address", "inbox"),
    place=("location", "safe", "room", "office", "vault", "drawer"),
    network=("line", "wifi", "wi-fi", "ip address", "internet line"),
    password_manager=("vault app", "1password", "bitwarden", "keepass"),
    paper=("printout", "sheet", "envelope", "document"),
)
OUTCOMES = _words(
    Outcome,
    expected=("never", "never proven", "never tried", "not tried", "open", "to do"),
    proven=("ok", "yes", "works", "worked", "good", "done", "success", "validated", "proved"),
    failed=("no", "fails", "failure", "bad", "refused"),
    unknown=("not known", "unclear", "?"),
)
HOWS = _words(
    How,
    used=("signed in", "sign-in", "login", "in use"),
    broker_list=("broker list", "list", "device list"),
    drill=("test", "exercise"),
    imported=("import", "taken over", "spreadsheet"),
)
BACKUP_KINDS = _words(
    BackupKind,
    second_factor=("second authenticator", "other factor"),
    seed_copy=("seed", "copy of the seed"),
    printed_codes=("codes", "recovery codes", "backup codes", "printed"),
    card=("security card", "spare card"),
    mailbox=("mail", "email", "recovery mailbox"),
    number=("phone number", "sim", "number on file"),
    rescue=("telephone", "phone desk", "broker", "rescue path"),
)

PEOPLE = Sheet(
    name="people",
    one="person",
    title="People",
    help="Everybody who holds something, whether they sign in or not.",
    key=("key",),
    also=("persons", "members", "staff", "team", "users", "holders", "personen"),
    columns=(
        _key("lena-brandt", "nico-ferrari", of="person"),
        Column(name="name", kind=Kind.TEXT, required=True, longest=80, also=("full name", "person", "who"),
               help="First name and family name.", examples=("Lena Brandt", "Nico Ferrari")),
        Column(name="email", kind=Kind.EMAIL, longest=254, also=("e-mail", "mail", "email address", "mail address"),
               help="Where reminders go. Leave it empty for people who never sign in.",
               examples=("lena@brandt.example", "")),
        Column(name="role", kind=Kind.CHOICE, choices=ROLES, default="trader", also=("function", "position"),
               help="Who they are in Postern. Only an owner brings in owners and managers.",
               examples=("manager", "trader")),
        Column(name="time zone", kind=Kind.ZONE, longest=60, default="", also=("timezone", "zone", "tz"),
               help="Where they work, for example Europe/Zurich. The office’s own when empty.",
               examples=("Europe/Zurich", "")),
        Column(name="digest hour", kind=Kind.HOUR, default="7", also=("hour", "mail hour", "digest"),
               help="The hour of the day at which their reminders come, 0 to 23.", examples=("7", "")),
        Column(name="phone", kind=Kind.TEXT, longest=30, also=("telephone", "mobile", "number", "phone number"),
               help="The number to ring on a bad morning.", examples=("+41 44 555 01 20", "")),
        _note("Stand-in for Nico", ""),
        _ended("last day", "The last day of an auditor’s or a leaver’s access.", "ends on", "access until", "until"),
        _ended("left on", "The day somebody left. Only for people who are new here; others leave on their own page.",
               "left"),
    ),
)  # fmt: skip

ACCOUNTS = Sheet(
    name="accounts",
    one="account",
    title="Accounts",
    help="The brokerage accounts, known by name and at most the last four characters of their numbers.",
    key=("key",),
    also=("account", "vaults", "brokerage accounts", "konten"),
    columns=(
        _key("lago-equities", of="account"),
        Column(name="name", kind=Kind.TEXT, required=True, longest=80, also=("account", "account name", "vault"),
               help="What the office calls it.", examples=("Lago Equities",)),
        Column(name="broker", kind=Kind.BROKER, required=True, also=("bank", "custodian"),
               help="The broker’s short name from the list in “Read me”, or its name.", examples=("ibkr",)),
        Column(name="entity", kind=Kind.ENTITY, longest=40, also=("legal entity", "booking entity", "booked with"),
               help="Which of the broker’s legal entities books it. Empty when not known.", examples=("ib-ie",)),
        _hint("The last four characters of the account’s number, never more.", "5512",
              also=("number", "account number", "account no", "number ends")),
        _note(),
        _ended("closed on", "The day it was closed. Only for accounts that are new here.", "closed"),
    ),
)  # fmt: skip

LOGINS = Sheet(
    name="logins",
    one="login",
    title="Logins",
    help="The user names at the brokers. One account has several, one login may reach several accounts.",
    key=("key",),
    also=("login", "user names", "usernames", "broker users", "user ids"),
    columns=(
        _key("lena-ibkr", "router-ibkr", of="login"),
        Column(name="label", kind=Kind.TEXT, required=True, longest=60, also=("name", "login", "description"),
               help="What the office calls it, never the user name itself.",
               examples=("Lena at IBKR", "Order router at IBKR")),
        Column(name="broker", kind=Kind.BROKER, required=True, also=("bank",),
               help="The broker’s short name or name.", examples=("ibkr", "ibkr")),
        _hint("The last four characters of the user name, never more.", "ndt7", "", also=("user name", "username")),
        Column(name="holder", kind=Kind.REF, to="people", also=("person", "held by", "owner", "user", "who"),
               help="Key of the person who types it. Empty only for a program.", examples=("lena-brandt", "")),
        Column(name="kind", kind=Kind.CHOICE, choices=LOGIN_KINDS, default="person", also=("type", "for"),
               help="Whether a person or a program uses it.", examples=("person", "automation")),
        _note(),
        _ended("ended on", "The day it ended. Only for logins that are new here.", "ended"),
    ),
)  # fmt: skip

DOORS = Sheet(
    name="doors",
    one="door",
    title="Doors",
    help="Which of the broker’s interfaces each login uses.",
    key=("login", "door"),
    also=("door", "interfaces", "channels"),
    columns=(
        Column(name="login", kind=Kind.REF, to="logins", required=True, help="Key of the login.",
               examples=("lena-ibkr", "lena-ibkr", "router-ibkr")),
        Column(name="door", kind=Kind.DOOR, required=True, longest=40, also=("interface", "channel"),
               help="Short name of the interface from the list in “Read me”, or its name.",
               examples=("tws", "client-portal", "ib-gateway")),
        Column(name="used", kind=Kind.YES_NO, default="yes", also=("in use", "on", "active"),
               help="Whether the login uses it. “no” keeps it on file, switched off.", examples=("yes", "yes", "yes")),
    ),
)  # fmt: skip

THINGS = Sheet(
    name="things",
    one="thing",
    title="Things",
    help="Everything a way in rests on: devices, numbers, mailboxes, cards, papers, places, networks.",
    key=("key",),
    also=("thing", "devices", "device", "assets", "inventory", "hardware", "geräte"),
    columns=(
        _key("lena-thinkpad", "lena-iphone", "office-safe", "router-host", of="thing"),
        Column(name="name", kind=Kind.TEXT, required=True, longest=80, also=("device", "thing", "asset", "description"),
               help="What the office calls it.",
               examples=("Lena’s ThinkPad", "Lena’s iPhone", "Office safe", "Gateway server")),
        Column(name="kind", kind=Kind.CHOICE, choices=ASSET_KINDS, required=True, also=("type", "category"),
               help="What it is.", examples=("computer", "phone", "place", "server")),
        Column(name="holder", kind=Kind.REF, to="people", also=("held by", "person", "owner", "who", "user"),
               help="Key of the person who has it. Empty for what is shared.",
               examples=("lena-brandt", "lena-brandt", "", "")),
        Column(name="place", kind=Kind.REF, to="things", also=("kept in", "location", "where"),
               help="Key of the place it is kept in, itself a thing.", examples=("", "", "", "")),
        Column(name="carried by", kind=Kind.REF, to="things", also=("in", "carrier", "inside"),
               help="Key of the phone or computer that it is in, as a SIM is.", examples=("", "", "", "")),
        Column(name="model", kind=Kind.TEXT, longest=60, also=("make", "make and model", "type of device"),
               help="Make and model.", examples=("ThinkPad X1 Carbon Gen 12", "iPhone 15", "", "")),
        _hint("The last four characters of its serial or number, never more.", "7QK4", "0142", "", "",
              also=("serial", "serial number", "serial no", "imei")),
        Column(name="spare", kind=Kind.YES_NO, default="no", also=("is spare", "backup device"),
               help="Whether it lies ready for the day another one is gone.", examples=("no", "no", "no", "no")),
        _note(),
        _ended("lost on", "The day it was lost. Empty it once the thing is back.", "lost"),
        _ended("retired on", "The day it went out of use. Only for things that are new here.", "retired"),
    ),
)  # fmt: skip

VALIDATIONS = Sheet(
    name="validations",
    one="validation",
    title="Validations",
    help="Which login was seen to work through which door from which device, and when.",
    key=("login", "door", "thing"),
    also=("validation", "proofs", "proof", "checks"),
    columns=(
        Column(name="login", kind=Kind.REF, to="logins", required=True, help="Key of the login.",
               examples=("lena-ibkr", "lena-ibkr", "router-ibkr")),
        Column(name="door", kind=Kind.DOOR, required=True, longest=40, also=("interface", "channel"),
               help="The interface, as in the sheet “doors”.", examples=("tws", "client-portal", "ib-gateway")),
        Column(name="thing", kind=Kind.REF, to="things", required=True, also=("device", "asset", "from", "machine"),
               help="Key of the computer, phone, tablet or server.",
               examples=("lena-thinkpad", "lena-thinkpad", "router-host")),
        Column(name="outcome", kind=Kind.CHOICE, choices=OUTCOMES, default="",
               also=("result", "state", "status", "proven"),
               help="What came of it. When empty: proven if there is a date, else never tried.",
               examples=("proven", "", "failed")),
        Column(name="proved on", kind=Kind.DAY,
               also=("date", "when", "validated", "validated on", "last validated", "proven on", "tested on",
                     "last tested", "tried on", "last used"),
               help="The day it was tried. Empty when nobody has yet.", examples=("2026-10-14", "", "2026-11-02")),
        Column(name="how", kind=Kind.CHOICE, choices=HOWS, default="", also=("method", "proof"),
               help="How it was seen to work.", examples=("used", "", "drill")),
        Column(name="proved by", kind=Kind.REF, to="people", also=("by", "tested by", "validated by"),
               help="Key of the person who tried it.", examples=("lena-brandt", "", "")),
        _note("", "", "Asked for a passkey"),
    ),
)  # fmt: skip

AUTHENTICATORS = Sheet(
    name="authenticators",
    one="authenticator",
    title="Authenticators",
    help="The second factors that are enrolled at the brokers: that they exist and what carries them. Never a seed.",
    key=("key",),
    also=("authenticator", "factors", "second factors", "2fa", "tokens"),
    columns=(
        _key("lena-ib-key", "router-flex", of="authenticator"),
        Column(name="login", kind=Kind.REF, to="logins", required=True, help="Key of the login.",
               examples=("lena-ibkr", "router-ibkr")),
        Column(name="factor", kind=Kind.FACTOR, required=True, longest=40, also=("type", "kind", "method"),
               help="Short name of the factor from the list in “Read me”, or its name.",
               examples=("ib-key-push", "flex-token")),
        Column(name="label", kind=Kind.TEXT, longest=80, also=("name", "description"),
               help="What the office calls it, if that differs.", examples=("", "Token for statements")),
        Column(name="carriers", kind=Kind.REFS, to="things", also=("carrier", "carried by", "on", "device", "devices"),
               help="Keys of the things it is on, with commas between.", examples=("lena-iphone", "router-host")),
        Column(name="enrolled on", kind=Kind.DAY, also=("enrolled", "since", "activated on"),
               help="Since when.", examples=("2025-01-09", "")),
        Column(name="proved on", kind=Kind.DAY, also=("last used", "tested on", "last tested", "date", "proven on"),
               help="The day it was last seen to work.", examples=("2026-10-14", "")),
        _note(),
        _ended("ended on", "The day it stopped counting. Only for authenticators that are new here.", "ended"),
    ),
)  # fmt: skip

BACKUPS = Sheet(
    name="backups",
    one="backup",
    title="Backups",
    help="The second ways, where they lie and who keeps them. Never what is on them.",
    key=("key",),
    also=("backup", "spares", "second ways", "recovery"),
    columns=(
        _key("lena-card-12", "lena-sheet", of="backup"),
        Column(name="login", kind=Kind.REF, to="logins", required=True, help="Key of the login it is for.",
               examples=("lena-ibkr", "lena-ibkr")),
        Column(name="authenticator", kind=Kind.REF, to="authenticators", also=("for", "factor", "stands in for"),
               help="Key of the authenticator that it stands in for, if it is for one.", examples=("lena-ib-key", "")),
        Column(name="kind", kind=Kind.CHOICE, choices=BACKUP_KINDS, required=True, also=("type",),
               help="What sort of second way.", examples=("second-factor", "rescue")),
        Column(name="second factor", kind=Kind.FACTOR, longest=40, also=("is factor", "which factor"),
               help="Of a second authenticator: which one it is, by its short name or its name at the broker.",
               examples=("dsc-plus", "")),
        Column(name="label", kind=Kind.TEXT, required=True, longest=80, also=("name", "description"),
               help="What the office calls it.", examples=("Security card 12", "Client Services by telephone")),
        Column(name="carriers", kind=Kind.REFS, to="things", also=("carrier", "carried by", "on", "devices"),
               help="Keys of the things it is on, with commas between.", examples=("", "")),
        Column(name="place", kind=Kind.REF, to="things", also=("kept in", "location", "where"),
               help="Key of the place it is kept in.", examples=("office-safe", "")),
        Column(name="custodian", kind=Kind.REF, to="people", also=("kept by", "keeper", "holder", "person"),
               help="Key of the person who keeps it.", examples=("nico-ferrari", "")),
        Column(name="codes left", kind=Kind.NUMBER, also=("codes", "left", "remaining"),
               help="How many printed codes are unused.", examples=("", "")),
        Column(name="proved on", kind=Kind.DAY, also=("tested on", "last tested", "date", "last used", "proven on"),
               help="The day it was last tried.", examples=("2026-09-03", "")),
        _note(),
        _ended("ended on", "The day it stopped being a second way. Only for backups that are new here.", "ended"),
    ),
)  # fmt: skip

GRANTS = Sheet(
    name="grants",
    one="grant",
    title="Grants",
    help="What each login may do in each account.",
    key=("login", "account"),
    also=("grant", "rights", "permissions", "entitlements", "access"),
    columns=(
        Column(name="login", kind=Kind.REF, to="logins", required=True, help="Key of the login.",
               examples=("lena-ibkr", "router-ibkr")),
        Column(name="account", kind=Kind.REF, to="accounts", required=True, also=("vault",),
               help="Key of the account.", examples=("lago-equities", "lago-equities")),
        Column(name="rights", kind=Kind.CHOICES, choices=RIGHTS, required=True, also=("right", "permissions", "may"),
               help="What it may do there, with commas between.", examples=("view, trade, withdraw", "view, trade")),
        Column(name="granted on", kind=Kind.DAY, also=("since", "from", "date", "given on"),
               help="Since when.", examples=("2024-02-01", "")),
    ),
)  # fmt: skip

# In the order in which rows depend on each other: a sheet refers to itself and to those before it.
SHEETS = (PEOPLE, ACCOUNTS, LOGINS, DOORS, THINGS, VALIDATIONS, AUTHENTICATORS, BACKUPS, GRANTS)
BY_NAME = {sheet.name: sheet for sheet in SHEETS}

# What the file may not exceed.
MOST_BYTES = 5_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_UNPACKED = 60_000_000
