"""A fresh proof: a code of the authenticator that this session has shown within the last ten minutes.

A request that needs one and has none is answered with the question for it. When it was a POST, the question carries
what was posted in hidden fields and goes to the same address, so that the deed is done in the same step as the proof
and nothing lies anywhere in between. Passwords, codes and files are not carried.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.db import transaction
from django.forms.utils import pretty_name
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from identity import actions
from identity.enums import Stage
from identity.forms import CodeForm
from identity.rules import network_of, span
from identity.sessions import SessionStore

# How long a proof with a factor counts as fresh; it is not prolonged by use.
FRESH_FOR = timedelta(minutes=10)
PREFIX = "proof"
USED = "That code is wrong, used or has run out. Wait for the next one."
SLOW = "Too many tries. Wait {} and try again; a right code counts only then."
# A part of a field’s name that makes it a secret, which is never carried, kept or shown again.
SECRET = re.compile(r"pass(word|phrase)?|again|secret|seed|token|code|pin|otp")


def is_fresh(request: HttpRequest, at: datetime) -> bool:
    """Whether this session showed a factor within the last ten minutes."""
    return 0 <= at.timestamp() - request.session.get("fresh_at", 0) < FRESH_FOR.total_seconds()


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


def proves(request, at: datetime) -> tuple[CodeForm, int]:
    """Look at the code that was posted with a question of ours. Fresh afterwards, or the form says why not.

    Returns the form and for how many seconds no code is looked at.
    """
    form = CodeForm(request.POST if f"{PREFIX}-code" in request.POST else None, prefix=PREFIX)
    if not form.is_valid():
        return form, 0
    answer = actions.try_code(
        request.user,
        code=form.cleaned_data["code"],
        network=network_of(request.address),
        at=at,
        stage=Stage.STEP_UP,
    )
    if answer.device:
        if mark_fresh(request, at):
            actions.note_proof(request.user, address=network_of(request.address), at=at)
        return form, 0
    form.add_error("code", SLOW.format(span(answer.wait)) if answer.wait else USED)
    return form, answer.wait


def ask(request, form: CodeForm, wait: int = 0) -> HttpResponse:
    """The question, carrying what was posted; for a fragment in the place of the page, so that nothing goes away."""
    carried = worth_keeping(request.POST)
    facts = {
        "form": form,
        "action": request.get_full_path(),
        "carried": [(name, value) for name, values in carried.items() for value in values],
        "left_out": [pretty_name(name).lower() for name in _left_out(request)],
    }
    answer = render(request, _template(request), facts, status=429 if wait else 200)
    if wait:
        answer["Retry-After"] = str(wait)
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
