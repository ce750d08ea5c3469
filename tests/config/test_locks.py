"""The locks: everything pinned by hash, from no named place, and enough to run on alone."""

import re
from importlib.metadata import requires
from pathlib import Path

import pytest

LOCKS = Path(__file__).resolve().parents[2] / "requirements"
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def pinned_in(name: str) -> dict[str, str]:
    return dict(PINNED.findall((LOCKS / f"{name}.lock").read_text()))


@pytest.mark.parametrize("name", ["run", "test", "tools"])
def test_a_lock_pins_each_package_by_hash_and_names_no_host(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (LOCKS / f"{name}.lock").read_text().strip())

    assert [entry for entry in entries if not PINNED.match(entry) or "--hash=sha256:" not in entry] == []
    assert [entry for entry in entries if "://" in entry or "--index" in entry or "--find-links" in entry] == []


def test_whoever_tests_has_exactly_what_people_run() -> None:
    run, test = pinned_in("run"), pinned_in("test")

    assert {name: test.get(name) for name in run} == run


def test_what_celery_needs_to_talk_to_valkey_is_installed_for_running_too() -> None:
    wanted = [line for line in requires("kombu") or [] if re.search(r"extra == .redis.", line)]

    names = {re.split(r"[^a-zA-Z0-9-]", line)[0] for line in wanted}

    assert names
    assert names - set(pinned_in("run")) == set()
