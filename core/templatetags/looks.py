"""Template tags of Postern's look: icons, doors, proof, people, days. Every template has them without loading.

Each is one `format_html`, kept for the next time where its arguments repeat, because Today draws hundreds of them.
Names of states are the plain strings of the enums; an unknown one is a LookupError and never a silent blank.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.addresses import address
from core.templatetags.icons import ICONS

register = template.Library()

SPRITE = "postern/dist/sprite.svg"
DOOR_WORDS = {
    "open": "open",
    "bolted": "bolted, needs action",
    "shut": "shut",
    "unknown": "not known",
    "none": "not used",
}
PROOF_WORDS = {
    "proven": "Proven",
    "due": "Due",
    "overdue": "Overdue",
    "never": "Never proven",
    "failed": "Failed",
    "unknown": "Not known",
}
STATE_ICONS = {"ok": "circle-check", "due": "clock", "late": "circle-alert", "unknown": "circle-dashed"}
FLASH_STATES = {"success": "ok", "warning": "due", "error": "late"}
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)  # not strftime, whose words follow the machine's locale


@cache
def _static_url(path: str) -> str:
    return static(path)


@register.simple_tag
def path(route: str, *numbers: int) -> str:
    """`url` for the rows of a list: an address is worked out once a process."""
    return address(route, *numbers)


@register.simple_tag
def asset(path: str) -> str:
    """Address of a static file with its hash; without one if it was not collected, for error pages must still show."""
    try:
        return _static_url(path)
    except ValueError:
        return f"{settings.STATIC_URL}{path}"


@lru_cache(maxsize=512)
def _icon(sprite: str, name: str, size: str) -> SafeString:
    if name not in ICONS:
        raise LookupError(f"No icon {name!r}: add it to core/templatetags/icons.py and run make_assets.")
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', f"icon {size}".rstrip(), sprite, name
    )


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """A line icon, silent for screen readers; size may be "icon--s"."""
    return _icon(asset(SPRITE), _plain(name), _plain(size))


@register.simple_tag
def mark(name: str, label: str = "") -> SafeString:
    """A drawing of our own from the sprite: `brand`, or `bolt-clear|stuck|unknown|none`, spoken when labelled."""
    href = f"{asset(SPRITE)}#{name}"
    if label:
        return format_html('<svg role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg aria-hidden="true"><use href="{}"/></svg>', href)


def _plain(text: str) -> str:
    """Drop the mark of a safe string, so that what is cached for one caller cannot skip escaping for another."""
    return text + ""


@register.simple_tag
def glyph(state: str) -> SafeString:
    """The door's drawing alone, for use beside a word that says the same."""
    return _glyph(_plain(state))


@lru_cache(maxsize=16)
def _glyph(state: str) -> SafeString:
    DOOR_WORDS[state]
    return format_html(
        '<svg class="glyph" data-state="{}" aria-hidden="true"><use href="#door-{}"/></svg>', state, state
    )


@register.simple_tag
def door(state: str, name: str, short: str = "") -> SafeString:
    """A door in a row of doors, the content of its list item; short is the name shown below it."""
    return _door(_plain(state), _plain(name), _plain(short))


@lru_cache(maxsize=2048)
def _door(state: str, name: str, short: str) -> SafeString:
    return format_html('<span class="door" data-state="{}">{}</span>', state, _leaf(state, name, short))


def _leaf(state: str, name: str, short: str) -> SafeString:
    below = format_html('<span aria-hidden="true">{}</span>', short) if short else ""
    return format_html(
        '<svg role="img"><title>{}: {}</title><use href="#door-{}"/></svg>{}', name, DOOR_WORDS[state], state, below
    )


@register.simple_tag
def doors(row: Iterable[Sequence[str]], label: str, kind: str = "") -> SafeString:
    """A whole row of doors, of (state, name) or (state, name, short) each; kind is "", "s" for small, or "named"."""
    return _doors(tuple(tuple(map(_plain, each)) for each in row), _plain(label), _plain(kind))


@lru_cache(maxsize=2048)
def _doors(row: tuple[tuple[str, ...], ...], label: str, kind: str) -> SafeString:
    return format_html(
        '<ul class="doors{}" role="list" aria-label="{}">{}</ul>',
        f" doors--{kind}" if kind else "", label, format_html_join("", "{}", ((_item(*each),) for each in row)),
    )  # fmt: skip


def _item(state: str, name: str, short: str = "") -> SafeString:
    return format_html('<li class="door" data-state="{}">{}</li>', state, _leaf(state, name, short))


@register.simple_tag
def proof(state: str) -> SafeString:
    """The chip of a proof state, mark and word."""
    return _proof(_plain(state))


@lru_cache(maxsize=16)
def _proof(state: str) -> SafeString:
    drawn, word = proof_mark(state), PROOF_WORDS[state]
    return format_html('<span class="chip proof" data-state="{}">{}{}</span>', state, drawn, word)


@register.simple_tag
def proof_mark(state: str) -> SafeString:
    """The mark of a proof state alone, for use beside words that say the same."""
    PROOF_WORDS[state]
    return format_html('<svg class="icon" aria-hidden="true"><use href="#proof-{}"/></svg>', _plain(state))


@register.simple_tag
def chip(state: str, words: str, icon_name: str = "") -> SafeString:
    """A state in words: ok, due, late or unknown; an icon other than the state's own may be named."""
    drawn = icon(icon_name or STATE_ICONS[state])
    return format_html('<span class="chip" data-state="{}">{}{}</span>', state, drawn, words)


@register.simple_tag
def age(days: int | None, limit: int | None, state: str) -> SafeString:
    """Days since something was last proved, as a bar that fills towards the limit; no day at all is never proven."""
    return proof("never") if days is None else _age(days, limit, _plain(state))


@lru_cache(maxsize=2048)
def _age(days: int, limit: int | None, state: str) -> SafeString:
    counted = f"{days} day" if days == 1 else f"{days} days"
    if not limit:
        return format_html('<div class="age" data-state="{}"><span><b>{}</b></span></div>', state, counted)
    left = f"{limit - days} left" if days < limit else "last day" if days == limit else f"{days - limit} late"
    return format_html(
        '<div class="age" data-state="{}"><span><b>{}</b> {}</span>'
        '<svg aria-hidden="true"><rect width="{}%" height="6"/></svg></div>',
        state, counted, left, min(100, round(100 * days / limit)),
    )  # fmt: skip


@register.simple_tag
def who(member: Any) -> SafeString:
    """A person as a face of initials and a name; None is Nobody."""
    if not member:
        return format_html('<span class="faint">{}</span>', "Nobody")
    return _who(_plain(member.name))


@lru_cache(maxsize=1024)
def _who(name: str) -> SafeString:
    return format_html('<span class="who">{} {}</span>', face(name), name)


@register.simple_tag
def face(name: str) -> SafeString:
    """The round initials alone, silent; the name must stand beside it."""
    words = name.split()
    initials = "".join(word[0] for word in (words if len(words) < 2 else (words[0], words[-1])))
    return format_html('<span class="face" aria-hidden="true">{}</span>', initials.upper())


@register.simple_tag(takes_context=True)
def day(context: Context, date: dt.date | None) -> SafeString | str:
    """`Thu 26 Nov` for rows, the year added unless it is this one; nothing for None."""
    return _day(_date(context, date), context.get("today")) if date else ""


@lru_cache(maxsize=2048)
def _day(date: dt.date, today: dt.date | None) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', date.isoformat(), _short(date, today))


def _short(date: dt.date, today: dt.date | None) -> str:
    words = f"{DAYS[date.weekday()][:3]} {date.day} {MONTHS[date.month - 1][:3]}"
    return words if today and date.year == today.year else f"{words} {date.year}"


@register.simple_tag(takes_context=True)
def long_day(context: Context, date: dt.date | None) -> SafeString | str:
    """`Monday 23 November 2026` for headings; nothing for None."""
    if not date:
        return ""
    local = _date(context, date)
    words = f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local.year}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), words)


def _date(context: Context, date: dt.date) -> dt.date:
    """The reader's day of a moment; a day stays as it is."""
    return date.astimezone(_zone(context)).date() if isinstance(date, dt.datetime) else date


def _zone(context: Context) -> dt.tzinfo:
    zone = context.get("zone") or dt.UTC
    return ZoneInfo(zone) if isinstance(zone, str) else zone


@register.simple_tag(takes_context=True)
def moment(context: Context, at: dt.datetime | None) -> SafeString | str:
    """`Wed 14 Oct, 09:20` or `Today, 08:12` on the reader's clock, the zone named on hover; nothing for None."""
    if not at:
        return ""
    zone, today = _zone(context), context.get("today")
    local = at.astimezone(zone)
    near = today and _near((local.date() - today).days)
    return format_html(
        '<time datetime="{}" title="{}">{}, {}</time>',
        local.isoformat(timespec="seconds"), zone, near or _short(local.date(), today), f"{local:%H:%M}",
    )  # fmt: skip


def _near(days: int) -> str:
    return {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}.get(days, "")


@register.simple_tag(takes_context=True)
def in_days(context: Context, date: dt.date) -> str:
    """How far a deadline is, counted in days: `12 days late`, `today`, `tomorrow`, `in 4 days`."""
    return _in_days((_date(context, date) - context["today"]).days)


def _in_days(days: int) -> str:
    if days < 0:
        return "1 day late" if days == -1 else f"{-days} days late"
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


@register.simple_tag(takes_context=True)
def due(context: Context, date: dt.date, state: str = "") -> SafeString:
    """A deadline with its icon, the day itself or `12 days late`; state is late, due or nothing pressing."""
    days = (_date(context, date) - context["today"]).days
    words = _in_days(days).capitalize() if days < 2 else day(context, date)
    drawn = icon("circle-alert" if state == "late" else "clock")
    return format_html('<span class="due" data-state="{}">{}{}</span>', state, drawn, words)


@register.filter
def number_word(number: int) -> str:
    """`three` for 3, up to ten; figures beyond."""
    return NUMBERS[number - 1] if 1 <= number <= len(NUMBERS) else str(number)


@register.filter
def flash_state(message: Any) -> str:
    """The state that colours a message of the messages framework: ok, due, late or unknown."""
    return FLASH_STATES.get(message.level_tag, "unknown")


@register.filter
def state_icon(state: str) -> str:
    """The name of the icon that goes with ok, due, late or unknown."""
    return STATE_ICONS[state]
