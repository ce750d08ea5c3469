"""Letters: what was sent to whom, what the mail server said, and whether the post works at all."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.errors import Refused
from core.letters.actions import send_again
from core.letters.models import Letter
from core.letters.policies import may_send_again
from identity import policies
from identity.access import Request, requires
from notices import queries
from notices.forms import LetterFilter

PAGE = 50

# A letter carries inline styles, because mail programs need them. So its HTML is shown in a frame of its own, as a page
# that may do nothing else: no script, no image, no form, no address but ours around it, and no origin (sandbox).
PREVIEW_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox"
)
# The site's policy (config/middleware.py; a test compares) with the one frame that this page may hold.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /csp-report/; "
    "report-to csp; frame-src 'self'"
)


@require_safe
@requires(policies.any_member)
def list_letters(request: Request) -> HttpResponse:
    """Letters, newest first, beside them whether the post works and who must be told in person."""
    at, form = clock.now(), LetterFilter(request.GET)
    state = form.cleaned_data["state"] if form.is_valid() else ""
    page = Paginator(queries.letters_for(request.user, state=state), PAGE).get_page(request.GET.get("page"))
    facts = {"page": page, "form": form, "narrowed": bool(state)}
    if request.user.sees_everything:
        facts["post"] = queries.post_office(at)
        # Working it out asks every rule, so it is done for who wants to know and not with every look at the list.
        facts["asked_in_person"] = "in_person" in request.GET
        facts["in_person"] = queries.in_person(at) if facts["asked_in_person"] else []
    return render(request, "notices/letter_list.html", facts)


@require_safe
@requires(policies.any_member)
def show_letter(request: Request, pk: int) -> HttpResponse:
    """One letter: its state, each try with the mail server's reply, its text and a preview of its HTML."""
    letter = get_object_or_404(Letter.objects.visible_to(request.user).select_related("recipient"), pk=pk)
    facts = {
        "letter": letter,
        "attempts": queries.attempts(letter),
        "may_send_again": letter.state in ("refused", "given_up") and may_send_again(request.user),
    }
    response = render(request, "notices/letter_show.html", facts)
    response["Content-Security-Policy"] = PAGE_POLICY
    return response


@require_safe
@requires(policies.any_member)
def preview_letter(request: Request, pk: int) -> HttpResponse:
    """The HTML part of a letter as it went out, locked in."""
    letter = get_object_or_404(Letter.objects.visible_to(request.user), pk=pk)
    response = HttpResponse(letter.html)
    response["Content-Security-Policy"] = PREVIEW_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


@require_POST
@requires(may_send_again)
def send_letter_again(request: Request, pk: int) -> HttpResponse:
    """Put a refused or given-up letter back into the queue."""
    letter = get_object_or_404(Letter.objects.visible_to(request.user), pk=pk)
    try:
        send_again(letter, by=request.user, at=clock.now())
    except Refused as no:
        messages.error(request, str(no))
    else:
        messages.success(request, "The letter is queued again.")
    return redirect("notices:show_letter", pk)
