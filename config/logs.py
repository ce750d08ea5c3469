"""Log lines: one object or one line each, in UTC, so that nothing in a request can forge another entry.

An address of a page may itself be a key (an invitation's link), so no line holds one: what comes from a request is
named by its route, and what looks like such a link anywhere else is cut.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

# The addresses that open something.
_LINK = re.compile(r"(/(?:join|password|reset/link|reset/stop|me/address)/)[^/\s'\"\\]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def discreet(text: str) -> str:
    """The text without the keys that addresses may hold."""
    return _LINK.sub(r"\1…", text)


class JsonFormatter(logging.Formatter):
    """Time in UTC, level, logger, message; of a request its method, route, address and member; the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": moment(record),
            "level": record.levelname,
            "logger": record.name,
            "message": discreet(record.getMessage()),
        }
        line |= of_request(getattr(record, "request", None))
        if record.exc_info:
            line["trace"] = discreet(self.formatException(record.exc_info))
        return json.dumps(line)


class TextFormatter(logging.Formatter):
    """The same for people: one line, control characters written out, the traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{name}={value}" for name, value in of_request(getattr(record, "request", None)).items())
        message = visible(discreet(record.getMessage()))
        line = f"{moment(record)} {record.levelname} {record.name} {message} {visible(facts)}".rstrip()
        return f"{line}\n{discreet(self.formatException(record.exc_info))}" if record.exc_info else line


FORMATTERS: dict[str, type[logging.Formatter]] = {"json": JsonFormatter, "text": TextFormatter}


def moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def visible(text: str) -> str:
    r"""Control characters as \x1b and the like, so that they neither break the line nor steer a terminal."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def of_request(request: Any) -> dict[str, Any]:
    """Who, what and where: method, route (never the address itself), peer, and the member if one was already known."""
    if request is None or not hasattr(request, "META"):
        return {}
    match = getattr(request, "resolver_match", None)
    member = getattr(request, "_cached_user", None)
    return {
        "method": request.method,
        "route": f"/{match.route}" if match else "",
        "address": getattr(request, "address", None),
        "member": getattr(member, "pk", None),
    }
