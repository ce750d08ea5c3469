"""The pages of importing and exporting, as a browser sees them."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Account
from core import clock
from core.letters.models import Pulse
from core.trail.enums import Verb
from core.trail.models import Event
from devices.models import Asset
from exchange import actions, tasks
from exchange.enums import BatchState
from exchange.models import ImportBatch
from identity.models import Office
from tests import factories
from tests.exchange.books import SMALL, csv, read, table, with_rows, xlsx

pytestmark = pytest.mark.django_db
START = "/office/import/"


def file(data: bytes, name: str = "office.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def text(answer) -> str:
    """The words of a page’s main part, with single spaces."""
    page = answer.content.decode()
    main = page[page.index("<main") :] if "<main" in page else page
    return " ".join(re.sub(r"<[^>]+>", " ", main).replace("&nbsp;", " ").split())


def sent(client, *files) -> ImportBatch:
    answer = client.post(f"{START}upload/", {"file": list(files)})
    assert answer.status_code == 302, text(answer)
    return ImportBatch.objects.latest("pk")


# --- start -----------------------------------------------------------------------------------------------------------
def test_the_first_page_offers_upload_template_and_demo_and_lists_what_was(owner, browse, bring):
    client = browse(owner)
    empty = text(client.get(START))
    bring(SMALL)
    full = text(client.get(START))

    assert "Nothing was imported yet." in empty
    assert "Try the demo office" in empty
    assert "Check the file" in full
    assert "office.xlsx" in full
    assert "10 new, 0 changed" in full
    assert "The demo office needs an empty house" in full


def test_an_auditor_reads_what_was_imported_and_presses_nothing(auditor, browse, bring):
    batch = bring(SMALL)
    client = browse(auditor)

    page, shown = client.get(START), client.get(f"{START}{batch.pk}/")

    assert (page.status_code, shown.status_code) == (200, 200)
    for words in ("Check the file", "Try the demo", "Undo this import"):
        assert words not in text(page) + text(shown)
    assert client.get(f"{START}template.xlsx").status_code == 403


def test_a_trader_has_no_business_here(trader, browse, bring):
    batch = bring(SMALL)
    client = browse(trader)

    assert [client.get(path).status_code for path in (START, f"{START}{batch.pk}/", "/office/export/")] == [403] * 3
    assert client.post("/office/export/download/").status_code == 403


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("scan.pdf", b"%PDF-1.4", "scan.pdf: It is a PDF, not a table."),
        ("empty.csv", b"\n", "empty.csv: It is empty."),
        ("x.csv", b"hello;world\n1;2\n", "No table was found."),
    ],
)
def test_what_cannot_be_read_is_said_on_the_form(owner, browse, name, data, words):
    answer = browse(owner).post(f"{START}upload/", {"file": file(data, name)})

    assert words in text(answer)
    assert ImportBatch.objects.count() == 0


def test_pressing_without_a_file_says_so(owner, browse):
    assert "Choose a file." in text(browse(owner).post(f"{START}upload/", {}))


def test_very_many_files_are_refused(owner, browse):
    files = [file(csv(SMALL["people"]), f"{n}.csv") for n in range(21)]

    assert "At most 20 files at once." in text(browse(owner).post(f"{START}upload/", {"file": files}))


@pytest.mark.parametrize(("path", "first"), [("template.xlsx", b"PK\x03\x04"), ("template.zip", b"PK\x03\x04")])
def test_the_template_is_a_file_that_uploads_as_it_is(owner, browse, path, first):
    client = browse(owner)

    answer = client.get(f"{START}{path}")

    assert answer.content.startswith(first)
    assert answer["Content-Disposition"] == f"attachment; filename*=UTF-8''postern-{path}"
    batch = sent(client, file(answer.content, path))
    assert (batch.new, batch.problems) == (21, 0)


# --- dry run ---------------------------------------------------------------------------------------------------------
def test_a_dry_run_shows_problems_first_with_their_cells(owner, browse):
    client = browse(owner)
    people = table("key, name, email / nico, Nico, / lena, Lena, nowhere")
    batch = sent(client, file(xlsx(with_rows(people=people))))

    page = text(client.get(f"{START}{batch.pk}/"))

    assert "9 rows need you, 2 are ready." in page
    assert "people!C3 That is not an e-mail address." in page
    assert page.index("people!C3") < page.index("Nico")
    assert "Leave out the 9 rows with problems" in page


def test_the_rows_can_be_narrowed_and_paged(owner, browse):
    client = browse(owner)
    people = [["key", "name"], *([f"p{n}", f"Person {n}"] for n in range(250)), ["bad key", ""]]
    batch = sent(client, file(xlsx({"people": people})))
    address = f"{START}{batch.pk}/"

    first, third = text(client.get(address)), text(client.get(f"{address}?page=3"))
    problems, none = text(client.get(f"{address}?verdict=problem")), text(client.get(f"{address}?sheet=grants"))

    assert "1 to 100 of 251" in first
    assert "201 to 251 of 251" in third
    assert "Person 7" not in problems
    assert "people!B252 Fill this in." in problems
    assert "No such rows." in none
    assert client.get(f"{address}?verdict=nonsense&sheet=x&page=99").status_code == 200


def test_a_hundred_rows_are_a_light_page_in_a_fixed_number_of_queries(owner, browse, django_assert_max_num_queries):
    client = browse(owner)
    rows = [["key", "name", "kind", "note"], *([f"t{n}", f"Thing {n}", "toaster", "Shared"] for n in range(300))]
    batch = sent(client, file(xlsx({"things": rows})))

    with django_assert_max_num_queries(11):
        answer = client.get(f"{START}{batch.pk}/")

    assert len(answer.content) < 80_000


def test_remarks_say_what_was_not_read(owner, browse):
    client = browse(owner)
    batch = sent(client, file(xlsx({"people": table("key, name, shoe / lena, Lena, 38")})))

    assert "1 thing was not read “people”: the column “shoe” (C) was not read." in text(
        client.get(f"{START}{batch.pk}/")
    )


def test_cells_are_shown_as_text_and_never_as_markup(owner, browse):
    client = browse(owner)
    batch = sent(client, file(xlsx({"people": [["key", "name", "role"], ["x", "<script>alert(1)</script>", "<b>"]]})))

    page = client.get(f"{START}{batch.pk}/").content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "“&lt;b&gt;” is not known here" in page


def test_the_question_about_days_is_asked_once_and_answered(owner, browse):
    client = browse(owner)
    rows = [["login", "account", "rights", "granted on"], ["lena-ibkr", "lago", "view", "04/03/2026"]]
    batch = sent(client, file(xlsx(with_rows(grants=rows))))
    address = f"{START}{batch.pk}/"

    asked = text(client.get(address))
    silent = text(client.post(f"{address}days/", {}, follow=True))
    answered = text(client.post(f"{address}days/", {"order": "dmy"}, follow=True))

    assert "One question first: which is the day?" in asked
    assert "Day first: 04/03/2026 is 4 March 2026" in asked
    assert "Import 10 rows" not in asked
    assert "Say whether the day or the month stands first." in silent
    assert "10 rows to import, nothing in the way." in answered


def test_a_dry_run_can_be_thrown_away(owner, browse):
    client = browse(owner)
    batch = sent(client, file(xlsx(SMALL)))

    answer = client.post(f"{START}{batch.pk}/discard/", follow=True)

    assert "Thrown away. Nothing of it was written." in text(answer)
    assert "office.xlsx" not in text(answer)
    assert "That upload was thrown away." in text(client.get(f"{START}{batch.pk}/"))


# --- import ----------------------------------------------------------------------------------------------------------
def test_an_import_is_pressed_waited_for_and_there(owner, browse):
    client = browse(owner)
    batch = sent(client, file(xlsx(SMALL)))
    address = f"{START}{batch.pk}/"
    Pulse.objects.update_or_create(name="worker", defaults={"at": clock.now()})

    waiting = client.post(f"{address}apply/", follow=True)
    fragment = client.get(address, headers={"HX-Request": "true"})
    tasks.run_imports()
    refreshed = client.get(address, headers={"HX-Request": "true"})
    done = text(client.get(address))

    assert "Importing 10 rows" in text(waiting)
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in waiting.content.decode()
    assert "The worker is not running" not in text(waiting)
    assert fragment.content.decode().lstrip().startswith('<div class="narrow stack" id="progress"')
    assert refreshed["HX-Refresh"] == "true"
    assert "10 rows imported." in done
    assert "Undo this import" in done
    assert Account.objects.count() == 1


def test_a_page_that_waits_says_when_the_worker_is_away(owner, browse, bring, at):
    client = browse(owner)
    batch = actions.press(actions.upload(read(SMALL), by=owner, at=at), by=owner, at=at)
    Pulse.objects.update_or_create(name="worker", defaults={"at": clock.now() - timedelta(minutes=30)})

    page = text(client.get(f"{START}{batch.pk}/"))

    assert "The worker is not running The import starts by itself once it is back." in page


def test_a_second_press_says_that_it_is_under_way(owner, browse):
    client = browse(owner)
    batch = sent(client, file(xlsx(SMALL)))

    client.post(f"{START}{batch.pk}/apply/")
    again = client.post(f"{START}{batch.pk}/apply/", follow=True)

    assert "That import is under way already." in text(again)


def test_problems_must_be_left_out_on_purpose(owner, browse):
    client = browse(owner)
    batch = sent(client, file(xlsx({"people": table("key, name, email / nico, Nico, / lena, Lena, nowhere")})))

    refused = text(client.post(f"{START}{batch.pk}/apply/", follow=True))
    pressed = text(client.post(f"{START}{batch.pk}/apply/", {"leave_out": "on"}, follow=True))

    assert "Some rows have problems." in refused
    assert "Importing one row" in pressed


def test_an_import_that_found_the_office_changed_says_so_and_can_be_pressed_again(owner, browse):
    client = browse(owner)
    batch = sent(client, file(xlsx(SMALL)))
    client.post(f"{START}{batch.pk}/apply/")
    factories.make_account("Lago", key="lago", hint="5512")
    tasks.run_imports()

    page = text(client.get(f"{START}{batch.pk}/"))

    assert "It did not go through The office changed after this was checked." in page
    assert "Import 9 rows" in page


def test_undo_says_what_it_does_does_it_and_says_why_not(owner, browse, bring):
    client = browse(owner)
    batch = bring(SMALL)
    address = f"{START}{batch.pk}/undo/"

    asked = text(client.get(address))
    Asset.objects.filter(key="laptop").update(name="Other")
    refused = text(client.post(address, follow=True))
    Asset.objects.filter(key="laptop").update(name="Lena’s laptop")
    undone = text(client.post(address, follow=True))

    assert "10 rows that it brought go away." in asked
    assert "“Other” was changed after the import." in refused
    assert "Undone. Everything is as it was before that import." in undone
    assert "That import was undone." in undone
    assert Account.objects.count() == 0


def test_get_changes_nothing(owner, browse):
    client = browse(owner)
    batch = sent(client, file(xlsx(SMALL)))

    for deed in ("apply", "discard", "days"):
        assert client.get(f"{START}{batch.pk}/{deed}/").status_code == 405
    assert client.get("/office/demo/load/").status_code == 405
    assert client.get("/office/export/download/").status_code == 405
    assert ImportBatch.objects.get().state == BatchState.CHECKED


# --- export ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("form", "suffix"), [("xlsx", "xlsx"), ("csv", "zip"), ("", "xlsx")])
@pytest.mark.parametrize("role", ["owner", "auditor"])
def test_who_sees_everything_takes_the_office_out_and_the_trail_says_so(request, browse, bring, role, form, suffix):
    bring(SMALL)
    member = request.getfixturevalue(role)
    client = browse(member)

    page, answer = text(client.get("/office/export/")), client.post("/office/export/download/", {"form": form})

    day = clock.local_day(clock.now(), member.timezone).isoformat()
    assert "Export it" in page
    assert answer["Content-Disposition"] == f"attachment; filename*=UTF-8''hartwell-family-office-{day}.{suffix}"
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    event = Event.objects.get(verb=Verb.EXPORT_MADE)
    assert (event.actor_id, event.detail["form"], event.detail["rows"]["things"]) == (
        member.pk, "csv" if form == "csv" else "xlsx", 2,
    )  # fmt: skip


def test_an_export_uploads_to_nothing_new(owner, browse, bring):
    bring(SMALL)
    client = browse(owner)

    taken = client.post("/office/export/download/", {"form": "csv"}).content
    batch = sent(client, file(taken, "office.zip"))

    assert batch.same == batch.size
    assert "Nothing new: all 11 rows are here already." in text(client.get(f"{START}{batch.pk}/"))


# --- demo ------------------------------------------------------------------------------------------------------------
def test_the_demo_office_comes_and_goes_in_one_press_each(owner, browse):
    client = browse(owner)

    loaded = client.post("/office/demo/load/", follow=True)
    asked = text(client.get("/office/demo/remove/"))
    removed = client.post("/office/demo/remove/", follow=True)

    assert loaded.redirect_chain == [("/", 302)]
    assert "The demo office is here." in text(loaded)
    assert "6 accounts, 14 logins, 58 doors, 40 things, 90 validations" in asked
    assert "The house is empty and yours." in text(removed)
    assert not Office.objects.get().is_demo


def test_a_demo_that_has_no_room_says_so(owner, browse):
    factories.make_asset()
    client = browse(owner)

    assert "needs an empty house" in text(client.post("/office/demo/load/", follow=True))
    assert "There is nothing to remove." in text(client.get("/office/demo/remove/"))
    assert "Nothing was removed." in text(client.post("/office/demo/remove/", follow=True))


def test_only_an_owner_runs_the_demo(manager, browse):
    client = browse(manager)

    assert client.post("/office/demo/load/").status_code == 403
    assert client.get("/office/demo/remove/").status_code == 403
    assert "Try the demo office" not in text(client.get(START))


def test_every_address_has_a_name():
    assert reverse("exchange:import_start") == START
    assert reverse("exchange:show_batch", args=[3]) == f"{START}3/"
    assert reverse("exchange:export") == "/office/export/"
