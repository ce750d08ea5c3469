"""While something is broken the site says what, and goes on by itself once it is mended."""

from __future__ import annotations

import pytest

from tests.faults.house import House, house

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

PULSES = """
    INSERT INTO letters_pulse (name, at) SELECT unnest(ARRAY['beat', 'worker']), now()
    ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at
"""
SILENT = "UPDATE letters_pulse SET at = now() - interval '3 minutes' WHERE name = '{}'"
STUCK = "UPDATE letters_letter SET queued_at = now() - interval '6 minutes', not_before = now() - interval '6 minutes'"
WELL = {"database": True, "broker": True, "beat": True, "worker": True, "mail": True, "sealing_key": True}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A house with a web server and no worker, an owner's session, and one letter that waits."""
    with house(tmp_path_factory.mktemp("site")) as one:
        one.cookie = one.run("-m", "tests.faults.fill", "0", "1")
        one.start_web()
        yield one


@pytest.fixture(autouse=True)
def _alive(site: House) -> None:
    site.change(PULSES)
    site.change("UPDATE letters_letter SET queued_at = now(), not_before = now()")


def test_all_is_well(site):
    assert site.ready() == (200, WELL)
    assert site.get("/letters/", site.cookie)[0] == 200


@pytest.mark.parametrize(
    ("statement", "part", "words"),
    [
        (SILENT.format("beat"), "beat", "The scheduler is not running"),
        (SILENT.format("worker"), "worker", "The worker is not running"),
        (STUCK, "mail", "Mail has been waiting for more than five minutes"),
    ],
    ids=["no scheduler", "no worker", "no mail server"],
)
def test_what_is_silent_is_named_to_machines_and_people(site, statement, part, words):
    site.change(statement)

    assert site.ready() == (503, WELL | {part: False})
    status, shown = site.get("/letters/", site.cookie)
    assert (status, words in shown) == (200, True)


def test_without_the_broker_every_page_works(site):
    site.valkey.kill()
    try:
        assert site.ready() == (503, WELL | {"broker": False})
        assert [site.get(path, site.cookie)[0] for path in ("/letters/", "/notices/")] == [200, 200]
    finally:
        site.valkey.start()
    assert site.ready() == (200, WELL)


def test_without_the_database_a_page_says_so_and_comes_back_by_itself(site):
    site.postgres.kill()
    try:
        status, parts = site.ready()
        assert (status, parts["database"]) == (503, False)
        status, shown = site.get("/letters/", site.cookie)
        assert status == 503
        assert "Traceback" not in shown
        assert "OperationalError" not in shown
        assert site.get("/healthz")[0] == 200
    finally:
        site.postgres.start()
    took = site.until(lambda: site.get("/letters/", site.cookie)[0] == 200, within=15)
    assert took < 15
