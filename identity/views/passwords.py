"""A forgotten password before sign-in, and a change of one's own after it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import Refused
from identity import actions, policies, queries
from identity.access import Request, open_to_all, requires
from identity.answers import slowed, why_slow
from identity.browsers import whence
from identity.forms import ChangePasswordForm, ForgottenForm, JoinForm
from identity.proof import digest_of, renew_key
from identity.rules import network_of, span

VOID = "That link is used or too old, or another one was used. Ask for a new one on the sign-in page."


@require_http_methods(["GET", "POST"])
@open_to_all
def forgotten(request: Request) -> HttpResponse:
    """Ask for a link to a new password. The answer and its time are the same for every name."""
    if not queries.is_set_up():
        return redirect("identity:begin_setup")
    form, asked, wait = ForgottenForm(request.POST or None), False, 0
    if request.method == "POST" and form.is_valid():
        wait = actions.forgot_password(
            email=form.cleaned_data["email"], network=network_of(request.address), at=clock.now()
        )
        asked = not wait
        if wait:
            form.add_error(None, f"Enough links were asked for. Wait {span(wait)} and try again, or ring the office.")
    facts = {"form": form, "asked": asked, "office": queries.office()}
    return slowed(render(request, "identity/forgotten.html", facts), wait)


@require_http_methods(["GET", "POST"])
@open_to_all
def new_password(request: Request, token: str) -> HttpResponse:
    """Choose a new password by the link from the letter. It signs nobody in."""
    at = clock.now()
    reset = queries.open_password_reset(token, at=at)
    if reset is None or reset.member is None:
        return _void(request)
    form = JoinForm(request.POST or None, member=reset.member)
    if request.method == "POST" and form.is_valid():
        password, network = form.cleaned_data["password"], network_of(request.address)
        try:
            actions.use_password_reset(reset, password=password, address=network, at=at)
        except Refused:
            return _void(request)
        request.session.flush()
        messages.success(request, "Your new password counts. Sign in with it; your code is asked for as before.")
        return redirect("identity:sign_in")
    facts = {"form": form, "member": reset.member, "office": queries.office()}
    return render(request, "identity/password_new.html", facts)


def _void(request: Request) -> HttpResponse:
    facts = {"text": VOID, "office": queries.office_if_any()}
    return render(request, "identity/join_void.html", facts, status=404)


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True)
def change_password(request: Request) -> HttpResponse:
    """Change one's own password: the old one, and a fresh code. All other sessions end."""
    form, at, wait = ChangePasswordForm(request.POST or None, member=request.user), clock.now(), 0
    if request.method == "POST" and form.is_valid():
        answer = actions.change_password(
            request.user,
            old=form.cleaned_data["old"],
            new=form.cleaned_data["password"],
            **whence(request),
            keep=digest_of(request),
            today=clock.local_day(at, request.user.timezone),
            at=at,
        )
        if answer.member is not None:
            request.user.refresh_from_db(fields=["password"])
            request.session[HASH_SESSION_KEY] = request.user.get_session_auth_hash()
            renew_key(request)
            messages.success(request, "Your password is changed. All other sessions ended.")
            return redirect("identity:me")
        wait = answer.wait
        form.add_error("old", why_slow(answer) if wait else "That is not your present password.")
    return slowed(render(request, "identity/password_change.html", {"form": form}), wait)
