"""Open invitations: until when, send again, take back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.errors import Refused
from identity import actions, policies, queries
from identity.access import Request, requires
from identity.models import Invitation, Member


@require_safe
@requires(policies.is_manager)
def list_invitations(request: Request) -> HttpResponse:
    """Who can still join, and until when."""
    rows = [
        (invitation, policies.may_change_member(request.user, invitation.member))
        for invitation in queries.open_invitations(request.user, at=clock.now())
    ]
    return render(request, "identity/invitation_list.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager, step_up=True)
def revoke_invitation(request: Request, pk: int) -> HttpResponse:
    """Ask once, then make the link void."""
    people = Member.objects.visible_to(request.user)
    invitation = get_object_or_404(Invitation.objects.filter(member__in=people).select_related("member"), pk=pk)
    if request.method == "POST":
        try:
            actions.revoke_invitation(invitation, by=request.user, at=clock.now())
        except Refused as no:
            messages.error(request, str(no))
        else:
            messages.success(request, f"The invitation of {invitation.member.name} opens nothing any more.")
        return redirect("identity:list_invitations")
    return render(request, "identity/invitation_revoke.html", {"invitation": invitation})
