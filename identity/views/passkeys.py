"""Passkeys: the second question, the only question where the office allows it, and a new one."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import Refused
from identity import actions, ceremonies, passkeys, policies, queries
from identity.access import Request, is_inside, open_to_all, requires, safe_next
from identity.browsers import whence
from identity.forms import PasskeyForm
from identity.models import Member, Passkey
from identity.proof import asked_to_enrol, digest_of, renew_key
from identity.views.gate import ask_again, enter, halfway_member

ENTER, ALONE, NEW = "enter", "alone", "new"


@require_http_methods(["GET", "POST"])
@open_to_all
def enter_passkey(request: Request) -> HttpResponse:
    """The second question, answered by a passkey."""
    member = halfway_member(request)
    if member is None:
        messages.warning(request, "That took a while. Start again with your password; nothing was lost.")
        return redirect("identity:sign_in")
    at, answer = clock.now(), actions.Answer()
    if request.method == "POST":
        answer = show(request, ENTER, member, at)
        if answer.device:
            return enter(request, member, answer.device)
    facts = {"office": queries.office(), "factors": queries.factors(member)} | ask(request, ENTER, member, at)
    return ask_again(request, "identity/sign_in_passkey.html", facts, answer)


@require_http_methods(["GET", "POST"])
@open_to_all
def enter_alone(request: Request) -> HttpResponse:
    """The only question, where the office allows it: a passkey whose device knew its holder by PIN, finger or face."""
    if is_inside(request.user):
        return redirect(safe_next(request, request.GET.get("next")))
    office = queries.office_if_any()
    if office is None or not office.passkey_alone:
        return redirect("identity:sign_in")
    at, answer = clock.now(), actions.Answer()
    if request.method == "POST":
        answer = show(request, ALONE, None, at)
        if answer.member:
            return enter(request, answer.member, answer.device, back=request.GET.get("next"))
    facts = {"office": office} | ask(request, ALONE, None, at)
    return ask_again(request, "identity/sign_in_alone.html", facts, answer)


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=asked_to_enrol, lacking=True)
def add_passkey(request: Request) -> HttpResponse:
    """Name a new passkey and where it is; the browser makes it."""
    at, member = clock.now(), request.user
    form = PasskeyForm(request.POST or None, carriers=queries.carriers_of(member))
    if request.method == "POST" and form.is_valid():
        answer, challenge = ceremonies.take(request, NEW, at)
        try:
            made = actions.add_passkey(
                member, answer=answer, challenge=challenge, at=at, keep=digest_of(request), **form.facts()
            )
        except Refused as no:
            form.add_error(None, str(no))
        else:
            renew_key(request)
            messages.success(request, f"“{made.name}” opens Postern for you from now on. Try it at your next sign-in.")
            return redirect("identity:own_factors")
    facts = {"form": form, "host": passkeys.host(), "unable": passkeys.why_not(request.get_host())}
    if not facts["unable"]:
        facts["question"] = ceremonies.put(request, NEW, passkeys.ask_to_make(member), at)
    return render(request, "identity/passkey_add.html", facts)


def ask(request: Request, purpose: str, member: Member | None, at: datetime, *, only: Passkey | None = None) -> dict:
    """What a page needs to ask for a passkey: the question, or in words why none can be asked here."""
    unable = passkeys.why_not(request.get_host())
    if unable:
        return {"unable": unable}
    return {"question": ceremonies.put(request, purpose, passkeys.ask_to_show(member, only=only), at)}


def show(
    request: Request, purpose: str, member: Member | None, at: datetime, *, only: Passkey | None = None
) -> actions.Answer:
    """Try what the browser answered."""
    answer, challenge = ceremonies.take(request, purpose, at)
    zone = member.timezone if member else queries.office().timezone
    return actions.try_passkey(
        member,
        answer=answer,
        challenge=challenge,
        **whence(request),
        today=clock.local_day(at, zone),
        at=at,
        only=only,
    )
