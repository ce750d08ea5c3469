"""How a door stands, and why: each state by example, and what must hold for every door."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.brokers import All, Any, AtLeast, Slug, satisfied
from recovery.accessgraph import Held, Seen, Verdict, door_state, judge, proof_in_sum

PASSWORD_AND_KEY = All((Slug("password"), Any((Slug("app"), Slug("card")))))
APP, CARD = Held("app", "IB Key"), Held("card", "Security card")
LOST_APP, LOST_CARD = replace(APP, gone="is on a lost phone"), replace(CARD, gone="is on a lost card")
NOT_PROVEN = Verdict("unknown", "Nobody has proven this door yet.")
THINKPAD = Seen("Maria’s ThinkPad", "proven", days_left=50, noun="computers")


def stands(factors, validations, **circumstances) -> Verdict:
    return door_state(PASSWORD_AND_KEY, factors, validations, **{"assumed": {"password"}} | circumstances)


@pytest.mark.parametrize(
    ("factors", "validations", "state", "reason"),
    [
        ([APP], [THINKPAD], "open", "One computer known."),
        ([APP], [THINKPAD, replace(THINKPAD, device="Desk PC")], "open", "Two computers known."),
        ([APP], [THINKPAD, Seen("iPhone", "proven", noun="phones")], "open", "Two devices known."),
        ([APP], [replace(THINKPAD, proof="due", days_left=4)], "open", "Maria’s ThinkPad has 4 days left."),
        ([APP], [replace(THINKPAD, proof="due", days_left=1)], "open", "Maria’s ThinkPad has 1 day left."),
        ([APP], [replace(THINKPAD, proof="due", days_left=0)], "open", "Maria’s ThinkPad has its last day."),
        ([APP], [THINKPAD, Seen("Desk PC", "overdue", days_left=-12)], "open", "Desk PC is 12 days late."),
        ([APP], [replace(THINKPAD, proof="overdue", days_left=-12)], "bolted", "Maria’s ThinkPad is 12 days late."),
        ([APP], [replace(THINKPAD, proof="overdue", days_left=-1)], "bolted", "Maria’s ThinkPad is 1 day late."),
        ([APP], [replace(THINKPAD, proof="failed")], "bolted", "It did not work from Maria’s ThinkPad."),
        ([APP], [replace(THINKPAD, at_hand=False)], "bolted", "Maria’s ThinkPad proved it, and is gone."),
        ([APP], [replace(THINKPAD, at_hand=False)] * 2, "bolted", "The devices that proved it are gone."),
        ([APP], [replace(THINKPAD, proof="never")], "unknown", "Nobody has proven this door yet."),
        ([APP], [], "unknown", "Nobody has proven this door yet."),
        ([APP], [replace(THINKPAD, proof="unknown")], "unknown", "Nobody can say whether it works."),
        ([LOST_APP], [THINKPAD], "shut", "IB Key is on a lost phone."),
        ([LOST_APP, LOST_CARD], [THINKPAD], "shut", "IB Key is on a lost phone, and 1 more with it."),
        ([LOST_APP, CARD], [THINKPAD], "open", "One computer known."),
        ([], [THINKPAD], "unknown", "No authenticator on file opens it."),
    ],
)  # fmt: skip
def test_a_door_stands_as_what_is_held_and_proven_says(factors, validations, state, reason):
    assert stands(factors, validations) == Verdict(state, reason)


def test_a_door_that_is_not_used_is_none_whatever_is_held():
    assert stands([APP], [THINKPAD], used=False) == Verdict("none", "Not used.")


def test_of_several_late_devices_the_one_nearest_to_right_is_named():
    late = [Seen("Old PC", "overdue", days_left=-90), Seen("ThinkPad", "overdue", days_left=-3)]

    assert stands([APP], late).reason == "ThinkPad is 3 days late."


def test_a_failure_is_named_before_what_is_only_late():
    late = [Seen("ThinkPad", "overdue", days_left=-3), Seen("Desk PC", "failed")]

    assert stands([APP], late).reason == "It did not work from Desk PC."


def test_a_factor_brings_what_lives_and_dies_with_it():
    push = Held("push", "IB Key", also=frozenset({"challenge"}))

    assert door_state(Slug("challenge"), [push], [THINKPAD]).state == "open"
    assert door_state(Slug("challenge"), [replace(push, gone="is on a lost phone")], [THINKPAD]).state == "shut"


def test_how_many_things_are_missing_is_counted_when_it_is_more_than_one():
    both = All((Slug("consumer-key"), Slug("day-token")))

    assert door_state(both, [], [THINKPAD]) == Verdict("unknown", "Two things it asks for are not on file.")


@pytest.mark.parametrize(
    ("factors", "verdict"),
    [
        ([replace(APP, proven=True)], Verdict("open", "IB Key is known to work.")),
        ([APP], NOT_PROVEN),
        ([replace(LOST_APP, proven=True), CARD], NOT_PROVEN),
        ([replace(APP, proven=True, gone="is on a lost phone")], Verdict("shut", "IB Key is on a lost phone.")),
    ],
)  # fmt: skip
def test_a_door_without_devices_is_proven_by_its_authenticators(factors, verdict):
    assert stands(factors, [], asks_device=False) == verdict


def test_a_door_without_devices_that_asks_only_for_what_is_assumed_is_open():
    voice = door_state(Slug("caller-identity"), [], [], assumed={"caller-identity"}, asks_device=False)

    assert voice == Verdict("open", "Asks for nothing that could be lost.")


def test_a_validation_on_file_counts_at_a_door_that_recognises_no_devices():
    proven = replace(APP, proven=True)

    assert stands([proven], [replace(THINKPAD, proof="failed")], asks_device=False).state == "bolted"
    assert stands([APP], [THINKPAD], asks_device=False).state == "open"


# What must hold for every door

SLUGS = ("a", "b", "c", "d")
leaves = st.sampled_from(SLUGS).map(Slug)


def groups(parts):
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        several.map(All),
        several.map(Any),
        several.flatmap(lambda of: st.integers(1, len(of)).map(lambda k: AtLeast(k, of))),
    )


requirements = st.recursive(leaves, groups, max_leaves=6)
helds = st.builds(
    Held,
    slug=st.sampled_from(SLUGS),
    name=st.just("Key"),
    gone=st.sampled_from(["", "is on a lost phone"]),
    proven=st.booleans(),
    also=st.frozensets(st.sampled_from(SLUGS), max_size=1),
)
seens = st.builds(
    Seen,
    device=st.just("Laptop"),
    proof=st.sampled_from(["proven", "due", "overdue", "never", "failed", "unknown"]),
    at_hand=st.booleans(),
    days_left=st.one_of(st.none(), st.integers(-99, 99)),
    noun=st.sampled_from(["computers", "phones"]),
)
worlds = st.fixed_dictionaries(
    {
        "requirement": requirements,
        "factors": st.lists(helds, max_size=4),
        "validations": st.lists(seens, max_size=4),
        "assumed": st.frozensets(st.sampled_from(SLUGS), max_size=2),
        "asks_device": st.booleans(),
    }
)


def lose(data, world):
    """The same world with some more of its factors and devices gone."""
    factors = [replace(one, gone="is on a lost card") if data.draw(st.booleans()) else one for one in world["factors"]]
    validations = [replace(one, at_hand=False) if data.draw(st.booleans()) else one for one in world["validations"]]
    return world | {"factors": factors, "validations": validations}


@given(world=worlds, data=st.data())
def test_losing_more_never_opens_a_door(world, data):
    rank = {"open": 3, "bolted": 2, "unknown": 1, "shut": 1}
    before, after = door_state(**world).state, door_state(**lose(data, world)).state

    assert rank[after] <= rank[before]


@given(world=worlds)
def test_a_shut_door_is_satisfied_once_everything_is_found_again(world):
    found = [replace(held, gone="") for held in world["factors"]]
    held = frozenset(world["assumed"]).union(*(one.slugs for one in found))

    if door_state(**world).state == "shut":
        assert satisfied(world["requirement"], held)
        assert door_state(**world | {"factors": found}).state != "shut"


@given(world=worlds)
def test_a_door_is_open_or_bolted_only_when_what_is_at_hand_satisfies_it(world):
    held = frozenset(world["assumed"]).union(*(one.slugs for one in world["factors"] if not one.gone))

    assert (door_state(**world).state in ("open", "bolted")) <= satisfied(world["requirement"], held)


@given(world=worlds)
def test_what_nobody_has_proven_is_never_open(world):
    unproven = [replace(seen, proof="never") for seen in world["validations"]]
    factors = [replace(held, proven=False) for held in world["factors"]]
    found = door_state(**world | {"validations": unproven, "factors": factors, "assumed": frozenset()})

    assert found.state in ("shut", "unknown")


@given(world=worlds)
def test_every_door_has_a_reason_that_fits_a_plate(world):
    reason = door_state(**world).reason

    assert reason.endswith(".")
    assert len(reason) < 70
    assert reason[0].isupper()


@pytest.mark.parametrize("now", [True, False])
@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize("spent", [True, False])
def test_the_judgement_is_a_table(now, fresh, spent):
    proof = proof_in_sum(fresh=fresh, spent=spent)
    expected = {True: {"fresh": "open", "spent": "bolted", "none": "unknown"}[proof], False: "shut"}[now]

    assert judge(now=now, before=True, proof=proof) == expected
    assert judge(now=False, before=False, proof=proof) == "unknown"
