"""Passkeys: made with a fresh proof, shown once, refused in every way they can be wrong."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django_otp_webauthn.models import WebAuthnUserHandle

from core import clock
from core.errors import Refused
from core.letters.models import Letter
from core.trail.models import Event
from identity import actions, codes, passkeys, queries, throttle
from identity.models import Office, Passkey, SignIn, SpentChallenge, TotpDevice
from tests import factories
from tests.factories import PASSWORD
from tests.identity.keys import Device, question_on
from tests.identity.proofs import asks_for_proof
from tests.identity.test_gate import race

pytestmark = pytest.mark.django_db
NETWORK = "127.0.0.1"


class Local(Client):
    """A browser at the address that passkeys are bound to."""

    def __init__(self, **facts):
        super().__init__(headers={"host": "localhost:8000"}, **facts)


@pytest.fixture(autouse=True)
def _address(settings):
    settings.POSTERN_URL = "http://localhost:8000/"
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
    settings.OTP_WEBAUTHN_ALLOWED_ORIGINS = ["http://localhost:8000"]
    settings.OTP_WEBAUTHN_RP_ID = "localhost"


@pytest.fixture
def maria(office):
    return factories.make_member("Maria Santos", email="maria@hartwell.test")


@pytest.fixture
def inside(maria):
    return factories.signed_in(maria, Local())


def add(client, device: Device, **typed):
    question = question_on(client.get("/me/passkeys/new/"))
    typed = {"carrier": "Laptop", "name": "", "credential": device.make(question)} | typed
    return client.post("/me/passkeys/new/", typed)


@pytest.fixture
def device(inside) -> Device:
    """Maria's security key, on file."""
    device = Device()
    add(inside, device)
    return device


def halfway(email: str = "maria@hartwell.test", client: Client | None = None) -> Client:
    client = client or Local()
    client.post("/signin/", {"email": email, "password": PASSWORD})
    return client


def show(client, device: Device, address: str = "/signin/passkey/", **said):
    return client.post(address, {"credential": device.show(question_on(client.get(address)), **said)})


def is_inside(client) -> bool:
    return client.get("/me/").status_code == 200


def said_in(page) -> str:
    return page.content.decode()


def try_now(member, device: Device, **facts):
    """The action itself, with a question of its own."""
    question = passkeys.ask_to_show(member)
    facts = {"answer": device.show(question), "challenge": question["challenge"]} | facts
    return actions.try_passkey(member, network=NETWORK, today=clock.now().date(), at=clock.now(), **facts)


# Making one


def test_a_passkey_is_made_named_told_and_written_down(maria, inside):
    answer = add(inside, Device(synced=True), name="Work laptop")

    made = Passkey.objects.get()
    assert answer.url == "/me/factors/"
    assert (made.user, made.name, made.carrier, made.host) == (maria, "Work laptop", "Laptop", "localhost")
    assert (made.is_synced, made.confirmed, made.last_used_at) == (True, True, None)
    assert [letter.subject for letter in maria.letters.all()] == ["A passkey was added"]
    assert [(event.verb, event.detail) for event in Event.objects.all()] == [
        ("member.factor_added", {"factor": "passkey", "number": made.pk})
    ]
    assert Office.objects.get().passkey_host == "localhost"


def test_a_new_passkey_ends_every_other_session(maria, inside):
    there = factories.signed_in(maria, Local())

    add(inside, Device())

    assert (is_inside(inside), is_inside(there)) == (True, False)


def test_a_person_has_several_passkeys_and_no_device_makes_two(inside):
    add(inside, Device())
    question = question_on(inside.get("/me/passkeys/new/"))
    add(inside, Device())

    assert [each["id"] for each in question["excludeCredentials"]] == [bytes_of(Passkey.objects.order_by("pk")[0])]
    assert Passkey.objects.count() == 2


def bytes_of(passkey: Passkey) -> str:
    return passkeys.bytes_to_base64url(bytes(passkey.credential_id))


def test_the_device_learns_a_random_number_and_never_who_it_is_for(maria, owner, inside):
    question = question_on(inside.get("/me/passkeys/new/"))
    other = question_on(factories.signed_in(owner, Local()).get("/me/passkeys/new/"))

    handle = WebAuthnUserHandle.objects.get(user=maria).handle
    assert passkeys.base64url_to_bytes(question["user"]["id"]) == handle
    assert len(handle) == 64
    assert other["user"]["id"] != question["user"]["id"]
    assert question["attestation"] == "none"


def test_with_the_password_alone_nobody_makes_one(maria):
    client = halfway()

    asked = client.get("/me/passkeys/new/")
    posted = client.post("/me/passkeys/new/", {"carrier": "x", "credential": "{}"})

    assert asked.url == posted.url.replace("next=/", "next=/me/passkeys/new/") == "/signin/?next=/me/passkeys/new/"
    assert not Passkey.objects.exists()


def test_without_a_fresh_proof_nobody_makes_one(maria):
    stale = factories.signed_in(maria, Local(), fresh=False)

    assert stale.get("/me/passkeys/new/").url == "/stepup/?next=/me/passkeys/new/"
    assert asks_for_proof(stale.post("/me/passkeys/new/", {}))


def test_a_registration_is_not_replayed(inside):
    device = Device()
    question = question_on(inside.get("/me/passkeys/new/"))
    posted = {"carrier": "Laptop", "credential": device.make(question)}
    inside.post("/me/passkeys/new/", posted)
    Passkey.objects.all().delete()

    again = inside.post("/me/passkeys/new/", posted)

    assert again.status_code == 200
    assert not Passkey.objects.exists()


def test_a_question_asked_in_another_session_makes_nothing(maria, inside):
    question = question_on(inside.get("/me/passkeys/new/"))
    other = factories.signed_in(maria, Local())

    other.post("/me/passkeys/new/", {"carrier": "Laptop", "credential": Device().make(question)})

    assert not Passkey.objects.exists()


def test_two_windows_may_each_make_one(inside):
    first, second = (question_on(inside.get("/me/passkeys/new/")) for _ in range(2))

    for question in (first, second):
        inside.post("/me/passkeys/new/", {"carrier": "Laptop", "credential": Device().make(question)})

    assert Passkey.objects.count() == 2


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "https://evil.test"},
        {"origin": "http://localhost:8001"},
        {"host": "evil.test"},
    ],
)
def test_a_passkey_made_for_another_page_is_refused(inside, bent):
    page = add(inside, Device(**bent))

    assert "could not be taken into use" in said_in(page)
    assert not Passkey.objects.exists()


@pytest.mark.parametrize(
    "strange", ["", "{}", "[]", "null", '"x"', "not json", '{"response": 1}', "\u2028", "9" * 25_000]
)
def test_strange_answers_are_refused_without_a_crash(inside, maria, device, strange):
    before = Passkey.objects.count()
    client = halfway()

    answers = [
        inside.post("/me/passkeys/new/", {"carrier": "x", "credential": strange}),
        inside.post("/stepup/", {"proof-credential": strange}),
        client.post("/signin/passkey/", {"credential": strange}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert Passkey.objects.count() == before
    assert not is_inside(client)


def test_the_same_credential_is_taken_once_whoever_brings_it(device, owner):
    other = factories.signed_in(owner, Local())

    page = add(other, device)

    assert "could not be taken into use" in said_in(page)
    assert Passkey.objects.count() == 1


def test_ten_passkeys_are_enough(inside, maria):
    for _ in range(10):
        factories.make_passkey(maria)

    assert "Remove one" in said_in(add(inside, Device()))


@pytest.mark.django_db(transaction=True)
def test_one_registration_in_many_parallel_requests_makes_one(maria):
    question, device = passkeys.ask_to_make(maria), Device()
    answer = device.make(question)

    def attempt():
        try:
            facts = {"answer": answer, "challenge": question["challenge"], "carrier": "Key", "at": clock.now()}
            return actions.add_passkey(maria, **facts)
        except Refused:
            return None

    assert sum(made is not None for made in race(attempt, 8)) == 1
    assert Passkey.objects.count() == 1


# The second question


def test_password_and_passkey_open_the_house(maria, device):
    client = Local()
    answer = client.post("/signin/?next=/me/codes/", {"email": maria.email, "password": PASSWORD})
    before = client.cookies["postern"].value

    inside = show(client, device)

    assert (answer.url, inside.url) == ("/signin/passkey/", "/me/codes/")
    assert client.cookies["postern"].value != before
    assert is_inside(client)
    assert Passkey.objects.get().last_used_at is not None
    assert Event.objects.get(verb="member.signed_in").detail["factor"] == "passkey"


def test_a_code_still_opens_it_too(maria, device):
    client = halfway()

    client.post("/signin/code/", {"code": codes.code_at(maria_seed(maria), clock.now())})

    assert is_inside(client)


def maria_seed(maria) -> bytes:
    return TotpDevice.objects.get(user=maria).seed()


def test_without_the_password_no_question_is_asked(device):
    client = Local()

    assert client.get("/signin/passkey/").url == "/signin/"
    assert client.post("/signin/passkey/", {"credential": device.show({"challenge": "AAAA"})}).url == "/signin/"


def test_an_answer_opens_once(maria, device):
    first = halfway()
    answer = device.show(question_on(first.get("/signin/passkey/")))
    first.post("/signin/passkey/", {"credential": answer})
    second = halfway()
    second.get("/signin/passkey/")

    second.post("/signin/passkey/", {"credential": answer})

    assert (is_inside(first), is_inside(second)) == (True, False)


def test_a_wrong_answer_uses_the_question_up(maria, device):
    client = halfway()
    question = question_on(client.get("/signin/passkey/"))
    client.post("/signin/passkey/", {"credential": device.show(question, origin="https://evil.test")})

    client.post("/signin/passkey/", {"credential": device.show(question)})

    assert not is_inside(client)


def test_a_question_has_ten_minutes(maria, device):
    client = halfway()
    question = question_on(client.get("/signin/passkey/"))
    session = client.session
    session["passkey_questions"] = {"enter": [[question["challenge"], int(clock.now().timestamp()) - 601]]}
    session.save()

    page = client.post("/signin/passkey/", {"credential": device.show(question)})

    assert "took too long" in said_in(page)
    assert not is_inside(client)


def test_what_was_asked_for_one_thing_answers_no_other(maria, device, inside):
    """An answer to a step-up’s question, taken from one’s own screen, signs nobody in."""
    question = question_on(factories.signed_in(maria, Local(), fresh=False).get("/stepup/"))
    client = halfway()
    client.get("/signin/passkey/")

    client.post("/signin/passkey/", {"credential": device.show(question)})

    assert not is_inside(client)


REFUSALS = {
    "another page": ({}, {"origin": "http://localhost:9999"}, "was not accepted"),
    "another host": ({"host": "evil.test"}, {}, "was not accepted"),
    "another key": ({"key": Device().key}, {}, "was not accepted"),
    "another holder": ({"handle": b"somebody else"}, {}, "was not accepted"),
    "nobody’s": ({"credential_id": b"never seen"}, {}, "not known here"),
    "another challenge": ({}, {"challenge": "AAAAAAAA"}, "took too long"),
}


@pytest.mark.parametrize("bent", REFUSALS)
def test_a_wrong_answer_is_refused_in_words_and_written_down(maria, device, bent):
    facts, said, words = REFUSALS[bent]
    vars(device).update(facts)
    client = halfway()

    page = show(client, device, **said)

    assert words in said_in(page)
    assert not is_inside(client)
    assert SignIn.objects.filter(stage="passkey", ok=False, network=NETWORK).count() == 1


def test_a_passkey_of_somebody_else_is_refused(maria, device, owner):
    client = halfway(owner.email)
    factories.make_passkey(owner)

    page = show(client, device)

    assert "belongs to somebody else" in said_in(page)
    assert not is_inside(client)


def test_an_unconfirmed_passkey_is_refused(maria, device):
    Passkey.objects.update(confirmed=False)

    answer = try_now(maria, device)

    assert (answer.device, answer.why) == (None, "That passkey opens nothing here any more.")


@pytest.mark.parametrize("facts", [{"left_at": factories.AT}, {"ends_on": factories.AT.date()}, {"joined_at": None}])
def test_a_passkey_of_somebody_who_may_not_enter_opens_nothing(maria, device, facts):
    for name, value in facts.items():
        setattr(maria, name, value)
    maria.save()

    answers = [try_now(maria, device), try_now(None, device)]

    assert [(answer.member, answer.device) for answer in answers] == [(None, None), (None, None)]


def test_a_passkey_made_for_another_address_is_not_even_asked_for(maria, device, settings):
    settings.POSTERN_URL = "https://postern.example/"

    question = passkeys.ask_to_show(maria)

    assert question["allowCredentials"] == []
    assert not queries.has_passkey(maria)


def test_a_count_that_went_back_is_refused_and_told(maria, device):
    show(halfway(), device)
    Letter.objects.all().delete()
    device.count = 0

    page = show(halfway(), device)

    assert "count went back" in said_in(page)
    assert [letter.subject for letter in maria.letters.all()] == ["A passkey of yours may have been copied"]
    assert Event.objects.get(verb="member.passkey_copied").detail == {
        "passkey": Passkey.objects.get().pk, "was": 1, "said": 1,
    }  # fmt: skip


def test_a_device_that_does_not_count_is_welcome_each_time(maria, inside):
    device = Device(synced=True, counts=False)
    add(inside, device)

    for _ in range(2):
        client = halfway()
        show(client, device)
        assert is_inside(client)


def test_after_wrong_passkeys_even_the_right_one_waits(maria, device):
    client = halfway()
    for _ in range(throttle.FREE_TRIES + 1):
        show(client, device, origin="https://evil.test")

    answer = show(client, device)

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert not is_inside(client)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("counts", [True, False])
def test_one_answer_in_many_parallel_requests_signs_in_once(maria, counts):
    question, device = passkeys.ask_to_make(maria), Device(counts=counts)
    actions.add_passkey(
        maria, answer=device.make(question), challenge=question["challenge"], carrier="Key", at=clock.now()
    )
    question = passkeys.ask_to_show(maria)
    facts = {"answer": device.show(question), "challenge": question["challenge"]}

    def attempt():
        return actions.try_passkey(maria, network=None, today=clock.now().date(), at=clock.now(), **facts)

    assert sum(answer.device is not None for answer in race(attempt)) == 1


# Alone


@pytest.fixture
def _alone(office):
    Office.objects.update(passkey_alone=True)


def test_a_passkey_alone_opens_nothing_unless_the_office_says_so(maria, device):
    client = Local()

    assert "signin/alone" not in said_in(client.get("/signin/"))
    assert client.get("/signin/alone/").url == "/signin/"
    assert client.post("/signin/alone/", {"credential": device.show({"challenge": "AAAA"})}).url == "/signin/"


@pytest.mark.usefixtures("_alone")
def test_where_the_office_allows_it_a_passkey_opens_alone(maria, device):
    client = Local()
    assert 'href="/signin/alone/"' in said_in(client.get("/signin/"))
    before = client.cookies["postern"].value

    answer = show(client, device, "/signin/alone/")

    assert answer.url == "/"
    assert is_inside(client)
    assert client.cookies["postern"].value != before


@pytest.mark.usefixtures("_alone")
def test_alone_it_names_nobody_before_and_asks_for_its_holder(maria, device):
    question = question_on(Local().get("/signin/alone/"))

    assert (question["allowCredentials"], question["userVerification"]) == ([], "required")


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize(
    "bent",
    [{"knows_holder": False}, {"handle": b""}, {"handle": b"somebody else"}],
    ids=["unverified", "mute", "other"],
)
def test_alone_a_device_that_did_not_check_its_holder_is_refused(maria, device, bent):
    vars(device).update(bent)
    client = Local()

    show(client, device, "/signin/alone/")

    assert not is_inside(client)


@pytest.mark.usefixtures("_alone")
def test_alone_too_strangers_are_slowed(maria, device):
    client = Local()
    for _ in range(throttle.FREE_TRIES + 1):
        show(client, device, "/signin/alone/", origin="https://evil.test")

    assert show(client, device, "/signin/alone/").status_code == 429


@pytest.mark.usefixtures("_alone")
def test_alone_it_leads_nowhere_else(maria, device):
    client = Local()
    address = "/signin/alone/?next=https://evil.test/"

    answer = client.post(address, {"credential": device.show(question_on(client.get(address)))})

    assert answer.url == "/"


# A fresh proof


def test_a_passkey_is_a_fresh_proof_and_changes_the_session_key(maria, device):
    client = factories.signed_in(maria, Local(), fresh=False)
    asked = client.get("/me/passkeys/new/", follow=True)
    before = client.cookies["postern"].value

    answer = client.post("/stepup/?next=/me/passkeys/new/", {"proof-credential": device.show(question_on(asked))})

    assert answer.url == "/me/passkeys/new/"
    assert client.cookies["postern"].value != before
    assert client.get("/me/passkeys/new/").status_code == 200


def test_a_wrong_passkey_is_no_fresh_proof(maria, device):
    client = factories.signed_in(maria, Local(), fresh=False)

    asked = device.show(question_on(client.get("/stepup/")), origin="https://evil.test")
    page = client.post("/stepup/", {"proof-credential": asked})

    assert "was not accepted" in said_in(page)
    assert client.get("/me/passkeys/new/").url.startswith("/stepup/")


# Where they work


@pytest.mark.parametrize(
    ("url", "asked", "words"),
    [
        ("http://localhost:8000/", "localhost:8000", ""),
        ("https://postern.example/", "postern.example", ""),
        ("http://localhost:8000/", "127.0.0.1:8000", "do not work at 127.0.0.1. Open http://localhost:8000"),
        ("http://127.0.0.1:8000/", "127.0.0.1:8000", "Open http://localhost:8000 instead, and set POSTERN_URL"),
        ("http://192.0.2.7/", "192.0.2.7", "Give Postern a name"),
        ("https://[2001:db8::7]/", "[2001:db8::7]", "Give Postern a name"),
        ("http://postern.lan/", "postern.lan", "need a safe connection"),
        ("https://postern.example/", "other.example", "do not work at other.example"),
    ],
)
def test_where_passkeys_cannot_work_the_reason_is_said(settings, url, asked, words):
    settings.POSTERN_URL = url

    said = passkeys.why_not(asked)

    assert words in said
    assert bool(said) == bool(words)


def test_at_a_number_the_pages_say_so_and_ask_for_a_code(maria, device):
    client = Client(headers={"host": "127.0.0.1:8000"})
    inside = factories.signed_in(maria, Client(headers={"host": "127.0.0.1:8000"}))

    answer = client.post("/signin/", {"email": maria.email, "password": PASSWORD})

    assert answer.url == "/signin/code/"
    for address in ("/me/factors/", "/me/passkeys/new/", "/me/checkup/"):
        assert "do not work at 127.0.0.1" in said_in(inside.get(address))


def test_behind_a_real_host_name_one_is_made_and_shown(maria, settings):
    settings.POSTERN_URL = "https://postern.example/"
    settings.OTP_WEBAUTHN_ALLOWED_ORIGINS, settings.OTP_WEBAUTHN_RP_ID = ["https://postern.example"], "postern.example"
    settings.ALLOWED_HOSTS = ["postern.example"]
    device = Device(origin="https://postern.example", host="postern.example")
    real = {"headers": {"host": "postern.example"}}
    add(factories.signed_in(maria, Client(**real)), device)
    client = halfway(client=Client(**real))

    show(client, device)

    assert is_inside(client)
    assert Passkey.objects.get().host == "postern.example"


def test_a_changed_address_is_warned_about(maria, owner, settings, capsys):
    from django.core.management import call_command

    from identity.checks import address_of_passkeys

    factories.make_passkey(maria)
    factories.make_passkey(factories.make_member("Gone", left_at=factories.AT))
    assert address_of_passkeys() == []
    assert "passkey does not work" not in said_in(factories.signed_in(owner).get("/"))
    settings.POSTERN_URL = "https://postern.example/"
    settings.ALLOWED_HOSTS = ["testserver"]

    [warning] = address_of_passkeys()
    call_command("check")

    assert warning.msg == "One passkey does not work at this address."
    assert warning.hint.startswith("They were made for localhost, and Postern is at postern.example now.")
    assert warning.msg in capsys.readouterr().err
    assert warning.msg in said_in(factories.signed_in(owner).get("/"))
    assert warning.msg not in said_in(factories.signed_in(maria).get("/"))


# Truth


@pytest.mark.parametrize("facts", [{"host": ""}, {"carrier": ""}])
def test_a_passkey_is_bound_to_a_host_and_on_something(maria, facts):
    with pytest.raises(IntegrityError, match="a_passkey_is_"), transaction.atomic():
        factories.make_passkey(maria, **facts)


def test_a_challenge_is_spent_once():
    assert actions.gate.spend("abc", at=clock.now())
    assert not actions.gate.spend("abc", at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        SpentChallenge.objects.create(digest=passkeys.digest("abc"), at=clock.now())


def test_old_challenges_are_cleared(maria):
    from identity.tasks import clear_sessions

    actions.gate.spend("old", at=clock.now() - timedelta(days=2))
    actions.gate.spend("new", at=clock.now())

    clear_sessions()

    assert list(SpentChallenge.objects.values_list("digest", flat=True)) == [passkeys.digest("new")]


def test_nothing_of_a_challenge_or_an_answer_is_in_the_trail(maria, device):
    client = halfway()
    question = question_on(client.get("/signin/passkey/"))
    answer = device.show(question)
    client.post("/signin/passkey/", {"credential": answer})

    trail = json.dumps(list(Event.objects.values_list("facts", flat=True)))

    assert question["challenge"] not in trail
    assert json.loads(answer)["id"] not in trail
