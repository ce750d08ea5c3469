"""What pages say of brokers, logins and endings."""

from __future__ import annotations

from datetime import date

import pytest

from accounts import queries
from accounts.brokers import Minutes, catalogue
from accounts.queries import brokers, words
from tests.factories import AT, make_account, make_door, make_grant, make_login

TODAY = date(2026, 11, 23)
PUSH_LIMITS = (
    "Active in one place per login at most. Lives and dies with IB Key, push approval in IBKR Mobile. "
    "Withdrawals up to USD 1,000,000 a day and USD 1,000,000 in 5 days."
)


class TestWords:
    @pytest.mark.parametrize(
        ("minutes", "said"),
        [
            (1, "1 minute"),
            (45, "45 minutes"),
            (60, "1 hour"),
            (90, "90 minutes"),
            (240, "4 hours"),
            (1440, "1 day"),
            (4320, "3 days"),
        ],
    )
    def test_a_length_of_time_is_said_in_its_largest_whole_unit(self, minutes, said):
        assert words.span(minutes) == said

    @pytest.mark.parametrize(
        ("given", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
    )
    def test_a_list_reads_as_one(self, given, said):
        assert words.listed(given) == said

    @pytest.mark.parametrize(
        ("slug", "limits", "behaves"),
        [
            ("ib-key-challenge", PUSH_LIMITS, "Works offline. Cannot be copied."),
            ("totp", "", "Works offline. Needs a clock that is right. Can be copied."),
            (
                "sms",
                "Withdrawals up to USD 200,000 a day and USD 600,000 in 5 days.",
                "Does not work offline. Needs a mobile signal. A stop-gap that runs out.",
            ),
            (
                "voice-callback",
                "Only together with Text-message code.",
                "Does not work offline. Needs a mobile signal.",
            ),
        ],
    )
    def test_limits_and_habits_of_a_factor_are_said_in_full(self, slug, limits, behaves):
        ibkr = catalogue()["ibkr"]
        factor = ibkr.factor(slug)

        assert " ".join(words.factor_limits(factor, ibkr)) == limits
        assert " ".join(words.factor_facts(factor)) == behaves

    def test_a_factor_without_a_cap_says_so(self):
        ibkr = catalogue()["ibkr"]

        assert list(words.factor_limits(ibkr.factor("dsc-plus"), ibkr)) == ["No cap on withdrawals."]

    def test_the_minutes_of_a_way_back_name_whose_guess_they_are(self):
        recovery = next(one for one in catalogue()["ibkr"].recoveries if "temporary-code" in one.restores)

        assert recovery.minutes == Minutes(typical=60, worst=1440)
        assert words.how_long(recovery) == "1 hour, at worst 1 day (estimate)."

    @pytest.mark.parametrize("slug", sorted(catalogue()))
    def test_every_fact_of_every_profile_has_words(self, slug):
        profile = catalogue()[slug]

        for factor in profile.factors:
            said = [*words.factor_limits(factor, profile), *words.factor_facts(factor)]
            assert said
            assert all(line.endswith(".") for line in said)
            assert words.FACTOR_KINDS[factor.kind]
        for recovery in profile.recoveries:
            assert all(line.endswith((".", "?")) for line in words.recovery_facts(recovery, profile))
        for timer in profile.timers:
            assert list(words.timer_facts(timer))


class TestDoorLines:
    def test_every_door_stands_in_order_with_what_it_asks_for(self):
        swissquote = catalogue()["swissquote"]

        lines = queries.door_lines(swissquote, used=["web"], on=TODAY)

        asks = (
            "Username and password, and one of: Mobile Level 3 approval in the Swissquote app "
            "or Level 3 card (posted matrix card)"
        )
        assert [(line.door.slug, line.kind, line.asks, line.used) for line in lines] == [
            ("mobile", "Mobile", asks, False),
            ("web", "Web", asks, True),
        ]

    def test_an_entity_s_own_rule_holds_from_its_day_on(self):
        ibkr = catalogue()["ibkr"]

        before = queries.door_lines(ibkr, entity="ib-hk", on=date(2026, 8, 30))[0]
        after = queries.door_lines(ibkr, entity="ib-hk", on=date(2026, 8, 31))[0]
        elsewhere = queries.door_lines(ibkr, entity="ib-ie", on=date(2026, 8, 31))[0]

        assert after.asks == "Username and password; and Passkey (phone, computer or FIDO2 security key)"
        assert before.asks == elsewhere.asks != after.asks
        assert after.known != before.known

    def test_only_the_broker_s_own_sources_count_as_official(self):
        ibkr = catalogue()["ibkr"]
        lines = {line.door.slug: line for line in queries.door_lines(ibkr, on=TODAY)}

        sources = {source.host: source.official for source in lines["tws-resume"].known.sources}

        assert sources == {"ibkrguides.com": True, "github.com": False}


@pytest.mark.django_db
class TestBrokerPages:
    @pytest.mark.parametrize("slug", sorted(catalogue()))
    def test_everything_that_a_profile_holds_is_on_its_page(self, manager, slug):
        profile = catalogue()[slug]

        page = queries.broker_page(profile, manager, on=TODAY)

        held = {
            "doors": profile.doors,
            "factors": profile.factors,
            "recovery": profile.recoveries,
            "timers": profile.timers,
            "lockouts": profile.lockouts,
            "entities": profile.entities,
            "contacts": profile.contacts,
        }
        assert {section.slug: [row.slug for row in section.rows] for section in page.sections} == {
            name: [entry.slug for entry in entries] for name, entries in held.items() if entries
        }

    def test_recovery_times_are_always_marked_as_estimates_and_weak_facts_as_weak(self, manager):
        page = queries.broker_page(catalogue()["ibkr"], manager, on=TODAY)
        rows = {(section.slug, row.slug): row for section in page.sections for row in section.rows}

        estimates = {section for (section, _), row in rows.items() if row.known.is_estimate}
        assert estimates == {"recovery"}
        assert all(row.known.is_estimate for (section, _), row in rows.items() if section == "recovery")
        assert rows["doors", "globaltrader"].known.is_low
        assert not rows["doors", "tws"].known.is_low

    def test_a_trader_sees_only_the_own_accounts_counted(self, manager, trader):
        mine, _ = make_account("Mine"), make_account("Not mine")
        make_account("Closed", closed_at=AT)
        make_grant(make_login(trader), mine)

        lines = {line.profile.slug: line.accounts for line in queries.broker_lines(trader)}
        page = queries.broker_page(catalogue()["ibkr"], trader, on=TODAY)

        assert page.accounts == (mine,)
        assert {slug: n for slug, n in lines.items() if n} == {"ibkr": 1}
        assert queries.broker_lines(manager)[0].accounts == 2

    @pytest.mark.parametrize("rows", [1, 3])
    def test_one_query_however_many_accounts(self, manager, django_assert_num_queries, rows):
        for number in range(rows):
            make_account(f"Account {number}")

        with django_assert_num_queries(1):
            queries.broker_lines(manager)
        with django_assert_num_queries(1):
            queries.broker_page(catalogue()["ibkr"], manager, on=TODAY)


@pytest.mark.django_db
class TestLoginPage:
    def test_it_shows_doors_in_use_and_rights_that_hold(self, trader):
        macro, reserve = make_account("Macro"), make_account("Reserve")
        login = make_login(trader, doors=["client-portal", "tws"])
        make_door(login, "flex", used=False)
        standing, past = make_grant(login, macro), make_grant(login, reserve, ended_at=AT)

        page = queries.login_page(login, on=TODAY)

        assert [line.door.slug for line in page.doors] == ["tws", "client-portal"]
        assert (page.grants, page.ended) == ((standing,), (past,))

    @pytest.mark.parametrize("rows", [1, 3])
    def test_two_queries_however_many_rights_and_doors(self, trader, django_assert_num_queries, rows):
        login = make_login(trader, doors=["tws", "client-portal", "flex"][:rows])
        for number in range(rows):
            make_grant(login, make_account(f"Account {number}"))

        with django_assert_num_queries(2):
            queries.login_page(login, on=TODAY)

    def test_an_entity_counts_only_when_all_accounts_share_it(self, trader):
        login = make_login(trader)
        hong_kong = make_grant(login, make_account("A", entity="ib-hk"))
        ireland = make_grant(login, make_account("B", entity="ib-ie"))

        assert queries.sole_entity([hong_kong]) == "ib-hk"
        assert queries.sole_entity([hong_kong, ireland]) == ""
        assert queries.sole_entity([]) == ""


@pytest.mark.django_db
class TestEndings:
    @pytest.fixture
    def desk(self, trader):
        """Maria may trade in both accounts, a program may only look at the first."""
        macro, reserve = make_account("Macro"), make_account("Reserve", hint="8093")
        maria, robot = make_login(trader, label="Maria at IBKR", doors=["tws"]), make_login(label="Robot")
        grants = [make_grant(maria, macro), make_grant(maria, reserve), make_grant(robot, macro, ["view"])]
        return macro, reserve, maria, robot, grants

    def test_closing_an_account_says_who_loses_what_and_which_login_is_idle(self, desk):
        macro, *_ = desk

        assert queries.closing(macro) == (
            "Maria Santos, as Maria at IBKR, may no longer view and trade in it.",
            "Robot may no longer view in it.",
            "Robot reaches no other account. It stays open until you end it.",
        )

    def test_ending_a_login_says_what_nobody_else_can_do(self, desk):
        _, _, maria, _, _ = desk

        assert queries.ending(maria) == (
            "Maria Santos, as Maria at IBKR, may no longer view and trade in Macro •••4417.",
            "Maria Santos, as Maria at IBKR, may no longer view and trade in Reserve •••8093.",
            "It opens no door any more: TWS.",
            "Nobody else may trade in Macro •••4417.",
            "Nobody else may view and trade in Reserve •••8093.",
        )

    def test_ending_rights_that_others_have_leaves_nobody_without(self, desk):
        *_, (_, _, robot_looks) = desk

        assert queries.taking_away(robot_looks) == ("Robot may no longer view in Macro •••4417.",)

    def test_rights_of_an_ended_login_are_no_comfort(self, desk, trader):
        macro, _, _, robot, (maria_trades, *_) = desk
        make_grant(make_login(trader, label="Old", ended_at=AT), macro, ["trade"])

        assert list(queries.left_without([maria_trades])) == ["Nobody else may trade in Macro •••4417."]
        robot.ended_at = AT
        robot.save()
        assert list(queries.left_without([maria_trades])) == ["Nobody else may view and trade in Macro •••4417."]

    def test_in_a_closed_account_nobody_is_missed(self, trader):
        grant = make_grant(make_login(trader), make_account(closed_at=AT))

        assert list(queries.left_without([grant])) == []


def test_every_factor_of_every_broker_says_what_one_has_to_know_before_relying_on_it():
    asked = ("Rests on", "Active at a time", "Without a connection", "Signal", "Clock", "Copies", "Withdrawals")
    for profile in catalogue().values():
        for line in brokers.factor_lines(profile):
            terms = [term for term, _ in line.traits]
            assert tuple(terms[:8]) == (*asked, "A fake page"), f"{profile.slug}: {line.factor.slug}"
            assert all(text.endswith((".", "?", ":")) or term == "Rests on" for term, text in line.traits)
            assert line.short.endswith(".")
            assert line.known.sources


def test_what_a_profile_does_not_say_is_not_known():
    traits = dict(brokers.factor_line(catalogue()["ibkr"], "totp").traits)

    assert traits["Active at a time"] == "Not known."
    assert traits["Withdrawals"] == "Not known."
    assert traits["Copies"] == "Can be made."
    assert traits["Clock"] == "Needs one that is right."
