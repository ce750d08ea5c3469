"""An office of the size the bars are for, made in bulk: 40 traders, 120 logins, 400 things, 2,000 validations."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta

from accounts.brokers import catalogue
from accounts.models import Account, Door, Grant, Login
from devices.models import Asset, Authenticator, Validation
from identity.models import Member
from recovery.models import AuthenticatorBackup
from tests import factories
from tests.factories import AT

TRADERS, LOGINS, THINGS, VALIDATIONS = 40, 120, 400, 2000
BROKERS = ("ibkr", "ibkr", "ibkr", "schwab", "saxo", "fidelity")


def fill(at=AT) -> Member:
    """Fill an empty database and return its owner, who can sign in."""
    chance = random.Random(7)
    factories.make_office()
    owner = factories.make_member("Eleanor Hartwell", role="owner")
    traders = Member.objects.bulk_create(
        Member(
            key=f"t{n}",
            name=f"Trader {n:02d}",
            role="trader",
            timezone="Europe/London",
            created_at=at,
            email=f"t{n}@o.test",
        )
        for n in range(TRADERS)
    )
    logins = Login.objects.bulk_create(
        Login(key=f"l{n}", label=f"Login {n:03d}", broker=BROKERS[n % 6], holder=traders[n % TRADERS], created_at=at)
        for n in range(LOGINS)
    )
    accounts = Account.objects.bulk_create(
        Account(key=f"a{n}", name=f"Account {n:02d}", broker=BROKERS[n % 6], hint=f"{n:04d}", created_at=at)
        for n in range(60)
    )
    Grant.objects.bulk_create(
        Grant(login=login, account=accounts[n % 60], rights=["view", "trade"], created_at=at)
        for n, login in enumerate(logins)
    )
    doors = Door.objects.bulk_create(
        Door(login=login, interface=door.slug, created_at=at)
        for login in logins
        for door in catalogue()[login.broker].doors[:5]
    )
    things = Asset.objects.bulk_create(
        Asset(
            key=f"x{n}",
            name=f"Thing {n:03d}",
            kind=("computer", "phone", "sim", "card")[n % 4],
            holder=traders[n % TRADERS],
            created_at=at,
        )
        for n in range(THINGS)
    )
    pairs = itertools.islice(_pairs(doors, things, chance), VALIDATIONS)
    Validation.objects.bulk_create(_validation(door, device, chance, at) for door, device in pairs)
    authenticators = Authenticator.objects.bulk_create(
        Authenticator(key=f"f{n}", login=login, factor=_factor(login.broker), created_at=at)
        for n, login in enumerate(logins)
    )
    phones = [thing for thing in things if thing.kind == "phone"]
    through = Authenticator.carriers.through
    through.objects.bulk_create(
        through(authenticator_id=one.pk, asset_id=phones[n % len(phones)].pk) for n, one in enumerate(authenticators)
    )
    backups = AuthenticatorBackup.objects.bulk_create(
        AuthenticatorBackup(
            key=f"b{n}", login=login, kind="card", label=f"Card {n:03d}", proved_at=tried, created_at=at
        )
        for n, (login, tried) in enumerate((one, at - timedelta(days=chance.randint(0, 260))) for one in logins[::2])
    )
    cards, through = [thing for thing in things if thing.kind == "card"], AuthenticatorBackup.carriers.through
    through.objects.bulk_create(
        through(authenticatorbackup_id=one.pk, asset_id=cards[n % len(cards)].pk) for n, one in enumerate(backups)
    )
    return owner


def one_of_each() -> dict[str, int]:
    """The numbers of a trader, an account and a thing of that office."""
    kinds = {"trader": Member.objects.filter(role="trader"), "account": Account.objects, "thing": Asset.objects}
    return {name: rows.order_by("pk").values_list("pk", flat=True)[0] for name, rows in kinds.items()}


def _pairs(doors, things, chance):
    devices = [thing for thing in things if thing.kind in ("computer", "phone")]
    seen = set()
    while True:
        pair = chance.choice(doors), chance.choice(devices)
        if (pair[0].pk, pair[1].pk) not in seen:
            seen.add((pair[0].pk, pair[1].pk))
            yield pair


def _validation(door, device, chance, at) -> Validation:
    outcome = chance.choices(["proven", "expected", "failed"], [90, 8, 2])[0]
    proved = at - timedelta(days=chance.randint(0, 110))
    return Validation(
        door=door,
        device=device,
        outcome=outcome,
        proved_at=None if outcome == "expected" else proved,
        lapses_at=proved + timedelta(days=90) if outcome == "proven" else None,
        created_at=at,
    )


def _factor(broker: str) -> str:
    return next(factor.slug for factor in catalogue()[broker].factors if factor.enrolled and not factor.temporary)
