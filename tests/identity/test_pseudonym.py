"""Taking a name away: gone from every table, while the trail's facts and its chain stand."""

from __future__ import annotations

import re
from datetime import date, timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from accounts.actions import add_login, change_login
from core.errors import Refused
from core.letters.models import Letter
from core.trail import queries as trail
from core.trail.enums import Verb
from core.trail.models import Event, Typed
from devices.actions import add_asset, change_asset
from devices.models import Asset
from exchange.models import ImportBatch, ImportRow
from identity import actions, traces
from identity.models import CallRequest, Member
from notices.actions import add_notice
from tests.factories import make_login, make_member, make_totp

NAME, ADDRESS, PHONE, NOTE = "Maria O’Santos-Li", "maria.os@elsewhere.test", "+44 20 7946 0188", "Left hand; allergic"
WHY = "Asked for by letter of 3 March."


def dump() -> dict[str, str]:
    """Every row of every table as text, as a copy of the database holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM \"{table}\" t")  # noqa: S608
            found[table] = cursor.fetchone()[0]
    return found


def where(*needles: str) -> set[str]:
    """The tables in which one of these still stands."""
    return {table for table, text in dump().items() if any(needle in text for needle in needles)}


@pytest.fixture
def leaver(owner, manager, at):
    """Somebody with a past: added, changed, invited, written to, named in things, a file and a note, and gone."""
    maria = actions.add_member(
        by=owner, at=at, name=NAME, email=ADDRESS, role="trader", timezone="Europe/London", phone=PHONE, note=NOTE
    )
    actions.invite(maria, by=owner, at=at)
    login = add_login(by=manager, at=at, label="O’Santos-Li at IBKR", broker="ibkr", holder=maria, kind="person")
    change_login(login, by=manager, at=at, label="Maria’s own at IBKR")
    phone = add_asset(by=manager, at=at, name="Maria’s telephone", kind="phone", holder=maria)
    change_asset(phone, by=manager, at=at, note=f"Ring {NAME} first", holder=manager)
    add_notice(broker="ibkr", title=f"For {NAME}", text="New rule.", answer_by=date(2026, 11, 27), by=manager, at=at)
    CallRequest.objects.create(at=at, name=NAME, number=PHONE)
    batch = ImportBatch.objects.create(uploaded_by=owner, uploaded_at=at, file_name=f"{maria.key}.csv")
    ImportRow.objects.create(
        batch=batch, position=1, sheet="people", number=2, name=NAME, verdict="new", rank=1,
        cells={"name": NAME, "email": ADDRESS, "phone": PHONE, "note": NOTE, "key": maria.key},
    )  # fmt: skip
    actions.change_member(maria, by=owner, at=at, email=f"new.{ADDRESS}")
    actions.change_member(maria, by=owner, at=at, email=ADDRESS, note="")
    actions.change_member(maria, by=owner, at=at, note=NOTE)
    make_totp(maria)
    return actions.end_membership(maria, by=owner, at=at)


@pytest.mark.django_db
def test_before_it_no_event_holds_a_name_an_address_a_number_or_a_note(leaver):
    needles = (NAME, ADDRESS, PHONE, NOTE, leaver.key, "O’Santos", "Maria")

    assert where(*needles) >= {"identity_member", "letters_letter", "trail_typed", "exchange_importrow"}
    assert "trail_event" not in where(*needles)
    assert Event.objects.filter(about_type="identity.member", about_id=leaver.pk).count() == 6
    assert trail.verify().intact


@pytest.mark.django_db
def test_after_it_nothing_of_the_person_stands_in_clear_anywhere(leaver, owner, at):
    facts = list(Event.objects.order_by("pk").values_list("pk", "facts", "digest"))
    needles = (NAME, ADDRESS, PHONE, NOTE, leaver.key, "O’Santos", "Maria", "maria")
    escaped = tuple(needle.replace("’", "&#x27;") for needle in needles)

    actions.pseudonymise(leaver, reason=WHY, by=owner, at=at)

    assert where(*needles, *escaped) == set()
    gone = Member.objects.get(pk=leaver.pk)
    assert (gone.name, gone.key, gone.phone, gone.note) == (f"Person {gone.pk}", f"person-{gone.pk}", "", "")
    assert gone.email == f"person-{gone.pk}@pseudonym.invalid"
    assert list(Event.objects.order_by("pk").values_list("pk", "facts", "digest"))[:-1] == facts
    assert trail.verify().intact


@pytest.mark.django_db
def test_what_was_called_after_the_person_is_called_after_the_pseudonym(leaver, owner, at):
    actions.pseudonymise(leaver, reason=WHY, by=owner, at=at)

    person = f"Person {leaver.pk}"
    assert leaver.logins.get().label == f"{person}’s own at IBKR"
    assert leaver.logins.get().key == f"person-{leaver.pk}-at-ibkr"
    assert Asset.objects.get().key == f"person-{leaver.pk}-telephone"
    assert ImportRow.objects.get().cells["name"] == person
    assert {letter.recipient_id for letter in Letter.objects.filter(text__contains=person)} >= {leaver.pk}


@pytest.mark.django_db
def test_the_deed_says_why_and_how_many_words_it_took(leaver, owner, at):
    standing = Typed.objects.filter(member_id=leaver.pk).count()

    actions.pseudonymise(leaver, reason=WHY, by=owner, at=at)

    deed = Event.objects.get(verb=Verb.MEMBER_PSEUDONYMISED)
    taken = Typed.objects.filter(taken_by=deed.pk)
    assert (deed.actor_id, deed.about_id, deed.detail) == (owner.pk, leaver.pk, {"reason": WHY, "words": taken.count()})
    assert taken.count() >= standing > 0
    added = Event.objects.get(verb=Verb.MEMBER_ADDED)
    assert added.detail == {"name": "(taken away)", "role": "trader"}


@pytest.mark.django_db
def test_history_keeps_what_happened_without_the_name(leaver, owner, at):
    actions.pseudonymise(leaver, reason=WHY, by=owner, at=at)

    with connection.cursor() as cursor:
        cursor.execute("SELECT label FROM accounts_loginhistory ORDER BY pgh_id")
        labels = [label for (label,) in cursor.fetchall()]
    person = f"Person {leaver.pk}"
    assert labels[0] == f"{person} at IBKR"
    assert set(labels[1:]) == {f"{person}’s own at IBKR"}


@pytest.mark.django_db
def test_others_stay_as_they_are(leaver, owner, manager, at):
    maria = make_member("Maria Weber", email="weber@hartwell.test", phone="+44 20 7946 0199")
    label = make_login(maria, label="Maria at Saxo", broker="saxo")

    actions.pseudonymise(leaver, reason=WHY, by=owner, at=at)

    for row in (maria, label, owner, manager):
        row.refresh_from_db()
    assert (maria.name, maria.email, maria.phone) == ("Maria Weber", "weber@hartwell.test", "+44 20 7946 0199")
    assert label.label == "Maria at Saxo"
    assert (owner.name, manager.name) == ("Eleanor Hartwell", "Tom Okafor")


@pytest.mark.django_db
def test_a_key_that_tells_nothing_is_replaced_in_the_person_s_row_only(owner, at):
    second = make_member("Olga Sample", role="owner", key="owner", left_at=at)
    login = make_login(owner, label="The owner itself", key="owner-login")

    actions.pseudonymise(second, reason=WHY, by=owner, at=at)

    second.refresh_from_db()
    login.refresh_from_db()
    assert (second.key, login.label, login.key, second.role) == (
        f"person-{second.pk}", "The owner itself", "owner-login", "owner"
    )  # fmt: skip


@pytest.mark.django_db
def test_the_person_can_never_sign_in_again_and_gets_no_letter(leaver, owner, at):
    actions.pseudonymise(leaver, reason=WHY, by=owner, at=at)

    gone = Member.objects.get(pk=leaver.pk)
    assert not gone.has_usable_password()
    assert gone.totpdevice_set.count() == 0
    assert set(Letter.objects.filter(recipient=gone).values_list("state", flat=True)) == {"cancelled"}


@pytest.mark.django_db
def test_who_may_and_when(leaver, owner, manager, trader, at):
    refusals = {}
    for name, member, by, reason in (
        ("a manager", leaver, manager, WHY),
        ("somebody who stays", trader, owner, WHY),
        ("no reason", leaver, owner, "  "),
        ("the name in the reason", leaver, owner, f"{NAME} asked for it."),
    ):
        with pytest.raises(Refused) as no:
            actions.pseudonymise(member, reason=reason, by=by, at=at)
        refusals[name] = str(no.value)
    actions.pseudonymise(leaver, reason=WHY, by=owner, at=at)
    with pytest.raises(Refused, match="taken away already"):
        actions.pseudonymise(leaver, reason=WHY, by=owner, at=at)

    assert refusals == {
        "a manager": "Only an owner takes a name away.",
        "somebody who stays": "Maria Santos has not left. End the membership first.",
        "no reason": "Say why. The reason stays in the trail.",
        "the name in the reason": "Write the reason without the name: it stays in the trail.",
    }


@pytest.mark.django_db
def test_only_who_left_is_pseudonymised(trader, at):
    with pytest.raises(IntegrityError, match="only_who_left_is_pseudonymised"), transaction.atomic():
        Member.objects.get_queryset().filter(pk=trader.pk).update(pseudonymised_at=at)


@pytest.mark.django_db
def test_a_word_put_back_or_taken_besides_breaks_the_chain(leaver, owner, at):
    from tests.trail.tampering import tampering

    actions.pseudonymise(leaver, reason=WHY, by=owner, at=at)
    deed = Event.objects.get(verb=Verb.MEMBER_PSEUDONYMISED)

    with tampering() as cursor:
        cursor.execute(
            "UPDATE trail_typed SET text = NULL, salt = NULL, taken_by = %s "
            "WHERE id = (SELECT min(id) FROM trail_typed WHERE taken_by IS NULL)",
            [deed.pk],
        )

    assert trail.verify().broken_at == deed.pk


@pytest.mark.django_db(transaction=True)
def test_the_role_of_the_web_can_do_all_of_it(leaver, owner, at):
    """The statements of the deed, run under the role that the web runs under."""
    sql = [traces._update(column, traces.Swap(NAME, "Person 1")) for column in traces.columns()]
    settings = connection.settings_dict

    with psycopg.connect(
        host=settings["HOST"], dbname=settings["NAME"], user="postern_app", cursor_factory=psycopg.ClientCursor
    ) as web:
        number, now, head = web.execute("SELECT * FROM trail_end()").fetchone()
        deed = web.execute(
            "INSERT INTO trail_event (at, recorded_at, transaction, verb, about_type, facts, previous, digest) "
            "VALUES (now(), %s, %s, 'member.pseudonymised', '', '{}', %s, 'd') RETURNING id",
            [now, number, head],
        ).fetchone()[0]
        changed = sum(web.execute(*statement).rowcount for statement in sql)
        words = web.execute("UPDATE trail_typed SET text = NULL, salt = NULL, taken_by = %s", [deed]).rowcount
        web.rollback()

    assert changed > 5
    assert words == Typed.objects.count()


# The page


@pytest.mark.django_db
def test_the_page_says_what_will_happen_and_does_it(leaver, owner, browse):
    client, address = browse(owner), f"/people/{leaver.pk}/pseudonymise/"

    page = client.get(address).content.decode()

    assert f"They become “Person {leaver.pk}”" in page
    assert "Maria’s own at IBKR" in page
    assert re.search(r"\d+ typed words beside the trail are taken away", page)
    assert client.post(address, {"reason": "short"}).status_code == 200
    assert Member.objects.get(pk=leaver.pk).pseudonymised_at is None
    assert client.post(address, {"reason": WHY}).url == f"/people/{leaver.pk}/"
    assert Member.objects.get(pk=leaver.pk).name == f"Person {leaver.pk}"
    after = client.get(f"/people/{leaver.pk}/").content.decode()
    assert "Take the name away" not in after
    assert client.get(address).url == f"/people/{leaver.pk}/"


@pytest.mark.django_db
def test_only_owners_find_the_press_and_only_on_who_left(leaver, owner, manager, trader, browse):
    press = "Take the name away"

    assert press in browse(owner).get(f"/people/{leaver.pk}/").content.decode()
    assert press not in browse(owner).get(f"/people/{trader.pk}/").content.decode()
    assert press not in browse(manager).get(f"/people/{leaver.pk}/").content.decode()
    assert browse(manager).get(f"/people/{leaver.pk}/pseudonymise/").status_code == 403
    assert browse(owner).get(f"/people/{trader.pk}/pseudonymise/").url == f"/people/{trader.pk}/"


@pytest.mark.django_db
def test_events_from_before_words_stood_beside_are_counted_on_the_page(leaver, owner, at, browse):
    from core.trail.chain import Link
    from tests.trail.tampering import tampering

    last = Event.objects.latest("pk")
    old = Link(0, at.isoformat(), None, None, "member.added", None, "", None, None, {"name": NAME}, last.digest, "")
    with tampering():
        Event.objects.create(
            at=at + timedelta(0), verb="member.added", facts={"name": NAME}, previous=last.digest,
            digest=old.computed_digest(),
        )  # fmt: skip

    page = browse(owner).get(f"/people/{leaver.pk}/pseudonymise/").content.decode()

    assert "1 event cannot be changed" in page
    assert trail.verify().intact
