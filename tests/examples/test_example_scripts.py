"""The examples that are programs do what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from onboarding.sandbox import SandboxDesk

EXAMPLES = Path(__file__).parents[2] / "examples"
PHONE = "15912345678"


def run(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=EXAMPLES.parent, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_the_journey_in_ten_lines_has_ten() -> None:
    code = (EXAMPLES / "ten_lines.py").read_text().partition('"""\n')[2]
    assert len([line for line in code.splitlines() if line]) == 10


def test_the_journeys_of_qa_pass_and_are_reported(surroundings: dict[str, str]) -> None:
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "examples/qa_test.py", environment=surroundings)
    assert done.returncode == 0, done.stdout
    report = [line.split()[:2] for line in done.stdout.partition("took\n")[2].splitlines()[:4]]
    assert report == [
        ["password-reset", "password_reset"],
        ["password-reset", "password_reset"],
        ["email-registration", "registered"],
        ["kyc-update", "review_refused"],
    ]


@pytest.fixture
def watched(desk: SandboxDesk) -> str:
    """A task to watch, as the monitor is told of it."""
    user = desk.create_user("Demo", phone=PHONE, password="Abcd1234")
    desk.create_task(user, "JOB_TYPE_TA_OPEN")
    return f"{user}:JOB_TYPE_TA_OPEN"


def test_a_monitor_is_silent_while_all_is_well_and_tells_what_takes_too_long(
    surroundings: dict[str, str], watched: str
) -> None:
    first = run("examples/monitor.py", watched, environment=surroundings)
    again = run("examples/monitor.py", watched, "--patience", "0", environment=surroundings)
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
    assert again.returncode == 1
    assert again.stdout.startswith("0 parked, 0 failing, 1 overdue, 0 lost: ")


def test_a_monitor_tells_what_is_parked(surroundings: dict[str, str], watched: str) -> None:
    done = run("examples/monitor.py", watched, environment={**surroundings, "ONBOARDING_API_TOKEN": "expired-token"})
    assert done.returncode == 3
    assert done.stdout.startswith("1 parked, 0 failing, 0 overdue, 0 lost: ")


def test_a_monitor_tells_what_keeps_failing(surroundings: dict[str, str], desk: SandboxDesk, watched: str) -> None:
    desk.add_fault("2.13", "error_500")
    quick = {"ONBOARDING_ATTEMPTS": "2", "ONBOARDING_BACKOFF_BASE": "1ms", "ONBOARDING_BACKOFF_CAP": "1ms"}
    for _ in range(5):
        done = run("examples/monitor.py", watched, environment={**surroundings, **quick})
        if done.returncode:
            break
    assert done.returncode == 3
    assert done.stdout.startswith("0 parked, 1 failing, 0 overdue, 0 lost: ")


def test_a_monitor_tells_a_watch_that_is_lost_and_no_review_that_has_refused(
    surroundings: dict[str, str], desk: SandboxDesk, watched: str
) -> None:
    user, _, task_type = watched.partition(":")
    desk.move_task(desk.tasks(user)[0]["id"], "Rejected")
    refused = run("examples/monitor.py", watched, environment=surroundings)
    assert (refused.returncode, refused.stdout, refused.stderr) == (0, "", "")
    lost = run("examples/monitor.py", watched, f"nobody:{task_type}", environment=surroundings)
    assert lost.returncode == 1
    assert lost.stdout.startswith("0 parked, 0 failing, 0 overdue, 1 lost: ")


def test_a_monitor_that_cannot_look_says_why(surroundings: dict[str, str]) -> None:
    done = run("examples/monitor.py", "nobody:NO_SUCH_TASK", environment=surroundings)
    assert done.returncode == 2
    assert "task_type" in done.stderr
