"""The simulation: clean where nothing is wrong, red where a guard is gone, and always the same for the same seed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from onboarding.verify.plan import Plan, Progress
from onboarding.verify.report import PartResult
from onboarding.verify.simulation import Simulation
from onboarding.verify.simulation.clocks import LoopClock, StuckError, VirtualLoop
from onboarding.verify.simulation.walk import Walk
from onboarding.verify.simulation.world import START


def run(folder: Path, **plan: Any) -> PartResult:
    return Simulation().run(Plan(folder=folder, **plan))


def test_a_world_in_which_everything_goes_wrong_leaves_nothing_wrong(tmp_path: Path) -> None:
    told: list[Progress] = []
    result = run(tmp_path, case="world-2", tell=told.append)
    assert result.findings == ()
    assert result.passed
    assert result.counts["journeys"] == told[-1].done == 27
    assert result.counts["crashes"] > 0
    assert result.counts["faults"] > result.counts["requests"] / 10
    assert result.counts["effects doubled"] == result.counts["effects lost"] == 0


def test_the_same_seed_gives_the_same_run_and_another_seed_another(tmp_path: Path) -> None:
    first, again, other = (run(tmp_path, case="world-1", flows=FEW, seed=seed) for seed in (3, 3, 4))
    assert first.counts == again.counts
    assert first.counts["(the digest of the run)"] != other.counts["(the digest of the run)"]


FEW = ("password-reset", "kyc-update", "avatar-change")


@pytest.mark.parametrize(
    ("guard", "what"),
    [
        ("cooldown", "was sent again after"),
        ("intent", "is all there may be"),
        ("fence-in-memory", "goes on from"),
        ("set-clock", "is all there may be"),
    ],
)
def test_a_guard_that_is_gone_is_found_out_by_one_world_of_thirty(tmp_path: Path, guard: str, what: str) -> None:
    for number in range(1, 31):
        case = f"world-{number}"
        result = run(tmp_path, mutant=guard, case=case)
        if any(what in finding.what for finding in result.findings):
            break
    assert not result.passed
    assert {finding.case for finding in result.findings} == {case}


def test_what_a_finding_names_is_found_again_by_that_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.verify.simulation.part._QUICK", 30)
    finding = run(tmp_path, mutant="cooldown", flows=FEW).findings[0]
    assert finding in run(tmp_path, mutant="cooldown", flows=FEW, case=finding.case).findings


def test_a_year_on_the_virtual_loop_takes_no_time_and_who_waits_for_nothing_is_stuck() -> None:
    clock = LoopClock(START)
    loop = VirtualLoop(clock)
    try:
        loop.run_until_complete(asyncio.sleep(365 * 86_400))
        assert (clock.now() - START).days == 365
        waiting = loop.create_task(asyncio.Event().wait())
        with pytest.raises(StuckError):
            loop.run_until_complete(waiting)
        waiting.cancel()
        loop.run_until_complete(asyncio.wait({waiting}))
    finally:
        loop.close()


def test_what_is_killed_at_an_await_runs_no_further_line_and_what_is_stopped_goes_on() -> None:
    lines: list[str] = []
    gates: list[asyncio.Future[None] | None] = []

    async def errand() -> None:
        try:
            lines.append("begun")
            await asyncio.sleep(1)
            lines.append("half-way")
            await asyncio.sleep(1)
        finally:
            lines.append("ended")

    async def walk_of(walk: Walk) -> None:
        await walk

    async def play() -> None:
        closed = asyncio.get_running_loop().create_future()
        gates.append(closed)
        stopped = Walk(errand(), lambda: gates.pop() if gates else None, lambda _: None)
        task = asyncio.create_task(walk_of(stopped))
        await asyncio.sleep(100)
        assert lines == ["begun"]
        closed.set_result(None)
        await task
        assert lines == ["begun", "half-way", "ended"]

        lines.clear()
        killed = Walk(errand(), lambda: None, lambda number: setattr(killed, "dead", number == 2))
        await walk_of(killed)
        await asyncio.sleep(100)
        assert lines == ["begun", "half-way"]
        killed.close()

    loop = VirtualLoop(LoopClock(START))
    try:
        loop.run_until_complete(play())
    finally:
        loop.close()
