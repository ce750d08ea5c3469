"""What the frame of every page says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from django.contrib.postgres.aggregates import JSONBAgg
from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    Count,
    DateTimeField,
    ExpressionWrapper,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import JSONObject

from core.letters import queries as letters
from core.prepared import Prepared, Slot
from devices.models import HandOver
from identity import passkeys
from identity.enums import Role
from identity.models import CallRequest, FactorReset, Member, Office, Passkey
from notices.models import Acknowledgement

OFFICE_FIELDS = [field.attname for field in Office._meta.concrete_fields]
MEASURED = [
    *letters.FIGURES,
    "notices_waiting",
    "calls_waiting",
    "resets_waiting",
    "hand_overs_waiting",
    "void_passkeys",
]


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody who asked, before sign-in, to be called back."""

    pk: int
    at: datetime
    name: str
    number: str
    lost: str


@dataclass(frozen=True, slots=True)
class Reset:
    """A reset of lost factors that waits for its second person. `member` and `opened_by` are numbers of people."""

    pk: int
    member: int
    name: str
    opened_by: int
    opener: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A hand-over that waits for its receiver, or was declined and nobody has taken note; people by number.

    `reason` is empty while it waits. `answers` says whether the receiver answers at Postern themselves.
    """

    pk: int
    thing: str
    receiver: int
    receiver_name: str
    offered_by: int
    reason: str
    answers: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What the frame of every page says. `notices` wait for this member's answer; `calls` want to be called back.

    `resets` wait for a second person, `hand_overs` for somebody's answer or note, whoever that may be.
    `void_passkeys` are how many passkeys do not work at the present address.
    """

    office: Office
    health: letters.Health
    notices: int
    calls: list[Call]
    resets: list[Reset]
    hand_overs: list[Offer]
    void_passkeys: int


def frame(member: Member, *, at: datetime) -> Frame:
    """Office, the post's health and what waits for the member, in one query."""
    [row] = _FRAME.rows(at=at, member=member.pk, host=passkeys.host())
    office = Office.from_db("default", OFFICE_FIELDS, row[: len(OFFICE_FIELDS)])
    figures = dict(zip(MEASURED, row[len(OFFICE_FIELDS) :], strict=True))
    return Frame(
        office=office,
        health=letters.health_from(SimpleNamespace(**figures), at),
        notices=figures["notices_waiting"] or 0,
        calls=[_call(facts) for facts in json.loads(figures["calls_waiting"] or "[]")],
        resets=[Reset(**facts) for facts in json.loads(figures["resets_waiting"] or "[]")],
        hand_overs=[Offer(**facts) for facts in json.loads(figures["hand_overs_waiting"] or "[]")],
        void_passkeys=figures["void_passkeys"] or 0,
    )


def _call(facts: dict[str, Any]) -> Call:
    return Call(**facts | {"at": datetime.fromisoformat(facts["at"])})


def _build() -> QuerySet[Office, tuple]:
    member = Slot("member", BigIntegerField())
    return Office.objects.annotate(
        **letters.health_expressions(Slot("at", DateTimeField())),
        notices_waiting=_count(Acknowledgement.objects.waiting().filter(member=member)),
        calls_waiting=Subquery(_calls()),
        resets_waiting=Subquery(_resets(Slot("at", DateTimeField()))),
        hand_overs_waiting=Subquery(_hand_overs()),
        void_passkeys=_count(Passkey.objects.void(Slot("host", CharField()))),
    ).values_list(*OFFICE_FIELDS, *MEASURED)


def _calls() -> QuerySet:
    """Open requests for a call as one JSON list, the oldest first."""
    facts = JSONObject(pk="pk", at="at", name="name", number="number", lost="lost")
    return _listed(CallRequest.objects.filter(done_at=None), facts)


def _resets(at: Slot) -> QuerySet:
    """Resets that wait for a second person, as one JSON list, the oldest first."""
    facts = JSONObject(pk="pk", member="member", name="member__name", opened_by="opened_by", opener="opened_by__name")
    return _listed(FactorReset.objects.running(at).waits_for_a_second(), facts)


def _hand_overs() -> QuerySet:
    """Hand-overs about which somebody has to do something, as one JSON list, the oldest first."""
    answers = Q(receiver__left_at=None, receiver__joined_at__isnull=False) & ~Q(receiver__role=Role.AUDITOR)
    facts = JSONObject(
        pk="pk", thing="asset__name", receiver="receiver", receiver_name="receiver__name",
        offered_by="offered_by", reason="reason", answers=ExpressionWrapper(answers, BooleanField()),
    )  # fmt: skip
    return _listed(HandOver.objects.unsettled(), facts)


def _listed(rows: QuerySet, facts: JSONObject) -> QuerySet:
    """One row with all of them as JSON; none when there are none."""
    one = rows.order_by().annotate(_one=Value(1)).values("_one")
    return one.annotate(all=JSONBAgg(facts, order_by="pk")).values("all")


def _count(rows: QuerySet) -> Subquery:
    """How many there are, as a subquery of one row; NULL for none."""
    return Subquery(rows.order_by().annotate(_one=Value(1)).values("_one").annotate(n=Count("pk")).values("n"))


_FRAME = Prepared(_build)
