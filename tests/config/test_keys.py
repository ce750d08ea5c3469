"""Key files: made once, private, never written over."""

import stat
from pathlib import Path

import pytest

from config.env.keys import read_key, read_text
from config.keys import main, make_missing_keys, missing_keys


def test_three_private_files_are_made(tmp_path: Path) -> None:
    folder = tmp_path / "keys"

    made = make_missing_keys(folder)

    assert sorted(made) == sorted(folder.iterdir())
    assert {file.name for file in made} == {"secret_key", "sealing_key", "pepper"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(read_key(folder / "sealing_key")) == len(read_key(folder / "pepper")) == 32
    assert len(read_text(folder / "secret_key")) >= 50


def test_what_is_there_is_never_written_over(tmp_path: Path) -> None:
    make_missing_keys(tmp_path)
    (tmp_path / "pepper").unlink()
    before = {file.name: file.read_text() for file in tmp_path.iterdir()}

    made = make_missing_keys(tmp_path)

    assert made == [tmp_path / "pepper"]
    assert {name: (tmp_path / name).read_text() for name in before} == before
    assert missing_keys(tmp_path) == []


@pytest.mark.parametrize("text", ["", "short", "!!!!", "c2hvcnQ="])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_text(text)

    with pytest.raises(ValueError, match="key"):
        read_key(file)


def test_the_command_says_what_it_made_and_what_it_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_missing_keys(tmp_path)
    (tmp_path / "pepper").unlink()

    code = main([str(tmp_path)])

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path}/secret_key: kept, it was there",
        f"{tmp_path}/sealing_key: kept, it was there",
        f"{tmp_path}/pepper: made",
        "Keep a copy of these files apart from the database's backups.",
    ]
