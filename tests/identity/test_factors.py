"""A person's own factors, the office's rule on them, and the check-up."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core import clock
from core.errors import Refused
from core.trail.models import Event
from identity import actions, codes, queries, throttle
from identity.models import BackupSheet, Member, Office, TotpDevice
from tests import factories
from tests.identity.proofs import asks_for_proof
from tests.identity.test_gate import race

pytestmark = pytest.mark.django_db
LONG_AGO = clock.now() - timedelta(days=60)
RULE = {
    "owner_factors": 2,
    "manager_factors": 2,
    "trader_factors": 1,
    "auditor_factors": 1,
    "factor_grace_days": 7,
    "checkup_days": 91,
}


@pytest.fixture
def maria(office):
    return factories.make_member("Maria Santos", email="maria@hartwell.test")


def strict(**facts) -> None:
    """The rule a new office has, made long ago."""
    Office.objects.update(**RULE | {"factors_ruled_at": LONG_AGO, "checkup_days": 0} | facts)
    Member.objects.update(joined_at=LONG_AGO)


def now_shows(device: TotpDevice) -> str:
    return codes.code_at(device.seed(), clock.now())


def said_in(page) -> str:
    return page.content.decode()


def verbs() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))


# Several authenticators


def add_app(client, **typed):
    client.get("/me/authenticators/new/")
    begun = TotpDevice.objects.get(confirmed=False)
    facts = {"carrier": "Tablet", "name": "", "code": now_shows(begun)} | typed
    return client.post("/me/authenticators/new/", facts)


def test_a_second_app_on_another_device_is_added_and_told(maria, browse):
    answer = add_app(browse(maria))

    found = queries.factors(maria)
    assert answer.url == "/me/factors/"
    assert [app.carrier for app in found.authenticators] == ["My phone", "Tablet"]
    assert queries.standing_of(maria).independent == 2
    assert [letter.subject for letter in maria.letters.all()] == ["An authenticator was added"]
    assert verbs() == ["member.factor_added"]


def remove_app(client):
    spare = factories.make_totp(Member.objects.get(name="Maria Santos"), carrier="Old tablet")
    return client.post(f"/me/authenticators/{spare.pk}/remove/")


@pytest.mark.parametrize(
    "deed", [add_app, remove_app, lambda client: client.post("/me/codes/")], ids=["added", "removed", "codes"]
)
def test_a_factor_that_comes_or_goes_ends_every_other_session(maria, browse, deed):
    here, there = browse(maria), browse(maria)

    deed(here)

    assert here.get("/me/").status_code == 200
    assert there.get("/me/").url.startswith("/signin/")


def test_codes_of_both_apps_open_the_house(maria, client):
    tablet = factories.make_totp(maria, carrier="Tablet")

    for device in (TotpDevice.objects.get(carrier="My phone"), tablet):
        client.post("/signin/", {"email": maria.email, "password": factories.PASSWORD})
        client.post("/signin/code/", {"code": now_shows(device)})
        assert client.get("/me/").status_code == 200
        client.post("/signout/")


def test_a_wrong_first_code_adds_nothing(maria, browse):
    page = add_app(browse(maria), code="000000")

    assert "not right" in said_in(page)
    assert not TotpDevice.objects.filter(carrier="Tablet").exists()


def test_an_app_needs_a_fresh_proof_and_says_where_it_is(maria, browse):
    stale = browse(maria, fresh=False)
    client = browse(maria)

    assert stale.get("/me/authenticators/new/").url.startswith("/stepup/")
    assert "Fill this in." in said_in(add_app(client, carrier=""))


def test_ten_apps_are_enough(maria, browse):
    for n in range(9):
        factories.make_totp(maria, carrier=f"Tablet {n}")

    assert browse(maria).get("/me/authenticators/new/").url == "/me/factors/"


def test_more_apps_give_no_more_tries(maria):
    """Wrong codes count for all of them together; while they wait, a right code of any waits too."""
    tablet = factories.make_totp(maria, carrier="Tablet")
    for _ in range(throttle.FREE_TRIES + 1):
        actions.try_code(maria, code="000000", network=None, at=clock.now())

    answer = actions.try_code(maria, code=now_shows(tablet), network=None, at=clock.now())

    assert answer.device is None
    assert answer.wait > 0


def test_a_right_code_of_any_app_ends_the_row_of_wrong_ones_of_all(maria):
    tablet, at = factories.make_totp(maria, carrier="Tablet"), clock.now()
    for _ in range(throttle.FREE_TRIES):
        actions.try_code(maria, code="000000", network=None, at=at)

    answer = actions.try_code(maria, code=now_shows(tablet), network=None, at=at)
    next_wrong = actions.try_code(maria, code="000000", network=None, at=at + timedelta(seconds=1))

    assert answer.device == tablet
    assert next_wrong.wait == 0


@pytest.mark.django_db(transaction=True)
def test_one_code_of_the_second_app_in_many_parallel_requests_signs_in_once(maria):
    code = now_shows(factories.make_totp(maria, carrier="Tablet"))

    answers = race(lambda: actions.try_code(maria, code=code, network=None, at=clock.now()), 8)

    assert sum(answer.device is not None for answer in answers) == 1


def test_one_app_is_begun_at_a_time_and_each_is_on_something(maria):
    factories.make_totp(maria, confirmed=False)

    with pytest.raises(IntegrityError, match="one_authenticator_is_begun_at_a_time"), transaction.atomic():
        factories.make_totp(maria, confirmed=False)
    with pytest.raises(IntegrityError, match="an_authenticator_is_on_something"), transaction.atomic():
        factories.make_totp(maria, carrier="")


# Naming and removing


def test_a_factor_gets_another_name_and_another_device(maria, browse):
    key = factories.make_passkey(maria)

    answer = browse(maria).post(f"/me/passkeys/{key.pk}/edit/", {"name": "Blue key", "carrier": "Key ring"})

    key.refresh_from_db()
    assert (answer.url, key.name, key.carrier) == ("/me/factors/", "Blue key", "Key ring")
    assert verbs() == ["member.factor_changed"]
    assert "Blue key" not in str(list(Event.objects.values_list("facts", flat=True)))


def test_saying_that_both_are_on_one_device_is_refused_where_two_are_needed(owner, browse):
    strict()
    key = factories.make_passkey(owner)

    page = browse(owner).post(f"/me/passkeys/{key.pk}/edit/", {"name": "Key", "carrier": "My phone"})

    key.refresh_from_db()
    assert "all your factors would be on one device" in said_in(page)
    assert key.carrier == "YubiKey"


def test_a_factor_is_removed_after_a_word_and_told(maria, browse):
    key = factories.make_passkey(maria)
    client = browse(maria)
    assert "What will happen" in said_in(client.get(f"/me/passkeys/{key.pk}/remove/"))

    client.post(f"/me/passkeys/{key.pk}/remove/")

    assert queries.factors(maria).passkeys == ()
    assert [letter.subject for letter in maria.letters.all()] == ["A passkey was removed"]
    assert verbs() == ["member.factor_removed"]


def test_removing_needs_a_fresh_proof(maria, browse):
    key = factories.make_passkey(maria)

    answer = browse(maria, fresh=False).post(f"/me/passkeys/{key.pk}/remove/")

    assert asks_for_proof(answer)
    assert queries.factors(maria).passkeys == (key,)


def test_the_last_factor_stays(maria, browse):
    app = TotpDevice.objects.get()

    page = browse(maria).post(f"/me/authenticators/{app.pk}/remove/", follow=True)

    assert "your last factor" in said_in(page)
    assert TotpDevice.objects.filter(pk=app.pk).exists()


def test_a_factor_that_the_rule_needs_stays(owner, browse):
    strict()
    key = factories.make_passkey(owner)

    page = browse(owner).post(f"/me/passkeys/{key.pk}/remove/", follow=True)

    assert "the office asks you for two" in said_in(page).lower()
    assert queries.factors(owner).passkeys == (key,)


def test_a_passkey_for_another_address_may_always_go(owner):
    strict()
    factories.make_passkey(owner)
    old = factories.make_passkey(owner, host="old.example")

    actions.remove_factor(old, by=owner, at=clock.now())

    assert queries.factors(owner).void == ()


def test_nobody_removes_or_renames_a_factor_of_somebody_else(maria, owner, browse):
    key, app = factories.make_passkey(maria), TotpDevice.objects.get(user=maria)
    client = browse(owner)

    answers = {
        client.post(f"/me/{kind}/{pk}/{deed}/", {"name": "x", "carrier": "y"}).status_code
        for kind, pk in (("passkeys", key.pk), ("authenticators", app.pk))
        for deed in ("edit", "remove")
    }
    with pytest.raises(Refused, match="gone already"):
        actions.remove_factor(key, by=owner, at=clock.now())

    assert answers == {404}


@pytest.mark.django_db(transaction=True)
def test_two_removals_at_once_leave_one_factor(maria):
    keys = [factories.make_passkey(maria, carrier=f"Key {n}") for n in range(3)]
    factors = [TotpDevice.objects.get(), *keys]

    def remove():
        try:
            return actions.remove_factor(factors.pop(), by=maria, at=clock.now())
        except Refused as no:
            return str(no)

    said = race(remove, 4)

    assert len(queries.standing_of(maria).held) == 1
    assert [words for words in said if words] == ["This is your last factor. Add another one first, then remove this."]


# The rule


def test_who_lacks_a_factor_is_led_to_their_factors_from_everywhere(owner, browse):
    strict()
    client = browse(owner)

    led = {client.get(path).get("Location") for path in ("/", "/people/", "/trail/", "/me/", "/office/")}
    fragment = client.get("/people/", headers={"HX-Request": "true"})
    posted = client.post("/people/new/", {"name": "Somebody"})

    assert led == {"/me/factors/"}
    assert fragment["HX-Redirect"] == "/me/factors/"
    assert posted.url == "/me/factors/"
    assert not Member.objects.filter(name="Somebody").exists()


def test_what_stays_open_is_what_mends_it(owner, browse):
    from tests.architecture.test_routes import all_routes

    lacking = {route for route, view in all_routes().items() if getattr(view, "lacking", False)}

    assert lacking == {
        "stepup/",
        "me/factors/",
        "me/codes/",
        "me/checkup/",
        "me/authenticators/new/",
        "me/authenticators/<int:pk>/edit/",
        "me/authenticators/<int:pk>/remove/",
        "me/passkeys/new/",
        "me/passkeys/<int:pk>/edit/",
        "me/passkeys/<int:pk>/remove/",
        "office/factors/",
    }
    strict()
    page = said_in(browse(owner).get("/me/factors/"))
    assert "One more factor is needed first" in page
    assert "All you have is on “My phone”" in page


def test_signing_in_ends_at_ones_factors_and_adding_one_opens_the_rest(owner, client):
    strict()
    client.post("/signin/", {"email": owner.email, "password": factories.PASSWORD})
    inside = client.post("/signin/code/", {"code": now_shows(TotpDevice.objects.get())}, follow=True)
    assert inside.redirect_chain[-1][0] == "/me/factors/"

    add_app(client)

    assert client.get("/").status_code == 200


def test_during_the_grace_a_banner_has_the_date(owner, browse):
    strict(factors_ruled_at=clock.now())

    page = browse(owner).get("/")

    assert page.status_code == 200
    assert "You need one more way to sign in." in said_in(page)
    assert "There is time until" in said_in(page)


@pytest.mark.parametrize(
    ("role", "second", "status"),
    [
        ("owner", None, 302),
        ("owner", {"carrier": "my phone"}, 302),
        ("owner", {"carrier": "YubiKey"}, 200),
        ("owner", {"carrier": "YubiKey", "host": "old.example"}, 302),
        ("owner", {"carrier": "YubiKey", "confirmed": False}, 302),
        ("manager", None, 302),
        ("trader", None, 200),
        ("auditor", None, 200),
    ],
)
def test_the_rule_of_each_role(office, browse, role, second, status):
    person = factories.make_member("Somebody", role=role)
    if second:
        factories.make_passkey(person, **second)
    strict()

    assert browse(person).get("/").status_code == status


def test_a_grace_of_no_days_holds_at_once(owner, browse):
    strict(factors_ruled_at=clock.now(), factor_grace_days=0)

    assert browse(owner).get("/").url == "/me/factors/"


def test_a_promotion_counts_from_the_next_sign_in(maria, owner, browse):
    strict()
    factories.make_passkey(owner)
    client = browse(maria)
    assert client.get("/").status_code == 200

    actions.change_member(maria, by=owner, at=clock.now(), role="manager")

    assert client.get("/").url.startswith("/signin/")
    assert browse(maria).get("/").url == "/me/factors/"


def test_an_owner_can_always_mend_the_rule(owner, browse):
    """The last owner, with one factor, and a rule that asks for two."""
    strict()
    client = browse(owner)
    version = re.search(r'name="version" value="([^"]*)"', said_in(client.get("/office/factors/"))).group(1)

    client.post("/office/factors/", RULE | {"owner_factors": 1, "version": version})

    assert client.get("/").status_code == 200
    assert [letter.subject for letter in owner.letters.all()] == ["The rule on factors was changed"]
    assert Event.objects.get().detail == {"changes": {"owner_factors": [2, 1], "checkup_days": [0, 91]}}


def test_only_an_owner_with_a_fresh_proof_changes_the_rule(owner, manager, browse):
    assert browse(manager).post("/office/factors/", RULE).status_code == 403
    assert browse(owner, fresh=False).get("/office/factors/").url.startswith("/stepup/")
    with pytest.raises(Refused, match="Only an owner"):
        actions.change_factor_rule(by=manager, at=clock.now(), owner_factors=1)


def test_a_stricter_rule_gives_the_grace_anew_and_a_milder_one_does_not(owner):
    strict()
    at = clock.now()

    actions.change_factor_rule(by=owner, at=at, trader_factors=2)
    stricter = Office.objects.get().factors_ruled_at
    actions.change_factor_rule(by=owner, at=at + timedelta(days=1), trader_factors=1)

    assert (stricter, Office.objects.get().factors_ruled_at) == (at, at)


@pytest.mark.parametrize("count", [0, 3])
def test_a_role_needs_one_factor_or_two(office, count):
    with pytest.raises(IntegrityError, match="a_role_needs_one_factor"), transaction.atomic():
        Office.objects.update(trader_factors=count)


# Who has what


def test_people_says_how_many_independent_factors_each_has(owner, manager, maria, browse):
    Member.objects.update(joined_at=clock.now())
    strict(factors_ruled_at=clock.now())
    factories.make_passkey(owner)
    TotpDevice.objects.filter(user=maria).delete()
    client = browse(owner)

    everybody, lacking = (said_in(client.get(path)) for path in ("/people/", "/people/?lacking=1"))

    counts = [everybody.count(f"{words}</span>") for words in ("No factor", "One factor", "Two independent factors")]
    assert counts == [1, 1, 1]
    table = lacking.partition("<tbody")[2]
    assert "Eleanor" not in table
    assert table.index("Maria Santos") < table.index("Tom Okafor")


def test_people_asks_no_query_a_person(owner, browse):
    client = browse(owner)
    client.get("/people/")

    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get("/people/")
        return len(asked)

    few = count()
    for n in range(40):
        person = factories.make_member(f"Person {n}", signs_in=False)
        person.joined_at, person.email = person.created_at, f"p{n}@hartwell.test"
        person.save()
        factories.make_totp(person)
    assert count() == few


def test_a_persons_page_says_the_same(owner, maria, browse):
    factories.make_passkey(maria)

    page = said_in(browse(owner).get(f"/people/{maria.pk}/"))

    assert "Two independent factors" in page
    assert "Authenticator, passkey, 3 backup codes" in page


def test_today_tells_owners_who_lacks_a_factor(owner, manager, maria, browse):
    factories.make_account()
    factories.make_login(maria, doors=["tws"])
    strict(factors_ruled_at=clock.now())
    factories.make_passkey(owner)

    assert "Tom Okafor lacks a factor" in said_in(browse(owner).get("/"))
    assert "lacks a factor" not in said_in(browse(manager).get("/"))


@pytest.mark.parametrize(
    ("apps", "keys", "sheet", "words"),
    [
        (0, 0, False, "none yet"),
        (1, 0, False, "authenticator"),
        (1, 0, True, "authenticator, 3 backup codes"),
        (2, 1, True, "2 authenticators, passkey, 3 backup codes"),
        (0, 2, False, "2 passkeys"),
    ],
)
def test_factors_in_words(office, apps, keys, sheet, words):
    person = factories.make_member("Somebody", signs_in=False)
    for n in range(apps):
        factories.make_totp(person, carrier=f"Phone {n}")
    for _ in range(keys):
        factories.make_passkey(person)
    if sheet:
        factories.make_sheet(person)

    assert queries.factors(person).in_words == words


# The check-up


def sheet_day(member) -> str:
    made_at = BackupSheet.objects.get(user=member).made_at
    return clock.local_day(made_at, member.timezone).isoformat()


def test_the_checkup_is_done_when_all_was_tried_and_burns_no_code(maria, browse):
    app = TotpDevice.objects.get()
    client = browse(maria)
    client.post("/me/checkup/", {"step": "sheet", "made_on": sheet_day(maria)})
    maria.refresh_from_db()
    halfway = maria.factors_checked_at

    answer = client.post("/me/checkup/", {"step": app.persistent_id, "code": now_shows(app)})

    maria.refresh_from_db()
    assert (halfway, answer.url) == (None, "/me/factors/")
    assert clock.now() - maria.factors_checked_at < timedelta(minutes=1)
    assert queries.factors(maria).codes_left == 3
    assert Event.objects.get(verb="member.factors_checked").detail == {"tried": ["authenticator", "sheet"]}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"step": "sheet", "made_on": "2020-01-01"}, "not the date of the sheet that works"),
        ({"step": "sheet", "made_on": "yesterday"}, "Write the day"),
        ({"step": "sheet"}, "Fill this in"),
        ({"step": "app", "code": "000000"}, "not this app’s"),
        ({"step": "app", "code": ""}, "Type the six digits"),
        ({"step": "other", "code": "000000"}, ""),
        ({}, ""),
    ],
)
def test_what_does_not_work_is_said_and_nothing_is_ticked(maria, browse, typed, words):
    app = TotpDevice.objects.get()
    typed = typed | ({"step": app.persistent_id} if typed.get("step") == "app" else {})

    page = browse(maria).post("/me/checkup/", typed)

    assert words in said_in(page)
    assert "Two to try" in said_in(page)


def test_a_code_of_another_app_does_not_tick_this_one(maria, browse):
    phone, tablet = TotpDevice.objects.get(), factories.make_totp(maria, carrier="Tablet")

    page = browse(maria).post("/me/checkup/", {"step": phone.persistent_id, "code": now_shows(tablet)})

    assert "not this app’s" in said_in(page)
    assert "Three to try" in said_in(page)


def test_the_page_does_not_say_the_date_it_asks_for(maria, browse):
    page = said_in(browse(maria).get("/me/checkup/"))

    assert sheet_day(maria) not in page


def test_a_banner_asks_for_a_checkup_that_is_due(maria, browse):
    Office.objects.update(checkup_days=91)
    joined = {True: clock.now() - timedelta(days=29), False: clock.now() - timedelta(days=27)}

    for is_due, day in joined.items():
        Member.objects.update(joined_at=day)
        assert ("Your check-up is due." in said_in(browse(maria).get("/"))) is is_due
