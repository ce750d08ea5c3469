"""Which door for which job."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from core import clock
from dashboard.context import frame_facts
from dashboard.queries.adviser import advice
from identity import policies
from identity.access import Request, requires
from identity.models import Member


@require_safe
@requires(policies.any_member)
def show_adviser(request: Request, pk: int) -> HttpResponse:
    """For every job the door that suits it, for this person as things stand: ready, or what is missing."""
    person = get_object_or_404(Member.objects.visible_to(request.user).present(), pk=pk)
    given = advice(person, request.user, at=clock.now(), office=frame_facts(request).office)
    facts = {"person": person, "given": given, "is_own": person.pk == request.user.pk}
    return render(request, "dashboard/adviser.html", facts)
