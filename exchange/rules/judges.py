"""May this row be? Each sheet asks the same pure rules that the hand-made forms ask, and adds what only a file can do.

A judge sees a row whose cells could all be read, which is new or changes something, and whose row in the office, if it
has one, still counts. It writes troubles on the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from accounts import rules as account_rules
from accounts.actions import MOVED
from accounts.brokers import catalogue
from accounts.enums import LoginKind
from devices import rules as device_rules
from devices.enums import AssetKind, Outcome
from exchange.rules.desk import Desk
from exchange.rules.world import PlannedRow
from identity.enums import Role
from recovery import rules as recovery_rules

FUTURE = "That day lies in the future."
STAYS = "Login and factor stay as they are. End this one on its page, and give the new one a key of its own."


def judge(row: PlannedRow, desk: Desk) -> None:
    """Write on the row why it cannot be imported, if it cannot."""
    _JUDGES[row.sheet](row, desk)
    _ends_elsewhere(row)
    for column in ("left on", "closed on", "ended on", "lost on", "retired on", "enrolled on"):
        if is_future(row.facts.get(column), desk):
            row.trouble(column, FUTURE)


def is_future(day: date | None, desk: Desk) -> bool:
    return day is not None and day > desk.world.today


def _changed(row: PlannedRow, column: str) -> bool:
    return row.known is None or row.known.facts[column] != row.facts[column]


def _ends_elsewhere(row: PlannedRow) -> None:
    """What ends in the office ends on its own page, where one sees what hangs on it."""
    for column, deed in _DEEDS.items():
        if row.known is not None and row.facts.get(column) is not None and _changed(row, column):
            row.trouble(column, f"{deed} on the page of {row.name}, where you see what hangs on it. Empty this cell.")


_DEEDS = {"left on": "End that", "closed on": "Close it", "ended on": "End it", "retired on": "Retire it"}


# --- people ----------------------------------------------------------------------------------------------------------
def _people(row: PlannedRow, desk: Desk) -> None:
    before = row.known.facts["role"] if row.known else row.facts["role"]
    if not (desk.importer.may_change(before) and desk.importer.may_give(row.facts["role"])):
        row.trouble("role", "Only an owner brings in or changes owners and managers. Take the row out, or ask one.")
    if row.known is not None and row.key in desk.world.signs_in:
        for column in ("email", "role", "last day"):
            if _changed(row, column):
                row.trouble(column, f"{row.name} signs in here. Change that on their own page.")
    if row.facts["role"] == Role.AUDITOR and row.facts["last day"] is None:
        row.trouble("last day", "An auditor’s access has a last day. Write it down; it can be moved later.")
    address = row.facts["email"].casefold()
    holder = desk.addresses.setdefault(address, row.key) if address else row.key
    if holder != row.key:
        row.trouble("email", f"“{holder}” has that address already. Use that key, or another address.")


# --- accounts and logins ---------------------------------------------------------------------------------------------
def _accounts(row: PlannedRow, desk: Desk) -> None:
    facts = row.facts
    if row.known is not None and _changed(row, "broker"):
        row.trouble("broker", MOVED)
    fault = account_rules.account_fault(broker=facts["broker"], entity=facts["entity"], hint=facts["last four"])
    row.trouble(None, fault)
    if facts["closed on"] is None:
        same = _twin(row, desk, ("broker", "name", "last four"), ended="closed on")
        if same:
            row.trouble("name", f"That account is on file already as “{same}”. Use that key.")


def _logins(row: PlannedRow, desk: Desk) -> None:
    facts = row.facts
    if row.known is not None and _changed(row, "broker"):
        row.trouble("broker", MOVED)
    is_program = facts["kind"] == LoginKind.AUTOMATION
    fault = account_rules.login_fault(
        broker=facts["broker"], hint=facts["last four"], kind=facts["kind"], has_holder=bool(facts["holder"])
    )
    row.trouble("holder" if not facts["holder"] and not is_program else None, fault)
    if facts["ended on"] is None:
        _holder_is_here(row, desk, "holder")
        same = _twin(row, desk, ("broker", "label"), ended="ended on")
        if same:
            row.trouble("label", f"That label is on file already as “{same}”. Use that key, or another label.")


def _twin(row: PlannedRow, desk: Desk, columns: tuple[str, ...], *, ended: str) -> str | None:
    """The key of another open row that says the same here; of two in the file, the later has the trouble."""
    said = tuple(row.facts[column] for column in columns)
    if row.known is not None and said == tuple(row.known.facts[column] for column in columns):
        return None
    others = (key for key in desk.saying(row.sheet, columns, ended=ended)[said] if key != row.key)
    return next((key for key in others if _stands_first(row, desk, key)), None)


def _stands_first(row: PlannedRow, desk: Desk, key: str) -> bool:
    other = desk.planned[row.sheet].get(key)
    return other is None or other.known is not None or other.number < row.number


def _holder_is_here(row: PlannedRow, desk: Desk, column: str) -> None:
    holder = row.facts[column]
    if holder and _changed(row, column) and desk.gone("people", holder):
        person = desk.person(holder)
        row.trouble(column, f"{person['name'] if person else holder} has left the office. Choose somebody who is here.")


def _doors(row: PlannedRow, desk: Desk) -> None:
    _login_stands(row, desk)


def _login_stands(row: PlannedRow, desk: Desk) -> None:
    gone = desk.gone("logins", row.facts["login"])
    if gone:
        row.trouble("login", f"That login {gone}. Take the row out.")


def _grants(row: PlannedRow, desk: Desk) -> None:
    login, account = desk.facts("logins", row.facts["login"]), desk.facts("accounts", row.facts["account"])
    if login is None or account is None:
        return
    _login_stands(row, desk)
    if gone := desk.gone("accounts", row.facts["account"]):
        row.trouble("account", f"That account {gone}. Take the row out.")
    fault = account_rules.grant_fault(
        login_broker=login["broker"], account_broker=account["broker"], rights=row.facts["rights"]
    )
    row.trouble("account" if login["broker"] != account["broker"] else "rights", fault)


# --- things ----------------------------------------------------------------------------------------------------------
def _things(row: PlannedRow, desk: Desk) -> None:
    facts = row.facts
    if row.known is not None and _changed(row, "kind") and row.key in desk.world.loaded:
        row.trouble("kind", f"Validations or authenticators rest on {row.name}, so its kind stays. Add a new thing.")
    for column in ("place", "carried by"):
        if facts[column] and _changed(row, column) and (gone := desk.gone("things", facts[column])):
            row.trouble(column, f"“{facts[column]}” {gone}. Choose another.")
    if facts["place"] == row.key:
        row.trouble("place", "Nothing is kept in itself. Write the key of the room or safe.")
    refusal = device_rules.asset_refusal(
        kind=facts["kind"],
        place_kind=desk.kind_of(facts["place"]),
        carrier_kind=desk.kind_of(facts["carried by"]),
        is_own_carrier=_carries_itself(row, desk),
    )
    row.trouble("carried by" if facts["carried by"] else "place", refusal)
    if facts["retired on"] is None:
        _holder_is_here(row, desk, "holder")


def _carries_itself(row: PlannedRow, desk: Desk) -> bool:
    """Whether a thing would, through however many others, carry itself."""
    seen: set[str] = set()
    carrier = row.facts["carried by"]
    while carrier and carrier not in seen:
        if carrier == row.key:
            return True
        seen.add(carrier)
        planned = desk.planned["things"].get(carrier)
        facts = planned.facts if planned else desk.facts("things", carrier)
        carrier = facts["carried by"] if facts else ""
    return False


# --- proof -----------------------------------------------------------------------------------------------------------
def _validations(row: PlannedRow, desk: Desk) -> None:
    facts = row.facts
    login, thing = desk.facts("logins", facts["login"]), desk.facts("things", facts["thing"])
    door = desk.facts("doors", (facts["login"], facts["door"]))
    if login is None or thing is None or door is None:
        return
    refusal = device_rules.validation_refusal(
        device_kind=thing["kind"],
        device_holder=thing["holder"] or None,
        login_holder=login["holder"] or None,
        device_name=thing["name"],
        device_gone=_gone_word(facts["thing"], desk),
        door_used=door["used"] or desk.is_new("doors", (facts["login"], facts["door"])),
        login_ended=bool(desk.gone("logins", facts["login"])),
    )
    row.trouble("thing", refusal)
    _moment_fits(row, desk, facts["outcome"], desk.zone_of(facts["login"], facts["thing"]))


def _gone_word(thing: str, desk: Desk) -> str:
    """“retired” or “lost” for what the office already knows to be so, and the file does not bring back."""
    if desk.gone("things", thing):
        return "retired"
    known, planned = desk.world.known("things", thing), desk.facts("things", thing)
    return "lost" if known and known.facts["lost on"] and planned and planned["lost on"] else ""


def _moment_fits(row: PlannedRow, desk: Desk, outcome: str, zone: str) -> None:
    proved_at = desk.moment(row.facts["proved on"], zone)
    row.trouble("proved on", device_rules.moment_refusal(outcome=outcome, proved_at=proved_at, at=desk.world.at))


def _proven(row: PlannedRow) -> str:
    return Outcome.EXPECTED if row.facts["proved on"] is None else Outcome.PROVEN


def _carriers_are_here(row: PlannedRow, desk: Desk) -> None:
    before = row.known.facts["carriers"] if row.known else ()
    for thing in row.facts["carriers"]:
        if thing not in before and (gone := desk.gone("things", thing)):
            row.trouble("carriers", f"“{thing}” {gone}. Choose what carries it now.")


def _authenticators(row: PlannedRow, desk: Desk) -> None:
    facts = row.facts
    if row.known is not None and (_changed(row, "login") or _changed(row, "factor")):
        row.trouble("factor" if _changed(row, "factor") else "login", STAYS)
    if row.troubles or facts["ended on"] is not None:
        return
    _login_stands(row, desk)
    _carriers_are_here(row, desk)
    profile = catalogue()[desk.facts("logins", facts["login"])["broker"]]  # type: ignore[index]  # found before
    others = {key: one for key, one in desk.enrolled[facts["login"]].items() if key != row.key}
    refusal = device_rules.authenticator_refusal(
        profile=profile,
        factor=facts["factor"],
        carrier_kinds=[kind for thing in facts["carriers"] if (kind := desk.kind_of(thing))],
        others=[one["factor"] for one in others.values()],
    )
    row.trouble("carriers" if facts["carriers"] else "factor", refusal or _activation(row, profile, others.values()))
    _moment_fits(row, desk, _proven(row), desk.zone_of(facts["login"], ""))
    if not row.troubles:
        desk.enrolled[facts["login"]][row.key] = facts


def _activation(row: PlannedRow, profile: Any, others: Iterable[dict[str, Any]]) -> str | None:
    """Why two factors that the broker activates as one cannot lie on different things."""
    together = device_rules.activated_with(profile, row.facts["factor"])
    for twin in others:
        apart = twin["carriers"] and row.facts["carriers"] and set(twin["carriers"]) != set(row.facts["carriers"])
        if twin["factor"] in together and apart:
            slugs = (twin["factor"], row.facts["factor"])
            names = " and ".join(device_rules.short(profile.factor(slug).name) for slug in slugs)
            return f"{names} are one activation, so the same phone carries both."
    return None


def _backups(row: PlannedRow, desk: Desk) -> None:
    facts = row.facts
    if row.known is not None and _changed(row, "login"):
        row.trouble("login", "A backup stays with its login. Give the new one a key of its own.")
    authenticator = desk.facts("authenticators", facts["authenticator"]) if facts["authenticator"] else None
    if authenticator is not None and authenticator["login"] != facts["login"]:
        row.trouble("authenticator", "That authenticator belongs to another login. Choose one of this login.")
    if row.troubles or facts["ended on"] is not None:
        return
    _login_stands(row, desk)
    _carriers_are_here(row, desk)
    _holder_is_here(row, desk, "custodian")
    if facts["place"] and _changed(row, "place") and (gone := desk.gone("things", facts["place"])):
        row.trouble("place", f"“{facts['place']}” {gone}. Choose another.")
    profile = desk.profile_of(facts["login"])
    refusal = recovery_rules.backup_refusal(
        kind=facts["kind"],
        carrier_kinds=[kind for thing in facts["carriers"] if (kind := desk.kind_of(thing))],
        place_kind=desk.kind_of(facts["place"]),
        codes_left=facts["codes left"],
        factor=profile.factor(authenticator["factor"]) if profile and authenticator else None,
        own=profile.factor(facts["second factor"]) if profile and facts["second factor"] else None,
        profile=profile,
        standing=[one["factor"] for one in desk.enrolled[facts["login"]].values()],
    )
    row.trouble(_backup_column(row, desk), refusal)
    _moment_fits(row, desk, _proven(row), desk.zone_of(facts["login"], ""))


def _backup_column(row: PlannedRow, desk: Desk) -> str:
    if row.facts["place"] and desk.kind_of(row.facts["place"]) != AssetKind.PLACE:
        return "place"
    if row.facts["second factor"]:
        return "second factor"
    return "codes left" if row.facts["codes left"] is not None else "carriers"


_JUDGES: dict[str, Callable[[PlannedRow, Desk], None]] = {
    "people": _people,
    "accounts": _accounts,
    "logins": _logins,
    "doors": _doors,
    "things": _things,
    "validations": _validations,
    "authenticators": _authenticators,
    "backups": _backups,
    "grants": _grants,
}
