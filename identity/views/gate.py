"""Sign-in in two questions, and sign-out."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import login as otp_login

from core import clock
from core.errors import Refused
from identity import actions, browsers, limits, passkeys, proof, queries
from identity.access import Request, is_inside, open_to_all, safe_next
from identity.answers import USED, WRONG, slowed, why_slow
from identity.browsers import whence
from identity.enums import Ending
from identity.forms import BackupCodeForm, CodeForm, SignInForm
from identity.models import BackupSheet, Member
from identity.proof import digest_of
from identity.rules import network_of

# How long a right password waits for its code.
HALFWAY_LASTS = timedelta(minutes=10)


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
    shown = member.get_session_auth_hash()
    request.session["halfway"] = {"member": member.pk, "at": at.timestamp(), "next": back, "shown": shown}
    has_passkey = queries.has_passkey(member) and not passkeys.why_not(request.get_host())
    return redirect("identity:enter_passkey" if has_passkey else "identity:enter_code")


def halfway_member(request: Request) -> Member | None:
    """Who showed a password in this session within the last minutes, if they may still enter."""
    halfway = request.session.get("halfway")
    at = clock.now()
    if not halfway or at.timestamp() - halfway["at"] > HALFWAY_LASTS.total_seconds():
        return None
    member = Member.objects.present().filter(pk=halfway["member"]).first()
    if member is None or not constant_time_compare(halfway["shown"], member.get_session_auth_hash()):
        return None  # gone, or the password was changed since it was shown
    return member if member.may_enter(clock.local_day(at, member.timezone)) else None


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
    form, wait, status, wrong = form_class(request.POST or None), 0, 200, 0
    if request.method == "POST" and form.is_valid():
        try:
            answer = attempt(member, code=form.cleaned_data["code"], **whence(request), at=clock.now())
        except Refused as no:
            status = 503
            form.add_error("code", str(no))
        else:
            if answer.device:
                return enter(request, member, answer.device)
            wait = answer.wait
            form.add_error("code", why_slow(answer) if wait else USED)
            wrong = _count_wrong(request)
    factors = queries.factors(member)
    facts = {"form": form, "office": queries.office(), "codes_left": factors.codes_left, "factors": factors}
    facts["again"] = wrong > 1
    return _page(request, template, facts, wait, status)


def _count_wrong(request: Request) -> int:
    """How many codes in a row were wrong in this session since the password. The throttle has a count of its own."""
    halfway = request.session["halfway"]
    halfway["wrong"] = halfway.get("wrong", 0) + 1
    request.session.modified = True
    return int(halfway["wrong"])


def enter(
    request: Request, member: Member, device, *, back: str | None = None, proved_at: datetime | None = None
) -> HttpResponse:
    """Open the house: a new session key, both factors shown, the browser known, the trail told.

    Leads `back`, or to where one was going. `proved_at` is when the factor was shown, if that was not just now.
    """
    back = safe_next(request, back or (request.session.get("halfway") or {}).get("next"))
    at = clock.now()
    request.session.flush()
    login(request, member, backend="identity.backends.MemberBackend")
    otp_login(request, device)
    # A backup code opens the house and proves nothing further, but that a lost factor may be replaced right away.
    by_sheet = isinstance(device, BackupSheet)
    limits.begin(request.session, queries.limits_of(member), at, proved_at=None if by_sheet else proved_at or at)
    if by_sheet:
        request.session[proof.BY_SHEET] = int(at.timestamp())
    network, label = network_of(request.address), browsers.label_of(request)
    known = actions.know_browser(member, token=browsers.token_of(request), label=label, network=network, at=at)
    request.session["browser"] = known.browser.pk
    actions.begin_session(
        member, digest=digest_of(request), browser=label, network=network, is_new_browser=known.is_new, at=at
    )
    actions.note_signed_in(member, device=device, address=network, browser=label, at=at)
    response = redirect(back)
    browsers.hand_out(response, known.token)
    return response


@require_POST
@open_to_all
def sign_out(request: Request) -> HttpResponse:
    """End this session; the browser forgets what it kept of it."""
    if request.user.is_authenticated:
        at = clock.now()
        actions.close_session(digest_of(request), why=Ending.SIGNED_OUT, at=at)
        actions.note_signed_out(request.user, address=network_of(request.address), at=at)
    logout(request)
    answer = redirect("identity:sign_in")
    answer["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def ask_again(request: Request, template: str, facts: dict, answer: actions.Answer) -> HttpResponse:
    """The page of a question: why the last try opened nothing, or how long to wait."""
    return _page(request, template, facts | {"why": why_slow(answer) if answer.wait else answer.why}, answer.wait)


def _page(request: Request, template: str, facts: dict, wait: int, status: int = 200) -> HttpResponse:
    return slowed(render(request, template, facts, status=status), wait)
