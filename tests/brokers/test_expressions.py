"""Expressions against a slow oracle that lists, for each tree, every set of slugs that opens it."""

from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.brokers import (
    MOST_SETS,
    All,
    Any,
    AtLeast,
    Expression,
    ExpressionError,
    Slug,
    as_data,
    in_words,
    missing,
    parse,
    satisfied,
    slugs,
)

LETTERS = "abcdef"


def powerset(things):
    """Every subset, as frozensets."""
    things = sorted(things)
    return {frozenset(one) for one in chain.from_iterable(combinations(things, n) for n in range(len(things) + 1))}


SUBSETS = powerset(LETTERS)


def opening_sets(expression: Expression) -> set[frozenset[str]]:
    """All subsets of the letters that satisfy a tree, by set algebra instead of by counting."""
    if isinstance(expression, Slug):
        return {held for held in SUBSETS if expression.name in held}
    families = [opening_sets(part) for part in expression.of]
    if isinstance(expression, All):
        return set.intersection(*families)
    if isinstance(expression, Any):
        return set.union(*families)
    return set.union(*(set.intersection(*chosen) for chosen in combinations(families, expression.k)))


def groups(parts):
    """A strategy for one more layer of a tree."""
    lists = st.lists(parts, min_size=1, max_size=4, unique=True).map(tuple)
    thresholds = lists.flatmap(lambda of: st.integers(1, len(of)).map(lambda k: AtLeast(k, of)))
    return lists.map(All) | lists.map(Any) | thresholds


trees = st.recursive(st.sampled_from(LETTERS).map(Slug), groups, max_leaves=12)
held_sets = st.frozensets(st.sampled_from(LETTERS))
by_oracle = settings(max_examples=150, deadline=None)


@by_oracle
@given(trees, held_sets)
def test_satisfied_agrees_with_the_list_of_all_opening_sets(tree, held):
    assert satisfied(tree, held) == (held in opening_sets(tree))


@by_oracle
@given(trees, held_sets)
def test_missing_is_every_smallest_addition_that_opens_in_order(tree, held):
    opening = opening_sets(tree)
    enough = [extra for extra in SUBSETS if not extra & held and extra | held in opening]
    smallest = [extra for extra in enough if not any(other < extra for other in enough)]

    assert list(missing(tree, held)) == sorted(smallest, key=lambda one: (len(one), sorted(one)))


@by_oracle
@given(trees)
def test_a_tree_survives_being_written_and_read_again(tree):
    assert parse(as_data(tree)) == tree


@by_oracle
@given(trees)
def test_slugs_outside_the_tree_never_matter(tree):
    outside = frozenset(LETTERS) - slugs(tree)

    assert opening_sets(tree) == {held | extra for held in opening_sets(tree) for extra in powerset(outside)}


@by_oracle
@given(trees)
def test_words_mention_each_slug_and_close_their_brackets(tree):
    words = in_words(tree, {letter: f"<{letter}>" for letter in LETTERS})

    assert {letter for letter in LETTERS if f"<{letter}>" in words} == slugs(tree)
    assert words.count("(") == words.count(")")


def test_nothing_is_missing_from_what_is_satisfied():
    assert missing(Any((Slug("card"), Slug("totp"))), frozenset({"card"})) == (frozenset(),)


def test_missing_stops_at_its_bound_and_stays_sound_and_minimal():
    many = AtLeast(8, tuple(Slug(f"key-{number:02}") for number in range(16)))
    tangled = All((many, AtLeast(3, tuple(Slug(f"key-{number:02}") for number in range(6, 14)))))

    for tree in (many, tangled):
        found = missing(tree, frozenset())
        assert 0 < len(found) <= MOST_SETS
        for extra in found:
            assert satisfied(tree, extra)
            assert not any(satisfied(tree, extra - {name}) for name in extra)
    assert len(missing(many, frozenset())) == MOST_SETS


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (3, "holds 3 where a slug or a table of all, any or atleast belongs"),
        ({"al": ["a"]}, 'uses "al", which is no expression op (did you mean "all"?)'),
        ({}, "needs exactly one of all, any and atleast in each table"),
        ({"all": ["a"], "any": ["b"]}, "needs exactly one of all, any and atleast in each table"),
        ({"all": ["a"], "of": ["b"]}, "needs of beside atleast, and beside nothing else"),
        ({"atleast": 1}, "needs of beside atleast, and beside nothing else"),
        ({"any": []}, "needs a list with at least one entry under any"),
        ({"all": "a"}, "needs a list with at least one entry under all"),
        ({"all": ["a", {"any": ["b", "b"]}]}, 'lists "b" twice under any'),
        ({"atleast": 0, "of": ["a"]}, "asks for at least 0 of 1, which has to be a whole number from 1 to 1"),
        ({"atleast": 3, "of": ["a", "b"]}, "asks for at least 3 of 2, which has to be a whole number from 1 to 2"),
        ({"atleast": True, "of": ["a"]}, "asks for at least True of 1, which has to be a whole number from 1 to 1"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(data, words):
    with pytest.raises(ExpressionError) as refused:
        parse(data)

    assert str(refused.value) == words


NAMES = {
    "password": "User name and password",
    "push": "IB Key push",
    "totp": "Mobile Authenticator",
    "card": "Security card",
    "text": "Text-message code",
    "pin": "PIN",
    "bundle": "OAuth keys: consumer key, access token",
}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("totp", "Mobile Authenticator"),
        ("other-thing", "other-thing"),
        ({"all": ["pin"]}, "PIN"),
        ({"all": ["pin", "card"]}, "PIN and Security card"),
        ({"all": ["password", "card"]}, "User name and password, and Security card"),
        ({"all": ["pin", "card", "totp"]}, "PIN, Security card and Mobile Authenticator"),
        ({"any": ["pin", "card"]}, "One of: PIN or Security card"),
        ({"atleast": 2, "of": ["pin", "card", "totp"]}, "Two of: PIN, Security card and Mobile Authenticator"),
        (
            {"all": ["password", {"any": ["push", "totp", "text"]}]},
            "User name and password, and one of: IB Key push, Mobile Authenticator or Text-message code",
        ),
        (
            {"all": [{"any": ["push", "totp"]}, "password"]},
            "User name and password, and one of: IB Key push or Mobile Authenticator",
        ),
        (
            {"all": ["pin", {"any": ["push", {"all": ["totp", "text"]}]}]},
            "PIN, and one of: IB Key push, or (Mobile Authenticator and Text-message code)",
        ),
        (
            {"all": ["pin", {"any": ["push", "totp"]}, {"any": ["card", "text"]}]},
            "PIN, one of (IB Key push or Mobile Authenticator), and one of (Security card or Text-message code)",
        ),
        (
            {"all": ["password", {"any": ["bundle", "totp"]}]},
            "User name and password, and one of: OAuth keys: consumer key, access token; or Mobile Authenticator",
        ),
        ({"all": ["pin", {"any": ["card"]}]}, "PIN and Security card"),
    ],
)
def test_an_expression_reads_as_plain_english(data, words):
    assert in_words(parse(data), NAMES) == words
