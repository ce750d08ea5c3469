"""Reading the three key files."""

import base64
import binascii
from pathlib import Path

KEY_BYTES = 32
SECRET_KEY, SEALING_KEY, PEPPER = "secret_key", "sealing_key", "pepper"


def read_key(file: Path) -> bytes:
    """The 32 or more bytes in a key file (URL-safe base64); raises ValueError when it holds anything else."""
    try:
        key = base64.b64decode(read_text(file), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError):
        raise ValueError(f"{file} is not base64") from None
    if len(key) < KEY_BYTES:
        raise ValueError(f"{file} holds {len(key)} bytes; a key has {KEY_BYTES}")
    return key


def read_text(file: Path) -> str:
    """The text of a secret's file without the line end."""
    return file.read_text().strip()
