"""Sign-in in two questions, and sign-out."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import login as otp_login

from core import clock
from core.errors import Refused
from identity import actions, queries
from identity.access import Request, is_inside, open_to_all, safe_next
from identity.forms import BackupCodeForm, CodeForm, SignInForm
from identity.models import Member
from identity.rules import network_of

# How long a right password waits for its code.
HALFWAY_LASTS = timedelta(minutes=10)
WRONG = "That address and password do not belong together. Check both, and Caps Lock."
USED = "That code is wrong, used or has run out. Wait for the next one."
SLOW = "Too many tries. Wait {} and try again; a right answer counts only then."


@require_http_methods(["GET", "POST"])
@open_to_all
def sign_in(request: Request) -> HttpResponse:
    """The first question: address and password. A right answer opens nothing but the second question."""
    if is_inside(request.user):
        return redirect(safe_next(request, request.GET.get("next")))
    if not queries.is_set_up():
        return redirect("identity:begin_setup")
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        at = clock.now()
        office = queries.office()
        answer = actions.try_password(
            **form.cleaned_data,
            network=network_of(request.address),
            today=clock.local_day(at, office.timezone),
            at=at,
        )
        if answer.member:
            return _halfway(request, answer.member, at)
        status = 429 if answer.wait else 200
        form.add_error(None, SLOW.format(_span(answer.wait)) if answer.wait else WRONG)
    return _page(request, "identity/sign_in.html", {"form": form, "office": queries.office()}, status)


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
    form = form_class(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            answer = attempt(
                member, code=form.cleaned_data["code"], network=network_of(request.address), at=clock.now()
            )
        except Refused as no:
            status = 503
            form.add_error("code", str(no))
        else:
            if answer.device:
                return enter(request, member, answer.device)
            status = 429 if answer.wait else 200
            form.add_error("code", SLOW.format(_span(answer.wait)) if answer.wait else USED)
    facts = {"form": form, "office": queries.office(), "codes_left": queries.factors(member).codes_left}
    return _page(request, template, facts, status)


def enter(request: Request, member: Member, device) -> HttpResponse:
    """Open the house: a new session key, both factors shown, the trail told."""
    back = safe_next(request, (request.session.get("halfway") or {}).get("next"))
    at = clock.now()
    request.session.flush()
    login(request, member, backend="identity.backends.MemberBackend")
    otp_login(request, device)
    request.session["began"] = request.session["seen"] = request.session["fresh_at"] = int(at.timestamp())
    actions.note_signed_in(member, device=device, address=network_of(request.address), at=at)
    return redirect(back)


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


def _page(request: Request, template: str, facts: dict, status: int) -> HttpResponse:
    response = render(request, template, facts, status=status)
    if status == 429:
        response["Retry-After"] = "30"
    return response


def _span(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"
