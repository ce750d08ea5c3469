"""How many points a whole answer gets by the rules of Mozilla's HTTP Observatory (algorithm 6).

Written from the table of rules, for what Postern can send. A penalty takes points off 100; extras count only where the
penalties alone leave 90. Where the table knows more than one reading, the harsher one is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

HALF_A_YEAR = 15_768_000
UNSAFE_SCRIPT = {"'unsafe-inline'", "data:", "*", "http:", "https:", "ftp:", "//"}


@dataclass(frozen=True)
class Answer:
    """What the rules look at. `cookies` are whole Set-Cookie values; `sessions` names those that sign somebody in."""

    headers: Mapping[str, str]
    cookies: tuple[str, ...] = ()
    body: str = ""
    sessions: tuple[str, ...] = ("__Host-postern",)


def score(answer: Answer) -> int:
    """The points."""
    verdicts = points(answer)
    left = 100 + sum(found for found in verdicts.values() if found < 0)
    extra = sum(found for found in verdicts.values() if found > 0)
    return max(left + (extra if left >= 90 else 0), 0)


def points(answer: Answer) -> dict[str, int]:
    """Each rule with what it adds or takes."""
    headers = {name.lower(): value.strip() for name, value in answer.headers.items()}
    policy = directives(headers.get("content-security-policy", ""))
    return {
        "csp": _csp(policy),
        "cookies": _cookies(answer),
        "hsts": _hsts(headers.get("strict-transport-security", "")),
        "framing": _framing(policy, headers.get("x-frame-options", "")),
        "referrer": _of_these(headers.get("referrer-policy", ""), ["no-referrer", "same-origin", "strict-origin"], 5),
        "nosniff": 0 if headers.get("x-content-type-options", "").lower() == "nosniff" else -5,
        "corp": _of_these(headers.get("cross-origin-resource-policy", ""), ["same-origin", "same-site"], 10),
        "coop": _of_these(headers.get("cross-origin-opener-policy", ""), ["same-origin"], 10),
        "coep": _of_these(headers.get("cross-origin-embedder-policy", ""), ["require-corp"], 10),
        "scripts": _scripts(answer.body),
        "cors": _cors(headers),
    }


def directives(policy: str) -> dict[str, list[str]]:
    """A content policy taken apart; of a directive given twice the first counts."""
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        name, *sources = part.split() or [""]
        found.setdefault(name.lower(), [source.lower() for source in sources])
    found.pop("", None)
    return found


def _csp(policy: dict[str, list[str]]) -> int:
    if not policy:
        return -25
    default = policy.get("default-src", ["*"])
    script, style, objects = (policy.get(name, default) for name in ("script-src", "style-src", "object-src"))
    if UNSAFE_SCRIPT & set(script) or not script or "*" in objects or not objects:
        return -20
    if "'unsafe-eval'" in script:
        return -10
    if "'unsafe-inline'" in style or "data:" in style:
        return 0
    return 10 if default == ["'none'"] else 5


def _cookies(answer: Answer) -> int:
    if not answer.cookies:
        return 0
    worst = 5
    for cookie in answer.cookies:
        name, *rest = (part.strip() for part in cookie.split(";"))
        flags = {flag.partition("=")[0].lower(): flag.partition("=")[2].lower() for flag in rest}
        is_session = name.partition("=")[0] in answer.sessions
        if "secure" not in flags:
            worst = min(worst, -40 if is_session else -20)
        if is_session and "httponly" not in flags:
            worst = min(worst, -30)
        if flags.get("samesite") not in ("lax", "strict"):
            worst = min(worst, 0)
    return worst


def _hsts(value: str) -> int:
    found = re.search(r"max-age=(\d+)", value.lower())
    if not found:
        return -20
    return 0 if int(found[1]) >= HALF_A_YEAR else -10


def _framing(policy: dict[str, list[str]], option: str) -> int:
    if policy.get("frame-ancestors") in (["'none'"], ["'self'"]):
        return 5
    return 0 if option.upper() in ("DENY", "SAMEORIGIN") else -20


def _of_these(value: str, good: Iterable[str], gain: int) -> int:
    if not value:
        return 0
    return gain if value.lower() in good else -5


def _scripts(body: str) -> int:
    """Scripts from elsewhere cost; our own without a digest neither cost nor gain."""
    sources = re.findall(r"<script[^>]*\bsrc=[\"']?([^\"'\s>]+)", body)
    return -50 if any(urlsplit(source).netloc for source in sources) else 0


def _cors(headers: dict[str, str]) -> int:
    is_open = headers.get("access-control-allow-origin", "") not in ("", "null")
    return -50 if is_open and headers.get("access-control-allow-credentials", "").lower() == "true" else 0
