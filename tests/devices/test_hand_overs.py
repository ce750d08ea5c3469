"""A thing goes from one person to another: offered, taken or declined, and nothing of it vanishes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from core.errors import Refused
from core.letters.models import Letter
from core.trail.models import Event
from devices import actions
from devices.models import Asset, HandOver
from identity.models import Member
from tests import factories
from tests.devices.pages import words
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_that_monday():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def daniel(office):
    return factories.make_member("Daniel Reyes", role="trader")


@pytest.fixture
def paula(office):
    """A holder without sign-in."""
    return factories.make_member("Paula Stein", signs_in=False)


@pytest.fixture
def offer(laptop, daniel, manager):
    return actions.hand_over(laptop, to=daniel, note="With its charger.", by=manager, at=AT)


def told() -> list[tuple]:
    """The trail as (verb, detail), without the number of the hand-over."""
    events = Event.objects.order_by("pk")
    return [(one.verb, {name: said for name, said in one.detail.items() if name != "hand_over"}) for one in events]


def letters() -> list[tuple[str, str, str]]:
    return list(Letter.objects.order_by("pk").values_list("recipient__name", "subject", "state"))


def refused(said: str):
    return pytest.raises(Refused, match=said)


# Offering


def test_a_thing_stays_where_it_is_until_its_receiver_has_it(laptop, trader, daniel, manager, offer):
    laptop.refresh_from_db()

    assert laptop.holder == trader
    assert (offer.giver, offer.receiver, offer.offered_by, offer.waits) == (trader, daniel, manager, True)
    assert told() == [("hand_over.offered", {"receiver": daniel.pk, "note": "With its charger."})]
    assert letters() == [("Daniel Reyes", "Do you have it? ThinkPad X1", "queued")]


def test_who_may_offer_what_to_whom(laptop, trader, daniel, manager, owner, auditor):
    """Everybody who acts, on an own and a foreign thing, to a trader and to who runs the office."""
    allowed = set()
    for by, to in product((owner, manager, trader, daniel, auditor), (daniel, owner, manager)):
        try:
            with transaction.atomic():
                actions.hand_over(laptop, to=to, by=by, at=AT)
                allowed.add((by.role if by != daniel else "another", to.role))
                transaction.set_rollback(True)
        except Refused:
            pass

    everybody = {"trader", "owner", "manager"}
    assert allowed == {*product(("owner", "manager"), everybody), ("trader", "owner"), ("trader", "manager")}


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"lost_at": AT}, "ThinkPad X1 is lost"),
        ({"retired_at": AT}, "ThinkPad X1 is retired"),
    ],
)
def test_what_is_gone_is_not_handed_over(laptop, daniel, manager, what, said):
    Asset.objects.update(**what)

    with refused(said):
        actions.hand_over(laptop, to=daniel, by=manager, at=AT)


def test_nobody_gets_what_they_hold_or_after_they_have_left(laptop, trader, daniel, manager):
    with refused("Maria Santos holds it already"):
        actions.hand_over(laptop, to=trader, by=manager, at=AT)
    Member.objects.filter(pk=daniel.pk).update(left_at=AT)
    with refused("Daniel Reyes has left"):
        actions.hand_over(laptop, to=daniel, by=manager, at=AT)


def test_one_hand_over_at_a_time(laptop, owner, manager, offer):
    with refused("waits for Daniel Reyes to take it"):
        actions.hand_over(laptop, to=owner, by=manager, at=AT)


# Answering


def test_whoever_has_it_holds_it(laptop, trader, daniel, offer):
    actions.accept(offer, by=daniel, at=AT)
    actions.accept(offer, by=daniel, at=AT)

    laptop.refresh_from_db()
    assert laptop.holder == daniel
    assert told()[1:] == [("hand_over.accepted", {"giver": trader.pk, "receiver": daniel.pk})]
    assert letters() == [("Daniel Reyes", "Do you have it? ThinkPad X1", "cancelled")]


def test_a_no_is_reported_and_waits_for_somebody(laptop, trader, daniel, manager, owner, offer):
    actions.decline(offer, reason=" It did not arrive. ", by=daniel, at=AT)

    laptop.refresh_from_db()
    assert laptop.holder == trader
    assert told()[1:] == [("hand_over.declined", {"receiver": daniel.pk, "reason": "It did not arrive."})]
    subject = "Daniel Reyes did not take over: ThinkPad X1"
    assert sorted(letters()[1:]) == [
        ("Eleanor Hartwell", subject, "queued"),
        ("Maria Santos", subject, "queued"),
        ("Tom Okafor", subject, "queued"),
    ]
    assert HandOver.objects.unsettled().get() == offer

    actions.take_note(offer, by=manager, at=AT)
    actions.take_note(offer, by=owner, at=AT)

    assert not HandOver.objects.unsettled().exists()
    assert [verb for verb, _ in told()][2:] == ["hand_over.noted"]


def test_a_no_says_why(daniel, offer):
    with refused("Say why"):
        actions.decline(offer, reason="  ", by=daniel, at=AT)


@pytest.mark.parametrize("answer", ["accepted", "declined", "withdrawn"])
@pytest.mark.parametrize("deed", ["accept", "decline", "withdraw", "take_note"])
def test_every_deed_in_every_state(laptop, daniel, manager, offer, answer, deed):
    """Nothing that was answered is answered otherwise; only a no is taken note of, and a second press does nothing."""
    first = {"accepted": "accept", "declined": "decline", "withdrawn": "withdraw"}
    do = {
        "accept": lambda: actions.accept(offer, by=daniel, at=AT),
        "decline": lambda: actions.decline(offer, reason="No.", by=daniel, at=AT),
        "withdraw": lambda: actions.withdraw(offer, by=manager, at=AT),
        "take_note": lambda: actions.take_note(offer, by=manager, at=AT),
    }
    do[first[answer]]()
    before = HandOver.objects.values().get()

    if (answer, deed) in {("accepted", "accept"), ("declined", "take_note")}:
        do[deed]()
    else:
        with pytest.raises(Refused):
            do[deed]()

    assert HandOver.objects.values().get() | {"noted_at": None} == before


@pytest.mark.parametrize("who", ["trader", "manager", "owner", "auditor"])
def test_nobody_else_answers_for_a_receiver_who_signs_in(request, laptop, offer, who):
    by = request.getfixturevalue(who)

    for deed in (actions.accept, lambda *a, **k: actions.decline(*a, reason="No.", **k)):
        with refused("Daniel Reyes answers this themselves"):
            deed(offer, by=by, at=AT)


def test_for_somebody_without_sign_in_who_runs_the_office_answers(laptop, trader, paula, manager):
    offer = actions.hand_over(laptop, to=paula, by=manager, at=AT)
    assert letters() == []
    with refused("answers this themselves"):
        actions.accept(offer, by=trader, at=AT)

    actions.accept(offer, by=manager, at=AT)

    laptop.refresh_from_db()
    assert laptop.holder == paula


def test_what_waits_for_somebody_who_has_left_comes_up_for_who_runs_the_office(daniel, manager, offer, browse):
    Member.objects.filter(pk=daniel.pk).update(left_at=AT)
    tom = browse(manager)

    assert "Does Daniel Reyes have it? ThinkPad X1." in words(tom.get("/"))
    with refused("Daniel Reyes has left"):
        actions.accept(HandOver.objects.get(), by=manager, at=AT)
    tom.post(f"/hand-overs/{offer.pk}/withdraw/")

    assert "have it?" not in words(tom.get("/"))


def test_an_auditor_answers_nothing_so_a_manager_does(laptop, auditor, manager):
    offer = actions.hand_over(laptop, to=auditor, by=manager, at=AT)
    with refused("answers this themselves"):
        actions.accept(offer, by=auditor, at=AT)

    assert actions.accept(offer, by=manager, at=AT).answer == "accepted"


def test_only_who_offered_it_or_a_manager_takes_it_back(laptop, trader, daniel, owner, manager):
    offer = actions.hand_over(laptop, to=manager, by=trader, at=AT)
    with refused("Only who offered it"):
        actions.withdraw(offer, by=daniel, at=AT)

    assert actions.withdraw(offer, by=trader, at=AT).answer == "withdrawn"


@pytest.mark.parametrize(
    "deed",
    [
        lambda asset, by, owner: actions.mark_lost(asset, by=by, at=AT),
        lambda asset, by, owner: actions.retire_asset(asset, by=by, at=AT),
        lambda asset, by, owner: actions.change_asset(asset, holder=owner, by=by, at=AT),
    ],
    ids=["lost", "retired", "given otherwise"],
)
def test_what_happens_to_the_thing_takes_the_offer_back(laptop, daniel, manager, owner, offer, deed):
    deed(laptop, manager, owner)

    offer.refresh_from_db()
    assert offer.answer == "withdrawn"
    assert letters() == [("Daniel Reyes", "Do you have it? ThinkPad X1", "cancelled")]
    assert "hand_over.withdrawn" in [verb for verb, _ in told()]
    with refused("taken back already"):
        actions.accept(offer, by=daniel, at=AT)


def test_what_an_import_gave_to_somebody_else_is_not_taken_over(laptop, daniel, owner, offer):
    Asset.objects.update(holder=owner)

    with refused("went to somebody else meanwhile"):
        actions.accept(offer, by=daniel, at=AT)


def test_another_change_leaves_the_offer_as_it_is(laptop, manager, offer):
    actions.change_asset(laptop, note="A scratch on the lid.", by=manager, at=AT)

    offer.refresh_from_db()
    assert offer.waits


@pytest.mark.django_db(transaction=True)
def test_taken_and_taken_back_at_once_come_one_after_the_other(laptop, daniel, manager, offer):
    def run(deed):
        try:
            return deed().answer
        except Refused:
            return "refused"
        finally:
            connection.close()

    deeds = [lambda: actions.accept(offer, by=daniel, at=AT), lambda: actions.withdraw(offer, by=manager, at=AT)]
    with ThreadPoolExecutor(2) as pool:
        came = sorted(pool.map(run, deeds))

    offer.refresh_from_db()
    laptop.refresh_from_db()
    assert came == sorted([offer.answer, "refused"])
    assert (laptop.holder == daniel) == (offer.answer == "accepted")


BROKEN = {
    "a_thing_is_handed_to_one_person_at_a_time": {"answer": "", "answered_at": None, "reason": ""},
    "an_answer_to_a_hand_over_is_dated": {"answer": "accepted", "answered_at": None},
    "who_declines_a_hand_over_says_why": {"answer": "declined", "answered_at": AT, "reason": ""},
    "nobody_hands_over_to_themselves": {"answer": "withdrawn", "answered_at": AT, "to": "trader"},
    "only_what_was_declined_is_taken_note_of": {"answer": "accepted", "answered_at": AT, "noted_at": AT},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_what_cannot_be(request, laptop, trader, daniel, manager, offer, name):
    facts = BROKEN[name].copy()
    to = request.getfixturevalue(facts.pop("to", "daniel"))

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        factories.make_hand_over(laptop, to, by=manager, **facts)


# On the pages


def test_from_the_thing_to_its_receiver_and_back(laptop, trader, daniel, manager, browse):
    tom, dan = browse(manager), browse(daniel)
    assert "Hand it over" in words(tom.get(f"/devices/{laptop.pk}/"))

    answer = tom.post(f"/devices/{laptop.pk}/hand-over/", {"to": daniel.pk, "note": ""})
    offer = HandOver.objects.get()

    assert answer.url == f"/hand-overs/{offer.pk}/"
    assert "It waits for Daniel Reyes to take it." in words(tom.get(f"/devices/{laptop.pk}/"))
    assert "I have it" not in words(tom.get(answer.url))
    assert "Do you have it? ThinkPad X1" in words(dan.get("/"))
    assert "I have it" in words(dan.get(answer.url))

    dan.post(f"{answer.url}accept/")

    assert "Daniel Reyes took it over." in words(tom.get(f"/devices/{laptop.pk}/"))
    assert "Do you have it?" not in words(dan.get("/"))
    assert dan.get(f"/devices/{laptop.pk}/").status_code == 200


def test_a_no_without_a_reason_asks_for_it_and_with_one_comes_up_on_today(daniel, manager, trader, offer, browse):
    tom, dan = browse(manager), browse(daniel)

    again = dan.post(f"/hand-overs/{offer.pk}/decline/", {"reason": ""})
    assert (again.status_code, HandOver.objects.get().waits) == (200, True)
    dan.post(f"/hand-overs/{offer.pk}/decline/", {"reason": "It did not arrive."})

    assert "Daniel Reyes did not take ThinkPad X1. It did not arrive." in words(tom.get("/"))
    assert "did not take" not in words(browse(trader).get("/"))
    tom.post(f"/hand-overs/{offer.pk}/noted/")
    assert "did not take" not in words(tom.get("/"))


def test_a_trader_hands_own_things_to_who_runs_the_office_and_learns_nobodys_name(
    laptop, trader, daniel, manager, browse
):
    maria = browse(trader)
    page = words(maria.get(f"/devices/{laptop.pk}/hand-over/"))

    assert "Tom Okafor" in page
    assert "Daniel" not in page
    assert maria.post(f"/devices/{laptop.pk}/hand-over/", {"to": daniel.pk}).status_code == 200
    assert not HandOver.objects.exists()
    maria.post(f"/devices/{laptop.pk}/hand-over/", {"to": manager.pk})
    assert HandOver.objects.get().receiver == manager


def test_a_shared_thing_is_not_a_traders_to_give(trader, door, browse):
    shared = factories.make_asset("Desk PC 1")
    factories.make_validation(door, shared)

    assert browse(trader).get(f"/devices/{shared.pk}/hand-over/").status_code == 403


def test_a_secret_in_the_note_is_refused(laptop, daniel, manager, browse):
    facts = {"to": daniel.pk, "note": "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"}

    page = browse(manager).post(f"/devices/{laptop.pk}/hand-over/", facts)

    assert page.status_code == 200
    assert not HandOver.objects.exists()
