"""Two beats, three workers, and everything that can go wrong: nothing is lost, nothing is raised twice."""

from __future__ import annotations

import pytest

from tests.faults.house import house
from tests.faults.storm import Plan, storm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]


def test_nothing_is_lost_and_each_key_is_one_letter_whatever_is_killed(tmp_path):
    plan = Plan(people=30, letters=30)
    with house(tmp_path) as one:
        one.run("-m", "tests.faults.fill", str(plan.people), str(plan.letters))

        report = storm(one, plan)

        told = one.rows("SELECT member_id, count(*) FROM notices_reminder GROUP BY member_id")
    assert report.lost == 0, report
    assert (report.accepted, report.unsettled) == (plan.expected, 0), report
    assert report.ids == report.keys == plan.expected, report
    assert report.doubles <= report.lost_replies + report.killed["worker"], report
    assert report.most_copies <= 3, report
    assert report.killed == {"worker": 3, "valkey": 1, "postgres": 1}
    assert sorted(count for _, count in told) == [1] * plan.people
