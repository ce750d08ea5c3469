"""Broker notices: what is about to change, who has answered, and one's own answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock
from core.errors import Refused
from identity import policies
from identity.access import Request, requires
from notices import actions, queries
from notices.forms import DeclineForm, EditNoticeForm, NoticeForm
from notices.models import Acknowledgement, Notice

PAGE = 20


@require_safe
@requires(policies.any_member)
def list_notices(request: Request) -> HttpResponse:
    """Open notices, or closed ones, with the first of them opened beside the list."""
    return _inbox(request, closed="closed" in request.GET)


@require_safe
@requires(policies.any_member)
def show_notice(request: Request, pk: int) -> HttpResponse:
    """One notice beside the list it is in. Opening it changes nothing; that it was read is said by a press."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user).select_related("owner"), pk=pk)
    return _inbox(request, closed=notice.closed_at is not None, notice=notice)


def _inbox(request: Request, *, closed: bool, notice: Notice | None = None) -> HttpResponse:
    at = clock.now()
    rows = queries.notices_for(request.user, closed=closed).select_related("owner")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    shown = notice or next(iter(page.object_list), None)
    facts = {
        "page": page,
        "lines": queries.lines(page.object_list, clock.local_day(at, request.user.timezone)),
        "closed": closed,
        "shown": queries.notice_page(shown, request.user, at=at) if shown else None,
        "is_chosen": notice is not None,
    }
    return render(request, "notices/notice_list.html", facts)


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager)
def add_notice(request: Request) -> HttpResponse:
    """Put a broker's notice on file and ask everybody it concerns."""
    form = NoticeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            notice = actions.add_notice(by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, _asked(notice))
            return redirect("notices:show_notice", notice.pk)
    return render(request, "notices/notice_add.html", {"form": form})


def _asked(notice: Notice) -> str:
    asked = notice.answers.count()
    if not asked:
        return "The notice is on file. Nobody holds an open login there, so nobody is asked."
    return f"The notice is on file. {asked} {'person is' if asked == 1 else 'people are'} asked to answer."


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager)
def edit_notice(request: Request, pk: int) -> HttpResponse:
    """Change title and days of an open notice."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    form = EditNoticeForm(request.POST or None, thing=notice)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_notice(notice, by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "The notice is changed.")
            return redirect("notices:show_notice", pk)
    return render(request, "notices/notice_edit.html", {"form": form, "notice": notice})


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager)
def close_notice(request: Request, pk: int) -> HttpResponse:
    """Say who has not answered, then close."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    if request.method == "POST":
        return _act(
            request,
            notice.pk,
            "The notice is closed.",
            lambda: actions.close_notice(notice, by=request.user, at=clock.now()),
        )
    page = queries.notice_page(notice, request.user, at=clock.now())
    return render(request, "notices/notice_close.html", {"shown": page, "notice": notice})


@require_POST
@requires(policies.may_do_things)
def mark_seen(request: Request, pk: int) -> HttpResponse:
    """“I have read it, I answer later.”"""
    answer = _answer(request, pk)
    return _act(
        request,
        answer.notice_id,
        "Noted. You are reminded before the day to answer.",
        lambda: actions.mark_seen(answer, by=request.user, at=clock.now()),
    )


@require_POST
@requires(policies.may_do_things)
def confirm_answer(request: Request, pk: int) -> HttpResponse:
    """“I have read it and am ready.” For somebody without sign-in a manager says it, having told them."""
    answer = _answer(request, pk)
    return _act(
        request,
        answer.notice_id,
        "Confirmed. Nobody asks again.",
        lambda: actions.acknowledge(answer, by=request.user, at=clock.now()),
    )


@require_http_methods(["GET", "POST"])
@requires(policies.may_do_things)
def decline_answer(request: Request, pk: int) -> HttpResponse:
    """“I can't do that”, with the reason."""
    answer = _answer(request, pk)
    form = DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.decline(answer, by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "Your answer is on file. Whoever put the notice here is told.")
            return redirect("notices:show_notice", answer.notice_id)
    return render(request, "notices/answer_decline.html", {"form": form, "answer": answer, "notice": answer.notice})


def _answer(request: Request, pk: int) -> Acknowledgement:
    return get_object_or_404(Acknowledgement.objects.visible_to(request.user).select_related("notice", "member"), pk=pk)


def _act(request: Request, notice_id: int, done: str, act: Callable[[], Any]) -> HttpResponse:
    """Do one deed of the page of a notice, say how it went, and show the page again."""
    try:
        act()
    except Refused as no:
        messages.error(request, str(no))
    else:
        messages.success(request, done)
    return redirect("notices:show_notice", notice_id)
