"""When a second way in is one."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from recovery.accessgraph import Way, independent


def way(number: int, *parts: int, **facts) -> Way:
    return Way(number, frozenset(parts), **facts)


def test_two_ways_on_one_phone_count_once():
    key, text_message, card = way(1, 10), way(2, 11, 10), way(3, 12)

    assert independent([key, text_message, card]) == (key, card)


def test_a_way_whose_place_nobody_knows_or_that_is_gone_does_not_count():
    assert independent([way(1, is_placed=False), way(2, 5, at_hand=False), way(3, 5)]) == (way(3, 5),)


def test_a_way_that_rests_on_nothing_of_the_office_shares_nothing():
    key, rescue, other_rescue = way(1, 10), way(2), way(3)

    assert independent([key, rescue, other_rescue]) == (key, rescue, other_rescue)


ways = st.lists(
    st.builds(
        Way,
        id=st.integers(),
        parts=st.frozensets(st.integers(0, 5), max_size=3),
        is_placed=st.booleans(),
        at_hand=st.booleans(),
    ),
    max_size=6,
)


@given(ways)
def test_no_single_loss_takes_two_of_them_and_none_left_out_could_join(found):
    taken = independent(found)

    assert all(one.is_placed and one.at_hand for one in taken)
    assert all(not one.parts & other.parts for one, other in combinations(taken, 2))
    shared = set().union(*(one.parts for one in taken))
    assert all(not one.is_placed or not one.at_hand or one.parts & shared for one in found if one not in taken)
