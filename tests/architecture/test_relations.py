"""Relations point downward, columns can't hold a secret, migrations are complete."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

HOUSE = ["exchange", "dashboard", "notices", "recovery", "devices", "accounts", "identity", "letters", "trail", "core"]
OWN = [model for model in apps.get_models() if model._meta.app_label in HOUSE]
SECRET_SHAPED = re.compile(r"secret|password|passwd|seed|token|private|otp|api_?key|credential|pin\b")
# What looks like a secret's column and is none: hashes and digests of what we issued, a sealed seed, Django's own.
KNOWN = {
    "identity.member.password": "an Argon2 hash",
    "identity.passkey.credential_id": "names a key pair, as its browser does",
    "identity.passkey.credential_id_sha256": "the same, shorter",
    "identity.passkey.credential_type": "a word of the standard",
    "identity.setuptoken": "only a keyed digest",
    "identity.totpdevice": "the seed is sealed",
}


def test_relations_point_to_the_same_app_or_a_lower_one():
    wrong = []
    for model in OWN:
        for field in model._meta.get_fields():
            target = field.related_model if field.concrete and field.is_relation else None
            if target is None or target._meta.label == settings.AUTH_USER_MODEL:
                continue
            if HOUSE.index(target._meta.app_label) < HOUSE.index(model._meta.app_label):
                wrong.append(f"{model._meta.label}.{field.name} -> {target._meta.label}")
    assert wrong == []


def test_no_column_is_shaped_like_a_secret():
    shaped = {
        f"{model._meta.label_lower}.{field.name}"
        for model in OWN
        for field in model._meta.concrete_fields
        if SECRET_SHAPED.search(field.name)
    }
    assert shaped - KNOWN.keys() == set()


@pytest.mark.django_db
def test_no_migration_is_missing():
    out = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=out)
    assert "No changes detected" in out.getvalue()


def test_every_model_says_what_one_row_means():
    silent = [model._meta.label for model in OWN if not model.__doc__ or model.__doc__.startswith(f"{model.__name__}(")]
    assert silent == []
