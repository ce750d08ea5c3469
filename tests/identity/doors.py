"""Going through Postern's own door in tests: the pages, and rows as many tries would have left them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.test import Client

from core import clock
from identity import codes, throttle
from identity.enums import Stage
from identity.models import Member, SignIn, TotpDevice
from identity.queries.throttle import name_digest
from tests.factories import PASSWORD

WRONG = "wrong wrong wrong wrong"


def show_password(client: Client, email: str | None, password: str = PASSWORD):
    return client.post("/signin/", {"email": email, "password": password})


def right_code(member: Member) -> str:
    """What the member's authenticator shows; its memory of the last code is cleared, as if half a minute went by."""
    device = TotpDevice.objects.get(user=member, confirmed=True)
    TotpDevice.objects.filter(pk=device.pk).update(last_step=-1)
    return codes.code_at(device.seed(), clock.now())


def wrong_code(member: Member) -> str:
    """Six digits that the authenticator shows neither now nor around now."""
    seed, now = TotpDevice.objects.get(user=member, confirmed=True).seed(), clock.now()
    good = {codes.code_at(seed, now + timedelta(seconds=30 * step)) for step in range(-3, 4)}
    return next(code for n in range(10) if (code := f"{n:06d}") not in good)


def sign_in(member: Member, client: Client):
    """All the way in, through the pages."""
    show_password(client, member.email)
    return client.post("/signin/code/", {"code": right_code(member)})


def is_in(client: Client) -> bool:
    return client.get("/me/").status_code == 200


def fail(
    email: str | None,
    times: int,
    *,
    stage: Stage = Stage.PASSWORD,
    member: Member | None = None,
    until: datetime | None = None,
    apart: timedelta = timedelta(seconds=1),
) -> None:
    """Leave the rows of so many wrong answers of strangers, each from a network of its own, the last one at `until`."""
    until = until or clock.now()
    SignIn.objects.bulk_create(
        SignIn(
            at=until - apart * n,
            stage=stage,
            name=name_digest(email or ""),
            network=f"2001:db8:{n:x}::",
            ok=False,
            member=member,
        )
        for n in range(times)
    )


def shut(member: Member) -> None:
    """As many strangers' wrong passwords as shut a sign-in to new browsers, long enough ago that nothing else waits."""
    until = clock.now() - timedelta(days=2)
    fail(member.email, throttle.MOST_IN_A_ROW, member=member, until=until, apart=timedelta(hours=1))
