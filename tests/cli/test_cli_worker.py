"""The worker advances journeys until it is told to stop, and stops in good order."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable

from cli_program import Program

from onboarding.sandbox import SandboxDesk

AVATAR = ("start", "avatar-change", "--avatar", "https://example.com/1.png", "--user-id")
PATIENCE = 20.0


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def line_with(worker: subprocess.Popen[str], words: str) -> str:
    assert worker.stderr is not None
    for line in worker.stderr:
        if words in line:
            return line
    raise AssertionError(f"it ended without {words!r}")


def test_a_worker_that_is_told_to_stop_twice_lets_its_request_end_first(
    program: Program, desk: SandboxDesk, user: str
) -> None:
    desk.add_fault("2.10", "delay", seconds=1.5, times=1)
    before = len(desk.requests(endpoint="2.10"))
    journey = program.here(*AVATAR, user).out.strip()
    worker = program.start("-v", "worker")
    try:
        assert str(program.folder) in line_with(worker, "advancing the journeys of")
        second = program.start("worker", "--concurrency", "2")
        try:
            line_with(second, "standing by: another process advances the journeys of")
            passed = program.here("worker", "--once")
            assert (passed.code, passed.out) == (0, "")
            assert "another process advances the journeys of" in passed.sentence
        finally:
            second.send_signal(signal.SIGINT)
            assert second.communicate(timeout=PATIENCE)[0] == ""
        assert second.returncode == 0
        wait_until(lambda: len(desk.requests(endpoint="2.10")) > before)
        worker.send_signal(signal.SIGTERM)
        line_with(worker, "stopping")
        worker.send_signal(signal.SIGTERM)
        line_with(worker, "a request that is under way is let end first")
    finally:
        worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0
    history = program.here("show", journey, "--json").document["transitions"]
    assert [row["trigger"] for row in history][:2] == ["started", "avatar_set"]
    assert "in_doubt" not in [row["trigger"] for row in history]


def test_a_transition_is_a_line_of_the_log_where_it_is_asked_for(program: Program, user: str) -> None:
    program.here(*AVATAR, user)
    quiet = program("--log-json", "-", "worker", "--once")
    events = [json.loads(line) for line in quiet.err.splitlines() if line.startswith("{")]
    assert [event["trigger"] for event in events] == ["avatar_set", "avatar_shown"]
    assert quiet.out == ""
    assert user not in quiet.err
    program.here(*AVATAR, user)
    shown = program("worker", "--once", "-v")
    assert "setting_avatar -> reading_back (avatar_set)" in shown.err
    assert user not in shown.err


def test_interrupting_a_run_that_nobody_watches_leaves_its_journey_to_others(
    program: Program, desk: SandboxDesk, user: str
) -> None:
    desk.create_task(user, "JOB_TYPE_TA_BIND")
    run = program.start("run", "task-watch", "--user-id", user, "--task-type", "JOB_TYPE_TA_BIND")
    assert run.stdout is not None
    assert run.stdout.readline().startswith("task-watch ")
    wait_until(lambda: bool(desk.requests(endpoint="2.13")))
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=PATIENCE)
    assert run.returncode == 130
    assert "the journey goes on with: onboarding wait " in said


def test_what_is_said_of_a_temporal_server_must_be_of_one_and_of_a_worker_that_stays(program: Program) -> None:
    once = program.here("worker", "--once", "--temporal", "127.0.0.1:7233")
    assert (once.code, once.out) == (2, "")
    assert "a pass needs no Temporal" in once.err
    nowhere = program.here("worker", "--namespace", "ours")
    assert (nowhere.code, nowhere.out) == (2, "")
    assert "give --temporal HOST:PORT" in nowhere.err
    for address in ("", "http://127.0.0.1:7233", "127.0.0.1", "user:secret@host:7233"):
        refused = program.here("worker", "--temporal", address)
        assert refused.code == 2
        assert "ONBOARDING_TEMPORAL_ADDRESS: must be host:port, such as 127.0.0.1:7233" in refused.sentence
        assert "secret" not in refused.all_err
