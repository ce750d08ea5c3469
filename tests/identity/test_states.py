"""Every state of a way in × everybody who might act × every act: only what the short tables below say succeeds.

The rest, some hundreds of pairs, must be refused. Nothing but the moment decides that something ran out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from core.errors import Refused
from identity import actions, codes, queries
from identity.enums import ResetStage
from identity.models import FactorReset, Invitation, Member, PasswordReset
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NEW = "nine slow herons over the weir"


def succeeds(attempt: Callable[[], Any]) -> bool:
    """Whether an act is let through; what it did is taken back, so that the next one finds the same house."""
    try:
        with transaction.atomic():
            attempt()
            transaction.set_rollback(True)
    except Refused:
        return False
    return True


@pytest.fixture
def actors(office) -> dict[str, Member]:
    """Everybody who might try. The person it is about is a manager, so that a second person is needed."""
    make = factories.make_member
    return {
        "person": make("Petra Person", role="manager"),
        "opener": make("Otto Opener", role="owner"),
        "another owner": make("Olga Owner", role="owner"),
        "another manager": make("Max Manager", role="manager"),
        "trader": make("Tina Trader"),
        "auditor": make("Ada Auditor", role="auditor", ends_on=AT.date() + timedelta(days=9)),
        "left owner": make("Lea Left", role="owner", left_at=AT - HOUR),
        "ended manager": make("Emil Ended", role="manager", ends_on=AT.date() - timedelta(days=1)),
        "somebody invited": make("Ina Invited", role="manager", signs_in=False, email="ina@hartwell.test"),
    }


def reset_in(stage: str, actors: dict[str, Member]) -> FactorReset:
    """A reset of the person as it stands at AT."""
    confirmed = {"confirmed_by": actors["another owner"], "confirmed_at": AT - 30 * HOUR}
    begun = {"opened_at": AT - 30 * HOUR, "waits_until": AT - HOUR, "expires_at": AT + 23 * HOUR}
    facts: dict[str, dict[str, Any]] = {
        "asks": {"waits_until": None, "expires_at": AT + HOUR},
        "asks, ran out": {"waits_until": None, "expires_at": AT},
        "waits": confirmed | begun | {"waits_until": AT + HOUR},
        "open": confirmed | begun,
        "open, ran out": confirmed | begun | {"expires_at": AT},
        "used": confirmed | begun | {"used_at": AT - HOUR, "ended_at": AT - HOUR},
        "stopped": confirmed | begun | {"ended_at": AT - HOUR},
        "stopped while it asked": {"waits_until": None, "expires_at": AT + HOUR, "ended_at": AT - HOUR},
    }
    return factories.make_reset(actors["person"], actors["opener"], **facts[stage])


RESETS = ("asks", "asks, ran out", "waits", "open", "open, ran out", "used", "stopped", "stopped while it asked")
CAN_CONFIRM = {("asks", "another owner"), ("asks", "another manager")}
RUNS = ("asks", "waits", "open")
CAN_STOP = {
    (stage, actor) for stage in RUNS for actor in ("person", "opener", "another owner", "another manager", "the letter")
}
# Who may open a new reset for the person, given that one of an earlier stage is on file.
OVER = ("asks, ran out", "open, ran out", "used", "stopped", "stopped while it asked")
CAN_OPEN = {(stage, actor) for stage in OVER for actor in ("opener", "another owner", "another manager")}


def test_resets_every_state_and_actor(actors):
    done: dict[str, set[tuple[str, str]]] = {"confirm": set(), "stop": set(), "open": set(), "use": set()}
    tried = 0
    for stage in RESETS:
        reset = reset_in(stage, actors)
        seed = codes.new_seed()
        tries: dict[tuple[str, str], Callable[[], Any]] = {
            ("use", "the link"): partial(actions.use_reset, reset, seed=seed, step=1, address=None, at=AT),
            ("stop", "the letter"): partial(actions.stop_reset, reset, by=None, at=AT),
        }
        for name, actor in actors.items():
            tries |= {
                ("confirm", name): partial(actions.confirm_reset, reset, by=actor, at=AT),
                ("stop", name): partial(actions.stop_reset, reset, by=actor, at=AT),
                ("open", name): partial(actions.open_reset, actors["person"], reason="Phone gone", by=actor, at=AT),
            }
        for (act, name), attempt in tries.items():
            tried += 1
            if succeeds(attempt):
                done[act].add((stage, name))
        FactorReset.objects.all().delete()

    assert done == {"confirm": CAN_CONFIRM, "stop": CAN_STOP, "open": CAN_OPEN, "use": {("open", "the link")}}
    assert tried == len(RESETS) * (3 * len(actors) + 2)


def test_every_stage_of_a_reset_is_among_those_tried(actors):
    seen = set()
    for stage in RESETS:
        seen.add(reset_in(stage, actors).stage(AT))
        FactorReset.objects.all().delete()

    assert seen == set(ResetStage)


INVITATIONS: dict[str, dict[str, Any]] = {
    "open": {},
    "ran out": {"expires_at": AT},
    "used": {"used_at": AT - HOUR},
    "revoked": {"revoked_at": AT - HOUR},
    "to another address": {"address": "old@hartwell.test"},
}


def test_invitations_every_state_and_actor(actors):
    invited = factories.make_member("Nina New", signs_in=False, email="nina@hartwell.test")
    factories.make_totp(invited)
    factories.make_sheet(invited)
    done: dict[str, set[tuple[str, str]]] = {"revoke": set(), "invite": set(), "finish": set(), "link": set()}
    for state, facts in INVITATIONS.items():
        made = {"made_at": AT - 2 * HOUR, "expires_at": AT + HOUR} | facts
        invitation = factories.make_invitation(invited, **made)
        tries: dict[tuple[str, str], Callable[[], Any]] = {
            ("finish", "the link"): partial(actions.finish_enrolment, invited, invitation=invitation, at=AT),
        }
        if queries.open_invitation(invitation.token(), at=AT):
            done["link"].add((state, "the link"))
        for name, actor in actors.items():
            tries |= {
                ("revoke", name): partial(actions.revoke_invitation, invitation, by=actor, at=AT),
                ("invite", name): partial(actions.invite, invited, by=actor, at=AT),
            }
        for (act, name), attempt in tries.items():
            if succeeds(attempt):
                done[act].add((state, name))
        Invitation.objects.all().delete()

    managers = ("person", "opener", "another owner", "another manager")
    assert done == {
        "revoke": {(state, name) for state in ("open", "to another address") for name in managers},
        "invite": {(state, name) for state in INVITATIONS for name in managers},
        "finish": {("open", "the link")},
        "link": {("open", "the link")},
    }


PASSWORDS: dict[str, dict[str, Any]] = {
    "open": {},
    "ran out": {"expires_at": AT},
    "used": {"used_at": AT - HOUR / 4},
    "replaced": {"revoked_at": AT - HOUR / 4},
    "to another address": {"address": "old@hartwell.test"},
}


def test_password_links_every_state_and_person(actors):
    done = set()
    for state, facts in PASSWORDS.items():
        for name, member in actors.items():
            made = {"name": "x", "address": member.email, "made_at": AT - HOUR / 3, "expires_at": AT + HOUR / 6}
            reset = PasswordReset.objects.create(member=member, **(made | facts))
            used = succeeds(partial(actions.use_password_reset, reset, password=NEW, address=None, at=AT))
            opened = queries.open_password_reset(reset.token(), at=AT) is not None
            assert used == opened
            if used:
                done.add((state, name))
            PasswordReset.objects.all().delete()

    gone = {"left owner", "ended manager", "somebody invited"}
    assert done == {("open", name) for name in set(actors) - gone}
