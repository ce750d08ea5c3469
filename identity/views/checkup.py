"""The check-up: a code from each authenticator, a touch of each passkey, the printed codes in hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import Refused
from identity import actions, passkeys, policies, queries
from identity.access import Request, requires
from identity.answers import why_slow
from identity.browsers import whence
from identity.forms import CodeForm, SheetForm
from identity.models import BackupSheet, Passkey, TotpDevice
from identity.views.passkeys import ask, show

TRIED, SHEET = "checkup", "sheet"


@dataclass(frozen=True, slots=True)
class Step:
    """One factor, or the printed codes, and whether it was tried in this session."""

    key: str
    factor: TotpDevice | Passkey | None
    is_done: bool

    @property
    def kind(self) -> str:
        return self.factor.kind if self.factor else SHEET

    @property
    def purpose(self) -> str:
        """What a passkey is asked for here; another one's answer does not fit."""
        return f"{TRIED}:{self.key}"


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, lacking=True)
def checkup(request: Request) -> HttpResponse:
    """Try each factor once; the last one finishes the check-up. What is done stays ticked in this session."""
    at, steps = clock.now(), _steps(request)
    why, tried = "", request.POST.get("step")
    if request.method == "POST":
        step = next((one for one in steps if one.key == tried), None)
        why = _try(request, step, at) if step else "That is not among your factors any more."
        if step and not why:
            return _after(request, steps, step, at)
    rows = [(one, _question(request, one, at), why if one.key == tried else "") for one in steps]
    facts = {"rows": rows, "left": sum(not one.is_done for one in steps)}
    return render(request, "identity/checkup.html", facts | {"unable": passkeys.why_not(request.get_host())})


def _steps(request: Request) -> list[Step]:
    """Everything there is to try, the printed codes last."""
    factors, tried = queries.factors(request.user), request.session.get(TRIED, [])
    own: list[TotpDevice | Passkey] = [*factors.authenticators, *factors.passkeys]
    steps = [Step(one.persistent_id, one, one.persistent_id in tried) for one in own]
    return steps if factors.codes_left is None else [*steps, Step(SHEET, None, SHEET in tried)]


def _question(request: Request, step: Step, at: datetime) -> dict[str, Any] | None:
    """What the browser needs to show a passkey that was not tried yet."""
    if step.is_done or not isinstance(step.factor, Passkey):
        return None
    return ask(request, step.purpose, request.user, at, only=step.factor).get("question")


def _try(request: Request, step: Step, at: datetime) -> str:
    """Why this step is not done yet, in words; "" when it is."""
    if step.factor is None:
        return _why_not_that_sheet(request)
    if isinstance(step.factor, Passkey):
        answer = show(request, step.purpose, request.user, at, only=step.factor)
    else:
        answer = _try_code(request, at)
    if answer.wait:
        return why_slow(answer)
    is_that_one = isinstance(answer.device, TotpDevice | Passkey) and answer.device.pk == step.factor.pk
    return "" if is_that_one else answer.why or "That code is not this app’s, or was used already. Wait for the next."


def _try_code(request: Request, at: datetime) -> actions.Answer:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return actions.Answer(why="Type the six digits.")
    try:
        return actions.try_code(request.user, code=form.cleaned_data["code"], **whence(request), at=at)
    except Refused as no:
        return actions.Answer(why=str(no))


def _why_not_that_sheet(request: Request) -> str:
    sheet = BackupSheet.objects.get(user=request.user)
    form = SheetForm(request.POST, made_on=clock.local_day(sheet.made_at, request.user.timezone))
    return "" if form.is_valid() else " ".join(str(error) for error in form.errors["made_on"])


def _after(request: Request, steps: list[Step], done: Step, at: datetime) -> HttpResponse:
    """Tick the step off; after the last one the check-up is done."""
    tried = [*request.session.get(TRIED, []), done.key]
    request.session[TRIED] = tried
    if any(one.key not in tried for one in steps):
        messages.success(request, "That works.")
        return redirect("identity:checkup")
    del request.session[TRIED]
    actions.finish_checkup(request.user, tried=sorted(one.kind for one in steps), at=at)
    messages.success(request, "All of it works. That was the check-up.")
    return redirect("identity:own_factors")
