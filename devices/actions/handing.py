"""Handing things over: offered, taken or declined, and nothing of it vanishes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from core.errors import Refused
from core.letters.actions import cancel_unsent, enqueue
from core.letters.enums import LetterKind
from core.letters.models import Letter
from core.trail.actions import record
from core.trail.enums import Verb
from devices import policies, rules
from devices.actions.assets import close_offer, held_asset, offer_key
from devices.enums import Answer
from devices.models import Asset, HandOver
from devices.queries import declined_letter, offered_letter
from identity.actions import acting
from identity.enums import Role
from identity.models import Member
from identity.queries import office


@transaction.atomic
def hand_over(asset: Asset, *, to: Member, note: str = "", by: Member, at: datetime) -> HandOver:
    """Offer a thing to a person. It stays with its holder until they say that they have it, and they are told."""
    by, receiver = acting(by, to, at=at)
    held = held_asset(asset)
    if not policies.may_hand_over(by, holder=held.holder_id):
        raise Refused("You can hand over what you hold yourself. Ask a manager for this one.")
    if not policies.may_hand_to(by, receiver):
        raise Refused("You can hand it to somebody who runs the office. They pass it on.")
    if not receiver.is_active:
        raise Refused(f"{receiver.name} has left. Choose somebody who is here.")
    refusal = rules.hand_over_refusal(
        name=held.name,
        gone=held.gone_word,
        holder=held.holder_id,
        receiver=receiver.pk,
        receiver_name=receiver.name,
    )
    waiting = held.hand_overs.waiting().select_related("receiver").first()
    if waiting is not None:
        refusal = refusal or f"{held.name} waits for {waiting.receiver.name} to take it. Take that back first."
    if refusal:
        raise Refused(refusal)
    offer = HandOver.objects.create(
        asset=held, giver=held.holder, receiver=receiver, offered_by=by, offered_at=at, note=note
    )
    record(Verb.HAND_OVER_OFFERED, by=by, about=held, at=at, hand_over=offer.pk, receiver=receiver.pk, note=note)
    if receiver.pk != by.pk and policies.answers_themselves(receiver):
        said = offered_letter(offer, office=office(), at=at)
        enqueue(key=f"{offer_key(offer)}{receiver.pk}", kind=LetterKind.HAND_OVER, to=receiver, content=said, at=at)
    return offer


@transaction.atomic
def accept(offer: HandOver, *, by: Member, at: datetime) -> HandOver:
    """The receiver has the thing: from now on they hold it. A second press changes nothing."""
    by, receiver = acting(by, offer.receiver, at=at)
    asset, held = _held(offer)
    if held.answer == Answer.ACCEPTED:
        return held
    _check_answer(held, receiver, by=by)
    if asset.holder_id != held.giver_id:
        raise Refused(f"{asset.name} went to somebody else meanwhile. Take this back and hand it over anew.")
    asset.holder = receiver
    asset.save(update_fields=["holder"])
    _answer(held, Answer.ACCEPTED, at=at)
    record(
        Verb.HAND_OVER_ACCEPTED, by=by, about=asset, at=at, hand_over=held.pk, giver=held.giver_id, receiver=receiver.pk
    )
    return held


@transaction.atomic
def decline(offer: HandOver, *, reason: str, by: Member, at: datetime) -> HandOver:
    """The receiver does not take it, and says why; those who have to know are told, and it waits for their note."""
    by, receiver = acting(by, offer.receiver, at=at)
    asset, held = _held(offer)
    _check_answer(held, receiver, by=by)
    if not reason.strip():
        raise Refused("Say why, so that somebody can help.")
    held.reason = reason.strip()
    _answer(held, Answer.DECLINED, at=at)
    record(
        Verb.HAND_OVER_DECLINED, by=by, about=asset, at=at, hand_over=held.pk, receiver=receiver.pk, reason=held.reason
    )
    for to in _concerned(held, but=by):
        said = declined_letter(held, to=to, office=office(), at=at)
        enqueue(key=f"hand-over-declined:{held.pk}:{to.pk}", kind=LetterKind.HAND_OVER, to=to, content=said, at=at)
    return held


@transaction.atomic
def withdraw(offer: HandOver, *, by: Member, at: datetime) -> HandOver:
    """Take an offer back before it is answered."""
    [by] = acting(by, at=at)
    asset, held = _held(offer)
    if not policies.may_withdraw(by, offered_by=held.offered_by_id):
        raise Refused("Only who offered it, or a manager, takes it back.")
    if not held.waits:
        raise Refused(_answered(held))
    return close_offer(asset, by=by, at=at) or held


@transaction.atomic
def take_note(offer: HandOver, *, by: Member, at: datetime) -> HandOver:
    """Somebody has seen that a thing was declined and looks after it. A second press changes nothing."""
    [by] = acting(by, at=at)
    asset, held = _held(offer)
    if not policies.may_withdraw(by, offered_by=held.offered_by_id):
        raise Refused("Only who offered it, or a manager, takes note of it.")
    if held.answer != Answer.DECLINED:
        raise Refused("That was not declined.")
    if held.noted_at is None:
        held.noted_at = at
        held.save(update_fields=["noted_at"])
        record(Verb.HAND_OVER_NOTED, by=by, about=asset, at=at, hand_over=held.pk)
    return held


def _held(offer: HandOver) -> tuple[Asset, HandOver]:
    """The thing and then the offer, locked: one answer comes first."""
    asset = held_asset(offer.asset)
    rows = HandOver.objects.select_for_update(of=("self",), no_key=True).select_related("receiver", "giver")
    held = rows.get(pk=offer.pk)
    held.asset = asset
    return asset, held


def _check_answer(held: HandOver, receiver: Member, *, by: Member) -> None:
    if not policies.may_answer_hand_over(by, receiver):
        raise Refused(f"{receiver.name} answers this themselves.")
    if not held.waits:
        raise Refused(_answered(held))
    if not receiver.is_active:
        raise Refused(f"{receiver.name} has left. Take it back and choose somebody who is here.")


def _answered(held: HandOver) -> str:
    return {
        Answer.ACCEPTED: f"{held.receiver.name} has taken it over already.",
        Answer.DECLINED: f"{held.receiver.name} has declined it already.",
        Answer.WITHDRAWN: "That was taken back already. Nothing was changed.",
    }[Answer(held.answer)]


def _answer(held: HandOver, answer: Answer, *, at: datetime) -> None:
    held.answer, held.answered_at = answer, at
    held.save(update_fields=["answer", "answered_at", "reason"])
    cancel_unsent(Letter.objects.filter(key__startswith=offer_key(held)), at=at)


def _concerned(held: HandOver, *, but: Member) -> Iterator[Member]:
    """Who hears of a no: who offered it, whose it still is, and whoever runs the office."""
    theirs = Q(role__in=[Role.OWNER, Role.MANAGER]) | Q(pk__in=[held.offered_by_id, held.giver_id])
    people = Member.objects.present().filter(theirs, joined_at__isnull=False)
    return (one for one in people if one.pk not in (but.pk, held.receiver_id))
