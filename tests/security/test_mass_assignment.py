"""A form takes its own fields and nothing else, whatever is posted with them."""

from __future__ import annotations

import pytest

from core.trail.actions import snapshot
from identity.models import Member
from tests import factories

pytestmark = pytest.mark.django_db
FORBIDDEN = {
    "role": "owner",
    "email": "thief@evil.test",
    "joined_at": "2020-01-01",
    "left_at": "",
    "ends_on": "",
    "password": "!",
    "key": "owner",
    "member": "1",
    "is_owner": "on",
    "factors_checked_at": "2030-01-01",
}
GUARDED = ["role", "email", "joined_at", "left_at", "ends_on", "password", "key", "factors_checked_at"]


def test_ones_own_settings_take_no_role_address_or_date(office, browse):
    maria = factories.make_member("Maria Santos")
    before = snapshot(Member.objects.get(pk=maria.pk), GUARDED)
    own = {"timezone": "Europe/Zurich", "digest_hour": "9", "phone": "", "theme": "dark"}

    answer = browse(maria).post("/me/", own | FORBIDDEN)

    after = Member.objects.get(pk=maria.pk)
    assert (answer.status_code, after.theme) == (302, "dark")
    assert snapshot(after, GUARDED) == before


def test_a_manager_sets_no_date_password_or_key_of_a_person(office, browse):
    manager, maria = factories.make_member("Max Manager", role="manager"), factories.make_member("Maria Santos")
    client = browse(manager)
    version = client.get(f"/people/{maria.pk}/edit/").context["form"]["version"].value()
    typed = {"name": "Maria dos Santos", "email": maria.email, "role": "trader", "timezone": maria.timezone}
    guarded = [name for name in GUARDED if name not in ("role", "email", "ends_on")]
    before = snapshot(Member.objects.get(pk=maria.pk), guarded)

    answer = client.post(
        f"/people/{maria.pk}/edit/", FORBIDDEN | typed | {"digest_hour": "7", "version": version, "ends_on": ""}
    )

    after = Member.objects.get(pk=maria.pk)
    assert (answer.status_code, after.name) == (302, "Maria dos Santos")
    assert snapshot(after, guarded) == before
