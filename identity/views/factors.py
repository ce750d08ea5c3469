"""One's own factors: how they stand, a further authenticator, a name, an end; and the office's rule on them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django_otp import DEVICE_ID_SESSION_KEY

from core import clock
from core.errors import Refused
from core.trail.actions import snapshot
from identity import actions, passkeys, policies, queries
from identity.access import Request, requires
from identity.forms import AuthenticatorForm, FactorForm, FactorRuleForm
from identity.models import Passkey, TotpDevice
from identity.proof import asked_to_enrol, digest_of, renew_key
from identity.views.enrol import qr_of


@require_safe
@requires(policies.any_member, lacking=True)
def own_factors(request: Request) -> HttpResponse:
    """What one has, what the office asks for, and what is missing."""
    at = clock.now()
    standing = queries.standing_of(request.user)
    facts = {
        "factors": queries.factors(request.user),
        "standing": standing,
        "is_late": standing.is_late(at),
        "checkup_is_due": standing.checkup_at is not None and standing.checkup_at <= at,
        "unable": passkeys.why_not(request.get_host()),
    }
    return render(request, "identity/factors.html", facts)


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=asked_to_enrol, lacking=True)
def add_authenticator(request: Request) -> HttpResponse:
    """A further authenticator app: show its QR code, take its first right code."""
    member = request.user
    form = AuthenticatorForm(request.POST or None, carriers=queries.carriers_of(member))
    try:
        actions.begin_another(member, at=clock.now())
        if request.method == "POST" and form.is_valid():
            made = actions.confirm_authenticator(member, at=clock.now(), keep=digest_of(request), **form.facts())
            renew_key(request)
            messages.success(request, f"“{made.name}” is in use.")
            return redirect("identity:own_factors")
    except Refused as no:
        if not form.is_bound:
            messages.error(request, str(no))
            return redirect("identity:own_factors")
        form.add_error(None, str(no))
    return render(request, "identity/authenticator_add.html", {"form": form} | qr_of(member))


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True, lacking=True)
def edit_authenticator(request: Request, pk: int) -> HttpResponse:
    """Another name for an authenticator, or another device."""
    return _edit(request, get_object_or_404(TotpDevice, pk=pk, user=request.user, confirmed=True))


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True, lacking=True)
def edit_passkey(request: Request, pk: int) -> HttpResponse:
    """Another name for a passkey, or another device."""
    return _edit(request, get_object_or_404(Passkey, pk=pk, user=request.user, confirmed=True))


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True, lacking=True)
def remove_authenticator(request: Request, pk: int) -> HttpResponse:
    """Say what removing an authenticator means, then do it."""
    return _remove(request, get_object_or_404(TotpDevice, pk=pk, user=request.user, confirmed=True))


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True, lacking=True)
def remove_passkey(request: Request, pk: int) -> HttpResponse:
    """Say what removing a passkey means, then do it."""
    return _remove(request, get_object_or_404(Passkey, pk=pk, user=request.user, confirmed=True))


def _edit(request: Request, factor: TotpDevice | Passkey) -> HttpResponse:
    carriers = queries.carriers_of(request.user)
    form = FactorForm(request.POST or None, carriers=carriers, initial=snapshot(factor, ["name", "carrier"]))
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_factor(factor, by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "Changed.")
            return redirect("identity:own_factors")
    return render(request, "identity/factor_edit.html", {"form": form, "factor": factor})


def _remove(request: Request, factor: TotpDevice | Passkey) -> HttpResponse:
    if request.method == "POST":
        try:
            actions.remove_factor(factor, by=request.user, at=clock.now(), keep=digest_of(request))
        except Refused as no:
            messages.error(request, str(no))
        else:
            renew_key(request)
            messages.success(request, f"“{factor.name}” opens nothing any more.")
        return redirect("identity:own_factors")
    is_own_way = request.session.get(DEVICE_ID_SESSION_KEY) == factor.persistent_id
    return render(request, "identity/factor_remove.html", {"factor": factor, "is_own_way": is_own_way})


@require_http_methods(["GET", "POST"])
@requires(policies.is_owner, step_up=True, lacking=True)
def edit_rule(request: Request) -> HttpResponse:
    """What the office asks of its people's factors. Open to every owner, so that a rule locks nobody out of it."""
    form = FactorRuleForm(request.POST or None, thing=queries.office())
    if request.method == "POST" and form.is_valid():
        actions.change_factor_rule(by=request.user, at=clock.now(), **form.facts())
        messages.success(request, "The rule is changed, and every owner gets a letter about it.")
        return redirect("identity:edit_factor_rule")
    return render(request, "identity/factor_rule.html", {"form": form, "host": passkeys.host()})
