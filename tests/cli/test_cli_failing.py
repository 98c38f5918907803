"""A poll that keeps failing goes on, and is seen: in lists, in one journey, by ``doctor`` and by the exit code."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from cli_program import Ended, Program

from onboarding.sandbox import SandboxDesk

TASK = "JOB_TYPE_TA_OPEN"


@pytest.fixture
def failing(program: Program, desk: SandboxDesk, user: str) -> str:
    """A watch whose last two polls have failed."""
    desk.create_task(user, TASK)
    program.settings |= {"attempts": "2", "backoff_base": "1ms", "backoff_cap": "2ms", "poll_every": "50ms"}
    desk.add_fault("2.13", "error_500")
    journey = program.here("start", "task-watch", "--user-id", user, "--task-type", TASK).out.strip()
    for _ in range(2):
        next_poll(program)
    return journey


def next_poll(program: Program) -> Ended:
    """A pass when it is due: a poll with a deadline is tried again after a second at the soonest."""
    (journey,) = program.here("list", "--json").document["journeys"]
    time.sleep(max(0.0, (datetime.fromisoformat(journey["due"]) - datetime.now(UTC)).total_seconds()))
    return program.here("worker", "--once")


def test_a_poll_that_keeps_failing_is_seen_everywhere(program: Program, desk: SandboxDesk, failing: str) -> None:
    try:
        listed = program.here("list", "--failing", "--json").document["journeys"]
        assert [(each["id"], each["status"], each["failing"]) for each in listed] == [(failing, "polling", True)]
        assert "tries in a row failed; it goes on trying" in program.here("list").out
        shown = program.here("show", failing)
        assert "polling, failing" in shown.out
        assert "no usable answer" in shown.out
        checks = {check["name"]: check for check in program.here("doctor", "--json").document["checks"]}
        assert (checks["journeys"]["ok"], checks["journeys"]["remedy"]) == (False, "onboarding list --failing")
        assert "1 failing" in checks["journeys"]["found"]
        passed = program.here("worker", "--once")
        assert passed.code == 3
        assert "1 failing, 2 times in a row or more: onboarding list --failing" in passed.err
    finally:
        desk.reset()


def test_one_good_answer_ends_it(program: Program, desk: SandboxDesk, failing: str, user: str) -> None:
    desk.clear_faults()
    assert next_poll(program).code == 0
    (journey,) = program.here("list", "--json").document["journeys"]
    assert (journey["id"], journey["failing"], journey["failures"]) == (failing, False, 0)
    assert program.here("list", "--failing", "--json").document["journeys"] == []
    assert user
