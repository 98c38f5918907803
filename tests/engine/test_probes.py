"""A check that tries a login locks nobody out: once a doubt, twice an hour for one account, whatever crashes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from errands import ENDS, TURNED_AWAY, WAYS
from scripted_api import HANG, in_doubt, not_sent
from workbench import Workbench

from onboarding import Flow, ParkKind, once
from onboarding.engine import Finished, Parked, WakeAt
from onboarding.journal import Phase

pytestmark = pytest.mark.anyio

LANDING = timedelta(seconds=30)
HOUR = timedelta(hours=1)


class Reset(Flow, name="reset", version=1):
    """Changes something, and finds out by a login."""

    login: str = "somebody"
    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", refused=TURNED_AWAY)
    async def doing(self, api: Any) -> None:
        await api.change()

    @doing.landed(probes="login")
    async def works(self, api: Any) -> Any:
        return await api.nudge()


async def in_a_doubt(bench: Workbench, login: str = "somebody") -> str:
    """A journey whose answer was lost, at the time when that is looked into."""
    bench.api.plays["change"] = [in_doubt()]
    journey = await bench.start(Reset, login=login)
    assert await bench.advance(journey) == WakeAt(bench.clock.now() + LANDING)
    bench.clock.advance(LANDING)
    return journey


async def test_the_login_tells_and_what_had_landed_is_not_sent_again(bench: Workbench) -> None:
    journey = await in_a_doubt(bench)
    bench.api.plays["nudge"] = [True]
    assert isinstance(await bench.advance(journey), Finished)
    assert bench.api.calls == ["change", "nudge"]


async def test_a_login_without_an_answer_is_another_doubt_and_not_tried_again_before_it_would_have_landed(
    bench: Workbench,
) -> None:
    journey = await in_a_doubt(bench)
    bench.api.plays["nudge"] = [in_doubt(), True]
    assert await bench.advance(journey) == WakeAt(bench.clock.now() + LANDING)
    assert isinstance(await bench.advance(journey, after=30), Finished)
    assert bench.api.calls == ["change", "nudge", "nudge"]


async def test_a_crash_during_the_login_is_another_doubt_and_counts(bench: Workbench) -> None:
    journey = await in_a_doubt(bench)
    began = bench.clock.now()
    for _ in range(2):
        bench.api.plays["nudge"] = [HANG]
        await bench.crash_while_sending(journey)
        assert await bench.advance(journey) == WakeAt(bench.clock.now() + LANDING)
        bench.clock.advance(LANDING)
    assert await bench.advance(journey) == WakeAt(began + HOUR), "two were sent, whatever became of them"
    bench.api.plays["nudge"] = [True]
    assert isinstance(await bench.advance(journey, after=3600), Finished)


async def test_logins_that_never_tell_end_with_a_person(bench: Workbench) -> None:
    journey = await in_a_doubt(bench)
    bench.api.plays["nudge"] = [in_doubt()] * 9
    rest = await bench.advance(journey)
    while isinstance(rest, WakeAt):
        rest = await bench.advance(journey, after=3600)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.IN_DOUBT


@pytest.mark.parametrize("between", [0, 0.01])
async def test_a_login_that_was_never_sent_counts_for_nothing(bench: Workbench, between: float) -> None:
    journey = await in_a_doubt(bench)
    bench.clock.tick = timedelta(seconds=between)
    bench.api.plays["nudge"] = [not_sent(), not_sent(), not_sent(), True]
    began = bench.clock.now()
    rest = await bench.advance(journey)
    while isinstance(rest, WakeAt):
        rest = await bench.advance(journey, after=10)
    assert isinstance(rest, Finished)
    assert bench.clock.now() - began < timedelta(minutes=30), "it waited for no budget"


async def test_an_account_is_probed_twice_an_hour_whichever_journeys_ask(bench: Workbench) -> None:
    began = bench.clock.now()
    for _ in range(2):
        journey = await in_a_doubt(bench)
        bench.api.plays["nudge"] = [True]
        assert isinstance(await bench.advance(journey), Finished)
    third = await in_a_doubt(bench)
    bench.api.plays["nudge"] = [True]
    rest = await bench.advance(third)
    assert rest == WakeAt(began + LANDING + HOUR)
    assert (await bench.head(third)).phase is Phase.DOUBT
    await bench.restart()
    assert await bench.advance(third) == rest, "and a restart does not forget it"
    assert bench.api.calls.count("nudge") == 2

    other = await in_a_doubt(bench, login="somebody else")
    assert isinstance(await bench.advance(other), Finished), "another account is not concerned"
    bench.api.plays["nudge"] = [True]
    assert isinstance(await bench.advance(third, after=3600), Finished)
