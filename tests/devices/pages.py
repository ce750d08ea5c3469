"""What tests of the devices' pages share: what a person reads there, and what a browser would send."""

from __future__ import annotations

import re

from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext


def words(response) -> str:
    """What a person reads on the page."""
    text = re.sub(r"<(head|nav|svg).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def said(response) -> list[str]:
    """The messages that the next page will show."""
    return [str(message) for message in get_messages(response.wsgi_request)]


def errors(response) -> dict[str, list[str]]:
    return {name: list(told) for name, told in response.context["form"].errors.items()}


def typed(client, url: str, **changed) -> dict:
    """What a browser would send from the page at that address, with some fields changed."""
    form = client.get(url).context["form"]
    values = {name: form[name].value() for name in form.fields}
    posted = {name: "" if value is None else value for name, value in values.items()}
    return {name: value for name, value in (posted | changed).items() if value not in (None, False)}


def queries(client, url: str) -> int:
    """How many queries a page asks."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)
