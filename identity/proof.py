"""A fresh proof: a code of the authenticator or a passkey that this session has shown within the last ten minutes.

A request that needs one and has none is answered with the question for it. When it was a POST, the question carries
what was posted in hidden fields and goes to the same address, so that the deed is done in the same step as the proof
and nothing lies anywhere in between. Passwords, codes and files are not carried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.forms.utils import pretty_name
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from core import clock
from core.errors import Refused
from identity import actions, ceremonies, passkeys
from identity.answers import USED, slowed, why_slow
from identity.browsers import whence
from identity.enums import Stage
from identity.forms import CodeForm
from identity.rules import network_of
from identity.sessions import SessionStore

# How long a proof with a factor counts as fresh; it is not prolonged by use.
FRESH_FOR = timedelta(minutes=10)
PREFIX = "proof"
# What a passkey answers with.
ANSWER = f"{PREFIX}-credential"
# When this session was opened with a backup code; it lets its person replace what they lost, and nothing else.
BY_SHEET = "by_sheet_at"
# A part of a field’s name that makes it a secret, which is never carried, kept or shown again.
SECRET = re.compile(r"pass(word|phrase)?|old|again|secret|seed|token|code|pin|otp")


def is_fresh(request: HttpRequest, at: datetime) -> bool:
    """Whether this session showed a factor within the last ten minutes."""
    return 0 <= at.timestamp() - request.session.get("fresh_at", 0) < FRESH_FOR.total_seconds()


def asked_to_enrol(request: HttpRequest) -> bool:
    """Whether adding a factor needs a fresh proof: not for whoever has just come in with a backup code.

    They have lost what a proof is shown with. That code was burnt and told of by letter, and so is the new factor.
    """
    age = clock.now().timestamp() - request.session.get(BY_SHEET, 0)
    return not 0 <= age < FRESH_FOR.total_seconds()


def mark_fresh(request: HttpRequest, at: datetime) -> bool:
    """This session has just shown a factor: count from here, under a new session key. False when it was ended."""
    if not renew_key(request):
        return False
    request.session["fresh_at"] = int(at.timestamp())
    return True


def digest_of(request: HttpRequest) -> str:
    """The digest of this session's key, by which its row is known."""
    return SessionStore.stored(request.session.session_key)


@transaction.atomic
def renew_key(request: HttpRequest) -> bool:
    """Give this session a new key. When somebody has ended it meanwhile it is emptied instead, and this says False."""
    held = actions.hold_open(digest_of(request))
    if held is None:
        request.session.flush()
        return False
    request.session.cycle_key()
    held.digest = digest_of(request)
    held.save(update_fields=["digest"])
    return True


def _code_form(posted: QueryDict | None = None) -> CodeForm:
    return CodeForm(posted, prefix=PREFIX)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of an answer to the question. `wait` is for how many seconds no answer is looked at.

    `form` says why a code was not right, `why` the same of a passkey.
    """

    is_right: bool = False
    form: CodeForm = field(default_factory=_code_form)
    wait: int = 0
    why: str = ""


def proves(request, at: datetime) -> Tried:
    """Look at what this POST answers to a question of ours, if it does; a right answer makes the proof fresh."""
    if ANSWER in request.POST:
        return _tried_passkey(request, at)
    form = _code_form(request.POST if f"{PREFIX}-code" in request.POST else None)
    if not form.is_valid():
        return Tried(form=form)
    code = form.cleaned_data["code"]
    try:
        answer = actions.try_code(request.user, code=code, **whence(request), at=at, stage=Stage.STEP_UP)
    except Refused as no:
        form.add_error("code", str(no))
        return Tried(form=form)
    if answer.device:
        return Tried(is_right=_note(request, at), form=form)
    form.add_error("code", why_slow(answer) if answer.wait else USED)
    return Tried(form=form, wait=answer.wait)


def _tried_passkey(request, at: datetime) -> Tried:
    given, challenge = ceremonies.take(request, PREFIX, at, field=ANSWER)
    today = clock.local_day(at, request.user.timezone)
    answer = actions.try_passkey(request.user, answer=given, challenge=challenge, **whence(request), today=today, at=at)
    if answer.device:
        return Tried(is_right=_note(request, at))
    return Tried(wait=answer.wait, why=why_slow(answer) if answer.wait else answer.why)


def _note(request, at: datetime) -> bool:
    """The proof counts from here; False when the session was ended meanwhile."""
    is_fresh_now = mark_fresh(request, at)
    if is_fresh_now:
        actions.note_proof(request.user, address=network_of(request.address), at=at)
    return is_fresh_now


def ask(request, tried: Tried) -> HttpResponse:
    """The question, carrying what was posted; for a fragment in the place of the page, so that nothing goes away."""
    carried = worth_keeping(request.POST)
    facts = {
        "form": tried.form,
        "why": tried.why,
        "action": request.get_full_path(),
        "carried": [(name, value) for name, values in carried.items() for value in values],
        "left_out": [pretty_name(name).lower() for name in _left_out(request)],
    }
    if request.user.standing.has_passkey and not passkeys.why_not(request.get_host()):
        facts["question"] = ceremonies.put(request, PREFIX, passkeys.ask_to_show(request.user), clock.now())
    answer = slowed(render(request, _template(request), facts), tried.wait)
    if request.htmx:
        answer["HX-Retarget"], answer["HX-Reswap"], answer["HX-Push-Url"] = "#main", "innerHTML", "false"
    return answer


def _template(request) -> str:
    return "identity/_step_up.html" if request.htmx else "identity/step_up.html"


def worth_keeping(posted: QueryDict) -> dict[str, list[str]]:
    """What was posted, without secrets and without what every form carries."""
    return {name: values for name, values in posted.lists() if not _is_secret(name) and not _is_ours(name)}


def _left_out(request) -> list[str]:
    """Names of what was posted and has to be given again."""
    return [*request.FILES, *(name for name in request.POST if _is_secret(name) and not _is_ours(name))]


def _is_ours(name: str) -> bool:
    return name == "csrfmiddlewaretoken" or name.startswith(f"{PREFIX}-")


def _is_secret(name: str) -> bool:
    return any(SECRET.fullmatch(part) for part in re.split(r"[-_\d]+", name.lower()))
