"""Sign-in in two questions, and sign-out."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import login as otp_login

from core import clock
from identity import actions, browsers, queries
from identity.access import Request, is_inside, open_to_all, safe_next
from identity.forms import BackupCodeForm, CodeForm, SignInForm
from identity.models import Member
from identity.rules import network_of

# How long a right password waits for its code.
HALFWAY_LASTS = timedelta(minutes=10)
WRONG = "That address and password do not belong together. Check both, and Caps Lock."
USED = "That code is wrong, used or has run out. Wait for the next one."
SLOW = "Too many wrong tries. Wait {} and try again; a right answer counts only then."
SHUT = (
    "Too many wrong tries from browsers that are new here. An owner of the office has to open this again. A browser in "
    "which you signed in before still works."
)
# Nobody is told to come back later than tomorrow.
MOST_PROMISED = 24 * 60 * 60


@require_http_methods(["GET", "POST"])
@open_to_all
def sign_in(request: Request) -> HttpResponse:
    """The first question: address and password. A right answer opens nothing but the second question."""
    if is_inside(request.user):
        return redirect(safe_next(request, request.GET.get("next")))
    if not queries.is_set_up():
        return redirect("identity:begin_setup")
    form, wait = SignInForm(request.POST or None), 0
    if request.method == "POST" and form.is_valid():
        at = clock.now()
        office = queries.office()
        answer = actions.try_password(
            **form.cleaned_data, **whence(request), today=clock.local_day(at, office.timezone), at=at
        )
        if answer.member:
            return _halfway(request, answer.member, at)
        wait = answer.wait
        form.add_error(None, why_slow(answer) if wait else WRONG)
    return _page(request, "identity/sign_in.html", {"form": form, "office": queries.office()}, wait)


def _halfway(request: Request, member: Member, at) -> HttpResponse:
    """Remember who showed a password, in a fresh session that is not signed in."""
    back = safe_next(request, request.GET.get("next"))
    request.session.flush()
    request.session["halfway"] = {"member": member.pk, "at": at.timestamp(), "next": back}
    return redirect("identity:enter_code")


def halfway_member(request: Request) -> Member | None:
    """Who showed a password in this session within the last minutes, if they may still enter."""
    halfway = request.session.get("halfway")
    at = clock.now()
    if not halfway or at.timestamp() - halfway["at"] > HALFWAY_LASTS.total_seconds():
        return None
    member = Member.objects.present().filter(pk=halfway["member"]).first()
    return member if member and member.may_enter(clock.local_day(at, member.timezone)) else None


@require_http_methods(["GET", "POST"])
@open_to_all
def enter_code(request: Request) -> HttpResponse:
    """The second question: six digits from the authenticator."""
    return _second_question(request, CodeForm, actions.try_code, "identity/sign_in_code.html")


@require_http_methods(["GET", "POST"])
@open_to_all
def enter_backup_code(request: Request) -> HttpResponse:
    """The second question, answered from the printed sheet."""
    return _second_question(request, BackupCodeForm, actions.try_backup_code, "identity/sign_in_backup.html")


def _second_question(request: Request, form_class, attempt, template: str) -> HttpResponse:
    member = halfway_member(request)
    if member is None:
        messages.warning(request, "That took a while. Start again with your password; nothing was lost.")
        return redirect("identity:sign_in")
    form, wait = form_class(request.POST or None), 0
    if request.method == "POST" and form.is_valid():
        answer = attempt(member, code=form.cleaned_data["code"], **whence(request), at=clock.now())
        if answer.device:
            return enter(request, member, answer.device)
        wait = answer.wait
        form.add_error("code", why_slow(answer) if wait else USED)
    facts = {"form": form, "office": queries.office(), "codes_left": queries.factors(member).codes_left}
    return _page(request, template, facts, wait)


def enter(request: Request, member: Member, device) -> HttpResponse:
    """Open the house: a new session key, both factors shown, the browser known, the trail told."""
    back = safe_next(request, (request.session.get("halfway") or {}).get("next"))
    at = clock.now()
    request.session.flush()
    login(request, member, backend="identity.backends.MemberBackend")
    otp_login(request, device)
    request.session["began"] = request.session["seen"] = request.session["fresh_at"] = int(at.timestamp())
    network, label = network_of(request.address), browsers.label_of(request)
    known = actions.know_browser(member, token=browsers.token_of(request), label=label, network=network, at=at)
    request.session["browser"] = known.browser.pk
    actions.note_signed_in(member, device=device, address=network, browser=label, at=at)
    response = redirect(back)
    browsers.hand_out(response, known.token)
    return response


@require_POST
@open_to_all
def sign_out(request: Request) -> HttpResponse:
    """End this session; the browser forgets what it kept of it."""
    if request.user.is_authenticated:
        actions.note_signed_out(request.user, address=network_of(request.address), at=clock.now())
    logout(request)
    answer = redirect("identity:sign_in")
    answer["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _page(request: Request, template: str, facts: dict, wait: int) -> HttpResponse:
    response = render(request, template, facts, status=429 if wait else 200)
    if wait:
        response["Retry-After"] = str(min(wait, MOST_PROMISED))
    return response


class Whence(TypedDict):
    """Where a try comes from: its network, and the token by which its browser may be known."""

    network: str | None
    token: str


def whence(request: Request) -> Whence:
    """From where this request comes, as the tries at the front door take it."""
    return {"network": network_of(request.address), "token": browsers.token_of(request)}


def why_slow(answer: actions.Answer) -> str:
    """Why a try was not looked at, and what to do."""
    return SHUT if answer.is_shut else SLOW.format(_span(answer.wait))


def _span(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"
