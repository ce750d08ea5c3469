"""The secret detector refuses what looks like a secret and lets everything an office really writes pass."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from core import secrets
from core.secrets import API_KEY, CARD, CODES, NUMBER, PIN, PRIVATE_KEY, SEED, find, no_secret

INNOCENT = [
    line
    for line in Path(__file__).with_name("innocent.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("# ")
]
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"
SMALL = "abcdefghijklmnopqrstuvwxyz0123456789"


def made_of(alphabet: str, length: int, *, seed: int = 1) -> str:
    """A random word that is always the same one: no real secret stands in this file."""
    return "".join(random.Random(f"{seed}{alphabet}").choices(alphabet, k=length))


def grouped(word: str, size: int, gap: str = " ") -> str:
    return gap.join(word[n : n + size] for n in range(0, len(word), size))


SECRETS = [
    # seeds
    ("otpauth://totp/IBKR:maria?secret=" + made_of(BASE32, 32) + "&issuer=IBKR", SEED),
    ("OTPAUTH://totp/x", SEED),
    ("otpauth-migration://offline?data=CiQKCkhlbGxv", SEED),
    ("jbsw y3dp ehpk 3pxp", SEED),
    ("JBSWY3DPEHPK3PXP", SEED),
    ("jbswy3dpehpk3pxp", SEED),
    ("JBSW-Y3DP-EHPK-3PXP", SEED),
    ("TOTP is jbsw\u00a0y3dp\u00a0ehpk\u00a03pxp", SEED),
    ("setup key: " + grouped(made_of(BASE32, 32), 4), SEED),
    ("scan did not work, typed " + grouped(made_of(BASE32.lower(), 32), 4) + " instead", SEED),
    ("Seed " + made_of(BASE32, 52), SEED),
    ("seed phrase: abandon ability absent absorb abstract absurd abuse access accident account accuse acid", SEED),
    # private keys
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", PRIVATE_KEY),
    ("-----BEGIN OPENSSH PRIVATE KEY-----", PRIVATE_KEY),
    ("-----BEGIN PRIVATE KEY-----", PRIVATE_KEY),
    ("-----BEGIN ENCRYPTED PRIVATE KEY-----", PRIVATE_KEY),
    ("-----BEGIN PGP PRIVATE KEY BLOCK-----", PRIVATE_KEY),
    ("PuTTY-User-Key-File-3: ssh-ed25519", PRIVATE_KEY),
    # recovery codes
    ("a1b2c-3d4e5 f6a7b-8c9d0 1a2b3-c4d5e 99aa1-b2c3d", CODES),
    ("1234 5678\n2345 6789\n3456 7890\n4567 8901\n5678 9012\n6789 0123", CODES),
    ("backup codes: 1234 5678, 2345 6789", CODES),
    ("Recovery codes 83910274 and 55301928", CODES),
    ("Recovery codes: x7k2-p9qa, m3v8-t4ze", CODES),
    ("\n".join(f"{n}. {made_of(SMALL, 10, seed=n)}" for n in range(1, 11)), CODES),
    ("410293-882716-039485-771029-556102-918273-445566-102938", CODES),
    ("A3-7KD2QX-9FJ3LM-X2B4C-P8Q7R-T6V5W-Z4Y3X", CODES),
    # tokens
    ("ghp" + "_" + made_of(ALNUM, 36), API_KEY),
    ("github" + "_pat_" + made_of(ALNUM, 40), API_KEY),
    ("glpat" + "-" + made_of(ALNUM, 20), API_KEY),
    ("sk" + "-proj-" + made_of(ALNUM, 40), API_KEY),
    ("sk" + "_live_" + made_of(ALNUM, 24), API_KEY),
    ("AKIA" + made_of("ABCDEFGHIJKLMNOP234567", 16), API_KEY),
    ("xoxb" + "-" + "2501-" + made_of(ALNUM, 20), API_KEY),
    ("AIza" + made_of(ALNUM, 35), API_KEY),
    (".".join(["ey" + "Jh" + made_of(ALNUM, 18), "ey" + "Jz" + made_of(ALNUM, 30), made_of(ALNUM, 43)]), API_KEY),
    ("Authorization: Bearer " + made_of(ALNUM, 24), API_KEY),
    ("https://api.example/v1?access_token=" + made_of(ALNUM, 20), API_KEY),
    (made_of(HEX, 32), API_KEY),
    (made_of(HEX, 40), API_KEY),
    ("key on the router is " + made_of(HEX, 64), API_KEY),
    (made_of(ALNUM, 40), API_KEY),
    (made_of(ALNUM, 24, seed=4), API_KEY),
    (made_of(ALNUM + "+/", 44) + "=", API_KEY),
    (made_of(SMALL, 30), API_KEY),
    (grouped(made_of(HEX, 32), 4), API_KEY),
    ("Flex token: 184736251904827364519283", API_KEY),
    ("api_key=A3F29B1C77", API_KEY),
    ("client secret = " + made_of(ALNUM, 18), API_KEY),
    # passwords and PINs
    ("password: xyz", PIN),
    ("Password: hunter2", PIN),
    ("Password = Tr0ub4dor&3", PIN),
    ("pwd:Sommer2026!", PIN),
    ("pw: gartenzaun", PIN),
    ("the password is Kolibri77", PIN),
    ("password is “Kolibri”", PIN),
    ("Passwort: Geheim1", PIN),
    ("mot de passe : azerty12", PIN),
    ("contraseña: verano26", PIN),
    ("passphrase: correct horse battery staple", PIN),
    ("Password: in 1Password. Old password: Kolibri77", PIN),
    ("Password：ｈｕｎｔｅｒ２", PIN),
    ("pass\u200bword: hunter2", PIN),
    ("PIN 4921", PIN),
    ("PIN: 4921", PIN),
    ("Phone PIN is 849213", PIN),
    ("PUK 83910274", PIN),
    ("CVV: 391", PIN),
    ("Passcode: 8492 13", PIN),
    ("door code 4471#", PIN),
    ("safe code: 12-34-56", PIN),
    # cards and account numbers
    ("4111 1111 1111 1111", CARD),
    ("4111111111111111", CARD),
    ("4111-1111-1111-1111 12/28", CARD),
    ("card 5555 5555 5555 4444, Maria", CARD),
    ("3782 822463 10005", CARD),
    ("6011111111111117", CARD),
    ("４１１１ １１１１ １１１１ １１１１", CARD),
    ("GB29 NWBK 6016 1331 9268 19", NUMBER),
    ("CH9300762011623852957", NUMBER),
    ("pay to DE89 3704 0044 0532 0130 00 each month", NUMBER),
    ("de89370400440532013000", NUMBER),
    ("U1234567", NUMBER),
    ("IBKR DU7654321 paper", NUMBER),
    ("Account number: 8093-4417", NUMBER),
    ("Depot Nr. 1234567", NUMBER),
]


def test_the_corpus_is_big_enough_to_mean_something():
    assert len(INNOCENT) >= 300
    assert len(set(INNOCENT)) == len(INNOCENT)


def test_no_innocent_text_is_refused():
    assert {text: find(text) for text in INNOCENT if find(text)} == {}


def test_innocent_texts_stay_innocent_in_longer_notes():
    """Each with its neighbour, as two sentences of one note."""
    pairs = [f"{one}. {other}" for one, other in zip(INNOCENT[::2], INNOCENT[1::2], strict=False)]
    assert {text: find(text) for text in pairs if find(text)} == {}


@pytest.mark.parametrize(("text", "advice"), SECRETS, ids=range(len(SECRETS)))
def test_a_secret_is_refused_with_where_to_keep_it(text, advice):
    assert find(text) == advice


@pytest.mark.parametrize(("text", "advice"), SECRETS, ids=range(len(SECRETS)))
def test_a_secret_is_found_inside_a_note(text, advice):
    assert find(f"Spare, office safe, tray 2.\n{text}\nAsk Tom.") is not None


@pytest.mark.parametrize(("length", "most"), [(16, 25), (26, 5), (32, 3), (52, 0)])
def test_bare_seeds_are_seen_unless_they_read_like_a_word(length, most):
    """Of 250 seeds without a word beside them; the short old ones can pass for a word most easily."""
    seeds = [made_of(BASE32, length, seed=n) for n in range(250)]
    assert len([seed for seed in seeds if not find(seed)]) <= most
    assert len([seed for seed in seeds if not find(seed.lower())]) <= most + 10
    assert len([seed for seed in seeds if not find(grouped(seed.lower(), 4))]) <= 2 * most


@pytest.mark.parametrize("length", [16, 26, 32, 52])
def test_a_seed_that_is_called_one_is_seen(length):
    seeds = [made_of(BASE32, length, seed=n) for n in range(250)]
    assert len([seed for seed in seeds if not find(f"TOTP seed: {seed}")]) <= 3


@pytest.mark.parametrize("alphabet", [ALNUM, ALNUM + "+/", ALNUM + "-_", HEX, SMALL])
@pytest.mark.parametrize("length", [32, 40, 64])
def test_random_tokens_are_seen(alphabet, length):
    """Of 250 without a word beside them; fewer than one in twelve happens to look like words run together."""
    tokens = [made_of(alphabet, length, seed=n) for n in range(250)]
    assert len([token for token in tokens if not find(token)]) <= 20


def test_a_sentence_says_where_to_keep_it_and_never_repeats_it():
    said = find("Password: hunter2")

    assert said is not None
    assert "hunter2" not in said
    assert "password manager" in said


def test_the_validator_refuses_with_the_same_words():
    no_secret("Spare, office safe, tray 2")
    with pytest.raises(ValidationError) as refused:
        no_secret("PIN: 4921")
    assert refused.value.messages == [PIN]


@given(st.text(max_size=400) | st.text(alphabet="GB29İıſK²٣U1234567 -:=pin", max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_gets_an_answer(text):
    assert find(text) in {None, SEED, PRIVATE_KEY, CODES, API_KEY, PIN, CARD, NUMBER}


HOSTILE = [
    "a" * 10_000,
    "A2" * 5_000,
    "eyJ" * 3_333,
    "password" * 1_250,
    "password " * 1_111,
    "password: in " * 769,
    "pin 1" * 2_000,
    "abcd " * 2_000,
    "ABC2 " * 2_000,
    "one1 " * 2_000,
    "spare phone kept " * 588,
    "1 " * 5_000,
    "1234 " * 2_000,
    "12345678 " * 1_111,
    "GB29 " * 2_000,
    "a-" * 5_000,
    "abc1-" * 2_000,
    "a1b2c3d4 " * 1_111,
    "sk-" * 3_333,
    "https://" * 1_250,
    "a@" * 5_000,
    "-" * 10_000,
    "eyJ-" * 2_500,
    " " * 10_000,
    "\n" * 10_000,
    "é" * 5_000,
    "account no " * 909,
    "0x" * 5_000,
    "\ufdfa" * 3_333,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:10].encode("unicode_escape").decode())
def test_the_time_taken_grows_with_the_length_and_no_faster(text):
    def best_of(sample: str) -> float:
        taken = []
        for _ in range(5):
            begun = time.thread_time()
            find(sample)
            taken.append(time.thread_time() - begun)
        return min(taken)

    half, whole = best_of(text), best_of(text * 2)
    assert whole < 3 * half + 0.004


def test_every_detector_has_its_own_words():
    advices = {advice for _, advice in secrets._DETECTORS}

    assert advices == {SEED, PRIVATE_KEY, CODES, API_KEY, PIN, CARD, NUMBER}
