"""Files in: their size before they are read, their kind by content, their name never a path. And files out."""

from __future__ import annotations

import io
import re
import socket
import zipfile
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from exchange.models import ImportBatch
from exchange.views.files import attachment
from identity.models import Office
from tests import factories
from tests.exchange.books import SMALL, csv, xlsx
from tests.security.conftest import HOST

pytestmark = pytest.mark.django_db
UPLOAD = "/office/import/upload/"
PE, ELF, PDF, PNG = (
    b"MZ\x90\x00" + b"\x00" * 200,
    b"\x7fELF" + b"\x00" * 200,
    b"%PDF-1.7\n" + b"x" * 99,
    b"\x89PNG\r\n\x1a\n" + b"\x00" * 99,
)
UGLY = [
    "../../../etc/passwd.csv",
    "..\\..\\windows\\people.csv",
    "/etc/people.csv",
    "people.csv\r\nX-Injected: yes",
    'people".csv; filename="evil.exe',
    "people\x00.csv",
    "\u202egnp.elpoep.csv",
    "<script>alert(1)</script>.csv",
    "people.csv/../../x.csv",
    "CON.csv",
    "." * 200 + ".csv",
]


@pytest.fixture
def manager_in(manager, browse) -> Client:
    client = browse(manager)
    client.raise_request_exception = False
    return client


def upload(client, name: str, data: bytes, kind: str = "text/csv"):
    return client.post(UPLOAD, {"file": SimpleUploadedFile(name, data, content_type=kind)}, follow=True)


def text(answer) -> str:
    return answer.content.decode()


# --- size ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/signin/", "/lost/", "/me/", "/csp-report/", "/no-such-door/", "/static/x.css"])
def test_a_body_far_too_large_is_refused_unread_on_every_path(manager_in, path):
    answer = manager_in.generic("POST", path, b"x", headers={"content-length": "99000000"})

    assert answer.status_code == 413
    assert "That file is too large to come in" in text(answer)
    assert answer.wsgi_request._read_started is False


def test_where_no_file_is_expected_a_forms_size_is_the_most(office, client, settings):
    data = (
        b"--x\r\n" + b'Content-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + b"y" * 3_000_000 + b"\r\n--x--"
    )

    answer = client.generic("POST", "/signin/", data, content_type="multipart/form-data; boundary=x")

    assert (answer.status_code, answer.wsgi_request._read_started) == (413, False)


def test_a_body_that_lies_about_its_length_is_read_no_further_than_it_says(manager_in):
    answer = manager_in.generic(
        "POST", "/lost/", b"name=M&number=1&" + b"x" * 9_000_000, headers={"content-length": "15"}
    )

    assert answer.status_code == 200


def test_over_the_wire_the_answer_comes_before_the_body(web):
    with socket.create_connection(("127.0.0.1", web.port), timeout=5) as line:
        line.sendall(f"POST /signin/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 90000000\r\n\r\nx".encode())
        first = line.recv(65536)

    assert first.startswith(b"HTTP/1.1 413 ")
    assert b"Content-Security-Policy: default-src 'none'" in first


def test_a_workbook_of_the_largest_size_is_still_read(manager_in):
    padding = csv([["key", "name"], ["a", "b"]]) + (b"\r\n" + b" " * 100_000) * 30
    assert len(padding) > django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    answer = upload(manager_in, "people.csv", padding)

    assert answer.status_code == 200
    assert ImportBatch.objects.count() == 1


def test_a_file_that_unpacks_to_far_more_than_it_is_is_refused_in_words(manager_in):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("people.csv", b"0" * 62_000_000)

    answer = upload(manager_in, "office.zip", out.getvalue(), "application/zip")

    assert ImportBatch.objects.count() == 0
    assert len(answer.context["form"].errors["file"]) == 1


# --- kind ------------------------------------------------------------------------------------------------------------
WHAT_IT_IS = {
    "It is a program": PE,
    "It is a program, not": ELF,
    "It is a PDF": PDF,
    "It is a picture": PNG,
    "It is empty": b"\x00" * 50,
    "It is damaged": b"PK\x03\x04broken",
    "It is a web page": b"<html><script>1</script>" * 9,
}


@pytest.mark.parametrize("words", WHAT_IT_IS)
@pytest.mark.parametrize(("name", "kind"), [("people.csv", "text/csv"), ("office.xlsx", "application/vnd.ms-excel")])
def test_what_a_file_is_decides_its_content_and_not_its_name(manager_in, words, name, kind):
    answer = upload(manager_in, name, WHAT_IT_IS[words], kind)

    (said,) = answer.context["form"].errors["file"]
    assert said.startswith(f"{name}: {words}")
    assert ImportBatch.objects.count() == 0


def test_a_good_table_is_taken_whatever_it_is_called_and_said_to_be(manager_in):
    answer = upload(manager_in, "virus.exe", xlsx(SMALL), "application/x-msdownload")

    assert ImportBatch.objects.count() == 1
    assert "Lena Brandt" in text(answer)


# --- names -----------------------------------------------------------------------------------------------------------
def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and "/pg/" not in str(path)}


@pytest.mark.parametrize("name", UGLY)
def test_a_name_is_never_a_path_a_header_or_markup(manager_in, name):
    state = Path(django_settings.STATIC_ROOT).parent
    before = files_below(state)

    answer = upload(manager_in, name, csv(SMALL["people"]))

    assert answer.status_code == 200
    assert files_below(state) == before
    assert "X-Injected" not in answer.headers
    assert "<script>alert" not in text(answer)
    assert not re.search("[\x00\u202e]", text(answer))


@pytest.mark.parametrize(
    "name", ['a".xlsx; x="', "a\r\nX-Injected: yes.xlsx", "\u202exslx.exe", "ü €/..\\.xlsx", "a;b,c.xlsx"]
)
def test_a_download_is_an_attachment_whose_name_stays_in_its_place(name):
    answer = attachment(b"x", name, "application/zip")

    assert "X-Injected" not in answer.headers
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[A-Za-z0-9_.~%/-]+", answer["Content-Disposition"])


@pytest.mark.parametrize("name", ['"; evil', "../../x", "\u202eexe", "Ötztal & Söhne"])
def test_an_export_of_an_office_with_an_ugly_name_has_a_plain_one(office, browse, name):
    owner = factories.make_member("Olga Owner", role="owner")
    Office.objects.update(name=name)

    answer = browse(owner).post("/office/export/download/", {"form": "xlsx"})

    assert answer.status_code == 200
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[a-z0-9.-]+\.xlsx", answer["Content-Disposition"])
    assert answer["X-Content-Type-Options"] == "nosniff"
