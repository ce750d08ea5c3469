"""The recorded number of queries of each page, the same for one row and for three.

The baseline is in query_counts.json; a page that needs more or fewer fails here, and its new number is
written down on purpose, with the change that made it so.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.architecture.test_matrix import Rows

pytestmark = pytest.mark.django_db
BASELINE = json.loads(Path(__file__).with_name("query_counts.json").read_text())


def counted(client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("path", BASELINE)
def test_a_page_asks_as_often_for_three_houses_as_for_one(office, browse, path):
    owner = factories.make_member("Olga Owner", role="owner")
    first = Rows("Maria", owner)
    client = browse(owner)
    address = path.format(**first.numbers)
    counted(client, address)

    one = counted(client, address)
    for name in ("Daniel", "Priya"):
        Rows(name, owner)
    three = counted(client, address)

    assert (one, three) == (BASELINE[path], BASELINE[path])


def test_today_needs_ten_queries_at_most():
    assert BASELINE["/"] <= 10
