"""Key files: made once, private, never written over."""

import stat
from pathlib import Path

import pytest

from config.env.keys import KeyFile, Ring, read_key, read_ring, read_text, ring_text
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


OLD, NEW = b"o" * 32, b"n" * 32


def test_a_key_alone_is_generation_one_and_a_ring_comes_back_as_it_was_written(tmp_path: Path) -> None:
    make_missing_keys(tmp_path)
    file = tmp_path / "sealing_key"
    first = read_ring(file)

    wider = first.with_new(NEW)
    KeyFile(file, first).write(wider)

    assert (first.newest, first.older) == (1, ())
    assert (wider.newest, wider.older) == (2, (1,))
    assert read_ring(file) == wider
    assert wider.newest_only() == Ring(((2, NEW),))


def test_numbers_go_round_and_skip_those_in_use() -> None:
    assert Ring(((255, OLD),)).with_new(NEW).newest == 1
    assert Ring(((255, OLD), (1, OLD))).with_new(NEW).newest == 2


@pytest.mark.parametrize("text", ["", "0:{}", "256:{}", "x:{}", "1:{}\n{}", "2:{}\n2:{}", "1:short"])
def test_a_file_that_holds_no_ring_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_text(text.replace("{}", ring_text(Ring(((1, OLD),))).partition(":")[2].strip()))

    with pytest.raises(ValueError, match=r"key"):
        read_ring(file)


def test_a_changed_file_is_seen_and_one_that_is_gone_still_opens_but_no_longer_seals(tmp_path: Path) -> None:
    make_missing_keys(tmp_path)
    file = tmp_path / "sealing_key"
    keys = KeyFile(file, read_ring(file))

    KeyFile(file, read_ring(file)).write(Ring(((7, NEW),)))
    seen = keys.ring()
    file.unlink()

    assert seen == keys.ring() == Ring(((7, NEW),))
    with pytest.raises(FileNotFoundError):
        keys.ring_on_disk()


def test_what_a_killed_writing_left_behind_is_removed_by_the_next(tmp_path: Path) -> None:
    make_missing_keys(tmp_path)
    file = tmp_path / "sealing_key"
    (tmp_path / ".sealing_key.12345").write_text("half")

    KeyFile(file, read_ring(file)).write(Ring(((7, NEW),)))

    assert sorted(found.name for found in tmp_path.iterdir()) == ["pepper", "sealing_key", "secret_key"]


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
