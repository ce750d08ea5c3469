"""When a second way in is one."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from recovery.accessgraph import Way, common, independent


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


def test_a_way_that_falls_with_two_others_hides_neither():
    both, one, other = way(1, 10, 11), way(2, 10), way(3, 11)

    assert independent([both, one, other]) == (one, other)


def test_of_two_choices_as_large_the_earlier_ways_are_taken():
    first, second = way(1, 10), way(2, 10)

    assert independent([first, second]) == (first,)
    assert independent([second, first]) == (second,)


def test_what_all_ways_share_takes_them_all():
    assert common([way(1, 10, 20), way(2, 11, 20), way(3, 30, at_hand=False)]) == {20}
    assert common([way(1, 10), way(2, 11)]) == frozenset()
    assert common([]) == frozenset()


def test_many_ways_that_hang_together_are_still_counted_at_once():
    chain = [way(number, number, number + 1) for number in range(200)]
    singles = [way(1000 + number, number) for number in range(0, 200, 2)]

    assert len(independent([*chain, *singles])) >= 100


ways = st.lists(
    st.builds(
        Way,
        id=st.integers(0, 99),
        parts=st.frozensets(st.integers(0, 6), max_size=3),
        is_placed=st.booleans() | st.just(value=True),
        at_hand=st.booleans() | st.just(value=True),
    ),
    max_size=9,
)


def largest(found: list[Way]) -> tuple[Way, ...]:
    """The slow and obvious answer: every choice of ways, the largest first, each size from its first ways on."""
    usable = [one for one in found if one.is_placed and one.at_hand]
    for size in range(len(usable), 0, -1):
        for chosen in combinations(usable, size):
            if all(not one.parts & other.parts for one, other in combinations(chosen, 2)):
                return chosen
    return ()


@given(ways)
def test_it_is_the_choice_that_trying_every_one_finds(found):
    assert independent(found) == largest(found)


@given(ways, st.integers(0, 6))
def test_one_loss_takes_at_most_one_of_them(found, lost):
    assert sum(lost in one.parts for one in independent(found)) <= 1


@given(ways, st.integers(0, 6))
def test_losing_a_thing_never_leaves_more_of_them_and_one_less_at_most(found, lost):
    left = [one for one in found if lost not in one.parts]

    assert len(independent(found)) - 1 <= len(independent(left)) <= len(independent(found))


@given(ways, st.randoms())
def test_how_many_there_are_does_not_depend_on_their_order(found, chance):
    mixed = list(found)
    chance.shuffle(mixed)

    assert len(independent(mixed)) == len(independent(found))


@given(ways)
def test_a_common_part_takes_every_way_and_no_other_part_does(found):
    usable = [one for one in found if one.is_placed and one.at_hand]
    every = {part for one in usable for part in one.parts}

    assert common(found) == {part for part in every if all(part in one.parts for one in usable)}
    if common(found):
        assert len(independent(found)) == 1
