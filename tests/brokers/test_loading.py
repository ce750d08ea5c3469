"""A broken profile is refused in one line that names the file and the entry."""

import tomllib
from copy import deepcopy
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.brokers import ProfileError, load
from accounts.brokers.catalogue import profile_from
from tests.brokers.acme import ACME, edited, faults, loaded


def test_the_sound_profile_has_no_fault(tmp_path):
    assert faults(tmp_path) == ()


PASSKEY = 'slug = "passkey"\n'
WEB = 'slug = "web"\n'
WEB_REQUIRES = 'requires = { all = ["password", "passkey"] }'


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        # keys
        (WEB, WEB + "requries = 1\n", 'door "web": unknown key "requries" (did you mean "requires"?)'),
        ("schema = 1", "schema = 1\nauthor = 1", 'unknown key "author"'),
        (
            "worst = 2880 }",
            "wurst = 1, worst = 2880 }",
            'recovery "new-passkey": unknown key "minutes.wurst" (did you mean "worst"?)',
        ),
        (
            'tier = "official"',
            'tier = "official"\ndate = 2026-01-01',
            'source "acme-help": unknown key "date" (did you mean "dated"?)',
        ),
        ('name = "Passkey"\n', "", 'factor "passkey": "name" is missing'),
        ("typical = 1440, ", "", 'recovery "new-passkey": "minutes.typical" is missing'),
        ("as_of = 2026-11-23\n", "", '"as_of" is missing'),
        ("schema = 1\n", "", '"schema" is missing'),
        # types
        ('powers = ["view", "trade"]', 'powers = "view"', 'door "web": powers must be a list, not a string'),
        (
            'powers = ["view", "trade"]',
            'powers = ["view", 3]',
            'door "web": powers item 2 must be a string, not a whole number',
        ),
        (
            "max_active = 2",
            "max_active = true",
            'factor "passkey": max_active must be a whole number, not true or false',
        ),
        (
            "phishing_resistant = true",
            'phishing_resistant = "yes"',
            'factor "passkey": phishing_resistant must be true or false, not a string',
        ),
        (
            "effective = 2026-08-31",
            "effective = 2026-08-31T00:00:00",
            'door_override "acme-hk": effective must be a date, not a date with a time',
        ),
        (
            "minutes = { typical = 1440, worst = 2880 }",
            "minutes = 5",
            'recovery "new-passkey": minutes must be a table, not a whole number',
        ),
        ('name = "Passkey"', 'name = " "', 'factor "passkey": name is blank'),
        ("max_active = 2", "max_active = 0", 'factor "passkey": max_active is 0, less than 1'),
        (
            'slug = "desk-line"',
            'slug = "Desk line"',
            'contact "Desk line": slug is "Desk line", which is no slug of small letters, digits and hyphens',
        ),
        (
            'name = "Acme Desk"',
            'name = "Acme Desk"\nshort = "Acme Desktop!"',
            'door "desk": short is "Acme Desktop!", longer than 12 characters',
        ),
        # sources
        ('source = ["acme-help", "forum-7"]\n', "", 'factor "passkey": "source" is missing'),
        ('source = ["acme-help", "forum-7"]', "source = []", 'factor "passkey": source lists nothing'),
        (
            '["acme-help", "forum-7"]',
            '["acme-help", "forum-77"]',
            'factor "passkey": source names "forum-77", but there is no [source.forum-77] (did you mean "forum-7"?)',
        ),
        ('["acme-help", "forum-7"]', '["forum-7", "forum-7"]', 'factor "passkey": source lists "forum-7" twice'),
        (
            "https://help.acme",
            "ftp://help.acme",
            'source "acme-help": url is "ftp://help.acme.example/login", which is no http or https address',
        ),
        (
            "https://help.acme",
            "https://acme.example@help.acme",
            (
                'source "acme-help": url is "https://acme.example@help.acme.example/login", '
                "which is no http or https address"
            ),
        ),
        (
            "https://help.acme",
            "https://help.acrne",
            'source "acme-help": url leads to the lookalike "help.acrne.example"',
        ),
        # slugs that lead nowhere
        (
            WEB_REQUIRES,
            'requires = { all = ["password", "passky"] }',
            'door "web": requires names "passky", which is no factor of this broker (did you mean "passkey"?)',
        ),
        (
            'restores = ["passkey"]',
            'restores = ["card"]',
            'recovery "new-passkey": restores names "card", which is no factor of this broker',
        ),
        (
            'needs_factors = { all = ["password"] }',
            'needs_factors = { all = ["card"] }',
            'recovery "new-passkey": needs_factors names "card", which is no factor of this broker',
        ),
        (
            'applies_to = ["desk"]',
            'applies_to = ["dusk"]',
            (
                'timer "device-check": applies_to names "dusk", '
                'which is no door or factor of this broker (did you mean "desk"?)'
            ),
        ),
        (
            'doors = ["web"]',
            'doors = ["passkey"]',
            'lockout "bad-logins": doors names "passkey", which is no door of this broker',
        ),
        (
            'doors = ["desk"]',
            'doors = ["tower"]',
            'door_override "acme-hk": doors names "tower", which is no door of this broker',
        ),
        (
            'entity = "acme-hk"',
            'entity = "acme-jp"',
            (
                'door_override "acme-jp": entity names "acme-jp", '
                'which is no entity of this broker (did you mean "acme-hk"?)'
            ),
        ),
        (
            PASSKEY,
            PASSKEY + 'excludes = ["card"]\n',
            'factor "passkey": excludes names "card", which is no factor of this broker',
        ),
        (
            PASSKEY,
            PASSKEY + 'only_with = "card"\n',
            'factor "passkey": only_with names "card", which is no factor of this broker',
        ),
        (
            PASSKEY,
            PASSKEY + 'same_activation_as = "card"\n',
            'factor "passkey": same_activation_as names "card", which is no factor of this broker',
        ),
        (WEB, WEB + 'refused = ["card"]\n', 'door "web": refused names "card", which is no factor of this broker'),
        (
            WEB,
            WEB + 'optional_bolts = ["card"]\n',
            'door "web": optional_bolts names "card", which is no factor of this broker',
        ),
        (
            WEB,
            WEB + 'also_reported = ["card"]\n',
            'door "web": also_reported names "card", which is no factor of this broker',
        ),
        # words outside the vocabulary
        (
            '"phone", "security-key"',
            '"fone", "security-key"',
            'factor "passkey": carried_by says "fone", which is no asset kind (did you mean "phone"?)',
        ),
        ('"registered-post"', '"post"', 'recovery "new-passkey": needs_assets says "post", which is no asset kind'),
        (
            'kind = "possession"',
            'kind = "posession"',
            'factor "passkey": kind says "posession", which is no factor kind (did you mean "possession"?)',
        ),
        ('kind = "web"', 'kind = "weeb"', 'door "web": kind says "weeb", which is no door kind (did you mean "web"?)'),
        ('kind = "revalidation"', 'kind = "check"', 'timer "device-check": kind says "check", which is no timer kind'),
        (
            '["view", "trade"]',
            '["view", "trad"]',
            'door "web": powers says "trad", which is no power (did you mean "trade"?)',
        ),
        (
            'confidence = "medium"',
            'confidence = "mid"',
            'factor "passkey": confidence says "mid", which is no confidence',
        ),
        (
            'tier = "community"',
            'tier = "comunity"',
            'source "forum-7": tier says "comunity", which is no tier (did you mean "community"?)',
        ),
        (
            'as_of_basis = "source"',
            'as_of_basis = "guess"',
            'door_override "acme-hk": as_of_basis says "guess", which is no basis',
        ),
        (
            'session_rule = "unknown"',
            'session_rule = "two"',
            'broker "acme": session_rule says "two", which is no session rule',
        ),
        # expressions
        (
            WEB_REQUIRES,
            'requires = { every = ["password"] }',
            'door "web": requires uses "every", which is no expression op',
        ),
        (
            WEB_REQUIRES,
            'requires = { atleast = 3, of = ["password", "passkey"] }',
            'door "web": requires asks for at least 3 of 2, which has to be a whole number from 1 to 2',
        ),
        # the file as a whole
        ("schema = 1", "schema = 2", "schema is 2, but only 1 can be read"),
        ("schema = 1", "schema = true", "schema must be a whole number, not true or false"),
        ('slug = "acme"', 'slug = "acmee"', 'broker "acmee": slug has to be the file\'s name'),
        ("[[broker]]", "[[broker]]\n[[broker]]", "must hold exactly one [[broker]]"),
        # entries that make no sense together
        (
            'official_domains = ["acme.example"]',
            'official_domains = ["acme.example", "acrne.example"]',
            'broker "acme": official_domains holds "acrne.example", which lookalikes_seen holds too',
        ),
        (
            'number = "+1 202 555 0143"',
            'url = "https://forum.example/acme"',
            'contact "desk-line": url leads to "forum.example", which is none of official_domains',
        ),
        ('number = "+1 202 555 0143"\n', "", 'contact "desk-line": needs a number or a url'),
        ("days = 90\n", "", 'timer "device-check": needs a rule, days, hours or minutes'),
        ("worst = 2880", "worst = 60", 'recovery "new-passkey": minutes.typical is more than minutes.worst'),
        ("hard = 3", "hard = 6", 'lockout "bad-logins": health_rule has to rise from soft to hard to broker_limit'),
    ],
)
def test_a_fault_is_one_line_that_names_file_and_entry(tmp_path, old, new, line):
    assert faults(tmp_path, (old, new)) == (f"acme.toml: {line}",)


def test_an_entry_without_slug_is_named_by_its_number(tmp_path):
    lines = faults(tmp_path, ('slug = "desk"\n', ""))

    assert lines == (
        'acme.toml: door no. 2: "slug" is missing',
        'acme.toml: door_override "acme-hk": doors names "desk", which is no door of this broker',
        'acme.toml: timer "device-check": applies_to names "desk", which is no door or factor of this broker',
    )


def test_a_slug_used_twice_is_told_with_what_it_leaves_dangling(tmp_path):
    lines = faults(tmp_path, ('slug = "desk"', 'slug = "web"'), ('doors = ["desk"]', 'doors = ["web"]'))

    assert lines == (
        'acme.toml: timer "device-check": applies_to names "desk", which is no door or factor of this broker',
        'acme.toml: door "web": slug is used 2 times',
    )


def test_a_door_may_not_share_its_slug_with_a_factor(tmp_path):
    lines = faults(tmp_path, ('slug = "web"', 'slug = "passkey"'), ('doors = ["web"]', 'doors = ["passkey"]'))

    assert lines == ('acme.toml: door "passkey": slug is that of a factor too, and applies_to could mean either',)


def test_two_doors_may_not_share_a_short_name(tmp_path):
    lines = faults(
        tmp_path,
        ('slug = "web"\n', 'slug = "web"\nshort = "Acme"\n'),
        ('slug = "desk"\n', 'slug = "desk"\nshort = "Acme"\n'),
    )

    assert lines == ('acme.toml: door "desk": short is "Acme", as it is for door "web"',)


def test_a_door_may_not_be_overridden_twice_from_one_day(tmp_path):
    start = ACME.index("[[broker.door_override]]")
    override = ACME[start : ACME.index("[[broker.recovery]]")]

    lines = faults(tmp_path, ("[[broker.recovery]]", f"{override}[[broker.recovery]]"))

    assert lines == ('acme.toml: door_override "acme-hk": door "desk" is overridden twice from 2026-08-31 on',)


def test_all_faults_of_a_file_are_told_together(tmp_path):
    lines = faults(
        tmp_path,
        ("schema = 1", "schema = 1\nauthor = 1"),
        ('tier = "community"', 'tier = "blog"'),
        ('kind = "possession"', 'kind = "posession"'),
        ('requires = { all = ["password", "passkey"] }', 'requires = { all = ["user", "code"] }'),
        ("days = 90", 'days = "90"'),
    )

    assert lines == (
        'acme.toml: unknown key "author"',
        'acme.toml: source "forum-7": tier says "blog", which is no tier',
        'acme.toml: factor "passkey": kind says "posession", which is no factor kind (did you mean "possession"?)',
        'acme.toml: door "web": requires names "code", which is no factor of this broker',
        'acme.toml: door "web": requires names "user", which is no factor of this broker',
        'acme.toml: timer "device-check": days must be a whole number, not a string',
    )


def test_the_error_reads_as_its_lines(tmp_path):
    with pytest.raises(ProfileError) as refused:
        loaded(tmp_path, edited(("schema = 1", "schema = 1\nauthor = 1"), ('tier = "official"', 'tier = "blog"')))

    assert str(refused.value) == "\n".join(refused.value.lines)
    assert len(refused.value.lines) == 2


def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path):
    lines = faults(tmp_path, ("schema = 1", "schema ="))

    assert lines == ("acme.toml: is not TOML: Invalid value (at line 2, column 9)",)


def test_a_file_that_is_no_text_is_told(tmp_path):
    path = tmp_path / "acme.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ProfileError) as refused:
        load(path)

    assert refused.value.lines == ("acme.toml: is not UTF-8 text",)


SOUND = tomllib.loads(ACME)
TIMES = [date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)]
ODD_VALUES = [None, True, -1, 0, 1.5, "", "x y", "line\nbreak", [], [[]], [{}], {}, {"any": []}, *TIMES]


def places(node, path=()):
    """Yield the path of every value in a tree of tables and lists."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def lines_about(document):
    """Return what is said of a document, or None when it makes a profile."""
    try:
        profile_from(document, "acme.toml")
    except ProfileError as error:
        return error.lines
    return None


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(places(SOUND))), st.sampled_from(ODD_VALUES))
def test_whatever_stands_in_a_place_the_answer_is_a_profile_or_lines(place, odd):
    document = deepcopy(SOUND)
    node = document
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = odd

    lines = lines_about(document)

    assert lines != ()
    assert all(line.startswith("acme.toml: ") and line.isprintable() for line in lines or ())
