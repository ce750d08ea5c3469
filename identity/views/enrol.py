"""Set-up of the office, joining by invitation, and the enrolment both end in: authenticator, then backup codes."""

from __future__ import annotations

import segno
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import Refused
from identity import actions, codes, passkeys, queries
from identity.access import Request, open_to_all
from identity.forms import CodeForm, JoinForm, KeptForm, OfficeSetUpForm, TokenForm
from identity.models import Invitation, Member, TotpDevice
from identity.rules import network_of
from identity.views.gate import enter

STEPS = ("Password", "Authenticator", "Backup codes")
VOID = "That invitation is used, revoked or too old. Ask the person who sent it for a new one."


@require_http_methods(["GET", "POST"])
@open_to_all
def begin_setup(request: Request) -> HttpResponse:
    """The one-time token from the terminal opens the set-up for this browser."""
    if queries.is_set_up():
        return redirect("identity:sign_in")
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if actions.try_setup_token(form.cleaned_data["token"], network=network_of(request.address), at=clock.now()):
            request.session.flush()
            request.session["setup"] = True
            return redirect("identity:setup_office")
        form.add_error("token", "That is not the token. It stands in the terminal in which Postern was started.")
    return render(request, "identity/setup_token.html", {"form": form})


@require_http_methods(["GET", "POST"])
@open_to_all
def setup_office(request: Request) -> HttpResponse:
    """Name the office and its owner."""
    if queries.is_set_up() or not request.session.get("setup"):
        return redirect("identity:begin_setup")
    form = OfficeSetUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = {name: value for name, value in form.cleaned_data.items() if name != "again"}
        try:
            owner = actions.begin_office(**facts, at=clock.now())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            request.session["enrol"] = {"member": owner.pk, "begun": owner.get_session_auth_hash()}
            return redirect("identity:enrol_authenticator")
    facts = {"form": form, "steps": _steps(0), "host": passkeys.host(), "unable": passkeys.why_not(request.get_host())}
    return render(request, "identity/setup_office.html", facts)


@require_http_methods(["GET", "POST"])
@open_to_all
def join(request: Request, token: str) -> HttpResponse:
    """An invited person chooses a password. The link opens nothing by itself and is used up only at the end."""
    invitation = queries.open_invitation(token, at=clock.now())
    if invitation is None:
        return render(request, "identity/join_void.html", {"text": VOID, "office": queries.office_if_any()}, status=404)
    form = JoinForm(request.POST or None, member=invitation.member)
    if request.method == "POST" and form.is_valid():
        member = actions.choose_password(invitation, password=form.cleaned_data["password"], at=clock.now())
        request.session.flush()
        begun = member.get_session_auth_hash()
        request.session["enrol"] = {"member": member.pk, "invitation": invitation.pk, "begun": begun}
        return redirect("identity:enrol_authenticator")
    facts = {"form": form, "steps": _steps(0), "member": invitation.member, "office": queries.office()}
    return render(request, "identity/join.html", facts)


@require_http_methods(["GET", "POST"])
@open_to_all
def enrol_authenticator(request: Request) -> HttpResponse:
    """Show the QR code, take the first right code."""
    member = _enrolling(request)
    if member is None:
        return _start_again(request)
    if TotpDevice.objects.filter(user=member, confirmed=True).exists():
        return redirect("identity:enrol_codes")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.confirm_authenticator(member, code=form.cleaned_data["code"], at=clock.now())
        except Refused as no:
            form.add_error("code", str(no))
        else:
            return redirect("identity:enrol_codes")
    return render(request, "identity/enrol_authenticator.html", {"form": form, "steps": _steps(1)} | qr_of(member))


def qr_of(member: Member) -> dict[str, str]:
    """The QR code as inline SVG made of attributes only, and the same key for typing."""
    seed = actions.begin_authenticator(member, at=clock.now()).seed()
    office = queries.office()
    address = codes.otpauth(seed, name=member.email or member.name, issuer=f"Postern {office.name}")
    svg = segno.make(address, error="m", micro=False).svg_inline(
        border=1, svgclass=None, lineclass=None, omitsize=True, title="QR code for your authenticator app"
    )
    return {"qr": mark_safe(svg), "typed": codes.in_base32(seed)}  # noqa: S308  segno's own drawing, no text of ours


@require_http_methods(["GET", "POST"])
@open_to_all
def enrol_codes(request: Request) -> HttpResponse:
    """Make the ten backup codes when asked to, and show them once."""
    member = _enrolling(request)
    if member is None:
        return _start_again(request)
    if not TotpDevice.objects.filter(user=member, confirmed=True).exists():
        return redirect("identity:enrol_authenticator")
    fresh = actions.make_backup_codes(member, at=clock.now()) if request.method == "POST" else []
    office = queries.office()
    facts = {"codes": fresh, "form": KeptForm(), "steps": _steps(2), "office": office, "member": member}
    facts["made_on"] = clock.local_day(clock.now(), member.timezone)
    return render(request, "identity/enrol_codes.html", facts)


@require_http_methods(["POST"])
@open_to_all
def finish_enrolment(request: Request) -> HttpResponse:
    """The sheet is put away: open the house and sign the person in."""
    member = _enrolling(request)
    if member is None:
        return _start_again(request)
    if not KeptForm(request.POST).is_valid():
        messages.warning(request, "Print the sheet and put it away first. If it is gone, make new codes here.")
        return redirect("identity:enrol_codes")
    invitation = Invitation.objects.filter(pk=request.session["enrol"].get("invitation")).first()
    try:
        member = actions.finish_enrolment(member, invitation=invitation, at=clock.now())
    except Refused as no:
        messages.error(request, str(no))
        return redirect("identity:sign_in")
    device = TotpDevice.objects.filter(user=member, confirmed=True).order_by("pk").first()
    messages.success(request, f"You are in, {member.first_name}. From now on a password and a code open this house.")
    return enter(request, member, device, proved_at=device.shown_at if device else None)


def _enrolling(request: Request) -> Member | None:
    """Who is enrolling in this session and has not finished; an invitation must still be open."""
    enrol = request.session.get("enrol")
    if not enrol:
        return None
    if "invitation" not in enrol and queries.is_set_up():
        return None
    if "invitation" in enrol:
        invitation = Invitation.objects.filter(pk=enrol["invitation"]).first()
        if invitation is None or not invitation.is_open(clock.now()):
            return None
    member = Member.objects.present().filter(pk=enrol["member"], joined_at=None).first()
    # Choosing a password again, elsewhere, makes an enrolment begun before it void.
    return member if member and constant_time_compare(enrol["begun"], member.get_session_auth_hash()) else None


def _start_again(request: Request) -> HttpResponse:
    messages.warning(request, "Start from your link or from the set-up token again; nothing was lost.")
    return redirect("identity:begin_setup")


def _steps(current: int) -> list[tuple[str, str]]:
    states = ["done"] * current + ["current"] + [""] * (len(STEPS) - current - 1)
    return list(zip(STEPS, states, strict=True))
