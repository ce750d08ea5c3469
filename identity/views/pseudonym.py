"""Taking the name of somebody who has left away, after saying what that means."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import Refused
from identity import actions, policies, traces
from identity.access import Request, requires
from identity.forms.pseudonym import PseudonymForm
from identity.models import Member


@require_http_methods(["GET", "POST"])
@requires(policies.is_owner, step_up=True)
def pseudonymise_member(request: Request, pk: int) -> HttpResponse:
    """Where the name stands, what comes in its place, and why it goes."""
    member = get_object_or_404(Member.objects.visible_to(request.user), pk=pk)
    form = PseudonymForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.pseudonymise(member, by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"The name is gone. They are {traces.pseudonym(member)} from now on.")
            return redirect("dashboard:show_member", pk)
    if member.left_at is None or member.pseudonymised_at is not None:
        messages.error(request, "Only the name of somebody who has left is taken away, and once.")
        return redirect("dashboard:show_member", pk)
    return render(request, "identity/member_pseudonymise.html", {"form": form, "member": member} | _effects(member))


def _effects(member: Member) -> dict:
    own, called = traces.own_swaps(member), traces.names_with_parts(member)
    counts = traces.count_everywhere([*own, *called])
    return {
        "pseudonym": traces.pseudonym(member),
        "counts": sorted(counts.items()),
        "called": [swap for swap in called if " " in swap.needle],
        "words": traces.words_of(member, [*own, *called]).count(),
        "old": traces.old_events(own),
    }
