"""Sealing: what the database may hold only so that it opens with a key file beside it, and in its own row.

A sealed value is one byte, the number of the key's generation, 12 bytes nonce, and AES-256-GCM's ciphertext with its
tag. The cipher's key is derived from the file's (HKDF-SHA256); the additional data names the row, so that a value moved
to another row does not open. The key's file may hold several generations while `manage.py rotate_sealing_key` runs.
"""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import connection

# Held shared by whoever seals, until their transaction is over, and alone by a rotation while it adds a generation: so
# each value sealed with an older one is in its row before the rotation looks for such rows.
LOCK = 0x7365616C


class NoKey(Exception):
    """The sealing key's file is away or broken, so nothing can be sealed."""


class CannotUnseal(Exception):
    """The value was changed, belongs to another row, or the key that sealed it is not here."""


def seal(secret: bytes, *, context: bytes) -> bytes:
    """Encrypt a secret with the newest key on disk, bound to `context`; call it in the transaction that writes it."""
    if not connection.in_atomic_block:
        raise RuntimeError("A sealed value is written in the transaction that seals it: call seal() inside atomic().")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
    try:
        ring = settings.POSTERN_SEALING_KEYS.ring_on_disk()
    except (OSError, ValueError) as away:
        raise NoKey(str(away)) from away
    nonce = os.urandom(12)
    return bytes([ring.newest]) + nonce + _cipher(ring.key(ring.newest)).encrypt(nonce, secret, context)


def unseal(sealed: bytes, *, context: bytes) -> bytes:
    """Decrypt what `seal` made for the same context; raises CannotUnseal otherwise."""
    key = settings.POSTERN_SEALING_KEYS.ring().key(generation(sealed)) if sealed else None
    if key is None:
        raise CannotUnseal("sealed with a key that is not here")
    try:
        return _cipher(key).decrypt(sealed[1:13], sealed[13:], context)
    except (InvalidTag, ValueError) as failed:
        raise CannotUnseal("the sealed value does not open") from failed


def generation(sealed: bytes) -> int:
    """The number of the key that sealed a value."""
    return sealed[0]


@lru_cache(maxsize=8)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=b"postern totp seed").derive(key))
