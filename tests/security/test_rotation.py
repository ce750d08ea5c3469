"""A new sealing key while people go on signing in, and what is said when the key is lost."""

from __future__ import annotations

import io
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.test import Client

from config.env.keys import KeyFile, read_ring
from config.keys import make_missing_keys
from core import clock
from core.errors import Refused
from core.trail.models import Event
from identity import actions, codes, queries, sealing
from identity.actions import rotation
from identity.models import BackupCode, SignIn, TotpDevice
from tests import factories
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def key_file(tmp_path, settings) -> Path:
    """A sealing key of this test's own, where this process looks for it."""
    make_missing_keys(tmp_path / "keys")
    file = tmp_path / "keys" / "sealing_key"
    settings.POSTERN_SEALING_KEYS = KeyFile(file, read_ring(file))
    return file


def devices(count: int) -> dict[int, bytes]:
    """So many authenticators with their seeds, by number."""
    member = factories.make_member(signs_in=False, email="many@hartwell.test")
    seeds = [codes.new_seed() for _ in range(count)]
    made = [TotpDevice(user=member, name="Authenticator", confirmed=True) for _ in seeds]
    with transaction.atomic():
        for device, seed in zip(made, seeds, strict=True):
            device.sealed = sealing.seal(seed, context=device.seal_context())
        TotpDevice.objects.bulk_create(made)
    return {device.pk: seed for device, seed in zip(made, seeds, strict=True)}


def opened() -> dict[int, bytes]:
    return {device.pk: device.seed() for device in TotpDevice.objects.all()}


def generations() -> set[int]:
    return {sealing.generation(bytes(sealed)) for sealed in TotpDevice.objects.values_list("sealed", flat=True)}


def rotate() -> str:
    said = io.StringIO()
    call_command("rotate_sealing_key", stdout=said)
    return said.getvalue()


def test_a_rotation_seals_everything_anew_and_drops_the_old_key(office, key_file):
    seeds, old = devices(3), read_ring(key_file)

    said = rotate().splitlines()

    new = read_ring(key_file)
    assert (new.newest, new.older, generations()) == (2, (), {2})
    assert new.key(2) != old.key(1)
    assert opened() == seeds
    assert said[:3] == [
        "Made key 2. Until this is done it seals, and key 1 opens what is older.",
        "Sealed anew: 3.",
        f"No row needs key 1 any more; dropped from {key_file}.",
    ]
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_the_trail_tells_of_a_rotation_in_numbers_only(office, key_file):
    devices(3)

    rotate()

    event = Event.objects.get()
    assert (event.verb, event.actor_id) == ("sealing_key.rotated", None)
    assert event.detail == {"key": 2, "retired": [1], "resealed": 3}


def test_after_the_old_key_is_gone_it_opens_nothing(office, key_file, settings):
    devices(1)
    old = read_ring(key_file)

    rotate()

    settings.POSTERN_SEALING_KEYS = KeyFile(key_file.with_name("elsewhere"), old)
    with pytest.raises(sealing.CannotUnseal):
        opened()


def died_before_any_row(begun):
    """The key is made, nothing else."""


def died_between_rows(begun):
    next(rotation.reseal(newest=begun.newest))


def died_before_the_drop(begun):
    for _ in rotation.reseal(newest=begun.newest):
        pass


def died_after_the_event(begun):
    died_before_the_drop(begun)
    with_both = settings_file().read_text()
    assert rotation.finish_rotation(begun=begun, resealed=3, at=clock.now())
    settings_file().write_text(with_both)


def settings_file() -> Path:
    from django.conf import settings

    return settings.POSTERN_SEALING_KEYS.path


@pytest.mark.parametrize("death", [died_before_any_row, died_between_rows, died_before_the_drop, died_after_the_event])
def test_broken_off_at_any_step_everything_opens_and_a_second_run_completes(office, key_file, monkeypatch, death):
    monkeypatch.setattr(rotation, "BATCH", 2)
    seeds = devices(3)

    death(rotation.begin_rotation())

    assert opened() == seeds
    assert read_ring(key_file).newest == 2
    assert rotate().startswith("An earlier run made key 2; going on where it stopped.")
    assert (opened(), generations(), read_ring(key_file).older) == (seeds, {2}, ())


@pytest.mark.django_db(transaction=True)
def test_killed_for_real_between_rows_it_completes_when_run_again(key_file):
    seeds = devices(rotation.BATCH * 3)
    connection.close()

    with rotating_process() as (process, said, go), transaction.atomic():
        # The last row is held, so the rotation can't be through before it is killed.
        TotpDevice.objects.select_for_update().get(pk=max(seeds))
        os.write(go, b".")
        assert next(line for line in said if line.startswith("Sealed")) == f"Sealed anew: {rotation.BATCH}.\n"
        os.kill(process, signal.SIGKILL)

    assert (opened(), read_ring(key_file).older) == (seeds, (1,))
    assert "No row needs key 1 any more" in rotate()
    assert (opened(), generations()) == (seeds, {2})


@contextmanager
def rotating_process() -> Iterator[tuple[int, TextIO, int]]:
    """A process of its own that rotates once it is told to, and what it says; it has to be killed."""
    (reading, writing), (waiting, go) = os.pipe(), os.pipe()
    process = os.fork()
    if process == 0:
        with suppress(BaseException), os.fdopen(writing, "w") as out:
            os.read(waiting, 1)
            call_command("rotate_sealing_key", stdout=out)
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as said:
        yield process, said, go
    os.waitpid(process, 0)
    os.close(waiting)
    os.close(go)


def test_a_process_that_started_before_the_rotation_opens_both_kinds(office, key_file, settings, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 2)
    seeds = devices(3)
    elsewhere = KeyFile(key_file, read_ring(key_file))

    died_between_rows(rotation.begin_rotation())
    settings.POSTERN_SEALING_KEYS = elsewhere

    assert generations() == {1, 2}
    assert opened() == seeds
    assert sealing.generation(sealing.seal(b"x", context=b"y")) == 2


@pytest.mark.django_db(transaction=True)
def test_who_is_just_sealing_with_the_old_key_is_waited_for(key_file):
    member = factories.make_member(signs_in=False, email="maria@hartwell.test")
    sealed, go_on = threading.Event(), threading.Event()

    def enrol():
        try:
            with transaction.atomic():
                actions.begin_authenticator(member, at=clock.now())
                sealed.set()
                go_on.wait(10)
        finally:
            connection.close()

    enrolling = threading.Thread(target=enrol)
    enrolling.start()
    sealed.wait(10)
    threading.Timer(0.3, go_on.set).start()

    rotate()
    enrolling.join()

    assert (generations(), len(opened()), read_ring(key_file).older) == ({2}, 1, ())


def test_sealing_outside_a_transaction_is_a_bug(transactional_db):
    with pytest.raises(RuntimeError, match="atomic"):
        sealing.seal(b"x", context=b"y")


def test_a_stale_copy_of_a_row_does_not_bring_the_old_key_back(office, key_file):
    ((number, seed),) = devices(1).items()
    stale = TotpDevice.objects.get(pk=number)
    rotate()

    stale.last_step = 7
    stale.save()

    assert TotpDevice.objects.get(pk=number).last_step == 7
    assert opened() == {number: seed}


def test_a_key_that_a_row_still_needs_is_kept_and_the_rows_are_named(office, key_file):
    first, second, third = devices(3)
    TotpDevice.objects.filter(pk=second).update(sealed=TotpDevice.objects.get(pk=first).sealed)

    with pytest.raises(CommandError, match=rf"1 of the authenticators open with no key here \(numbers {second}\)"):
        rotate()

    assert read_ring(key_file).older == (1,)
    assert {sealing.generation(bytes(TotpDevice.objects.get(pk=pk).sealed)) for pk in (first, third)} == {2}
    assert Event.objects.count() == 0


def test_a_key_file_that_cannot_be_written_is_refused_in_words_and_nothing_changes(office, key_file, settings):
    seeds, folder = devices(1), key_file.parent
    shutil.move(key_file, folder / "real")
    key_file.symlink_to("/proc/version")
    settings.POSTERN_SEALING_KEYS = KeyFile(key_file, read_ring(folder / "real"))

    with pytest.raises(CommandError, match=r"cannot be written .* Nothing was changed. Run this as the user"):
        rotate()

    assert (opened(), generations()) == (seeds, {1})


def test_a_lost_key_file_is_refused_in_words(office, key_file):
    key_file.unlink()

    with pytest.raises(CommandError, match=r"There is no sealing key in .* Put your copy back first"):
        rotate()


@pytest.mark.django_db(transaction=True)
def test_two_rotations_do_not_run_at_once(key_file):
    refusals = []

    def second():
        try:
            with rotation.one_rotation():
                pass
        except Refused as no:
            refusals.append(str(no))
        finally:
            connection.close()

    with rotation.one_rotation():
        other = threading.Thread(target=second)
        other.start()
        other.join()

    assert refusals == ["The sealing key is being changed by another run already. Let that one finish."]


def test_a_backup_from_before_a_rotation_opens_with_the_old_line_put_back(office, key_file):
    seeds, old = devices(2), key_file.read_text()
    before = dict(TotpDevice.objects.values_list("pk", "sealed"))
    rotate()

    for number, sealed in before.items():
        TotpDevice.objects.filter(pk=number).update(sealed=sealed)
    key_file.write_text(key_file.read_text() + old)

    assert opened() == seeds
    rotate()
    assert (opened(), generations(), read_ring(key_file).older) == (seeds, {2}, ())


def test_a_value_moved_to_another_row_or_changed_by_a_bit_opens_nothing(office):
    (first, _), (second, _) = devices(2).items()
    mine, theirs = TotpDevice.objects.get(pk=first), TotpDevice.objects.get(pk=second)

    theirs.sealed, mine.sealed = mine.sealed, bytes(mine.sealed)[:-1] + bytes([bytes(mine.sealed)[-1] ^ 1])

    for device in (mine, theirs):
        with pytest.raises(sealing.CannotUnseal):
            device.seed()


def test_a_rotation_knows_every_column_that_is_sealed():
    binary = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if not model._meta.app_label.startswith("django")
        for field in model._meta.get_fields()
        if isinstance(field, models.BinaryField)
    }

    assert {name for name in binary if name.endswith("sealed")} == {
        "identity.TotpDevice.sealed",
        "identity.UnsentForm.sealed",
    }


def halfway(member) -> Client:
    client = Client()
    client.post("/signin/", {"email": member.email, "password": PASSWORD})
    return client


def lose_the_key(key_file: Path, settings) -> None:
    """Another key in the file's place, as after a restore to a new machine."""
    key_file.unlink()
    make_missing_keys(key_file.parent)
    settings.POSTERN_SEALING_KEYS = KeyFile(key_file, read_ring(key_file))


def test_without_the_key_the_code_page_says_to_use_a_backup_code_which_works(office, key_file, settings, caplog):
    member = factories.make_member("Maria Santos", email="maria@hartwell.test")
    factories.BackupCode.objects.all().delete()
    BackupCode.objects.create(
        sheet=member.backupsheet_set.get(), digest=codes.backup_digest("aaaa-bbbb-cccc-dddd", owner=member.pk)
    )
    lose_the_key(key_file, settings)
    client = halfway(member)

    refused = client.post("/signin/code/", {"code": "123456"})
    inside = client.post("/signin/backup/", {"code": "aaaa-bbbb-cccc-dddd"})

    assert refused.status_code == 503
    assert "Use a backup code, and tell whoever runs this Postern to put its sealing key back." in text(refused)
    assert (inside.status_code, client.get("/me/").status_code) == (302, 200)
    assert [record.levelname for record in caplog.records if record.name == "identity.actions.gate"] == ["CRITICAL"]


def text(answer) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("path", ["/stepup/", "/me/codes/"])
def test_without_the_key_who_is_in_reads_the_same_words(office, key_file, settings, browse, path):
    client = browse(factories.make_member("Maria Santos"), fresh=False)
    lose_the_key(key_file, settings)

    answer = client.post(path, {"proof-code": "123456"})

    assert answer.status_code == 200
    assert "the key that guards authenticators is not here" in text(answer)


def test_a_code_that_cannot_be_checked_is_not_counted_as_wrong(office, key_file, settings):
    member = factories.make_member("Maria Santos", email="maria@hartwell.test")
    lose_the_key(key_file, settings)

    halfway(member).post("/signin/code/", {"code": "123456"})

    assert [(one.stage, one.ok) for one in SignIn.objects.all()] == [("password", True)]


@pytest.mark.parametrize("how", ["another key", "no file"])
def test_ready_says_that_the_sealing_key_is_away(office, key_file, settings, client, how):
    factories.make_member("Maria Santos")
    assert client.get("/readyz").json()["sealing_key"] is True

    lose_the_key(key_file, settings)
    if how == "no file":
        key_file.unlink()

    assert client.get("/readyz").json()["sealing_key"] is False
    assert queries.sealing_key_fits() is False


def test_without_the_key_file_enrolling_gives_a_page_with_words(office, key_file, client):
    office.set_up_at = None
    office.save()
    client.raise_request_exception = False
    client.post("/setup/", {"token": actions.make_setup_token(at=clock.now())})
    facts = {"office_name": "H", "timezone": "Europe/London", "name": "E", "email": "e@h.test"}
    client.post("/setup/office/", facts | {"password": PASSWORD, "again": PASSWORD})
    key_file.unlink()

    answer = client.get("/enrol/authenticator/")

    assert answer.status_code == 503
    assert "The key that guards authenticators is not here" in text(answer)


def test_an_authenticator_begun_under_a_lost_key_is_begun_anew(office, key_file, settings):
    member = factories.make_member(signs_in=False, email="maria@hartwell.test")
    with transaction.atomic():
        first = actions.begin_authenticator(member, at=clock.now())
    lose_the_key(key_file, settings)

    second = actions.begin_authenticator(member, at=clock.now())

    assert second.pk != first.pk
    assert len(second.seed()) == codes.SEED_BYTES
