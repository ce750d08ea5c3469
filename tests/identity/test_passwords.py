"""A forgotten password, a changed one, a changed address: none of them ever skips the second factor."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from core.errors import Refused
from core.letters import kinds
from core.letters.models import Letter
from core.trail.models import Event
from identity import actions, codes, queries
from identity.models import AddressChange, Member, PasswordReset, TotpDevice
from identity.tasks import post_password_resets
from tests import factories
from tests.factories import AT, PASSWORD
from tests.identity.proofs import asks_for_proof
from tests.identity.test_gate import race
from tests.identity.test_resets import links

pytestmark = pytest.mark.django_db
NEW = "nine slow herons over the weir"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def people(office):
    """One of each kind of name that somebody might type."""
    factories.make_member("Maria Santos", email="known@hartwell.test")
    factories.make_member("Left", email="left@hartwell.test", left_at=AT)
    factories.make_member("Over", email="over@hartwell.test", ends_on=AT.date() - timedelta(days=400))
    factories.make_member("Invited", email="invited@hartwell.test", signs_in=False)
    return [f"{name}@hartwell.test" for name in ("known", "left", "over", "invited", "nobody")]


def ask(email: str, *, client: Client | None = None, network: str = "192.0.2.7"):
    return (client or Client()).post("/forgotten/", {"email": email}, REMOTE_ADDR=network)


def asked(member: Member) -> str:
    """Ask and let the worker write; the address of the page behind the newest link."""
    actions.forgot_password(email=member.email, network=None, at=clock.now())
    post_password_resets()
    return links(member, "password")[-1]


# Asking


def test_every_name_gets_the_same_answer(people):
    pages = {ask(email).content.split(b"csrfmiddleware")[0] for email in people}

    assert len(pages) == 1
    assert b"Look into your mailbox" in pages.pop()


def test_every_name_costs_the_same_queries(people):
    shapes = set()
    for email in people:
        client = Client()
        client.get("/forgotten/")
        with CaptureQueriesContext(connection) as asked_of:
            ask(email, client=client)
        shapes.add(tuple((query["sql"] or "prepared").split(" ")[0] for query in asked_of.captured_queries))

    assert len(shapes) == 1


def test_no_name_takes_longer_than_another(people):
    """The quickest of nine, within a third of each other: a letter or a hash more for some would be far outside."""
    spent: dict[str, list[float]] = {email: [] for email in people}
    for number in range(9):
        for email in people:
            PasswordReset.objects.all().delete()
            began = time.perf_counter()
            actions.forgot_password(email=email, network=f"192.0.2.{number}", at=clock.now())
            spent[email].append(time.perf_counter() - began)

    quickest = [min(times) for times in spent.values()]
    assert max(quickest) < 1.34 * min(quickest) + 0.002


def test_only_who_can_sign_in_gets_a_letter_and_the_trail_says_so(people):
    for email in people:
        ask(email)

    post_password_resets()
    post_password_resets()

    assert list(Letter.objects.values_list("address", flat=True)) == ["known@hartwell.test"]
    assert list(Event.objects.values_list("verb", flat=True)) == ["member.password_forgotten"]


@pytest.mark.parametrize("email", ["known@hartwell.test", "nobody@hartwell.test"])
def test_asking_for_one_name_too_often_has_to_wait(people, email):
    answers = [ask(email, network=f"192.0.2.{number}") for number in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 3500 < int(answers[-1]["Retry-After"]) <= 3600


def test_asking_from_one_network_too_often_has_to_wait(people):
    statuses = [ask(f"name{number}@hartwell.test").status_code for number in range(11)]

    assert statuses == [200] * 10 + [429]


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_when_many_ask_at_once(people):
    waits = race(lambda: actions.forgot_password(email=people[0], network="192.0.2.9", at=clock.now()), count=12)

    assert sum(wait == 0 for wait in waits) == 3
    assert PasswordReset.objects.count() == 3


def test_names_of_nobody_are_forgotten_after_a_day(people):
    actions.forgot_password(email="nobody@hartwell.test", network=None, at=AT)

    actions.post_password_resets(at=AT + timedelta(days=1, seconds=1))

    assert PasswordReset.objects.count() == 0


# Using


def test_a_new_password_still_asks_for_the_code(trader, browse):
    inside, client = browse(trader), Client()

    answer = client.post(asked(trader), {"password": NEW, "again": NEW})

    assert answer.url == "/signin/"
    assert inside.get("/me/").url.startswith("/signin/")
    assert client.get("/me/").url == "/signin/?next=/me/"
    client.post("/signin/", {"email": trader.email, "password": NEW})
    assert client.get("/me/").url == "/signin/?next=/me/"
    code = codes.code_at(TotpDevice.objects.get(user=trader).seed(), clock.now())
    client.post("/signin/code/", {"code": code})
    assert client.get("/me/").status_code == 200
    assert "Your password was changed" in trader.letters.values_list("subject", flat=True)


def test_a_new_password_ends_a_session_that_had_only_shown_the_old_one(trader):
    halfway = Client()
    halfway.post("/signin/", {"email": trader.email, "password": PASSWORD})

    Client().post(asked(trader), {"password": NEW, "again": NEW})

    assert halfway.get("/signin/code/").url == "/signin/"


def test_a_link_works_once_and_its_use_makes_every_other_one_void(trader):
    first, second, third = asked(trader), asked(trader), asked(trader)

    assert [Client().get(link).status_code for link in (first, second, third)] == [200, 200, 200]
    Client().post(second, {"password": NEW, "again": NEW})
    assert [Client().get(link).status_code for link in (first, second, third)] == [404, 404, 404]


def test_whom_strangers_keep_from_asking_has_a_link_that_works(trader):
    """Three requests in somebody's name fill the hour; as long as they do, the newest link stays good."""
    link = [asked(trader) for _ in range(3)][-1]
    until = clock.now() + timedelta(seconds=3590)

    with time_machine.travel(until, tick=False):
        assert ask(trader.email, network="192.0.2.77").status_code == 429
        assert Client().get(link).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_links_used_at_once_one_sets_the_password(trader):
    for _ in range(2):
        asked(trader)
    resets = list(PasswordReset.objects.order_by("pk"))

    def use():
        reset = resets.pop()
        try:
            return actions.use_password_reset(reset, password=f"{NEW} {reset.pk}", address=None, at=clock.now())
        except Refused:
            return None

    assert sum(won is not None for won in race(use, count=2)) == 1


def test_opening_the_link_changes_nothing(trader):
    link = asked(trader)

    for _ in range(3):
        Client().get(link)

    assert PasswordReset.objects.get().used_at is None


def test_a_link_is_void_after_an_hour(trader):
    link = asked(trader)

    with time_machine.travel(clock.now() + 59 * MINUTE, tick=False):
        assert Client().get(link).status_code == 200
    with time_machine.travel(clock.now() + 61 * MINUTE, tick=False):
        assert Client().get(link).status_code == 404


def test_a_link_that_is_void_does_not_leave_any_more(trader):
    asked(trader)
    letter = Letter.objects.get(kind="link")

    assert kinds.refreshed(letter, clock.now()) is not None
    assert kinds.refreshed(letter, clock.now() + 61 * MINUTE) is None


def test_the_new_password_is_judged_as_at_joining(trader):
    page = Client().post(asked(trader), {"password": "santossantossantos", "again": "santossantossantos"})

    assert "too easy to guess" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_one_password_link_in_many_parallel_requests_counts_once(trader):
    asked(trader)
    reset = PasswordReset.objects.select_related("member").get()

    def attempt():
        try:
            return actions.use_password_reset(reset, password=NEW, address=None, at=clock.now())
        except Refused:
            return None

    assert sum(member is not None for member in race(attempt, count=20)) == 1


# Changing one's own


def test_changing_the_password_needs_a_fresh_proof_and_the_old_one(trader, browse):
    facts = {"old": PASSWORD, "password": NEW, "again": NEW}

    assert asks_for_proof(browse(trader, fresh=False).post("/me/password/", facts))
    page = browse(trader).post("/me/password/", facts | {"old": "not the old one"})
    assert "not your present password" in page.content.decode()
    trader.refresh_from_db()
    assert trader.password == Member.objects.get(pk=trader.pk).password


def test_changing_the_password_keeps_this_session_and_ends_the_others(trader, browse):
    here, there = browse(trader), browse(trader)

    answer = here.post("/me/password/", {"old": PASSWORD, "password": NEW, "again": NEW})

    assert answer.url == "/me/"
    assert here.get("/me/").status_code == 200
    assert there.get("/me/").url.startswith("/signin/")
    assert {event.verb for event in Event.objects.all()} == {"member.sessions_ended", "member.password_changed"}


def test_guessing_the_old_password_is_slowed_down_like_at_the_door(trader, browse):
    client, facts = browse(trader), {"old": "not the old one", "password": NEW, "again": NEW}

    statuses = [client.post("/me/password/", facts).status_code for _ in range(6)]

    assert (statuses[0], statuses[-1]) == (200, 429)


def test_a_weak_new_password_is_refused(trader, browse):
    page = browse(trader).post("/me/password/", {"old": PASSWORD, "password": "short", "again": "short"})

    assert "at least 15 characters" in page.content.decode()


# One's own address


def ask_for_another(trader, client) -> str:
    client.post("/me/address/", {"email": "elsewhere@hartwell.test"})
    return links(trader, "address")[-1]


def test_an_address_counts_only_once_the_new_one_was_confirmed(trader, browse):
    client, old = browse(trader), trader.email

    link = ask_for_another(trader, client)

    told = {(letter.address, letter.kind) for letter in trader.letters.all()}
    assert told == {("elsewhere@hartwell.test", "link"), (old, "security")}
    assert client.get(link).status_code == 200
    assert Member.objects.get(pk=trader.pk).email == old
    client.post(link)
    assert Member.objects.get(pk=trader.pk).email == "elsewhere@hartwell.test"
    changed = trader.letters.filter(subject="Your e-mail address was changed")
    assert {letter.address for letter in changed} == {old, "elsewhere@hartwell.test"}
    assert client.post(link).status_code == 404


def test_the_link_opens_nothing_for_anybody_else(trader, manager, browse):
    link = ask_for_another(trader, browse(trader))

    assert Client().get(link).url.startswith("/signin/")
    assert browse(manager).get(link).status_code == 404


def test_asking_for_another_address_needs_a_fresh_proof(trader, browse):
    assert asks_for_proof(browse(trader, fresh=False).post("/me/address/", {"email": "a@b.test"}))
    assert not trader.letters.exists()


@pytest.mark.parametrize("how", ["called off", "too old", "asked anew"])
def test_a_change_that_is_over_is_refused(trader, browse, how):
    client = browse(trader)
    link = ask_for_another(trader, client)

    if how == "called off":
        client.post("/me/address/revoke/")
    elif how == "too old":
        AddressChange.objects.update(expires_at=clock.now())
    else:
        ask_for_another(trader, client)

    assert client.post(link).status_code == 404


def test_somebody_elses_address_is_refused_when_it_would_count(trader, manager, browse):
    client = browse(trader)
    client.post("/me/address/", {"email": manager.email})

    page = client.post(links(trader, "address")[-1], follow=True).content.decode()

    assert "Somebody else has that address already" in page
    assert AddressChange.objects.get().confirmed_at is None


def test_a_manager_does_not_change_their_own_address_around_the_link(manager):
    with pytest.raises(Refused, match="your own page"):
        actions.change_member(manager, by=manager, at=clock.now(), email="new@hartwell.test")


def test_a_changed_address_voids_the_links_sent_to_the_old_one(trader, owner):
    link = asked(trader)

    actions.change_member(trader, by=owner, at=clock.now(), email="new@hartwell.test")

    assert Client().get(link).status_code == 404
    assert queries.addresses_of(Member.objects.get(pk=trader.pk), at=clock.now())[0] == "new@hartwell.test"


# What the tables themselves refuse


def test_the_tables_refuse_what_cannot_be(trader):
    span = {"made_at": AT, "expires_at": AT + MINUTE}
    PasswordReset.objects.create(name="a", **span)
    AddressChange.objects.create(member=trader, new="a@b.test", **span)
    wrong = {
        "a_password_link_expires_after_it_was_made": lambda: PasswordReset.objects.create(
            name="b", made_at=AT, expires_at=AT
        ),
        "an_address_is_confirmed_or_called_off": lambda: AddressChange.objects.create(
            member=trader, new="c@d.test", confirmed_at=AT, revoked_at=AT, **span
        ),
        "one_waiting_address_each": lambda: AddressChange.objects.create(member=trader, new="c@d.test", **span),
    }

    for name, attempt in wrong.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            attempt()
