"""A device with passkeys, in software: it answers a page’s question as a browser and its authenticator would.

Checked against the real thing by tests/browser/test_passkeys.py, where Chromium's own virtual authenticator answers.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
_numbers = itertools.count(1)


def question_on(page) -> dict[str, Any]:
    """What the page asks the browser for."""
    return json.loads(re.search(r'type="application/json">(.*?)</script>', page.content.decode()).group(1))


def _new_id() -> bytes:
    return f"credential {next(_numbers)}".encode()


@dataclass
class Device:
    """One passkey and the device it is on. What it says can be bent: its origin, its flags, its count."""

    origin: str = "http://localhost:8000"
    host: str = "localhost"
    knows_holder: bool = True
    synced: bool = False
    counts: bool = True
    count: int = 0
    handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=_new_id)

    def make(self, question: dict[str, Any], **said: Any) -> str:
        """The answer to a page that adds a passkey, as the form posts it."""
        self.handle = base64url_to_bytes(question["user"]["id"])
        client = self._client("webauthn.create", question, **said)
        facts = self._authenticator_data(flags=AT) + self._public_half()
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": facts})
        return self._answer(client, attestationObject=bytes_to_base64url(attestation), transports=["usb"])

    def show(self, question: dict[str, Any], **said: Any) -> str:
        """The answer to a page that asks for a passkey, as the form posts it."""
        self.count += self.counts
        client, facts = self._client("webauthn.get", question, **said), self._authenticator_data()
        signature = self.key.sign(facts + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            client,
            authenticatorData=bytes_to_base64url(facts),
            signature=bytes_to_base64url(signature),
            userHandle=bytes_to_base64url(self.handle) if self.handle else None,
        )

    def _client(self, kind: str, question: dict[str, Any], *, origin: str = "", challenge: str = "") -> bytes:
        asked = challenge or question["challenge"]
        return json.dumps({"type": kind, "challenge": asked, "origin": origin or self.origin}).encode()

    def _authenticator_data(self, *, flags: int = 0) -> bytes:
        flags |= UP | UV * self.knows_holder | (BE | BS) * self.synced
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _public_half(self) -> bytes:
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        return bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cbor2.dumps(cose)

    def _answer(self, client: bytes, **response: Any) -> str:
        name = bytes_to_base64url(self.credential_id)
        response["clientDataJSON"] = bytes_to_base64url(client)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
