"""Where a person is signed in: one’s own sessions, and those of others for who may end them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.errors import Refused
from identity import actions, limits, policies, queries
from identity.access import Request, requires
from identity.enums import Ending
from identity.models import KnownBrowser, Member, OpenSession
from identity.proof import digest_of


@require_safe
@requires(policies.any_member)
def list_sessions(request: Request) -> HttpResponse:
    """One’s own sessions, each with its device, network and last use."""
    office = queries.office()
    at = clock.now()
    facts = {
        "lines": queries.sessions(request.user, office=office, at=at),
        "own": digest_of(request),
        "spans": queries.limits_in_words(request.user),
        "browsers": queries.browsers(request.user, at=at),
        "this_browser": request.session.get("browser"),
    }
    return render(request, "identity/session_list.html", facts)


@require_POST
@requires(policies.any_member)
def end_session(request: Request, pk: int) -> HttpResponse:
    """End one of one’s own; this one too, which is signing out."""
    session = get_object_or_404(OpenSession.objects.visible_to(request.user), pk=pk)
    actions.end_session(session, by=request.user, at=clock.now())
    messages.success(request, f"Ended: {session.browser}. Its next click leads to the sign-in page.")
    return redirect("identity:list_sessions")


@require_POST
@requires(policies.any_member)
def end_other_sessions(request: Request) -> HttpResponse:
    """End all of one’s own but this one."""
    ended = actions.end_sessions(
        request.user, why=Ending.BY_HAND, by=request.user, at=clock.now(), keep=digest_of(request)
    )
    said = "One other session is ended." if ended == 1 else f"{ended} other sessions are ended."
    messages.success(request, said if ended else "There was no other session.")
    return redirect("identity:list_sessions")


@require_POST
@requires(policies.any_member)
def forget_browser(request: Request, pk: int) -> HttpResponse:
    """Know one of one’s own browsers no longer."""
    browser = get_object_or_404(KnownBrowser.objects.all().visible_to(request.user), pk=pk)
    actions.forget_browser(browser, by=request.user, at=clock.now())
    messages.success(request, f"Forgotten: {browser.label}. You get a letter when somebody signs in with it again.")
    return redirect("identity:list_sessions")


@require_POST
@requires(policies.any_member)
def stay(request: Request) -> HttpResponse:
    """“Stay signed in”: counts as a click, and says how long there is from now."""
    at = clock.now()
    actions.note_seen(digest_of(request), at=at)
    limits.stamp(request.session, request.user.limits, at)
    if "HTTP_X_POSTERN_STAY" not in request.META:
        return redirect("dashboard:today")
    rests_in, over_in = limits.left(request.session, request.user.limits, at)
    return JsonResponse({"rests_in": rests_in, "over_in": over_in})


@require_safe
@requires(policies.is_manager)
def list_member_sessions(request: Request, pk: int) -> HttpResponse:
    """Where another person is signed in."""
    member = _changeable(request, pk)
    lines = queries.sessions(member, office=queries.office(), at=clock.now())
    return render(request, "identity/member_sessions.html", {"member": member, "lines": lines})


@require_POST
@requires(policies.is_manager, step_up=True)
def end_member_sessions(request: Request, pk: int) -> HttpResponse:
    """End all sessions of another person."""
    member = _changeable(request, pk)
    try:
        ended = actions.end_sessions_of(member, by=request.user, at=clock.now())
    except Refused as no:
        messages.error(request, str(no))
    else:
        many = "1 session is" if ended == 1 else f"{ended} sessions are"
        messages.success(request, f"{many} ended. {member.name} can sign in again with password and code.")
    return redirect("identity:list_member_sessions", pk)


def _changeable(request: Request, pk: int) -> Member:
    """Somebody whom this member may change; the others are not there."""
    member = get_object_or_404(Member.objects.visible_to(request.user), pk=pk)
    if not policies.may_change_member(request.user, member):
        return get_object_or_404(Member.objects.none(), pk=pk)
    return member
