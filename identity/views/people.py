"""People of the office: adding, changing, inviting, ending; one's own page; the office's settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core import clock
from core.errors import Refused
from core.trail.actions import snapshot
from identity import actions, policies, queries
from identity.access import Request, requires
from identity.forms import EditMemberForm, MeForm, MemberForm, OfficeForm
from identity.models import CallRequest, Member
from identity.proof import digest_of, renew_key


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager, step_up=True)
def add_member(request: Request) -> HttpResponse:
    """Write a person down; they are invited in a second step, or never."""
    form = MemberForm(request.POST or None, by=request.user, initial={"timezone": queries.office().timezone})
    if request.method == "POST" and form.is_valid():
        try:
            member = actions.add_member(by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"{member.name} is on file.")
            return redirect("dashboard:show_member", member.pk)
    return render(request, "identity/member_edit.html", {"form": form})


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager, step_up=True)
def edit_member(request: Request, pk: int) -> HttpResponse:
    """Change a person's facts."""
    member = get_object_or_404(Member.objects.visible_to(request.user), pk=pk)
    form = EditMemberForm(request.POST or None, thing=member, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_member(member, by=request.user, at=clock.now(), keep=digest_of(request), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            if member.pk == request.user.pk:
                renew_key(request)
            messages.success(request, f"{member.name} is changed.")
            return redirect("dashboard:show_member", pk)
    return render(request, "identity/member_edit.html", {"form": form, "member": member})


@require_POST
@requires(policies.is_manager, step_up=True)
def invite_member(request: Request, pk: int) -> HttpResponse:
    """Send a person the link to join."""
    member = get_object_or_404(Member.objects.visible_to(request.user), pk=pk)
    try:
        actions.invite(member, by=request.user, at=clock.now())
    except Refused as no:
        messages.error(request, str(no))
    else:
        messages.success(request, f"{member.name} gets a letter with a link. It works once, for 24 hours.")
    return redirect("dashboard:show_member", pk)


@require_http_methods(["GET", "POST"])
@requires(policies.any_member)
def me(request: Request) -> HttpResponse:
    """One's own zone, hour, appearance and factors."""
    member = Member.objects.get(pk=request.user.pk)
    form = MeForm(request.POST or None, initial=snapshot(member, actions.OWN_FIELDS))
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_own_settings(member, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error("timezone", str(no))
        else:
            messages.success(request, "Your settings are changed.")
            return redirect("identity:me")
    return render(
        request,
        "identity/me.html",
        {"form": form, "member": member, "factors": queries.factors(member), "standing": request.user.standing},
    )


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True, lacking=True)
def new_codes(request: Request) -> HttpResponse:
    """A new sheet of backup codes, shown once; the old sheet is void, and so is every other session."""
    fresh: list[str] = []
    if request.method == "POST":
        fresh = actions.make_backup_codes(request.user, at=clock.now(), keep=digest_of(request))
        renew_key(request)
    return render(request, "identity/new_codes.html", {"codes": fresh, "member": request.user})


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager, step_up=True)
def edit_office(request: Request) -> HttpResponse:
    """The office's name, zone, emergency number and limits."""
    office = queries.office()
    form = OfficeForm(request.POST or None, thing=office)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_office(by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "The office’s settings are changed.")
            return redirect("identity:edit_office")
    return render(request, "identity/office_edit.html", {"form": form})


@require_POST
@requires(policies.is_manager)
def call_done(request: Request, pk: int) -> HttpResponse:
    """Tick off somebody who asked to be called."""
    actions.call_done(get_object_or_404(CallRequest, pk=pk), by=request.user, at=clock.now())
    messages.success(request, "Ticked off.")
    return redirect("dashboard:today")
