"""A change of one's own address."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core import clock
from core.errors import Refused
from identity import actions, policies, queries
from identity.access import Request, requires
from identity.forms import AddressForm
from identity.models import AddressChange


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True)
def change_address(request: Request) -> HttpResponse:
    """Ask for another address; it counts once the link sent there was used."""
    form, at = AddressForm(request.POST or None), clock.now()
    if request.method == "POST" and form.is_valid():
        try:
            change = actions.ask_address(request.user, new=form.cleaned_data["email"], at=at)
        except Refused as no:
            form.add_error("email", str(no))
        else:
            messages.success(request, f"A link is on its way to {change.new}. Until you use it, nothing changes.")
            return redirect("identity:change_address")
    waiting = AddressChange.objects.filter(member=request.user, confirmed_at=None, revoked_at=None, expires_at__gt=at)
    return render(request, "identity/address_change.html", {"form": form, "waiting": waiting.first()})


@require_POST
@requires(policies.any_member)
def revoke_address(request: Request) -> HttpResponse:
    """Call off a change that waits."""
    if actions.revoke_address(request.user, at=clock.now()):
        messages.success(request, "Called off. Your address stays as it is.")
    return redirect("identity:me")


@require_http_methods(["GET", "POST"])
@requires(policies.any_member)
def confirm_address(request: Request, token: str) -> HttpResponse:
    """The link leads here, to somebody signed in; the button confirms."""
    at = clock.now()
    change = queries.open_address_change(token, member=request.user, at=at)
    if change is None:
        return render(request, "identity/address_void.html", status=404)
    if request.method == "POST":
        try:
            member = actions.confirm_address(change, by=request.user, at=at)
        except Refused as no:
            messages.error(request, str(no))
        else:
            messages.success(request, f"Your address is {member.email} now.")
        return redirect("identity:me")
    return render(request, "identity/address_confirm.html", {"change": change})
