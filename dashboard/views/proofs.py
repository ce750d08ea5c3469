"""Going through all that one person has: what is still right is confirmed in one press, the rest is led on."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core import clock
from dashboard import actions
from dashboard.context import frame_facts
from dashboard.forms import ProofsForm
from dashboard.queries.proofs import Item, Section, sections
from identity import policies
from identity.access import Request, requires
from identity.models import Member


@require_http_methods(["GET", "POST"])
@requires(policies.may_do_things)
def confirm_things(request: Request, pk: int) -> HttpResponse:
    """Say of everything that a person has whether it is still right; managers do it for others, naming who tried."""
    person, at = get_object_or_404(Member.objects.visible_to(request.user).present(), pk=pk), clock.now()
    found = sections(person, request.user, at=at, office=frame_facts(request).office)
    form = ProofsForm(request.POST or None, sections=found, person=person, by=request.user)
    if request.method == "POST" and form.is_valid():
        return _confirm(request, person, form)
    facts = {"person": person, "form": form, "is_own": person.pk == request.user.pk}
    return render(request, "dashboard/proofs.html", facts | {"wrong": _named(request, found)})


def _confirm(request: Request, person: Member, form: ProofsForm) -> HttpResponse:
    """Confirm what is right, say what became of it, and come back to what is not."""
    done = actions.confirm_things(
        form.right(),
        tried_by=form.cleaned_data.get("tried_by") or request.user,
        how=form.cleaned_data["how"],
        by=request.user,
        at=clock.now(),
    )
    if done.confirmed:
        messages.success(request, f"{done.confirmed} confirmed.")
    elif not done.refused and not form.wrong():
        messages.info(request, "Nothing was confirmed: every answer was “Not now”, or it was recorded a moment ago.")
    for words in done.refused:
        messages.error(request, words)
    wrong = urlencode({"not": [item.name for item in form.wrong()]}, doseq=True)
    back = reverse("dashboard:confirm_things", args=[person.pk])
    return redirect(f"{back}?{wrong}" if wrong else reverse("dashboard:show_member", args=[person.pk]))


def _named(request: Request, found: list[Section]) -> list[Item]:
    """The things that the address says are not right, as far as they are among those found."""
    names = set(request.GET.getlist("not"))
    return [item for section in found for item in section.items if item.name in names]
