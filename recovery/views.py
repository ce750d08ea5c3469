"""Backups of authenticators."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Login
from accounts.queries.brokers import factor_line, recovery_lines
from core import clock
from core.errors import Refused
from core.tables import Column, Table, export, in_words
from devices.queries import history_of, logins_for
from identity.access import Request, requires
from identity.policies import any_member, is_manager, may_do_things
from identity.queries import office
from recovery import actions, queries
from recovery.enums import BackupKind
from recovery.forms import AloneFilter, BackupForm, NewBackupForm, TestForm
from recovery.models import AuthenticatorBackup

PAGE = 50
COLUMNS = (
    Column("person", "Person", lambda line: line.holder, key=lambda line: line.holder),
    Column("login", "Login", lambda line: line.login.label, key=lambda line: line.login.label),
    Column("broker", "Broker", lambda line: line.login.profile.name, key=lambda line: line.login.profile.name),
    Column("backups", "Independent backups", lambda line: line.counted, key=lambda line: line.independent),
    Column("standing", "How it stands", lambda line: line.standing.label, key=lambda line: line.rank),
    Column("why", "Why", lambda line: line.why, key=lambda line: line.why),
    Column("next", "Next step", lambda line: line.step, key=lambda line: line.step),
)


@require_safe
@requires(any_member)
def list_alone(request: Request) -> HttpResponse:
    """Who has no independent backup, the worst first; with `?show=all`, every login."""
    lines = queries.lines(request.user, at=clock.now(), office=office())
    form, table = _alone(request, lines)
    facts = {
        "form": form,
        "table": table,
        "page": table.page,
        "rows": table.rows,
        "narrowed": bool(form.cleaned_data.get("person")),
        "logins": len(lines),
        "without": sum(line.standing.is_without for line in lines),
    }
    return render(request, "recovery/alone_list.html", facts)


@require_http_methods(["GET", "POST"])
@requires(any_member, step_up=True)
def export_alone(request: Request) -> HttpResponse:
    """The same list as a file."""
    form, table = _alone(request, queries.lines(request.user, at=clock.now(), office=office()))
    asked = in_words(form) or [("Logins", "Without an independent backup")]
    return export(request, table, name="Backups", back=reverse("recovery:list_alone"), asked=asked)


def _alone(request: Request, lines: list[queries.Line]) -> tuple[AloneFilter, Table]:
    form = AloneFilter(request.GET, lines=lines)
    return form, Table(COLUMNS, form.found(lines), list, asked=request.GET, size=PAGE)


@require_safe
@requires(any_member)
def show_backup(request: Request, pk: int) -> HttpResponse:
    """One backup: where it lies, when it was tried and is due again, whether it counts, and what happened to it."""
    backup, at = _backup(request, pk), clock.now()
    line = queries.line_of(backup.login, request.user, at=at, office=office())
    spare, why_not = next((pair for pair in line.ring.spares if pair[0].id == backup.pk), (None, ""))
    facts = {
        "backup": backup,
        "kind": BackupKind(backup.kind),
        "spare": spare,
        "why_not": why_not,
        "line": line,
        "broker": factor_line(backup.login.profile, backup.factor) if backup.factor else None,
        "lines": history_of(backup, request.user),
    }
    return render(request, "recovery/backup_show.html", facts | _rescues(backup.login, backup.kind))


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def add_backup(request: Request) -> HttpResponse:
    """First the login, then the kind, then what that kind needs on one page."""
    login, kind = _login(request), request.GET.get("kind", "")
    if login is None:
        facts = {"logins": logins_for(request.user), "noun": "backup"}
        return render(request, "devices/login_pick.html", facts)
    if kind not in BackupKind.values:
        return render(request, "recovery/kind_pick.html", {"login": login, "kinds": list(BackupKind)})
    form = NewBackupForm(request.POST or None, login=login, kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            backup = actions.add_backup(login=login, kind=kind, by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"{backup.label} is on file for {login.label}. Test it, so that somebody knows.")
            return redirect("recovery:show_backup", backup.pk)
    facts = {"form": form, "login": login, "kind": BackupKind(kind)} | _rescues(login, kind)
    return render(request, "recovery/backup_edit.html", facts)


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def edit_backup(request: Request, pk: int) -> HttpResponse:
    """Change where a backup lies."""
    backup = _backup(request, pk)
    form = BackupForm(request.POST or None, thing=backup)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_backup(backup, by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "Saved.")
            return redirect("recovery:show_backup", pk)
    facts = {"form": form, "backup": backup, "login": backup.login, "kind": BackupKind(backup.kind)}
    return render(request, "recovery/backup_edit.html", facts | _rescues(backup.login, backup.kind))


@require_http_methods(["GET", "POST"])
@requires(may_do_things)
def test_backup(request: Request, pk: int) -> HttpResponse:
    """Say that a backup was tried and works."""
    backup, at = _backup(request, pk), clock.now()
    form = TestForm(request.POST or None, by=request.user, at=at, backup=backup)
    if request.method == "POST" and form.is_valid():
        try:
            actions.test_backup(backup, by=request.user, at=at, **({"codes_left": None} | form.facts()))
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"{backup.label} is tested.")
            return redirect("recovery:show_backup", pk)
    return render(request, "recovery/backup_test.html", {"form": form, "backup": backup})


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def end_backup(request: Request, pk: int) -> HttpResponse:
    """A backup is no second way any more."""
    backup = _backup(request, pk)
    if request.method == "POST":
        try:
            actions.end_backup(backup, by=request.user, at=clock.now())
        except Refused as no:
            messages.error(request, str(no))
        else:
            messages.success(request, f"{backup.label} is ended.")
        return redirect("devices:list_authenticators")
    return render(request, "recovery/backup_end.html", {"backup": backup})


def _rescues(login: Login, kind: str) -> dict[str, Any]:
    """The broker’s own ways back, for the page of a rescue path."""
    return {"rescues": recovery_lines(login.profile)} if kind == BackupKind.RESCUE else {}


def _backup(request: Request, pk: int) -> AuthenticatorBackup:
    rows = AuthenticatorBackup.objects.visible_to(request.user).select_related(
        "login__holder", "authenticator__login", "place", "custodian"
    )
    return get_object_or_404(rows, pk=pk)


def _login(request: Request) -> Any:
    """The login that the address names, None when it names none; 404 for one that the reader may not see."""
    number = request.GET.get("login", "")
    rows = Login.objects.visible_to(request.user).open().select_related("holder")
    return get_object_or_404(rows, pk=number) if number.isdecimal() else None
