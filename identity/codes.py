"""One-time codes, backup codes and digests: cryptography of Postern's own front door, without Django's models.

Digests of what we issued are HMAC-SHA256 under a pepper of its own and not the sealing key (`identity.sealing`), so
that losing one key never costs both kinds of factor.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from datetime import datetime
from urllib.parse import quote

from django.conf import settings
from django_otp.oath import TOTP

STEP = 30
SEED_BYTES = 20
# Without look-alikes (0 o, 1 l i). 16 of 31 symbols carry 79 bits.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
SHEET_SIZE = 10


def new_seed() -> bytes:
    return secrets.token_bytes(SEED_BYTES)


def in_base32(seed: bytes) -> str:
    """The seed as an authenticator app takes it by hand, in groups of four."""
    text = base64.b32encode(seed).decode().rstrip("=")
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def otpauth(seed: bytes, *, name: str, issuer: str) -> str:
    """The address inside the QR code (Key URI format)."""
    key = base64.b32encode(seed).decode().rstrip("=")
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?secret={key}&issuer={quote(issuer)}&digits=6&period={STEP}"


def matching_step(seed: bytes, token: str, *, at: datetime) -> int | None:
    """The 30 s step among this one and its two neighbours whose six-digit code is `token`, or None.

    Only ASCII digits count; blanks, which apps show in the middle, are dropped.
    """
    token = token.replace(" ", "")
    if not re.fullmatch(r"[0-9]{6}", token):
        return None
    now = int(at.timestamp()) // STEP
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(_code(seed, step), token):
            return step
    return None


def code_at(seed: bytes, at: datetime) -> str:
    """The six digits that an authenticator with this seed shows at a moment."""
    return _code(seed, int(at.timestamp()) // STEP)


def _code(seed: bytes, step: int) -> str:
    totp = TOTP(seed, step=STEP)
    totp.time = step * STEP
    return f"{totp.token():06d}"


def new_backup_code() -> str:
    """Sixteen symbols in groups of four, 79 bits."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(16))
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def backup_digest(code: str, *, owner: int) -> str:
    """What the database keeps of a backup code; dashes, blanks and capitals make no difference."""
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code)).lower()
    return digest(f"backup:{owner}:{plain}")


def new_token() -> str:
    """A token we issue in a link or on the terminal: 160 bits, easy to copy."""
    return secrets.token_urlsafe(20)


def digest(text: str) -> str:
    """HMAC-SHA256 (hex) under the pepper."""
    return hmac.new(settings.POSTERN_PEPPER, text.encode(), hashlib.sha256).hexdigest()
