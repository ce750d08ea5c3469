"""What Postern issues itself: long enough, from the system's own randomness, never twice."""

from __future__ import annotations

import math
import secrets

from identity import codes

MANY = 5_000


def test_a_seed_has_160_bits_and_comes_once():
    seeds = {codes.new_seed() for _ in range(MANY)}

    assert len(seeds) == MANY
    assert {len(seed) * 8 for seed in seeds} == {160}


def test_a_backup_code_has_79_bits_of_an_alphabet_without_look_alikes():
    fresh = {codes.new_backup_code().replace("-", "") for _ in range(MANY)}

    assert len(fresh) == MANY
    assert {len(code) for code in fresh} == {16}
    assert set("".join(fresh)) == set(codes.ALPHABET)
    assert set(codes.ALPHABET) & set("01oil") == set()
    assert math.floor(16 * math.log2(len(codes.ALPHABET))) == 79


def test_a_token_has_160_bits_and_comes_once():
    tokens = {codes.new_token() for _ in range(MANY)}

    assert len(tokens) == MANY
    assert {len(token) for token in tokens} == {27}


def test_they_come_from_the_systems_own_randomness(monkeypatch):
    asked = []
    monkeypatch.setattr(secrets, "token_bytes", lambda count: asked.append(count) or b"x" * count)
    monkeypatch.setattr(secrets, "token_urlsafe", lambda count: asked.append(count) or "x" * count)
    monkeypatch.setattr(secrets, "choice", lambda letters: asked.append(1) or letters[0])

    codes.new_seed(), codes.new_token(), codes.new_backup_code()

    assert asked == [20, 20, *[1] * 16]
