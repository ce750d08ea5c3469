"""The forms of the house: text that is clean, no secrets, and edit pages that notice when they are stale."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from django import forms
from django.db import models
from django.forms.renderers import DjangoTemplates
from django.forms.utils import flatatt, pretty_name
from django.http import HttpRequest
from django.template import loader
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from core.secrets import find_across, no_secret

# What no text needs: control characters, halves of surrogate pairs, invisible joints, and marks that turn the reading
# direction around, with which one name can pass for another. White space is not among them.
NEEDLESS = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)

LONGEST = 20_000


def plain(text: str, *, lines: bool = False) -> str:
    """The text without control characters, NUL among them, and without marks that turn the reading direction.

    Runs of white space become one space; with `lines` the line breaks stay, each written as one newline.
    """
    if lines:
        return "\n".join(plain(line) for line in text.splitlines()).strip()
    return " ".join(NEEDLESS.sub("", text).split())


class Look(DjangoTemplates):
    """Fields and forms drawn by the house's own parts, the controls in them as Django draws them.

    A select is drawn without templates, of which Django takes two for each option: a page with all time zones is ten
    times as quick.
    """

    form_template_name = "parts/form.html"
    field_template_name = "parts/field.html"

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> SafeString:
        if template_name == forms.Select.template_name:
            return _select(context["widget"])
        return mark_safe(super().render(template_name, context, request))  # noqa: S308  what a template has drawn

    def get_template(self, template_name: str) -> Any:
        house = template_name.startswith("parts/")
        return loader.get_template(template_name) if house else super().get_template(template_name)


def _select(widget: dict[str, Any]) -> SafeString:
    """A select with its options, from the context of Django's own template for it."""
    groups = format_html_join("", "{}", ((_group(name, options),) for name, options, _ in widget["optgroups"]))
    return format_html('<select name="{}"{}>{}</select>', widget["name"], flatatt(widget["attrs"]), groups)


def _group(name: str | None, options: Iterable[dict[str, Any]]) -> SafeString:
    rows = ((one["value"], flatatt(one["attrs"]), one["label"]) for one in options)
    drawn = format_html_join("\n", '<option value="{}"{}>{}</option>', rows)
    return format_html('<optgroup label="{}">{}</optgroup>', name, drawn) if name else drawn


class Unsent(MultiValueDict[str, Any]):
    """What was typed into a form and could not be sent. A form made from it shows it, and never passes."""


class PlainText(forms.BaseForm):
    """Makes everything that arrives plain, and looks through every text for secrets. Passwords are left as typed.

    Holds for the fields that the class declares; one that a subclass adds after `super().__init__()` is not looked at.
    """

    default_renderer = Look()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_unsent = isinstance(self.data, Unsent)
        for field in self.fields.values():
            _speak_plainly(field)
            if isinstance(field, forms.CharField) and not _is_password(field):
                field.validators.append(_no_secret)
        if self.is_bound:
            self.data = self._plain_data()

    def is_valid(self) -> bool:
        return not self.is_unsent and super().is_valid()

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound or self.errors:
            return
        texts = (self.cleaned_data.get(name) for name, field in self.fields.items() if type(field) is forms.CharField)
        advice = find_across(text[:LONGEST] for text in texts if text)
        if advice:
            self.add_error(None, advice)

    def _plain_data(self) -> MultiValueDict[str, Any]:
        """A copy of what was posted, which may be changed."""
        fields = {self.add_prefix(name): field for name, field in self.fields.items()}
        posted = dict(self.data.lists()) if isinstance(self.data, MultiValueDict) else self.data
        return MultiValueDict({name: _plain_values(values, fields.get(name)) for name, values in posted.items()})

    def facts(self) -> dict[str, Any]:
        """What the form says, as keyword arguments of an action."""
        return {name: value for name, value in self.cleaned_data.items() if name != StaleGuard.VERSION}


def _no_secret(text: str) -> None:
    """The detector, for as much as the longest field takes; a longer text is refused for its length."""
    no_secret(text[:LONGEST])


def _speak_plainly(field: forms.Field) -> None:
    """Put the house's words in the place of Django's own; those that a form chose for itself stay."""
    for key, words in _words_for(field).items():
        if field.error_messages.get(key) in (None, _djangos_own(field, key)):
            field.error_messages[key] = words


def _words_for(field: forms.Field) -> dict[str, str]:
    many = getattr(field.widget, "allow_multiple_selected", False)
    if many:
        return {"required": "Choose at least one.", "invalid_choice": "Choose from the list."}
    if hasattr(field, "choices"):
        return {"required": "Choose one.", "invalid_choice": "Choose one from the list."}
    if isinstance(field, forms.CharField):
        longest = "Write at most %(limit_value)s characters; these are %(show_value)s."
        return {"required": "Fill this in.", "max_length": longest}
    return {"required": "Fill this in."}


def _djangos_own(field: forms.Field, key: str) -> str | None:
    kinds = (vars(kind).get("default_error_messages", {}) for kind in type(field).__mro__)
    return next((words[key] for words in kinds if key in words), None)


def _is_password(field: forms.Field | None) -> bool:
    return field is not None and isinstance(field.widget, forms.PasswordInput)


def _plain_values(values: Any, field: forms.Field | None) -> list[Any]:
    values = list(values) if isinstance(values, list | tuple) else [values]
    if _is_password(field):
        return values
    lines = field is not None and isinstance(field.widget, forms.Textarea)
    return [plain(value, lines=lines) if isinstance(value, str) else value for value in values]


class PlainForm(PlainText, forms.Form):
    """The base of every form that takes text."""


class PlainModelForm(PlainText, forms.ModelForm):
    """The same for a form made from a model."""


class DayField(forms.DateField):
    """A calendar day, picked from the browser's calendar or written as 2026-11-23."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)
        self.error_messages["invalid"] = "Write the day as year, month, day: 2026-11-23."


class StaleGuard(forms.BaseForm):
    """For a form that edits `thing`: notices what somebody else changed after the page was made.

    Put it before the base: `class AssetForm(StaleGuard, PlainForm)`, make it with `AssetForm(data, thing=asset)` and
    let the template draw the hidden field `version`. The fields start with what is on file (`standing`). The page
    carries a short digest of each value it was made from. When one of them has moved since, the form does not pass:
    it comes back with the new value where the person had not touched it, with the person's own where they had, and
    with a sentence on each. Saving again then passes. Typing what is on file already is no clash, so a form that is
    sent twice passes twice.
    """

    VERSION = "version"
    base_fields: dict[str, forms.Field]

    def __init__(self, *args: Any, thing: models.Model, **kwargs: Any) -> None:
        self.thing = thing
        self.on_file = self.standing()
        kwargs["initial"] = self.on_file | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        hidden = forms.CharField(required=False, widget=forms.HiddenInput, initial=version(self.on_file))
        self.fields[self.VERSION] = hidden

    def standing(self) -> dict[str, Any]:
        """What is on file now, by the name of the form's field; override it where a field is not one of the row's."""
        meta = self.thing._meta
        own = {field.name for field in [*meta.concrete_fields, *meta.many_to_many]}
        return {name: _value(self.thing, meta.get_field(name)) for name in self.base_fields if name in own}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        seen = _parts(self.data.get(self.add_prefix(self.VERSION), ""))
        now = {name: value for name, value in self.on_file.items() if name in self.fields}
        moved = [name for name, value in now.items() if seen.get(name) != _digest(value)]
        clashes = [name for name in moved if name not in given or _digest(given[name]) != _digest(now[name])]
        if clashes:
            self._show_again(clashes, given, seen)
        return given

    def _show_again(self, clashes: list[str], given: dict[str, Any], seen: dict[str, str]) -> None:
        page = cast("MultiValueDict[str, Any]", self.data)
        said = ["Somebody changed this after you opened the page. Look at what is new, then save again."]
        for name in clashes:
            untouched = name in given and _digest(given[name]) == seen.get(name)
            if untouched:
                page.setlist(self.add_prefix(name), _as_posted(self.on_file[name]))
            said.append(self._what_is_new(name, untouched=untouched))
        page.setlist(self.add_prefix(self.VERSION), [version(self.on_file)])
        self.add_error(None, said)

    def _what_is_new(self, name: str, *, untouched: bool) -> str:
        field = self.fields[name]
        words = f"{field.label or pretty_name(name)} is now {_in_words(field, self.on_file[name])}"
        return f"{words}." if untouched else f"{words} on file; what you typed still stands below."


def version(facts: dict[str, Any]) -> str:
    """What a page carries of the values it was made from: `name:digest`, one for each, set apart by spaces."""
    return " ".join(f"{name}:{_digest(value)}" for name, value in sorted(facts.items()))


def _parts(text: str) -> dict[str, str]:
    return dict(part.partition(":")[::2] for part in str(text).split())


def _digest(value: Any) -> str:
    told = json.dumps(_bare(value), sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _bare(value: Any) -> Any:
    """The value as it would be stored: rows by their number, sets in order, nothing as the empty text."""
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return sorted((_bare(one) for one in value), key=str)
    return "" if value is None else value


def _value(thing: Any, field: Any) -> Any:
    if field.many_to_many:
        return sorted(getattr(thing, field.name).values_list("pk", flat=True)) if thing.pk else []
    return getattr(thing, field.attname)


def _as_posted(value: Any) -> list[str]:
    """The value as a browser would send it."""
    bare = _bare(value)
    if isinstance(bare, list):
        return [str(one) for one in bare]
    if isinstance(bare, bool):
        return ["on"] if bare else []
    return [str(bare)]


def _in_words(field: forms.Field, value: Any) -> str:
    """The value as a sentence names it, by its label where it was chosen from a list."""
    bare = _bare(value)
    labels = dict(_labels(getattr(field, "choices", ())))
    if isinstance(bare, bool):
        return "ticked" if bare else "not ticked"
    said = [labels.get(str(one), str(one)) for one in (bare if isinstance(bare, list) else [bare]) if one != ""]
    return f"“{', '.join(said)}”" if said else "empty"


def _labels(choices: Iterable[Any]) -> Iterable[tuple[str, str]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from _labels(label)
        else:
            yield str(value), str(label)
