"""Addresses of servers, taken apart."""

import pytest
from kombu.utils.url import parse_url
from redis.connection import parse_url as parse_redis_url

from config.env.addresses import Database, Mail, Redis, database_at, mail_at, redis_at


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("postgresql://u:p@h:5433/n", Database("n", "u", "p", "h", "5433")),
        ("postgres://u@h/n", Database("n", "u", "", "h")),
        ("postgresql://u:a%40b%3A%2F@h/n", Database("n", "u", "a@b:/", "h")),
        ("postgresql://u:a@b@h/n", Database("n", "u", "a@b", "h")),
        ("postgresql://u:p@[2001:db8::1]:5432/n", Database("n", "u", "p", "2001:db8::1", "5432")),
        ("postgresql://u@%2Frun%2FMyPg/n", Database("n", "u", "", "/run/MyPg")),
        ("postgresql:///n?host=/run/pg&port=6000", Database("n", "", "", "/run/pg", "6000")),
        ("postgresql://u@h/n?sslmode=verify-full", Database("n", "u", "", "h", "", {"sslmode": "verify-full"})),
    ],
)
def test_database_addresses(address: str, expected: Database) -> None:
    assert database_at(address) == expected


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("localhost:5432/postern", "is not an address"),
        ("sqlite:///x", "has to start with postgresql://."),
        ("postgresql://u@h", "names no database"),
        ("postgresql://u@h/a/b", "names no database"),
        ("postgresql://u@h/n?colour=red", "has the option colour"),
        ("postgresql://u@h:0/n", 'has the port "0"'),
    ],
)
def test_database_addresses_that_are_refused(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("?", r"\?")):
        database_at(address)


def test_connection_options_of_the_address_overrule_the_usual_ones() -> None:
    database = database_at("postgresql://u@h/n?connect_timeout=9")

    assert database.as_conninfo(connect_timeout=3, application_name="up") == {
        "dbname": "n",
        "user": "u",
        "host": "h",
        "connect_timeout": "9",
        "application_name": "up",
    }


@pytest.mark.parametrize(
    ("address", "broker", "cache"),
    [
        ("redis://h", "redis://h:6379/0", "redis://h:6379/1"),
        ("redis://:p%40@h:1/4", "redis://:p%40@h:1/4", "redis://:p%40@h:1/5"),
        ("redis://u:p@[::1]:1", "redis://u:p@[::1]:1/0", "redis://u:p@[::1]:1/1"),
        ("rediss://h", "rediss://h:6379/0?ssl_cert_reqs=required", "rediss://h:6379/1?ssl_cert_reqs=required"),
        ("unix:///run/v.sock?db=2", "redis+socket:///run/v.sock?virtual_host=2", "unix:///run/v.sock?db=3"),
        (
            "redis+socket:///run/v.sock?virtual_host=2",
            "redis+socket:///run/v.sock?virtual_host=2",
            "unix:///run/v.sock?db=3",
        ),
    ],
)
def test_one_redis_address_serves_broker_and_cache(address: str, broker: str, cache: str) -> None:
    redis = redis_at(address)

    assert (redis.broker_url, redis.cache_url) == (broker, cache)


def test_what_is_written_for_celery_and_for_the_cache_is_read_by_them() -> None:
    redis = Redis(host="h", port=7, number=3, user="u", password="p/@:", is_encrypted=True)

    broker, cache = parse_url(redis.broker_url), parse_redis_url(redis.cache_url)

    assert (broker["hostname"], broker["port"], broker["virtual_host"]) == ("h", 7, "3")
    assert (broker["userid"], broker["password"], list(broker["ssl"])) == ("u", "p/@:", ["ssl_cert_reqs"])
    assert (cache["host"], cache["port"], cache["db"]) == ("h", 7, 4)
    assert (cache["username"], cache["password"], cache["ssl_cert_reqs"]) == ("u", "p/@:", "required")


@pytest.mark.parametrize("address", ["redis:///0", "redis://h/x", "unix://", "unix://h/run/v.sock", "http://h"])
def test_redis_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"names no|has a database|has to start with"):
        redis_at(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("smtp://h", Mail("h", 587, tls="starttls")),
        ("smtp://h:465", Mail("h", 465, tls="ssl")),
        ("smtp://h?tls=ssl", Mail("h", 465, tls="ssl")),
        ("smtp://h:2525?tls=none", Mail("h", 2525, tls="none")),
        ("smtp://joe%40office.example:p%2Fw@h:587", Mail("h", 587, "joe@office.example", "p/w", "starttls")),
    ],
)
def test_mail_addresses(address: str, expected: Mail) -> None:
    assert mail_at(address) == expected


@pytest.mark.parametrize(
    ("tls", "flags"), [("starttls", (True, False)), ("ssl", (False, True)), ("none", (False, False))]
)
def test_mail_settings_never_ask_for_both_kinds_of_tls(tls: str, flags: tuple[bool, bool]) -> None:
    settings = Mail("h", 25, tls=tls).as_django()

    assert (settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == flags


@pytest.mark.parametrize("address", ["smtp://", "imap://h", "smtp://h?tls=yes", "smtp://h?timeout=3"])
def test_mail_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"names no host|has to start with|has tls=|has the option"):
        mail_at(address)
