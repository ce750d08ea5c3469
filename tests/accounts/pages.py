"""What tests of the accounts’ pages share: addresses, what a person reads there, what a browser would send."""

from __future__ import annotations

import re

from django.urls import reverse

from accounts.models import Account, Login
from core.trail.models import Event

SECRETS = {
    "seed": "JBSW Y3DP EHPK 3PXP JBSW Y3DP",
    "otpauth link": "otpauth://totp/IBKR:maria?secret=JBSWY3DPEHPK3PXP",
    "private key": "-----BEGIN PRIVATE KEY-----",
    "card number": "4111 1111 1111 1111",
}


def account_page(account: Account) -> str:
    return reverse("dashboard:show_account", args=[account.pk])


def login_page(login: Login) -> str:
    return reverse("accounts:show_login", args=[login.pk])


def words(response) -> str:
    """What a person reads on the page."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def errors(response) -> dict[str, list[str]]:
    return {name: list(said) for name, said in response.context["form"].errors.items()}


def looks_secret(response, field: str) -> bool:
    """Whether the page came back with the detector’s word at that field."""
    said = errors(response).get(field, [])
    return response.status_code == 200 and any(line.startswith("This looks like") for line in said)


def typed(client, url: str, **changed) -> dict:
    """What a browser would send from the page at that address, with some fields changed."""
    form = client.get(url).context["form"]
    values = {name: form[name].value() for name in form.fields}
    posted = {name: "" if value is None else value for name, value in values.items()}
    return {name: value for name, value in (posted | changed).items() if value is not None}


def told() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))
