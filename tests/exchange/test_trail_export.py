"""Taking the trail out: in the trail itself, checkable elsewhere, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import transaction

from core.trail.actions import record
from core.trail.enums import Verb
from core.trail.models import Event
from identity import actions as people
from tests.factories import make_account, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def deeds(owner, manager, at):
    """Four events by two people, with words, one of them a formula."""
    account = make_account("=1+1")
    with transaction.atomic():
        record(Verb.ACCOUNT_ADDED, by=owner, about=account, at=at, name="=1+1")
        record(Verb.ACCOUNT_CHANGED, by=manager, about=account, at=at, changes={"note": ["", "@SUM(A1)"]})
        record(Verb.SIGNED_IN, by=owner, about=owner, at=at, address="203.0.113.7")
        return record(Verb.SIGNED_OUT, by=manager, about=manager, at=at)


def export(client, form: str, **asked) -> bytes:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    answer = client.post(f"/trail/export/?{query}", {"form": form})
    assert answer.status_code == 200
    assert re.search(
        r"attachment; filename\*=UTF-8''hartwell-family-office-trail-[\d-]+\.(jsonl|csv)", answer["Content-Disposition"]
    )
    return answer.getvalue()


@pytest.fixture
def saved(tmp_path):
    """A function from an export, perhaps with its lines changed, to a file."""

    def save(data: bytes, change=lambda lines: lines) -> Path:
        file = tmp_path / "trail.jsonl"
        file.write_text("".join(change(data.decode().splitlines(keepends=True))))
        return file

    return save


def verdict(file: Path, *more: str) -> str:
    out = io.StringIO()
    call_command("verify_trail", "--file", str(file), *more, stdout=out)
    return out.getvalue()


def test_an_export_is_itself_recorded_and_not_in_its_own_file(deeds, owner, browse):
    lines = export(browse(owner), "jsonl").decode().splitlines()

    event = Event.objects.latest("pk")
    assert (event.verb, event.actor_id) == ("trail.exported", owner.pk)
    assert event.detail == {"form": "jsonl", "events": 4, "head": deeds.digest, "asked": {}}
    assert len(lines) == 5


def test_what_was_asked_for_is_recorded_too(deeds, owner, manager, browse):
    export(browse(owner), "csv", person=manager.pk, kind="accounts.account", from_day="2026-01-01")

    asked = {"By": "Tom Okafor", "About": "Account", "From": "2026-01-01"}
    assert Event.objects.latest("pk").detail["asked"] == asked
    assert Event.objects.latest("pk").detail["events"] == 1
    assert "Tom Okafor" not in str(Event.objects.latest("pk").facts)


def test_an_exported_file_is_verified_without_the_database(deeds, owner, browse, saved, django_assert_num_queries):
    file = saved(export(browse(owner), "jsonl"))

    with django_assert_num_queries(0):
        said = verdict(file, "--head", deeds.digest[:24])

    assert said.splitlines() == [
        f"4 of 4 events, chain intact; head {deeds.digest}",
        f"The head is event number {deeds.pk} of the file.",
    ]


def test_a_head_that_is_not_in_the_file_is_said(deeds, owner, browse, saved):
    with pytest.raises(CommandError, match="No event has that head"):
        verdict(saved(export(browse(owner), "jsonl")), "--head", "0" * 64)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lines: [*lines[:2], lines[2].replace("@SUM(A1)", "nothing"), *lines[3:]], "a word of it was changed"),
        (lambda lines: [*lines[:2], *lines[3:]], "does not follow the one before"),
        (lambda lines: lines[:-1], "the file says it holds 4 events"),
        (lambda lines: [lines[0], *lines[2:]], "does not follow the one before"),
        (
            lambda lines: [*lines[:3], lines[3].replace("203.0.113.7", "203.0.113.8"), lines[4]],
            "what it says was changed",
        ),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "does not follow the one before"),
    ],
)
def test_a_file_that_was_changed_is_found_out(deeds, owner, browse, saved, change, why):
    with pytest.raises(CommandError, match=why):
        verdict(saved(export(browse(owner), "jsonl"), change))


def test_a_part_says_that_it_is_a_part_and_its_events_are_judged(deeds, owner, manager, browse, saved):
    data = export(browse(owner), "jsonl", person=manager.pk)

    assert "2 events, each as it was written; the file is a selection" in verdict(saved(data))
    with pytest.raises(CommandError, match="a word of it was changed"):
        verdict(saved(data, lambda lines: [line.replace("@SUM(A1)", "x") for line in lines]))


def test_a_whole_file_cut_down_can_not_pass_for_whole(deeds, owner, browse, saved):
    def cut(lines: list[str]) -> list[str]:
        return [lines[0].replace('"whole":true', '"whole":false'), *lines[3:]]

    assert "chain intact" not in verdict(saved(export(browse(owner), "jsonl"), cut))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Line 1 is not JSON"),
        ("[]\n", "Line 1 is not an event"),
        ("{}\n", "no export of Postern"),
        ('{"postern":"trail","form":1}\n', "has form 1"),
        ('{"postern":"trail","form":2}\n', "lacks"),
    ],
)
def test_what_is_no_export_is_refused(db, saved, text, why):
    with pytest.raises(CommandError, match=why):
        verdict(saved(text.encode()))


def test_a_file_that_is_not_there_or_no_text_is_refused(db, tmp_path):
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(CommandError, match="not a text file"):
        verdict(tmp_path / "x")
    with pytest.raises(CommandError, match="can’t be read"):
        verdict(tmp_path / "y")


def test_words_that_were_taken_away_leave_the_file_whole(owner, browse, saved, at):
    maria = people.add_member(by=owner, at=at, name="Maria Santos", role="trader", timezone="Europe/London", note="x y")
    people.end_membership(maria, by=owner, at=at)
    before = export(browse(owner), "jsonl")
    people.pseudonymise(maria, reason="Asked for by letter.", by=owner, at=at)
    after = export(browse(owner), "jsonl")

    assert "Maria Santos" in before.decode()
    assert "Maria Santos" not in after.decode()
    assert "2 of 2 events, chain intact" in verdict(saved(before))
    assert "4 of 4 events, chain intact" in verdict(saved(after))


def test_the_lines_of_the_documentation_check_a_file_with_nothing_of_ours(deeds, owner, browse, saved, tmp_path):
    words = (configured.BASE_DIR / "docs" / "trail.md").read_text()
    script = tmp_path / "check.py"
    script.write_text(re.search(r"```python\n(.*?)```", words, re.DOTALL)[1])
    good = export(browse(owner), "jsonl")

    def run(file: Path) -> str:
        return subprocess.run(
            [sys.executable, script, file], capture_output=True, text=True, check=False, cwd="/"
        ).stdout

    assert run(saved(good)) == f"4 events, chain intact, head {deeds.digest}\n"
    assert "breaks at event" in run(
        saved(good, lambda lines: [line.replace("203.0.113.7", "203.0.113.8") for line in lines])
    )
    assert "breaks at event" in run(saved(good, lambda lines: [line.replace("@SUM(A1)", "no") for line in lines]))


def test_formulas_do_nothing_in_a_spreadsheet(deeds, owner, browse):
    text = export(browse(owner), "csv").decode("utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["deed"] for row in rows] == ["added an account", "changed an account", "signed in", "signed out"]
    assert rows[0]["about"].startswith("'=1+1")
    assert rows[1]["changes"] == "note: nothing → @SUM(A1)"
    assert [cell for row in rows for cell in row.values() if cell[:1] in tuple("=+-@\t")] == []
    assert rows[2]["from"] == "203.0.113.7"


def test_the_page_says_how_much_goes_in(deeds, owner, manager, browse):
    client = browse(owner)

    assert "4 events, all there are." in client.get("/trail/export/").content.decode()
    part = client.get("/trail/export/", {"person": manager.pk}).content.decode()
    assert "2 events of what you asked for." in part
    assert Event.objects.count() == 4


def test_an_empty_trail_is_exported_whole(owner, browse, saved):
    assert "0 of 0 events, chain intact" in verdict(saved(export(browse(owner), "jsonl")))


def test_many_events_are_named_some_at_a_time(owner, at, browse, saved, monkeypatch, django_assert_max_num_queries):
    from exchange.views import trail as view

    monkeypatch.setattr(view, "AT_ONCE", 10)
    with transaction.atomic():
        for n in range(35):
            record(Verb.ACCOUNT_ADDED, by=make_member(f"Person No {n}", signs_in=False), at=at, name=f"Vault {n}")
    client = browse(owner)

    with django_assert_max_num_queries(45):
        data = export(client, "jsonl")

    assert "35 of 35 events, chain intact" in verdict(saved(data))
    assert {json.loads(line)["who"] for line in data.decode().splitlines()[1:]} == {f"Person No {n}" for n in range(35)}
