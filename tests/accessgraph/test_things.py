"""What is lost together with what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recovery.accessgraph import gone, parts

PHONE, SIM, TOKEN, BAG, CARD = range(5)


def test_what_a_lost_thing_carries_is_gone_through_however_many_others():
    carried_by = {SIM: PHONE, TOKEN: SIM, PHONE: BAG}

    assert gone([BAG], carried_by) == {BAG, PHONE, SIM, TOKEN}
    assert gone([PHONE], carried_by) == {PHONE, SIM, TOKEN}
    assert gone([TOKEN], carried_by) == {TOKEN}
    assert gone([CARD], carried_by) == {CARD}
    assert gone([], carried_by) == frozenset()


def test_things_that_carry_each_other_are_walked_once():
    ring = {PHONE: SIM, SIM: PHONE}

    assert gone([PHONE], ring) == {PHONE, SIM}
    assert gone([CARD], ring) == {CARD}
    assert parts([SIM], ring) == {PHONE, SIM}


def test_the_parts_of_a_way_are_its_carriers_and_what_carries_them():
    assert parts([SIM, CARD], {SIM: PHONE, PHONE: BAG}) == {SIM, PHONE, BAG, CARD}
    assert parts([], {SIM: PHONE}) == frozenset()


def test_what_lies_in_a_place_falls_with_it_and_with_what_the_place_is_in():
    assert parts([SIM], {SIM: PHONE}, {PHONE: BAG, BAG: CARD}) == {SIM, PHONE, BAG, CARD}
    assert parts([PHONE], {SIM: PHONE}, {PHONE: PHONE}) == {PHONE}


carryings = st.dictionaries(st.integers(0, 6), st.integers(0, 6), max_size=7)


@given(carried_by=carryings, lost=st.frozensets(st.integers(0, 6)))
def test_a_thing_is_gone_when_one_of_its_parts_is_lost_and_not_otherwise(carried_by, lost):
    everything = set(range(7)) | lost

    assert gone(lost, carried_by) == {thing for thing in everything if parts([thing], carried_by) & lost}


@given(carried_by=carryings, lost=st.frozensets(st.integers(0, 6)), more=st.frozensets(st.integers(0, 6)))
def test_losing_more_leaves_nothing_found(carried_by, lost, more):
    assert gone(lost, carried_by) <= gone(lost | more, carried_by)
