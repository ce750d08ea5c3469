"""Passkeys: the second question, the only question where the office allows it, a fresh proof, and a new one."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import Refused
from identity import actions, passkeys, policies, queries
from identity.access import Request, is_inside, mark_fresh, open_to_all, requires, safe_next
from identity.forms import PasskeyForm
from identity.models import Member, Passkey
from identity.rules import network_of
from identity.views import ceremonies
from identity.views.gate import ask_again, enter, halfway_member

ENTER, ALONE, STEP_UP, NEW = "enter", "alone", "step-up", "new"


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
@requires(policies.any_member, lacking=True)
def step_up_with_passkey(request: Request) -> HttpResponse:
    """A fresh proof by passkey, then on to where the person was going."""
    at, answer = clock.now(), actions.Answer()
    if request.method == "POST":
        answer = show(request, STEP_UP, request.user, at)
        if answer.device:
            mark_fresh(request, at)
            return redirect(safe_next(request, request.GET.get("next")))
    facts = {"next": safe_next(request, request.GET.get("next"))} | ask(request, STEP_UP, request.user, at)
    return ask_again(request, "identity/step_up_passkey.html", facts, answer)


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True, lacking=True)
def add_passkey(request: Request) -> HttpResponse:
    """Name a new passkey and where it is; the browser makes it."""
    at, member = clock.now(), request.user
    form = PasskeyForm(request.POST or None, carriers=queries.carriers_of(member))
    if request.method == "POST" and form.is_valid():
        answer, challenge = ceremonies.take(request, NEW, at)
        try:
            made = actions.add_passkey(member, answer=answer, challenge=challenge, at=at, **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
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
        network=network_of(request.address),
        today=clock.local_day(at, zone),
        at=at,
        only=only,
    )
