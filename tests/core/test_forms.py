"""What every form of the house does: clean text, no secrets, plain words, and stale pages noticed."""

from __future__ import annotations

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.http import QueryDict
from django.test.html import parse_html

from core.forms import DayField, Look, PlainForm, PlainModelForm, StaleGuard, plain, version
from devices.models import Asset
from identity.models import Member
from tests.factories import make_asset, make_authenticator, make_login, make_member

SECRETS = {
    "seed": "otpauth://totp/IBKR:maria?secret=JBSWY3DPEHPK3PXP",
    "private key": "-----BEGIN PRIVATE KEY-----",
    "card number": "4111 1111 1111 1111",
}


class NoteForm(PlainForm):
    name = forms.CharField(max_length=20)
    note = forms.CharField(required=False, widget=forms.Textarea)
    password = forms.CharField(required=False, strip=False, widget=forms.PasswordInput)
    colour = forms.ChoiceField(required=False, choices=[("", "None"), ("red", "Red")])
    shapes = forms.MultipleChoiceField(required=False, choices=[("round", "Round"), ("flat", "Flat")])
    since = DayField(required=False)


class AssetForm(StaleGuard, PlainForm):
    name = forms.CharField(label="Name", max_length=80)
    holder = forms.ModelChoiceField(Member.objects.none(), required=False, label="Holder", empty_label="Nobody")
    is_spare = forms.BooleanField(required=False, label="A spare")
    note = forms.CharField(required=False, label="Note")
    extra = forms.CharField(required=False, label="Not a column")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["holder"].queryset = Member.objects.order_by("name")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Global \t Macro ", "Global Macro"),
        ("Glo\x00bal\x07 Macro\x1b", "Global Macro"),
        ("Macro\u202eorcaM", "MacroorcaM"),
        ("Ma\u200bcro\ufeff", "Macro"),
        ("two\r\nlines", "two lines"),
        ("half \ud800 a pair", "half a pair"),
        ("Žižkov ‘Ω’ 日本 👩‍💻", "Žižkov ‘Ω’ 日本 👩‍💻"),
    ],
)
def test_text_is_kept_without_what_nobody_can_see(typed, kept):
    assert plain(typed) == kept


def test_a_note_keeps_its_lines_and_a_name_does_not():
    form = NoteForm({"name": "a\r\nb", "note": "first \x00line\r\n\r\nsecond\u2028third  "})

    assert form.is_valid()
    assert (form.cleaned_data["name"], form.cleaned_data["note"]) == ("a b", "first line\n\nsecond\nthird")


def test_a_password_stays_as_it_was_typed():
    form = NoteForm({"name": "x", "password": "  otpauth://totp/a?secret=JBSWY3DPEHPK3PXP  "})

    assert form.is_valid()
    assert form.cleaned_data["password"] == "  otpauth://totp/a?secret=JBSWY3DPEHPK3PXP  "


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("field", ["name", "note"])
def test_a_secret_is_refused_in_every_text(field, secret):
    form = NoteForm({"name": "x", field: secret})

    assert not form.is_valid()
    assert set(form.errors) == {field}
    assert any(error.startswith("This looks like") for error in form.errors[field])


def test_lists_and_plain_values_are_cleaned_alike():
    posted = NoteForm(QueryDict("name=a&shapes=round&shapes=fl%00at"))
    given = NoteForm({"name": "a", "shapes": ["round", "fl\x00at"]})

    assert posted.is_valid()
    assert given.is_valid()
    assert posted.cleaned_data["shapes"] == given.cleaned_data["shapes"] == ["round", "flat"]


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({}, "name", "Fill this in."),
        ({"name": "x" * 10_000}, "name", "Write at most 20 characters; these are 10000."),
        ({"name": "x", "colour": "<b>"}, "colour", "Choose one from the list."),
        ({"name": "x", "shapes": ["square"]}, "shapes", "Choose from the list."),
        ({"name": "x", "since": "3.4.2026"}, "since", "Write the day as year, month, day: 2026-11-23."),
    ],
)
def test_errors_say_what_to_do_and_never_repeat_what_was_typed(data, field, words):
    form = NoteForm(data)

    assert not form.is_valid()
    assert form.errors == {field: [words]}


def test_a_field_s_own_words_stay():
    class Chosen(PlainForm):
        name = forms.CharField(error_messages={"required": "Say its name."})

    assert Chosen({}).errors == {"name": ["Say its name."]}


def test_fields_and_forms_are_drawn_by_the_house_s_parts():
    form = NoteForm({"name": ""})

    field, whole = form["name"].as_field_group(), form.render()

    assert '<label for="id_name">Name</label>' in field
    assert 'aria-describedby="id_name_error"' in field
    assert 'id="id_name_error"' in field
    assert whole.count('class="field"') == 6
    assert 'role="alert"' in whole


def test_a_form_made_from_a_model_is_as_strict(db):
    class FromModel(PlainModelForm):
        class Meta:
            model = Asset
            fields = ("name", "note")

    good, bad = FromModel({"name": "Desk\x00 PC"}), FromModel({"name": "x", "note": SECRETS["seed"]})

    assert good.is_valid()
    assert good.cleaned_data["name"] == "Desk PC"
    assert set(bad.errors) == {"note"}


@pytest.mark.django_db
class TestStalePages:
    @pytest.fixture
    def asset(self):
        return make_asset("ThinkPad", holder=make_member("Maria Santos"), note="At home")

    @staticmethod
    def page(asset, **typed):
        """What a browser posts after the page was made now and these fields were changed."""
        form = AssetForm(thing=asset)
        holder = form["holder"].value()
        posted = {"name": form["name"].value(), "holder": "" if holder is None else str(holder)}
        posted |= {"note": form["note"].value(), "version": form["version"].value(), "extra": ""}
        return posted | typed

    @staticmethod
    def change(asset, **facts):
        Asset.objects.filter(pk=asset.pk).update(**facts)
        asset.refresh_from_db()

    def test_a_page_shows_what_is_on_file(self, asset):
        form = AssetForm(thing=asset)

        shown = {name: form[name].value() for name in ("name", "holder", "is_spare", "note", "extra")}
        assert shown == {
            "name": "ThinkPad", "holder": asset.holder_id, "is_spare": False, "note": "At home", "extra": None,
        }  # fmt: skip

    def test_a_fresh_page_passes(self, asset):
        form = AssetForm(self.page(asset, name="ThinkPad X1"), thing=asset)

        assert form.is_valid()
        assert form.facts() == {
            "name": "ThinkPad X1", "holder": asset.holder, "is_spare": False, "note": "At home", "extra": "",
        }  # fmt: skip

    def test_a_stale_page_comes_back_with_the_new_value_where_nobody_typed(self, asset):
        page, daniel = self.page(asset, name="ThinkPad X1"), make_member("Daniel Reyes")
        self.change(asset, holder=daniel, is_spare=True)

        form = AssetForm(page, thing=asset)

        assert not form.is_valid()
        assert form.errors == {
            "__all__": [
                "Somebody changed this after you opened the page. Look at what is new, then save again.",
                "Holder is now “Daniel Reyes”.",
                "A spare is now ticked.",
            ]
        }
        shown = {name: form[name].value() for name in ("name", "holder", "is_spare", "note")}
        assert shown == {"name": "ThinkPad X1", "holder": str(daniel.pk), "is_spare": True, "note": "At home"}

    def test_what_was_typed_is_never_lost(self, asset):
        page = self.page(asset, note="In the safe")
        self.change(asset, note="")

        form = AssetForm(page, thing=asset)

        assert not form.is_valid()
        assert list(form.errors["__all__"])[1:] == ["Note is now empty on file; what you typed still stands below."]
        assert form["note"].value() == "In the safe"

    def test_saving_again_passes(self, asset):
        page = self.page(asset, note="In the safe")
        self.change(asset, note="At work", name="ThinkPad X1")
        again = AssetForm(page, thing=asset)
        again.is_valid()

        form = AssetForm({name: again[name].value() for name in ("name", "holder", "note", "version")}, thing=asset)

        assert form.is_valid()
        assert (form.cleaned_data["name"], form.cleaned_data["note"]) == ("ThinkPad X1", "In the safe")

    def test_a_page_sent_twice_passes_twice(self, asset):
        page = self.page(asset, name="ThinkPad X1")
        first = AssetForm(page, thing=asset)
        assert first.is_valid()
        self.change(asset, name="ThinkPad X1")

        assert AssetForm(page, thing=asset).is_valid()

    def test_what_is_not_on_the_form_may_move(self, asset):
        page = self.page(asset, name="ThinkPad X1")
        self.change(asset, hint="4417", model="Gen 11")

        assert AssetForm(page, thing=asset).is_valid()

    @pytest.mark.parametrize("given", [None, "", "nonsense", "name:0 note", ":::", "x" * 10_000, "name:\x00"])
    def test_a_page_that_does_not_say_what_it_was_made_from_is_stale(self, asset, given):
        page = self.page(asset, name="ThinkPad X1") | {"version": given}
        if given is None:
            del page["version"]

        form = AssetForm(page, thing=asset)

        assert not form.is_valid()
        told = ["Name is now “ThinkPad” on file; what you typed still stands below."]
        assert list(form.errors["__all__"])[1:] == told
        assert form["name"].value() == "ThinkPad X1"

    def test_a_clash_and_a_mistake_are_both_told(self, asset):
        page = self.page(asset, name="")
        self.change(asset, name="ThinkPad X1")

        form = AssetForm(page, thing=asset)

        assert not form.is_valid()
        assert form.errors["name"] == ["Fill this in."]
        assert list(form.errors["__all__"])[1:] == [
            "Name is now “ThinkPad X1” on file; what you typed still stands below."
        ]

    def test_a_set_of_rows_is_compared_as_a_set(self, asset):
        class CarriersForm(StaleGuard, PlainForm):
            carriers = forms.ModelMultipleChoiceField(Asset.objects.order_by("name"), required=False, label="Carriers")

        card = make_asset("Card 61")
        factor = make_authenticator(make_login(), carriers=[asset, card])
        seen = CarriersForm(thing=factor)["version"].value()
        both = {"version": seen, "carriers": [str(card.pk), str(asset.pk)]}
        assert CarriersForm(both, thing=factor).is_valid()

        factor.carriers.set([card])
        form = CarriersForm(both, thing=factor)

        assert not form.is_valid()
        assert list(form.errors["__all__"])[1:] == ["Carriers is now “Card 61”."]
        assert form["carriers"].value() == [str(card.pk)]

    def test_the_version_tells_nothing_but_whether_a_value_moved(self):
        made = version({"note": "At home", "holder": None})

        assert made.split() == [f"holder:{made[7:19]}", f"note:{made[25:37]}"]
        assert made == version({"holder": "", "note": "At home"})
        assert made != version({"holder": 7, "note": "At home"})


@pytest.mark.parametrize("value", ["", "red", "<b>", None, 'a"b'])
@pytest.mark.parametrize("many", [False, True])
def test_a_select_is_drawn_as_django_draws_it(value, many):
    shades = [("<b>", "<b>Bold</b> & more"), ('a"b', "Quoted")]
    choices = [("", "None"), ("red", "Red"), ("Shades <of> grey", shades)]
    widget = (forms.SelectMultiple if many else forms.Select)(attrs={"id": "id_x", "disabled": True}, choices=choices)

    ours, djangos = (
        widget.render("x", [value] if many else value, renderer=kind()) for kind in (Look, DjangoTemplates)
    )

    assert parse_html(ours) == parse_html(djangos)
    assert type(ours) is type(djangos)
