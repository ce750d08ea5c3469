"""The look: what each tag writes, what templates may not hold, what pages weigh."""

import datetime as dt
import gzip
import re
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.paginator import Paginator
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.safestring import SafeString

from core.management.commands import make_assets
from core.templatetags import looks
from core.templatetags.icons import ICONS

TEMPLATES = make_assets.ROOT / "templates"
PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if path.parent.name != "letters")
MONDAY = dt.date(2026, 11, 23)
BYTES_IN_ALL = 35_000


def drawn(source, **context):
    return engines["django"].from_string(source).render(context)


def sprite():
    return looks.asset(looks.SPRITE)


# Tags


def test_an_icon_is_silent_and_comes_from_the_sprite():
    small = drawn('{% icon "laptop" %}{% icon name "icon--s" %}', name="x")

    assert small == (
        f'<svg class="icon" aria-hidden="true"><use href="{sprite()}#i-laptop"/></svg>'
        f'<svg class="icon icon--s" aria-hidden="true"><use href="{sprite()}#i-x"/></svg>'
    )


def test_an_icon_that_nobody_put_into_the_sprite_is_refused_by_name():
    with pytest.raises(LookupError, match="No icon 'unicorn'"):
        drawn('{% icon "unicorn" %}')


def test_a_mark_of_our_own_is_silent_until_it_is_labelled():
    assert drawn('{% mark "brand" %}') == f'<svg aria-hidden="true"><use href="{sprite()}#brand"/></svg>'
    assert drawn('{% mark "bolt-clear" "Clear" %}') == (
        f'<svg role="img" aria-label="Clear"><use href="{sprite()}#bolt-clear"/></svg>'
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("open", "open"),
        ("bolted", "bolted, needs action"),
        ("shut", "shut"),
        ("unknown", "not known"),
        ("none", "not used"),
    ],
)
def test_a_door_says_its_name_and_its_state_in_words(state, words):
    door = drawn(
        "{% door state name %}{% door state name short %}", state=state, name="Trader Workstation", short="TWS"
    )

    named = f'<svg role="img"><title>Trader Workstation: {words}</title><use href="#door-{state}"/></svg>'
    assert door == (
        f'<span class="door" data-state="{state}">{named}</span>'
        f'<span class="door" data-state="{state}">{named}<span aria-hidden="true">TWS</span></span>'
    )


def test_a_row_of_doors_is_a_list_with_a_name():
    row = [("open", "Trader Workstation", "TWS"), ("shut", "API")]

    assert drawn('{% doors row "Doors of U•••4417" "s" %}{% doors none label %}', row=row, none=[], label="<b>") == (
        '<ul class="doors doors--s" role="list" aria-label="Doors of U•••4417">'
        '<li class="door" data-state="open"><svg role="img"><title>Trader Workstation: open</title>'
        '<use href="#door-open"/></svg><span aria-hidden="true">TWS</span></li>'
        '<li class="door" data-state="shut"><svg role="img"><title>API: shut</title><use href="#door-shut"/></svg></li>'
        '</ul><ul class="doors" role="list" aria-label="&lt;b&gt;"></ul>'
    )


def test_a_glyph_is_the_door_without_words():
    assert drawn('{% glyph "shut" %}') == (
        '<svg class="glyph" data-state="shut" aria-hidden="true"><use href="#door-shut"/></svg>'
    )


@pytest.mark.parametrize(
    "source", ['{% glyph "ajar" %}', '{% door "ajar" "TWS" %}', '{% proof "ajar" %}', '{% proof_mark "ajar" %}']
)
def test_a_state_that_does_not_exist_is_an_error_and_not_a_blank(source):
    with pytest.raises(KeyError, match="ajar"):
        drawn(source)


def test_each_proof_state_has_its_own_mark_and_its_own_word():
    states = {state: drawn("{% proof state %}", state=state) for state in looks.PROOF_WORDS}

    assert states == {
        state: f'<span class="chip proof" data-state="{state}"><svg class="icon" aria-hidden="true">'
        f'<use href="#proof-{state}"/></svg>{word}</span>'
        for state, word in {
            "proven": "Proven",
            "due": "Due",
            "overdue": "Overdue",
            "never": "Never proven",
            "failed": "Failed",
            "unknown": "Not known",
        }.items()
    }


def test_a_proof_mark_stands_alone_beside_words():
    assert drawn('{% proof_mark "never" %}') == (
        '<svg class="icon" aria-hidden="true"><use href="#proof-never"/></svg>'
    )


def test_only_what_is_open_or_proven_is_green():
    css = make_assets.STYLESHEET.read_text()

    green = re.search(r"}([^{}]+){--c:var\(--open\);", css)[1]

    assert set(re.findall(r'data-state="(\w+)"', green)) == {"open", "ok", "proven"}


def test_a_chip_takes_the_icon_of_its_state_or_the_one_named():
    chips = drawn('{% chip "late" "At risk" %}{% chip "ok" words "send" %}', words="Sent <now>")

    assert chips == (
        f'<span class="chip" data-state="late">{looks.icon("circle-alert")}At risk</span>'
        f'<span class="chip" data-state="ok">{looks.icon("send")}Sent &lt;now&gt;</span>'
    )


@pytest.mark.parametrize(
    ("days", "limit", "words", "width"),
    [
        (0, 90, "<b>0 days</b> 90 left", 0),
        (1, 90, "<b>1 day</b> 89 left", 1),
        (45, 90, "<b>45 days</b> 45 left", 50),
        (90, 90, "<b>90 days</b> last day", 100),
        (102, 90, "<b>102 days</b> 12 late", 100),
    ],
)
def test_an_age_is_counted_in_words_and_fills_its_bar(days, limit, words, width):
    assert drawn('{% age days limit "due" %}', days=days, limit=limit) == (
        f'<div class="age" data-state="due"><span>{words}</span>'
        f'<svg aria-hidden="true"><rect width="{width}%" height="6"/></svg></div>'
    )


def test_an_age_without_a_limit_has_no_bar_and_without_a_day_is_never_proven():
    assert drawn('{% age 7 None "ok" %}') == '<div class="age" data-state="ok"><span><b>7 days</b></span></div>'
    assert drawn('{% age None 90 "ok" %}') == looks.proof("never")


@pytest.mark.parametrize(
    ("name", "initials"), [("Maria Santos", "MS"), ("maria de la cruz", "MC"), ("Gateway", "G"), ("", "")]
)
def test_a_person_is_a_face_and_a_name(name, initials):
    assert drawn("{% who member %}", member=SimpleNamespace(name=name)) == (
        f'<span class="who"><span class="face" aria-hidden="true">{initials}</span> {name}</span>'
    )


def test_nobody_is_said_in_words():
    assert drawn("{% who None %}") == '<span class="faint">Nobody</span>'


def test_a_day_names_its_year_only_when_it_is_not_this_one():
    days = drawn("{% day a %} {% day b %} {% day None %}", a=dt.date(2026, 11, 26), b=dt.date(2027, 2, 1), today=MONDAY)

    assert days == '<time datetime="2026-11-26">Thu 26 Nov</time> <time datetime="2027-02-01">Mon 1 Feb 2027</time> '
    assert drawn("{% day a %}", a=MONDAY) == '<time datetime="2026-11-23">Mon 23 Nov 2026</time>'


def test_a_moment_given_for_a_day_falls_on_the_readers_day():
    late = dt.datetime(2026, 11, 23, 23, 30, tzinfo=dt.UTC)

    assert drawn("{% day at %}", at=late, today=MONDAY, zone="Europe/Zurich") == (
        '<time datetime="2026-11-24">Tue 24 Nov</time>'
    )


def test_a_heading_spells_the_day_out():
    assert drawn("{% long_day today %}{% long_day None %}", today=MONDAY) == (
        '<time datetime="2026-11-23">Monday 23 November 2026</time>'
    )


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-23T07:12:00+00:00", '"2026-11-23T08:12:00+01:00" title="Europe/Zurich">Today, 08:12'),
        ("2026-11-21T23:30:00+00:00", '"2026-11-22T00:30:00+01:00" title="Europe/Zurich">Yesterday, 00:30'),
        ("2026-11-24T07:00:00+00:00", '"2026-11-24T08:00:00+01:00" title="Europe/Zurich">Tomorrow, 08:00'),
        ("2026-07-14T07:20:00+00:00", '"2026-07-14T09:20:00+02:00" title="Europe/Zurich">Tue 14 Jul, 09:20'),
        ("2025-12-31T23:00:00+00:00", '"2026-01-01T00:00:00+01:00" title="Europe/Zurich">Thu 1 Jan, 00:00'),
    ],
)
def test_a_moment_is_told_on_the_readers_clock_and_names_the_zone(at, words):
    moment = drawn("{% moment at %}", at=dt.datetime.fromisoformat(at), today=MONDAY, zone=ZoneInfo("Europe/Zurich"))

    assert moment == f"<time datetime={words}</time>"


def test_a_moment_without_a_zone_is_told_in_utc_and_no_moment_is_nothing():
    at = dt.datetime(2026, 11, 23, 7, 12, tzinfo=dt.UTC)

    assert drawn("{% moment at %}{% moment None %}", at=at) == (
        '<time datetime="2026-11-23T07:12:00+00:00" title="UTC">Mon 23 Nov 2026, 07:12</time>'
    )


@pytest.mark.parametrize(
    ("days", "words"),
    [(-12, "12 days late"), (-1, "1 day late"), (0, "today"), (1, "tomorrow"), (2, "in 2 days"), (40, "in 40 days")],
)
def test_how_far_a_deadline_is_stands_in_words(days, words):
    assert drawn("{% in_days date %}", date=MONDAY + dt.timedelta(days), today=MONDAY) == words


@pytest.mark.parametrize(
    ("days", "state", "icon", "words"),
    [
        (-12, "late", "circle-alert", "12 days late"),
        (0, "late", "circle-alert", "Today"),
        (1, "due", "clock", "Tomorrow"),
        (3, "due", "clock", '<time datetime="2026-11-26">Thu 26 Nov</time>'),
        (7, "", "clock", '<time datetime="2026-11-30">Mon 30 Nov</time>'),
    ],
)
def test_a_deadline_shows_its_day_until_it_is_near(days, state, icon, words):
    due = drawn("{% due date state %}", date=MONDAY + dt.timedelta(days), state=state, today=MONDAY)

    assert due == f'<span class="due" data-state="{state}">{looks.icon(icon)}{words}</span>'


def test_numbers_up_to_ten_are_words():
    words = drawn("{% for n in numbers %}{{ n|number_word }} {% endfor %}", numbers=(0, 1, 3, 10, 11))

    assert words == "0 one three ten 11 "


def test_a_name_is_escaped_even_after_the_same_words_came_in_marked_as_safe():
    source = "{% door 'open' name %}{% who member %}"
    for name in (SafeString("<i>Ann</i>"), "<i>Ann</i>"):
        page = drawn(source, name=name, member=SimpleNamespace(name=name))

        assert "<i>" not in page
        assert page.count("&lt;i&gt;Ann&lt;/i&gt;") == 2


def test_a_file_that_was_never_collected_still_has_an_address():
    assert looks.asset("postern/absent.css") == "/static/postern/absent.css"


# Parts


class Example(forms.Form):
    name = forms.CharField(label="Name", help_text="As people call it.")
    days = forms.IntegerField(label="Days", max_value=365, required=False)
    quiet = forms.BooleanField(label="Quiet", help_text="At weekends.", required=False)
    how = forms.ChoiceField(label="How", widget=forms.RadioSelect, choices=[("seen", "Seen"), ("told", "Told")])
    token = forms.CharField(widget=forms.HiddenInput)


def part(name, **context):
    return " ".join(render_to_string(f"parts/{name}.html", context).split())


def test_a_field_ties_label_hint_and_error_to_its_control():
    form = Example({"days": "900"})
    form.full_clean()

    name, days = part("field", field=form["name"]), part("field", field=form["days"])

    assert '<label for="id_name">Name</label>' in name
    assert re.search(r'<input type="text" name="name"[^>]*aria-invalid="true"[^>]*>', name)
    assert 'aria-describedby="id_name_helptext id_name_error"' in name
    assert re.search(r'id="id_name_error"><p class="err"><svg[^>]*><use [^>]*></svg>This field is required.</p>', name)
    assert '<p class="hint" id="id_name_helptext">As people call it.</p>' in name
    assert '<label for="id_days">Days <span class="optional">optional</span></label>' in days
    assert 'id="id_days_error"' in days


def test_a_box_carries_its_words_inside_and_a_choice_is_a_fieldset():
    form = Example({})
    form.full_clean()

    quiet, how = part("field", field=form["quiet"]), part("field", field=form["how"])

    assert re.search(
        r'<label class="check"><input type="checkbox"[^>]*><span>Quiet<small id="id_quiet_helptext">', quiet
    )
    assert '<fieldset class="field" aria-describedby="id_how_error"> <legend>How</legend>' in how
    assert how.count('type="radio"') == 2


def test_a_form_names_every_field_that_needs_another_look():
    form = Example({"days": "900", "how": "seen"})
    form.add_error(None, "That validation was already replaced.")

    summary = part("form_errors", form=form)

    assert "<p><b>That validation was already replaced.</b></p>" in summary
    assert re.findall(r'<a href="(#\w+)">(\w+)</a>', summary) == [("#id_name", "Name"), ("#id_days", "Days")]
    assert part("form_errors", form=Example()) == ""


def test_the_code_field_has_lost_something_beside_it():
    row = part("code_field", field=Example()["name"])

    assert re.search(r'<div class="code-row"> <input [^>]*> .*<a class="lost" href="/lost/">', row)


def test_pages_of_a_list_keep_what_was_asked_for():
    request = RequestFactory().get("/devices/", {"kind": "phone", "page": "2"})

    pages = part("pagination", page=Paginator(range(412), 50).page(2), request=request)

    assert re.findall(r'rel="(\w+)" href="([^"]+)"', pages) == [
        ("prev", "?kind=phone&amp;page=1"),
        ("next", "?kind=phone&amp;page=3"),
    ]
    assert "51 to 100 of <b>412</b>" in pages
    assert part("pagination", page=Paginator(range(50), 50).page(1), request=request) == ""


def test_a_confirmation_says_what_will_happen_and_offers_the_way_back():
    asked = part("confirm", effects=["Two validations end."], label="Retire it", back_url="/devices/", danger=True)

    assert "<h2>What will happen</h2> <ul><li>Two validations end.</li></ul>" in asked
    assert re.findall(r'<(?:button|a) class="([^"]+)"', asked) == ["btn btn--danger", "btn btn--quiet"]
    assert '<form class="confirm" method="post">' in asked


# Frames


def frame(**more):
    item = {"url": "/devices/", "icon": "laptop", "label": "Devices", "count": 3, "current": True}
    context = {
        "office": SimpleNamespace(name="Hartwell Family Office", is_demo=False),
        "user": SimpleNamespace(name="Tom Okafor", get_role_display=lambda: "Manager"),
        "rail": [("", []), ("What you have", [item])],
        "today": MONDAY,
    }
    return " ".join(render_to_string("base.html", context | more).split())


def test_lost_something_stands_at_the_end_of_the_rail_on_every_page():
    page = frame()

    rail = page[page.index('<nav class="rail"') : page.index("</nav>")]
    assert rail.index("Devices") < rail.index("Lost something?") < rail.index("Tom Okafor")
    assert '<a class="btn rail__lost" href="/lost/">' in rail


def test_the_rail_marks_where_the_reader_is_and_counts_what_waits():
    assert re.search(
        r'<h2>What you have</h2> <ul role="list" aria-label="What you have"> <li><a href="/devices/" '
        r'aria-current="page"><svg [^>]*><use [^>]*></svg>Devices<span class="vh">,</span> '
        r'<span class="count">3</span></a></li>',
        frame(),
    )


def test_signing_out_is_a_form_that_posts():
    assert re.search(r'<form method="post" action="/signout/">.*?<span class="vh">Sign out</span>', frame())


def test_a_demo_office_is_marked_and_a_real_one_is_not():
    demo = SimpleNamespace(name="Demo", is_demo=True)

    assert "<b>Demo office.</b>" in frame(office=demo)
    assert "Demo office" not in frame()


def test_late_post_is_told_on_every_page_with_the_way_to_it():
    late = {"state": "late", "title": "Mail is late.", "text": "4 wait.", "url": "/letters/", "action": "See them"}

    page = frame(banners=[late])

    assert '<div class="strip" data-state="late" role="note">' in page
    assert '<p><b>Mail is late.</b> 4 wait.</p> <a href="/letters/">See them</a>' in page


@pytest.mark.parametrize(
    ("tag", "state"), [("success", "ok"), ("warning", "due"), ("error", "late"), ("info", "unknown")]
)
def test_what_just_happened_is_announced_in_its_state(tag, state):
    class Message(str):
        __slots__ = ()
        level_tag = tag

    page = frame(messages=[Message("Recorded <now>.")])

    assert f'<div class="alert flash" data-state="{state}" role="status" tabindex="-1">' in page
    assert "<div>Recorded &lt;now&gt;.</div>" in page


@pytest.mark.parametrize(
    "name", ["400", "403", "404", "405", "413", "414", "429", "431", "500", "503", "503_key", "csrf"]
)
def test_an_error_page_needs_nothing_but_itself(name):
    page = render_to_string(f"{name}.html")

    assert page.count("<h1>") == 1
    assert re.search(r"<h1>\S.*</h1>\s*<p>\S", page)
    assert re.search(r'<p class="ref">\S', page)


def test_a_letter_holds_no_picture_no_script_and_no_foreign_address():
    to, office = SimpleNamespace(name="Maria Santos"), SimpleNamespace(name="Hartwell", is_demo=True)

    letter = render_to_string("letters/base.html", {"subject": "Confirm 3 devices", "to": to, "office": office})

    assert "<title>Confirm 3 devices</title>" in letter
    assert "Maria Santos," in letter
    assert "Hartwell, demo office" in letter
    assert not re.search(r"<img|<script|url\(|https?:", letter)


# Sources


def uses(pattern):
    return {
        (path.relative_to(TEMPLATES).as_posix(), found) for path in PAGES for found in re.findall(pattern, read(path))
    }


def read(path):
    return path.read_text(encoding="utf-8")


def test_every_icon_named_in_a_template_is_in_the_sprite():
    named = uses(r'{% icon "([^"]+)"') | uses(r'icon_name="([^"]+)"') | uses(r'{% chip \S+ (?:"[^"]*"|\S+) "([^"]+)"')

    assert {(path, name) for path, name in named if name not in ICONS} == set()


def test_every_drawing_of_ours_named_in_a_template_exists():
    ids = set(re.findall(r'<symbol id="([^"]+)"', make_assets.SPRITE.read_text()))
    art = set(re.findall(r'id="([^"]+)"', (make_assets.SOURCES / "art.svg").read_text()))

    assert {(path, name) for path, name in uses(r'{% mark "([^"]+)"') if name not in ids} == set()
    assert {(path, name) for path, name in uses(r"{% block art %}([^{]+)") if name not in art} == set()


@pytest.mark.parametrize(
    "banned",
    [
        r"\sstyle\s*=",
        r"<style",
        r"<script(?![^>]*\ssrc=)(?![^>]*application/json)[^>]*>",
        r"\|\s*safe\b",
        r"autoescape off",
        r"[\"'(]data:",
        r"javascript:",
        r"\son\w+\s*=",
        r"hx-on",
        r"(?:src|href|action)=\"(?:https?:)?//",
    ],
)
def test_no_page_holds_what_the_policy_forbids(banned):
    assert {(path, found) for path, found in uses(banned) if not path.endswith("glyphs.html")} == set()


def test_what_pages_ask_for_was_built_from_the_sources_of_today():
    call_command("make_assets", check=True, verbosity=0)


def test_every_address_in_the_stylesheet_leads_to_a_file():
    folder = make_assets.STYLESHEET.parent

    addresses = re.findall(r'url\("([^"]+)"\)', make_assets.STYLESHEET.read_text())

    assert [address for address in addresses if not (folder / address).exists()] == []
    assert len(addresses) == 3


def test_squeezing_a_stylesheet_leaves_what_it_says():
    css = '/* "a" */ .a > .b, .c:is(d, e) {\n  color: red; content: " / "; width: calc(1px + 2px);\n}\n'

    assert make_assets.minified(css) == '.a > .b,.c:is(d,e){color:red;content:" / ";width:calc(1px + 2px)}\n'


def test_style_and_script_together_stay_light():
    sent = [make_assets.STYLESHEET, make_assets.SOURCES / "app.js", Path(finders.find("django_htmx/htmx-2.min.js"))]

    weights = {path.name: len(gzip.compress(path.read_bytes())) for path in sent}

    assert sum(weights.values()) <= BYTES_IN_ALL, weights
    assert sent[1].stat().st_size <= 2_000
