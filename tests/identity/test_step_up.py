"""A fresh proof: asked for where it is needed, with what was typed, and never twice with the same code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import PasswordInput
from django.http import QueryDict

from accounts.models import Grant
from core import clock
from core.trail.models import Event
from identity import codes, forms, proof, tasks, throttle
from identity.models import Member, TotpDevice
from tests import factories
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NEW = {
    "name": "Priya Nair",
    "email": "priya@hartwell.test",
    "role": "trader",
    "timezone": "Europe/London",
    "digest_hour": "8",
    "note": "Starts in December",
}


def code_of(member) -> str:
    return codes.code_at(TotpDevice.objects.get(user=member).seed(), clock.now())


def wrong_code(member) -> str:
    return f"{(int(code_of(member)) + 500_000) % 1_000_000:06d}"


def added() -> bool:
    return Member.objects.get_queryset().filter(name="Priya Nair").exists()


def test_the_code_and_what_was_typed_do_the_deed_in_one_step(owner, browse):
    client = browse(owner, fresh=False)
    asked = client.post("/people/new/", NEW)
    carried = dict(asked.context["carried"])

    answer = client.post("/people/new/", carried | {"proof-code": code_of(owner)})

    assert carried == NEW
    assert answer.status_code == 302
    assert Member.objects.get_queryset().get(name="Priya Nair").note == "Starts in December"


def test_what_is_wrong_in_the_form_is_said_after_the_proof_with_everything_filled_in(owner, browse):
    client = browse(owner, fresh=False)

    page = client.post("/people/new/", NEW | {"digest_hour": "99", "proof-code": code_of(owner)}).content.decode()

    assert 'value="Priya Nair"' in page
    assert "less than or equal to 23" in page
    assert not added()


def test_a_wrong_code_does_nothing_asks_again_and_is_in_the_trail(owner, browse):
    client = browse(owner, fresh=False)

    asked = client.post("/people/new/", NEW | {"proof-code": wrong_code(owner)})

    assert dict(asked.context["carried"]) == NEW
    assert "That code is wrong" in asked.content.decode()
    assert not added()
    tasks.watch_the_gate()
    assert [(event.verb, event.detail["stage"]) for event in Event.objects.all()] == [
        ("member.sign_in_failed", "stepup")
    ]


def test_after_wrong_codes_even_the_right_one_waits(owner, browse):
    client = browse(owner, fresh=False)
    for _ in range(throttle.FREE_TRIES + 1):
        client.post("/people/new/", NEW | {"proof-code": wrong_code(owner)})

    answer = client.post("/people/new/", NEW | {"proof-code": code_of(owner)})

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) >= 1
    assert "Too many wrong tries" in answer.content.decode()
    assert not added()


def test_the_code_of_the_sign_in_is_no_fresh_proof(owner, browse):
    with time_machine.travel(NOON, tick=False):
        client, code = browse(owner, fresh=False), code_of(owner)
        client.post("/signout/")
        client.post("/signin/", {"email": owner.email, "password": PASSWORD})
        client.post("/signin/code/", {"code": code})
        session = client.session
        session["fresh_at"] -= 601
        session.save()

        client.post("/people/new/", NEW | {"proof-code": code})

    assert not added()


def test_a_backup_code_is_no_fresh_proof(owner, browse):
    client = browse(owner, fresh=False)
    owner.backupsheet_set.all().delete()
    factories.make_sheet(owner, ["aaaa-bbbb-cccc-dddd"])

    client.post("/people/new/", NEW | {"proof-code": "aaaa-bbbb-cccc-dddd"})
    client.post("/stepup/", {"proof-code": "aaaabbbbcccc"})

    assert not added()


def test_who_signed_in_with_a_backup_code_has_shown_nothing_fresh(owner, client):
    owner.backupsheet_set.all().delete()
    factories.make_sheet(owner, ["aaaa-bbbb-cccc-dddd"])
    client.post("/signin/", {"email": owner.email, "password": PASSWORD})
    client.post("/signin/backup/", {"code": "aaaa-bbbb-cccc-dddd"})

    assert client.get("/me/").status_code == 200
    assert client.get("/people/new/").url == "/stepup/?next=/people/new/"


def test_a_proof_lasts_ten_minutes_and_using_it_does_not_prolong_it(owner, browse):
    with time_machine.travel(NOON, tick=False) as travel:
        client = browse(owner)
        travel.shift(timedelta(minutes=9, seconds=59))
        within = client.get("/people/new/")
        travel.shift(timedelta(seconds=2))
        after = client.get("/people/new/")

    assert (within.status_code, after.url) == (200, "/stepup/?next=/people/new/")


def test_a_proof_from_the_future_counts_for_nothing(owner, browse):
    client = browse(owner)
    session = client.session
    session["fresh_at"] += 3600
    session.save()

    assert client.get("/people/new/").status_code == 302


def test_a_proof_changes_the_key_and_the_old_one_opens_nothing(owner, browse, client):
    browser = browse(owner, fresh=False)
    old = browser.cookies["postern"].value

    browser.post("/stepup/?next=/people/new/", {"proof-code": code_of(owner)})
    client.cookies["postern"] = old

    assert browser.cookies["postern"].value != old
    assert browser.get("/people/new/").status_code == 200
    assert client.get("/me/").url.startswith("/signin/")


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"])
def test_a_proof_leads_nowhere_else(owner, browse, target):
    client = browse(owner, fresh=False)

    assert client.post(f"/stepup/?next={target}", {"proof-code": code_of(owner)}).url == "/"


def test_passwords_codes_and_files_are_not_carried_and_the_page_says_so(owner, browse):
    client = browse(owner, fresh=False)
    posted = {"name": "Priya", "password": "seven quiet harbours", "code": "123456", "api_token": "x"}
    posted["photo"] = SimpleUploadedFile("face.png", b"png")

    page = client.post("/people/new/", posted)

    assert dict(page.context["carried"]) == {"name": "Priya"}
    assert page.context["left_out"] == ["photo", "password", "code", "api token"]
    assert "seven quiet harbours" not in page.content.decode()


def test_every_password_field_of_the_house_is_one_that_is_never_carried():
    names = {
        name
        for form in vars(forms).values()
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field.widget, PasswordInput)
    }

    assert names == {"password", "again", "old"}
    assert proof.worth_keeping(QueryDict("&".join(f"{name}=x" for name in names))) == {}


def test_a_fragment_gets_the_question_in_the_place_of_the_page(owner, browse):
    client = browse(owner, fresh=False)

    answer = client.post("/people/new/", NEW, headers={"HX-Request": "true"})

    assert (answer["HX-Retarget"], answer["HX-Reswap"], answer["HX-Push-Url"]) == ("#main", "innerHTML", "false")
    assert "<html" not in answer.content.decode()
    assert 'action="/people/new/"' in answer.content.decode()


def test_a_fragment_that_is_only_looked_at_goes_to_the_question_and_back_to_its_page(owner, browse):
    client = browse(owner, fresh=False)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/people/?page=2"}

    answer = client.get("/people/new/", headers=headers)

    assert answer["HX-Redirect"] == "/stepup/?next=/people/%3Fpage%3D2"


def test_another_sites_form_never_reaches_the_question(owner):
    client = factories.signed_in(owner, factories.Client(enforce_csrf_checks=True), fresh=False)

    answer = client.post("/people/new/", NEW | {"proof-code": code_of(owner)})

    assert answer.status_code == 403
    assert not added()


@pytest.fixture
def reach(trader):
    return factories.make_login(trader), factories.make_account()


def test_a_right_to_look_needs_no_proof(owner, browse, reach):
    login, account = reach

    given = {"login": login.pk, "account": account.pk, "rights": ["view"], "granted_on": "2026-11-20"}
    browse(owner, fresh=False).post(f"/grants/new/?account={account.pk}", given)

    assert [grant.rights for grant in Grant.objects.all()] == [["view"]]


def test_a_strong_right_needs_one_and_is_given_with_it(owner, browse, reach):
    login, account = reach
    client = browse(owner, fresh=False)
    typed = {"login": login.pk, "account": account.pk, "rights": ["view", "withdraw"], "granted_on": "2026-11-20"}

    asked = client.post(f"/grants/new/?account={account.pk}", typed)
    before = Grant.objects.count()
    client.post(f"/grants/new/?account={account.pk}", typed | {"proof-code": code_of(owner)})

    assert ("rights", "withdraw") in asked.context["carried"]
    assert before == 0
    assert [grant.rights for grant in Grant.objects.all()] == [["view", "withdraw"]]


def test_a_proof_is_in_the_trail(owner, browse):
    browse(owner, fresh=False).post("/stepup/", {"proof-code": code_of(owner)})

    assert [event.verb for event in Event.objects.all()] == ["member.proved_again"]
