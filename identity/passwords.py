"""What counts as a good enough password: length, guessability, and nothing taken from the office itself."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from zxcvbn import zxcvbn

SHORTEST = 15
# zxcvbn is quadratic in the length; past this many characters nothing is left to judge.
JUDGED = 100
GOOD_ENOUGH = 3
LONGEST = 256
OWN_WORDS = ("postern", "broker", "brokerage", "office", "account", "password", "ibkr", "interactive brokers")


def normalise(password: str) -> str:
    """The one spelling of a password that is hashed and compared (NFKC)."""
    return unicodedata.normalize("NFKC", password)


class GoodPassword:
    """At least 15 characters that somebody with a word list does not guess; no recipe, no rotation."""

    def validate(self, password: str, user=None) -> None:
        if len(password) < SHORTEST:
            raise ValidationError(
                f"Use at least {SHORTEST} characters. Four or five unrelated words are easy to keep.", code="short"
            )
        if len(password) > LONGEST:
            raise ValidationError(f"Use at most {LONGEST} characters.", code="long")
        verdict = zxcvbn(password[:JUDGED], user_inputs=[*OWN_WORDS, *words_of(user)])
        if verdict["score"] < GOOD_ENOUGH:
            raise ValidationError(
                "That is too easy to guess. Four or five unrelated words make a good password.", code="weak"
            )

    def get_help_text(self) -> str:
        return f"At least {SHORTEST} characters. Four or five unrelated words are easy to keep."


def words_of(user) -> list[str]:
    """Words that a guesser would try first for this person."""
    if user is None:
        return []
    texts = f"{getattr(user, 'name', '')} {getattr(user, 'email', '') or ''}"
    return [word for word in re.split(r"[^\w]+", texts.lower()) if len(word) > 2]
