"""Enrolling anew with the link of a reset, and the page that stops one. All of it before sign-in."""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta

import segno
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_POST

from core import clock
from core.errors import Refused
from identity import actions, codes, queries, sealing
from identity.access import Request, open_to_all
from identity.answers import NOT_IT, slowed, why_slow
from identity.browsers import whence
from identity.forms import CodeForm, JoinForm, KeptForm, PasswordForm
from identity.models import FactorReset, Member, TotpDevice
from identity.rules import network_of
from identity.views.gate import enter

STEPS = ("Password", "Authenticator", "Backup codes")
VOID = "The reset was used, stopped, or has run out. Ring the office if you still need it."
# How long after enrolling anew the backup codes may be printed in the same session.
PRINT_WITHIN = timedelta(minutes=15)


@require_http_methods(["GET", "POST"])
@open_to_all
def use_link(request: Request, token: str) -> HttpResponse:
    """The link asks for the password first; after a recovery on the console, for a new one."""
    at = clock.now()
    reset = queries.reset_to_use(token, at=at)
    if reset is None:
        return _void(request)
    if reset.on_console:
        return _new_password(request, reset)
    form, wait = PasswordForm(request.POST or None), 0
    if request.method == "POST" and form.is_valid():
        answer = actions.try_password(
            email=reset.member.email or "",
            password=form.cleaned_data["password"],
            **whence(request),
            today=clock.local_day(at, reset.member.timezone),
            at=at,
        )
        if answer.member is not None:
            return _begin(request, reset, answer.member)
        wait = answer.wait
        form.add_error(None, why_slow(answer) if wait else NOT_IT)
    facts = {"form": form, "steps": _steps(0), "member": reset.member, "office": queries.office()}
    return slowed(render(request, "identity/reset_password.html", facts), wait)


def _new_password(request: Request, reset: FactorReset) -> HttpResponse:
    form = JoinForm(request.POST or None, member=reset.member)
    if request.method == "POST" and form.is_valid():
        member = actions.choose_password_anew(reset, password=form.cleaned_data["password"], at=clock.now())
        return _begin(request, reset, member)
    facts = {"form": form, "steps": _steps(0), "member": reset.member, "office": queries.office(), "anew": True}
    return render(request, "identity/reset_password.html", facts)


def _begin(request: Request, reset: FactorReset, member: Member) -> HttpResponse:
    """A fresh session with a seed of its own, sealed: what another browser was shown by the same link opens nothing."""
    sealed = actions.new_seed_for(reset)
    request.session.flush()
    request.session["reset"] = {
        "reset": reset.pk,
        "begun": member.get_session_auth_hash(),
        "sealed": base64.b64encode(sealed).decode(),
    }
    return redirect("identity:reset_authenticator")


def _resetting(request: Request) -> tuple[FactorReset, bytes] | None:
    """The reset that this session is in the midst of, with its seed; None when it opens nothing any more."""
    kept = request.session.get("reset") or {}
    rows = FactorReset.objects.select_related("member", "opened_by", "confirmed_by")
    reset = rows.filter(pk=kept.get("reset") or 0).first()
    if reset is None or not queries.opens(reset, clock.now()):
        return None
    if not constant_time_compare(kept["begun"], reset.member.get_session_auth_hash()):
        return None
    try:
        return reset, actions.seed_of(reset, base64.b64decode(kept["sealed"]))
    except (sealing.CannotUnseal, binascii.Error):
        return None


@require_http_methods(["GET", "POST"])
@open_to_all
def enrol_again(request: Request) -> HttpResponse:
    """Show the QR code; a right code ends every earlier factor and every session, and uses the link up."""
    begun = _resetting(request)
    if begun is None:
        return _void(request)
    (reset, seed), form = begun, CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        at = clock.now()
        step = codes.matching_step(seed, form.cleaned_data["code"], at=at)
        if step is not None:
            return _use(request, reset, seed, step)
        form.add_error(
            "code", "That code is not right. Wait for the next one, and check that your phone sets its clock."
        )
    facts = {"form": form, "steps": _steps(1)} | _qr(reset.member, seed)
    return render(request, "identity/enrol_authenticator.html", facts)


def _use(request: Request, reset: FactorReset, seed: bytes, step: int) -> HttpResponse:
    at = clock.now()
    try:
        device = actions.use_reset(reset, seed=seed, step=step, address=network_of(request.address), at=at)
    except Refused:
        return _void(request)
    request.session.flush()
    request.session["enrolled"] = {
        "member": reset.member_id,
        "device": device.pk,
        "at": at.timestamp(),
        "password": device.user.get_session_auth_hash(),
    }
    return redirect("identity:reset_codes")


def _qr(member: Member, seed: bytes) -> dict[str, str]:
    issuer = f"Postern {queries.office().name}"
    address = codes.otpauth(seed, name=member.email or member.name, issuer=issuer)
    svg = segno.make(address, error="m", micro=False).svg_inline(
        border=1, svgclass=None, lineclass=None, omitsize=True, title="QR code for your authenticator app"
    )
    return {"qr": mark_safe(svg), "typed": codes.in_base32(seed)}  # noqa: S308  segno's own drawing, no text of ours


@require_http_methods(["GET", "POST"])
@open_to_all
def reset_codes(request: Request) -> HttpResponse:
    """Ten new backup codes, shown once when asked for."""
    device = _enrolled(request)
    if device is None:
        return _to_sign_in(request)
    fresh = actions.make_backup_codes(device.user, at=clock.now()) if request.method == "POST" else []
    facts = {
        "codes": fresh,
        "form": KeptForm(),
        "steps": _steps(2),
        "office": queries.office(),
        "member": device.user,
        "finish": "identity:finish_reset",
    }
    return render(request, "identity/enrol_codes.html", facts)


@require_POST
@open_to_all
def finish_reset(request: Request) -> HttpResponse:
    """The sheet is put away: sign the person in, who has just shown password and code."""
    device = _enrolled(request)
    if device is None:
        return _to_sign_in(request)
    if not KeptForm(request.POST).is_valid():
        messages.warning(request, "Print the sheet and put it away first. If it is gone, make new codes here.")
        return redirect("identity:reset_codes")
    messages.success(request, f"You are in again, {device.user.first_name}. Your old authenticator and codes are void.")
    return enter(request, device.user, device, proved_at=device.shown_at)


def _enrolled(request: Request) -> TotpDevice | None:
    """The authenticator enrolled in this session a moment ago, if it is still in use and its person may enter.

    A password that was changed meanwhile ends this as it ends every session.
    """
    kept, at = request.session.get("enrolled"), clock.now()
    if not kept or at.timestamp() - kept["at"] > PRINT_WITHIN.total_seconds():
        return None
    device = TotpDevice.objects.filter(pk=kept["device"], user=kept["member"], confirmed=True).first()
    if device is None or not constant_time_compare(kept["password"], device.user.get_session_auth_hash()):
        return None
    if not device.user.may_enter(clock.local_day(at, device.user.timezone)):
        return None
    return device


def _to_sign_in(request: Request) -> HttpResponse:
    messages.warning(request, "Sign in with your password and a code. You can print backup codes on your own page.")
    return redirect("identity:sign_in")


def _void(request: Request) -> HttpResponse:
    facts = {"text": VOID, "office": queries.office_if_any()}
    return render(request, "identity/join_void.html", facts, status=404)


def _steps(current: int) -> list[tuple[str, str]]:
    states = ["done"] * current + ["current"] + [""] * (len(STEPS) - current - 1)
    return list(zip(STEPS, states, strict=True))


@require_http_methods(["GET", "POST"])
@open_to_all
def stop_by_letter(request: Request, token: str) -> HttpResponse:
    """The page behind the link in the warning letter. Opening it changes nothing; the button stops the reset."""
    reset, said = queries.reset_to_stop(token), ""
    if reset is None:
        return _void(request)
    done, status = False, 200
    if request.method == "POST":
        try:
            actions.stop_reset(reset, by=None, at=clock.now())
            done = True
        except Refused as no:
            said, status = str(no), 409
    facts = {
        "reset": reset,
        "office": queries.office(),
        "zone": reset.member.timezone,
        "open": queries.can_be_stopped(reset, clock.now()),
        "done": done,
        "said": said,
    }
    return render(request, "identity/reset_stop_letter.html", facts, status=status)
