"""The environment table: what is wrong is named, all at once, with what to do."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from config.env import EnvError, Settings, as_markdown, load
from config.keys import make_missing_keys

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def real(tmp_path: Path) -> dict[str, str]:
    """A complete production environment."""
    keys = tmp_path / "keys"
    make_missing_keys(keys)
    return {
        "POSTERN_STATE": str(tmp_path / "state"),
        "POSTERN_URL": "https://postern.example",
        "DATABASE_URL": "postgresql://postern_app:p%40ss@db.example/postern",
        "REDIS_URL": "redis://cache.example",
        "EMAIL_URL": "smtp://mail.example",
        "SECRET_KEY_FILE": str(keys / "secret_key"),
        "POSTERN_SEALING_KEY_FILE": str(keys / "sealing_key"),
        "POSTERN_PEPPER_FILE": str(keys / "pepper"),
    }


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(EnvError) as caught:
        load(environ)
    return caught.value.problems


def sealing_key(settings: Settings) -> bytes:
    """The one generation of a fresh key."""
    ((number, key),) = settings.sealing_keys.ring().keys
    assert number == 1
    return key


def test_an_empty_environment_is_a_development_installation_with_embedded_servers(tmp_path: Path) -> None:
    settings = load({"POSTERN_STATE": str(tmp_path)})

    assert not settings.is_production
    assert settings.url == "http://localhost:8000"
    assert settings.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    assert settings.database.as_django() == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postern",
        "USER": "postern_app",
        "PASSWORD": "",
        "HOST": str(tmp_path / "pg" / "run"),
        "PORT": "",
        "OPTIONS": {},
    }
    assert settings.redis.broker_url == f"redis+socket://{tmp_path}/valkey/v.sock?virtual_host=0"
    assert settings.redis.cache_url == f"unix://{tmp_path}/valkey/v.sock?db=1"
    assert (settings.mail.host, settings.mail.is_caught) == ("127.0.0.1", True)
    assert settings.mail_from == "Postern <postern@localhost>"
    assert (settings.log_level, settings.log_format) == ("INFO", "text")


def test_a_complete_production_environment_is_taken(real: dict[str, str]) -> None:
    settings = load(real | {"POSTERN_ALLOWED_HOSTS": "postern.lan, postern.example"})

    assert settings.is_production
    assert settings.is_https
    assert settings.allowed_hosts == ("postern.example", "postern.lan")
    assert settings.database.password == "p@ss"
    assert settings.mail_from == "Postern <postern@postern.example>"
    assert settings.own_keys == ()
    assert (len(sealing_key(settings)), len(settings.pepper)) == (32, 32)
    assert sealing_key(settings) != settings.pepper
    assert settings.log_format == "json"


def test_every_missing_variable_of_production_is_named_with_what_to_do() -> None:
    keys = "`python -m config.keys FOLDER` makes the three key files."

    assert problems({"POSTERN_URL": "https://postern.example"}) == (
        "DATABASE_URL is missing. Set it to your PostgreSQL, such as postgresql://postern_app:password@host:5432/postern.",
        "REDIS_URL is missing. Set it to your Valkey or Redis, such as redis://:password@host:6379/0.",
        "EMAIL_URL is missing. Set it to your mail server, such as smtp://user:password@host:587?tls=starttls.",
        f"SECRET_KEY_FILE is missing. Set SECRET_KEY_FILE (or SECRET_KEY). {keys}",
        f"POSTERN_SEALING_KEY_FILE is missing. Set it to a file only the program can read. {keys}",
        f"POSTERN_PEPPER_FILE is missing. Set it to a file only the program can read. {keys}",
    )


def test_a_database_of_ones_own_makes_it_production(real: dict[str, str]) -> None:
    del real["POSTERN_URL"]

    assert problems(real) == (
        "POSTERN_URL is missing. Set it to the address people type, such as https://postern.example.",
    )


def test_an_empty_variable_counts_as_missing(real: dict[str, str]) -> None:
    assert problems(real | {"REDIS_URL": " "}) == (
        "REDIS_URL is missing. Set it to your Valkey or Redis, such as redis://:password@host:6379/0.",
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("POSTERN_PROT", "POSTERN_PROT is not a setting of Postern. Did you mean POSTERN_PORT?"),
        (
            "POSTERN_SEALING_KEY",
            "POSTERN_SEALING_KEY is not a setting of Postern. Did you mean POSTERN_SEALING_KEY_FILE?",
        ),
        (
            "POSTERN_QQQQQ",
            "POSTERN_QQQQQ is not a setting of Postern. Remove it, or see the table in docs/running.md.",
        ),
    ],
)
def test_an_unknown_name_is_an_error_with_a_hint(name: str, line: str) -> None:
    assert problems({name: "1"}) == (line,)


def test_other_programs_variables_are_left_alone() -> None:
    assert load({"POSTGRES_USER": "x", "HOME": "/nowhere"}).port == 8000


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("POSTERN_PORT", "abc", 'POSTERN_PORT is "abc"; a port is a number from 1 to 65535.'),
        ("POSTERN_PORT", "0", 'POSTERN_PORT is "0"; a port is a number from 1 to 65535.'),
        ("POSTERN_PORT", "65536", 'POSTERN_PORT is "65536"; a port is a number from 1 to 65535.'),
        ("POSTERN_URL", "postern", 'POSTERN_URL is "postern"; it has to look like https://postern.example.'),
        (
            "POSTERN_URL",
            "http://postern.example/app",
            'POSTERN_URL is "http://postern.example/app"; it has to end after the host and port.',
        ),
        ("POSTERN_URL", "http://a:99999", 'POSTERN_URL has the port "99999"; a port is a number from 1 to 65535.'),
        (
            "POSTERN_ALLOWED_HOSTS",
            "*",
            'POSTERN_ALLOWED_HOSTS has "*"; list plain host names, separated by commas.',
        ),
        (
            "POSTERN_TRUSTED_PROXY",
            "10.0.0.1, proxy",
            'POSTERN_TRUSTED_PROXY has "proxy"; list addresses or networks such as 10.0.0.5 or 10.0.0.0/24.',
        ),
        ("POSTERN_LOG_LEVEL", "LOUD", 'POSTERN_LOG_LEVEL is "LOUD"; it may be DEBUG, INFO, WARNING or ERROR.'),
        ("POSTERN_LOG_FORMAT", "xml", 'POSTERN_LOG_FORMAT is "xml"; it may be json or text.'),
        ("POSTERN_REQUIRE_BROWSER", "maybe", 'POSTERN_REQUIRE_BROWSER is "maybe"; it may be 1 or 0.'),
        (
            "POSTERN_MAIL_FROM",
            "Postern",
            'POSTERN_MAIL_FROM is "Postern"; it has to look like Postern <postern@office.example>.',
        ),
        ("REDIS_URL", "http://host", "REDIS_URL has to start with redis://, rediss://, redis+socket:// or unix://."),
        ("EMAIL_URL", "imap://host", "EMAIL_URL has to start with smtp://."),
        ("EMAIL_URL", "smtp://host?tls=yes", 'EMAIL_URL has tls=yes; it may be "starttls", "ssl" or "none".'),
        (
            "POSTERN_PEPPER_FILE",
            "/no/such/file",
            "POSTERN_PEPPER_FILE points to /no/such/file, where there is no file.",
        ),
    ],
)
def test_a_bad_value_is_named_in_words(name: str, value: str, line: str) -> None:
    assert problems({name: value}) == (line,)


def test_all_problems_are_listed_at_once() -> None:
    assert problems({"POSTERN_PROT": "1", "POSTERN_PORT": "x", "REDIS_URL": "redis://:pw@/0"}) == (
        "POSTERN_PROT is not a setting of Postern. Did you mean POSTERN_PORT?",
        'POSTERN_PORT is "x"; a port is a number from 1 to 65535.',
        "REDIS_URL names no host.",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://joe:opensesame@host/postern"),
        ("DATABASE_URL", "postgresql://joe:opensesame@host"),
        ("DATABASE_URL", "postgresql://joe:opensesame@host:port/postern"),
        ("REDIS_URL", "redis://:opensesame@host/first"),
        ("EMAIL_URL", "smtp://joe:opensesame@host?tls=maybe"),
    ],
)
def test_an_error_never_repeats_a_password(name: str, value: str) -> None:
    said = "\n".join(problems({name: value}))

    assert name in said
    assert "opensesame" not in said


def test_settings_show_no_secret_when_printed(real: dict[str, str]) -> None:
    settings = load(real | {"REDIS_URL": "redis://:opensesame@host"})

    shown = repr(settings)

    assert "p@ss" not in shown
    assert "opensesame" not in shown
    assert settings.secret_key not in shown
    assert repr(sealing_key(settings)) not in shown


def test_secret_key_may_be_given_itself_instead_of_a_file(real: dict[str, str]) -> None:
    del real["SECRET_KEY_FILE"]

    assert load(real | {"SECRET_KEY": "s" * 50}).secret_key == "s" * 50


def test_secret_key_given_twice_or_too_short_is_refused(real: dict[str, str]) -> None:
    assert problems(real | {"SECRET_KEY": "short"}) == (
        "SECRET_KEY and SECRET_KEY_FILE are both set. Keep one of them.",
        "SECRET_KEY has 5 characters; it needs 50. `python -m config.keys FOLDER` makes the three key files.",
    )


def test_a_key_file_that_holds_no_key_is_named(real: dict[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("not a key")
    broken.chmod(0o600)

    (line,) = problems(real | {"POSTERN_PEPPER_FILE": str(broken)})

    assert line == (
        f"POSTERN_PEPPER_FILE points to {broken}, which holds no key that this user can read. "
        "`python -m config.keys FOLDER` makes the three key files."
    )


@pytest.mark.parametrize("name", ["SECRET_KEY_FILE", "POSTERN_SEALING_KEY_FILE", "POSTERN_PEPPER_FILE"])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_key_file_that_others_may_read_is_named_with_what_to_do(real: dict[str, str], name: str, mode: int) -> None:
    file = Path(real[name])
    file.chmod(mode)

    assert problems(real) == (
        f"{name} points to {file}, which others than its owner may read. Close it: chmod 600 {file}",
    )


def test_a_key_of_the_state_folder_that_others_may_read_is_named_too(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "sealing_key"
    make_missing_keys(tmp_path / "keys")
    file.chmod(0o644)

    assert problems({"POSTERN_STATE": str(tmp_path)}) == (
        f"Others than its owner may read {file}. Close it: chmod 600 {file}",
    )


def test_in_production_a_key_inside_the_programs_folder_is_refused(real: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(EnvError) as caught:
        load(real, checkout=tmp_path)

    assert caught.value.problems == tuple(
        f"{name} points to {real[name]}, inside the program's own folder. Move it to one apart."
        for name in ("SECRET_KEY_FILE", "POSTERN_SEALING_KEY_FILE", "POSTERN_PEPPER_FILE")
    )


def test_keys_made_by_up_are_read_from_the_state_folder(tmp_path: Path) -> None:
    make_missing_keys(tmp_path / "keys")

    once, again = (load({"POSTERN_STATE": str(tmp_path)}) for _ in range(2))

    assert (once.secret_key, sealing_key(once), once.pepper) == (again.secret_key, sealing_key(again), again.pepper)


def test_before_the_first_up_each_process_has_throwaway_keys(tmp_path: Path) -> None:
    once, again = (load({"POSTERN_STATE": str(tmp_path)}) for _ in range(2))

    assert sealing_key(once) != sealing_key(again)
    assert list(tmp_path.iterdir()) == []


def test_migrations_run_as_the_owner_of_the_tables(real: dict[str, str]) -> None:
    owner = "postgresql://postern_owner:x@db.example/postern"

    def role(environ: dict[str, str]) -> str:
        return load(environ).database.user

    assert role({}) == "postern_app"
    assert role({"POSTERN_DB_ROLE": "owner"}) == "postern_owner"
    assert role(real) == "postern_app"
    assert role(real | {"POSTERN_DB_ROLE": "owner"}) == "postern_app"
    assert role(real | {"DATABASE_OWNER_URL": owner}) == "postern_app"
    assert role(real | {"DATABASE_OWNER_URL": owner, "POSTERN_DB_ROLE": "owner"}) == "postern_owner"


def test_the_public_address_follows_the_port_and_the_host_follows_the_address() -> None:
    def seen(environ: dict[str, str]) -> tuple[str, str, bool]:
        settings: Settings = load(environ)
        return settings.url, settings.host, settings.port_is_chosen

    assert seen({"POSTERN_PORT": "8123"}) == ("http://localhost:8123", "localhost", True)
    assert seen({"POSTERN_URL": "http://Box.LAN:80/"}) == ("http://box.lan:80", "box.lan", False)
    assert seen({"POSTERN_URL": "http://[::1]:8000"}) == ("http://[::1]:8000", "[::1]", False)


def test_trusted_proxies_are_networks() -> None:
    assert load({"POSTERN_TRUSTED_PROXY": "127.0.0.1, 10.1.0.0/16,::1"}).trusted_proxies == (
        ip_network("127.0.0.1"),
        ip_network("10.1.0.0/16"),
        ip_network("::1"),
    )


def test_the_page_on_running_shows_the_table_as_it_is() -> None:
    assert as_markdown() in (CHECKOUT / "docs" / "running.md").read_text()
