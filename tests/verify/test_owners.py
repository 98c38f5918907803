"""Several processes on one journal: clean on the product, red where more than one would advance."""

from __future__ import annotations

from pathlib import Path

import pytest

from onboarding.verify.owners import Owners
from onboarding.verify.plan import Plan

FLOWS = ("avatar-change", "task-watch", "email-signup")


def test_while_one_is_stopped_in_a_commit_others_read_and_writers_are_told(tmp_path: Path) -> None:
    result = Owners().run(Plan(folder=tmp_path, flows=FLOWS, case="stopped-in-commit"))
    assert result.findings == ()
    assert (result.cases, result.counts["stops"], result.counts["busy"]) == (1, 1, 1)


@pytest.mark.slow
def test_stopped_and_killed_at_any_instant_one_process_advances_and_another_takes_over(tmp_path: Path) -> None:
    result = Owners().run(Plan(folder=tmp_path, flows=FLOWS, case="3-processes"))
    assert result.findings == ()
    assert result.counts["journeys"] == 9
    assert result.counts["kills"] > 0
    assert result.counts["stops"] > 0
    assert result.counts["slowest takeover in ms"] < 2000


def test_a_lock_that_does_not_keep_others_out_is_found_out(tmp_path: Path) -> None:
    result = Owners().run(Plan(folder=tmp_path, flows=("task-watch",), case="3-processes", mutant="owner"))
    assert "two processes advanced journeys at the same time" in {finding.what for finding in result.findings}


def test_a_case_that_there_is_not_is_a_finding(tmp_path: Path) -> None:
    result = Owners().run(Plan(folder=tmp_path, flows=("task-watch",), case="9-processes"))
    assert [finding.what for finding in result.findings] == ["there is no such case"]
