"""How events are digested, how words are kept apart, and how a walk judges, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.trail import chain
from core.trail.chain import GENESIS, Link, Walker, Word
from core.trail.enums import Verb

TAKES = "member.pseudonymised"


def linked(*details: dict, verb: str = "account.changed") -> tuple[list[Link], dict[int, dict[str, Word]]]:
    """A good chain with these details, and its words by event."""
    links, words, head = [], {}, GENESIS
    for number, detail in enumerate(details, start=1):
        facts, typed = chain.apart(detail)
        bare = Link(number, "2026-11-23T09:00:00+00:00", None, number, verb, 1, "", None, None, facts, head, "")
        links.append(bare._replace(digest=bare.computed_digest()))
        words[number] = {word.digest: word for word in typed}
        head = links[-1].digest
    return links, words


def verdict(links, words) -> tuple[int, int | None, str]:
    walker = Walker()
    walker.walk(links, words, TAKES) and walker.settle()
    return walker.good, walker.broken_at, walker.why


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("role", "manager"),
        ("kind", "security-key"),
        ("verb", Verb.ASSET_ADDED),
        ("digest", "a" * 64),
        ("count", 7),
        ("used", True),
        ("holder", None),
        ("until", date(2026, 11, 23)),
        ("lost_at", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("note", ""),
        ("rights", ["view", "trade"]),
    ],
)
def test_numbers_days_and_words_of_our_lists_stand_in_the_chain(name, value):
    facts, words = chain.apart({name: value})

    assert words == []
    assert facts == {name: chain.together(facts, {})[name]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "maria"),
        ("key", "maria-santos"),
        ("reason", "moved"),
        ("said", "Maria Santos"),
        ("said", "maria@hartwell.test"),
        ("said", "+44 20 7946 0103"),
        ("said", "02079460103"),
        ("files", "office.xlsx"),
    ],
)
def test_what_somebody_typed_stands_beside_it(name, value):
    facts, words = chain.apart({"changes": {name: ["", value]}})

    assert [word.text for word in words] == [value]
    assert value not in str(facts)
    assert chain.together(facts, {word.digest: word.text for word in words}) == {"changes": {name: ["", value]}}
    assert chain.together(facts, {words[0].digest: None}) == {"changes": {name: ["", "(taken away)"]}}


def test_the_same_word_twice_has_two_digests():
    (_, [first]), (_, [second]) = chain.apart({"name": "Maria"}), chain.apart({"name": "Maria"})

    assert first.digest != second.digest
    assert first.digest == chain.word_digest(first.salt, "Maria")


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(lambda key: key != chain.WORD),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
            lambda each: st.lists(each, max_size=3),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_facts_and_words_put_together_are_what_was_said(detail):
    facts, words = chain.apart(detail)

    assert chain.together(facts, {word.digest: word.text for word in words}) == detail
    assert sorted(chain.digests_in(facts)) == sorted(word.digest for word in words)


def test_a_moment_is_the_same_in_every_zone():
    there = datetime(2026, 11, 23, 10, tzinfo=timezone(timedelta(hours=1)))

    assert chain.moment(there) == "2026-11-23T09:00:00+00:00"


def test_a_good_chain_is_whole():
    links, words = linked({"name": "One"}, {"count": 2}, {"name": "Three", "note": "and more"})

    assert verdict(links, words) == (3, None, "")


@pytest.mark.parametrize(
    "change",
    [
        {"at": "2026-11-23T09:00:01+00:00"},
        {"recorded_at": "2026-11-23T09:00:00+00:00"},
        {"transaction": 9},
        {"verb": "account.closed"},
        {"actor": 2},
        {"about_type": "accounts.account"},
        {"about": 5},
        {"address": "203.0.113.9"},
        {"facts": {"count": 3}},
        {"digest": "b" * 64},
    ],
)
def test_no_part_of_an_event_can_be_changed(change):
    links, words = linked({"count": 1}, {"count": 2}, {"count": 3})
    links[1] = links[1]._replace(**change)

    assert verdict(links, words) == (1, 2, "what it says was changed")


def test_an_event_that_was_changed_and_digested_anew_breaks_the_next():
    links, words = linked({"count": 1}, {"count": 2}, {"count": 3})
    forged = links[1]._replace(facts={"count": 9})
    links[1] = forged._replace(digest=forged.computed_digest())

    assert verdict(links, words) == (2, 3, "it does not follow the one before it")


@pytest.mark.parametrize("gone", [0, 1])
def test_an_event_that_is_gone_breaks_the_next(gone):
    links, words = linked({"count": 1}, {"count": 2}, {"count": 3})
    del links[gone]

    assert verdict(links, words) == (gone, gone + 2, "it does not follow the one before it")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda word: {}, "a word of it is missing"),
        (lambda word: {word.digest: word._replace(text="Other")}, "a word of it was changed"),
        (lambda word: {word.digest: word._replace(salt="0" * 32)}, "a word of it was changed"),
        (lambda word: {word.digest: word._replace(text=None, salt=None)}, "a word of it was changed"),
        (lambda word: {word.digest: word, "c" * 64: Word("c" * 64, "s", "t")}, "a word was put to it"),
    ],
)
def test_no_word_can_be_changed_taken_or_put_to_it_without_a_deed(change, why):
    links, words = linked({"name": "One"}, {"count": 2})
    (word,) = words[1].values()
    words[1] = change(word)

    assert verdict(links, words) == (0, 1, why)


def taken(said: int) -> tuple[list[Link], dict[int, dict[str, Word]]]:
    """A chain whose first event's two words were taken by its second, which says that it took `said`."""
    links, words = linked({"name": "Maria", "note": "Left hand"}, {"words": said}, verb=TAKES)
    words[1] = {digest: Word(digest, None, None, 2) for digest in words[1]}
    return links, words


def test_words_taken_by_a_deed_leave_the_chain_whole():
    assert verdict(*taken(2)) == (2, None, "")


@pytest.mark.parametrize("said", [0, 1, 3])
def test_a_deed_says_how_many_words_it_took(said):
    assert verdict(*taken(said)) == (2, 2, "more or fewer words are gone than it says")


def test_words_can_not_be_taken_by_a_deed_of_another_kind():
    links, words = linked({"name": "Maria"}, {"words": 1})
    words[1] = {digest: Word(digest, None, None, 2) for digest in words[1]}

    assert verdict(links, words) == (2, 2, "more or fewer words are gone than it says")


def test_the_oldest_events_are_digested_without_a_transaction():
    links, words = linked({"count": 1})
    old = links[0]._replace(transaction=None, recorded_at=None)
    old = old._replace(digest=old.computed_digest())

    assert verdict([old], words) == (1, None, "")
    assert verdict([old._replace(at="2026-11-24T09:00:00+00:00")], words)[1] == 1
    assert verdict([links[0]._replace(transaction=None)], words)[1] == 1


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ("ab" * 32, True),
        ("AB" * 8, True),
        ("abab abab abab abab", True),
        ("ab" * 7, False),
        ("cd" * 32, False),
        ("", False),
    ],
)
def test_a_head_is_known_by_its_beginning(given, same):
    assert chain.same_head("ab" * 32, given) is same
