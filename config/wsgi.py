"""The web process's way in."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_CHARSET = re.compile(r";\s*charset\s*=\s*(\"[^\"]*\"?|[^;]*)", re.IGNORECASE)


def in_utf_8(application: Callable[..., Any]) -> Callable[..., Any]:
    """Everything that arrives is read as UTF-8, whatever alphabet a request claims.

    Django believes the claim while it makes the request, before any middleware: `charset=zlib` would be our error.
    """

    def reading(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["CONTENT_TYPE"] = _CHARSET.sub("", environ.get("CONTENT_TYPE") or "")
        return application(environ, start_response)

    return reading


application = in_utf_8(get_wsgi_application())

from identity.actions.gate import hash_of_nobody  # noqa: E402  the apps have to be ready first

hash_of_nobody()
