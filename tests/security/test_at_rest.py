"""A whole life of Postern, then everything the database and the logs hold of it: nothing in there opens anything."""

from __future__ import annotations

import base64
import json
import logging
import re
import subprocess
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from config.logs import JsonFormatter
from core import clock
from core.letters import kinds
from core.letters.models import Letter
from identity import actions, codes, tasks
from identity.models import BackupCode, CallRequest, Member, Office, SignIn, TotpDevice
from notices.models import Notice
from tests import factories
from tests.embedded import servers

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORDS = {"owner": "seven quiet harbours at dusk", "guest": "eleven loud stations by dawn"}
WRONG_PASSWORD = "nine wrong ladders in the rain"
OFFICE = {
    "office_name": "Hartwell Family Office",
    "timezone": "Europe/London",
    "name": "Eleanor Hartwell",
    "email": "eleanor@hartwell.test",
}


@dataclass
class Life:
    """What was secret in it, by what it was, and every line that was logged meanwhile."""

    secrets: dict[str, bytes] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    codes: dict[str, bytes] = field(default_factory=dict)
    dumps: dict[str, list[bytes]] = field(default_factory=dict)

    def keep(self, name: str, secret: str | bytes) -> None:
        self.secrets[name] = secret.encode() if isinstance(secret, str) else secret


class Lines(logging.Handler):
    def __init__(self, life: Life) -> None:
        super().__init__(logging.DEBUG)
        self.life = life
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.life.lines.append(self.format(record))


def everything() -> list[bytes]:
    """What the database holds now, in every form in which somebody with a copy can read it."""
    return readable(dump())


def dump() -> bytes:
    """The whole database of this run as plain text, made by PostgreSQL's own program."""
    facts = connection.settings_dict
    program = servers.postgres.programs / "pg_dump"
    command = [program, "-h", facts["HOST"], "-U", facts["USER"], "-d", facts["NAME"], "--no-owner"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def readable(dumped: bytes) -> list[bytes]:
    """The dump, and what in it is only wrapped: binary columns taken out of their hex, sessions taken out of theirs."""
    binary = [bytes.fromhex(found.decode()) for found in re.findall(rb"\\\\x((?:[0-9a-f]{2})+)", dumped)]
    sessions = [json.dumps(session.get_decoded()).encode() for session in Session.objects.all()]
    return [dumped, *binary, *sessions]


def spellings(secret: bytes) -> set[bytes]:
    """How a secret may stand somewhere: itself, in hex, base32 or base64, without its dashes, inside an address."""
    bare = {secret, secret.replace(b"-", b""), secret.replace(b" ", b"")}
    spelled = set(bare)
    for one in bare:
        spelled |= {one.hex().encode(), base64.b32encode(one).rstrip(b"="), quote(one).encode()}
        # Base64 inside of a longer text depends on where the secret begins; what all three beginnings share is enough.
        for shift in range(3):
            whole = base64.b64encode(b"\0" * shift + one)[(4 if shift else 0) : -4]
            spelled |= {whole, whole.translate(bytes.maketrans(b"+/", b"-_"))}
    return {one for one in spelled if len(one) >= 6}


def found_in(places: list[bytes], secrets: dict[str, bytes]) -> set[str]:
    """The names of those secrets that stand in one of the places in some spelling, capitals or not."""
    lowered = [place.lower() for place in places]
    return {
        name
        for name, secret in secrets.items()
        if any(one.lower() in place for one in spellings(secret) for place in lowered)
    }


def enrol(client: Client, life: Life, who: str) -> bytes:
    """From the QR code to the open house; returns the seed, which the page showed once."""
    page = client.get("/enrol/authenticator/").content.decode()
    seed = base64.b32decode(re.search(r'class="seed">([A-Z2-7 ]+)<', page)[1].replace(" ", ""))
    life.keep(f"seed of {who}", seed)
    client.post("/enrol/authenticator/", {"code": used(life, f"first code of {who}", seed)})
    sheet = client.post("/enrol/codes/").context["codes"]
    for number, code in enumerate(sheet):
        life.keep(f"backup code {number} of {who}", code)
    client.post("/enrol/finish/", {"kept": "on"})
    assert client.get("/me/").status_code == 200
    life.keep(f"session of {who}", client.cookies["postern"].value)
    return seed


def used(life: Life, name: str, seed: bytes) -> str:
    """A code of this moment, which may be used whatever was used before."""
    TotpDevice.objects.update(last_step=-1)
    code = codes.code_at(seed, clock.now())
    life.codes[name] = code.encode()
    return code


def codes_in(places: list[bytes], six: dict[str, bytes]) -> set[str]:
    """The names of those one-time codes that stand somewhere as a number by itself; fractions of a second are none."""
    plain = [re.sub(rb"\d\d:\d\d:\d\d\.\d+", b"", place) for place in places]
    return {name for name, code in six.items() if any(re.search(rb"(?<!\d)%b(?!\d)" % code, one) for one in plain)}


def live(life: Life) -> None:
    """Set-up, sign-out, sign-in with a dump between password and code, an invitation that is mailed and taken, a backup
    code, new codes, a call, wrong tries."""
    client = Client()
    token = actions.make_setup_token(at=clock.now())
    life.keep("set-up token", token)
    for who, password in PASSWORDS.items():
        life.keep(f"password of {who}", password)
    life.keep("wrong password", WRONG_PASSWORD)
    client.post("/setup/", {"token": token})
    client.post("/setup/office/", OFFICE | {"password": PASSWORDS["owner"], "again": PASSWORDS["owner"]})
    life.keep("session of the set-up", client.cookies["postern"].value)
    seed = enrol(client, life, "owner")
    client.post("/signout/")

    client = Client()
    client.post("/signin/", {"email": OFFICE["email"], "password": WRONG_PASSWORD})
    client.post("/signin/", {"email": OFFICE["email"], "password": PASSWORDS["owner"]})
    life.keep("session between password and code", client.cookies["postern"].value)
    client.post("/signin/code/", {"code": "000000"})
    life.dumps["between password and code"] = everything()
    client.post("/signin/code/", {"code": used(life, "second code", seed)})
    assert client.get("/me/").status_code == 200
    life.keep("session after the code", client.cookies["postern"].value)

    life.keep("key of a known browser", client.cookies["postern-browser"].value)

    fresh = client.post("/me/codes/").context["codes"]
    for number, code in enumerate(fresh):
        life.keep(f"new backup code {number}", code)
    client.post(
        "/people/new/",
        {"name": "Nora New", "email": "nora@hartwell.test", "role": "trader", "timezone": "UTC", "digest_hour": 7},
    )
    nora = Member.objects.get(email="nora@hartwell.test")
    client.post(f"/people/{nora.pk}/invite/")
    letter = Letter.objects.get(recipient=nora)
    mailed = kinds.finished(letter, kinds.Content(letter.subject, letter.text, letter.html))
    link = re.search(r"/join/(\S+)/", mailed.text)[1]
    life.keep("invitation", link)
    life.dumps["while the invitation is open"] = everything()

    guest = Client()
    guest.post(f"/join/{link}/", {"password": PASSWORDS["guest"], "again": PASSWORDS["guest"]})
    enrol(guest, life, "guest")

    Client().post("/forgotten/", {"email": "nora@hartwell.test"})
    tasks.post_password_resets()
    client.post(f"/people/{nora.pk}/reset/", {"reason": "The phone is gone"})
    for purpose in ("password", "reset", "stop-reset"):
        letter = Letter.objects.filter(recipient=nora, key__startswith=f"{purpose}:").latest("pk")
        mailed = kinds.finished(letter, kinds.Content(letter.subject, letter.text, letter.html))
        life.keep(f"link to {purpose}", re.search(r"/(?:password|reset/link|reset/stop)/(\S+)/", mailed.text)[1])

    factories.make_notice(nora)
    thief = Client()
    thief.post("/signin/", {"email": OFFICE["email"], "password": PASSWORDS["owner"]})
    thief.post("/signin/backup/", {"code": "zzzz-zzzz-zzzz-zzzz"})
    thief.post("/signin/backup/", {"code": fresh[0]})
    assert thief.get("/me/").status_code == 200
    life.keep("session by a backup code", thief.cookies["postern"].value)
    Client().post("/lost/", {"name": "Maria", "number": "020 7946 0999", "lost": "phone"})
    Client(enforce_csrf_checks=True).post(f"/join/{link}/", {"password": WRONG_PASSWORD})
    Client().get(f"/join/{link}/nothing/")
    life.dumps["at the end"] = everything()


@pytest.fixture
def life() -> Life:
    """One whole life, with every logger listening."""
    one = Life()
    for name, key in (
        ("sealing key", django_settings.POSTERN_SEALING_KEYS.ring().keys[0][1]),
        ("pepper", django_settings.POSTERN_PEPPER),
    ):
        one.keep(name, key)
    one.keep("secret key", django_settings.SECRET_KEY)
    handler, root = Lines(one), logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", "django", "django.request", "django.security.csrf")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        live(one)
    finally:
        root.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    return one


def plant(name: str, secret: bytes) -> None:
    """Put a secret where a careless change might: each time another column and another spelling."""
    as_text = secret.decode("latin-1")
    places = {
        "seed of owner": lambda: Office.objects.update(name=secret.hex().upper()),
        "seed of guest": lambda: TotpDevice.objects.filter(user__role="trader").update(
            sealed=b"\x01" + secret + b"\x02"
        ),
        "session of owner": lambda: SignIn.objects.filter(pk=SignIn.objects.first().pk).update(name=as_text),
        "backup code 3 of owner": lambda: BackupCode.objects.filter(pk=BackupCode.objects.first().pk).update(
            digest=as_text.replace("-", "")
        ),
        "invitation": lambda: Letter.objects.filter(kind="invitation").update(text=f"http://h.test/join/{as_text}/"),
        "password of guest": lambda: CallRequest.objects.update(lost=base64.b64encode(b"x:" + secret).decode()),
        "set-up token": lambda: Notice.objects.update(text=base64.b32encode(secret).decode()),
        "session between password and code": lambda: into_a_session(as_text),
    }
    places[name]()


def into_a_session(text: str) -> None:
    from identity.sessions import SessionStore

    store = SessionStore()
    store["forgotten"] = {"deep": ["padding " * 40, text]}
    store.save()


PLANTED = [
    "seed of owner", "seed of guest", "session of owner", "backup code 3 of owner", "invitation", "password of guest",
    "set-up token", "session between password and code",
]  # fmt: skip


def test_after_a_whole_life_no_dump_and_no_log_line_holds_a_secret_and_the_search_would_find_one(life):
    assert len(life.secrets) > 40
    assert {name: found_in(places, life.secrets) for name, places in life.dumps.items()} == {
        "between password and code": set(),
        "while the invitation is open": set(),
        "at the end": set(),
    }
    assert codes_in([place for places in life.dumps.values() for place in places], life.codes) == set()

    said = [line.encode() for line in life.lines]
    assert {json.loads(line)["logger"] for line in said} >= {"django.security.csrf", "django.request"}
    assert found_in(said, life.secrets) == set()
    assert codes_in(said, life.codes) == set()
    assert found_in([*said, b"GET /join/" + life.secrets["invitation"]], life.secrets) == {"invitation"}

    for name in PLANTED:
        plant(name, life.secrets[name])
    Member.objects.update(note=life.codes["second code"].decode())
    assert found_in(everything(), life.secrets) == set(PLANTED)
    assert codes_in(everything(), life.codes) >= {"second code"}
