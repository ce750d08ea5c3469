"""What is odd about the rights on file, for what a member sees."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db.models import Max, Q

from accounts.brokers import catalogue
from accounts.models import Door, Grant, Login
from core.clock import start_of_day
from dashboard.rules import Finding, HeldRight, LoginSeen, findings
from devices.enums import Outcome
from devices.models import Authenticator, Validation
from identity.models import Member, Office


def found(
    member: Member, *, at: datetime, office: Office, kind: str = "", holder: str = "", text: str = ""
) -> list[Finding]:
    """The findings that a member sees, narrowed to a kind, to a holder by name, and to words. Five queries."""
    seen = _everything(member, at=at, office=office)
    if kind:
        seen = [one for one in seen if one.kind == kind]
    if holder:
        seen = [one for one in seen if one.holder == holder]
    if text:
        wanted = text.casefold()
        seen = [one for one in seen if wanted in f"{one.about} {one.why}".casefold()]
    return seen


def _everything(member: Member, *, at: datetime, office: Office) -> list[Finding]:
    logins = list(Login.objects.visible_to(member).open().select_related("holder").order_by("label", "pk"))
    powers, kinds, proved = _powers(member), defaultdict(set), _tried(member)
    rows = Validation.objects.visible_to(member).in_force().filter(outcome=Outcome.PROVEN)
    for login, device, last in rows.values_list("door__login", "device__kind").annotate(last=Max("proved_at")):
        kinds[login].add(device)
        proved[login] = max(filter(None, (proved.get(login), last)), default=None)
    held = [_held(grant, powers, proved, office) for grant in _grants(member)]
    looked = [
        LoginSeen(one.pk, one.label, one.holder.name if one.holder else "", one.kind, frozenset(kinds[one.pk]))
        for one in logins
    ]
    return findings(held, looked, whole=member.sees_everything, at=at)


def _grants(member: Member):
    rows = Grant.objects.visible_to(member).open().filter(login__ended_at=None, account__closed_at=None)
    return rows.select_related("login__holder", "account").order_by("pk")


def _powers(member: Member) -> dict[int, set[str]]:
    """What the doors in use of each login can do; one query."""
    powers: dict[int, set[str]] = defaultdict(set)
    rows = Door.objects.visible_to(member).in_use()
    for login, broker, interface in rows.values_list("login", "login__broker", "interface"):
        powers[login].update(catalogue()[broker].door(interface).powers)
    return powers


def _tried(member: Member) -> dict[int, datetime | None]:
    """When an authenticator of each login was last seen to work; one query."""
    rows = Authenticator.objects.visible_to(member).standing().filter(~Q(proved_at=None))
    return dict(rows.values_list("login").annotate(last=Max("proved_at")))


def _held(grant: Grant, powers: dict[int, set[str]], proved: dict[int, datetime | None], office: Office) -> HeldRight:
    login = grant.login
    return HeldRight(
        grant_id=grant.pk,
        login_id=login.pk,
        login=login.label,
        account_id=grant.account_id,
        account=str(grant.account),
        holder=login.holder.name if login.holder else "",
        kind=login.kind,
        rights=tuple(grant.rights),
        given_at=start_of_day(grant.granted_on, office.timezone) if grant.granted_on else grant.created_at,
        proved_at=proved.get(login.pk),
        powers=frozenset(powers.get(login.pk, ())),
    )
