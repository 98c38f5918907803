"""A step does what its declaration says, or it is stopped before anything leaves."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from errands import ENDS, WAYS
from scripted_api import HANG, in_doubt, no_place, not_sent, protocol, refused
from workbench import Workbench

from onboarding import ASK, CallError, Flow, InDoubt, Meaning, ParkKind, once, read, repeatable, seconds
from onboarding.engine import Finished, Parked, WakeAt
from onboarding.journal import Phase

pytestmark = pytest.mark.anyio


class Sneak(Flow, name="sneak", version=1):
    """Says that it reads, and changes."""

    states: ClassVar = ENDS
    transitions: ClassVar = [WAYS[0], ["turned_away", "doing", "refused"]]

    @read(then="did", otherwise=["turned_away"])
    async def doing(self, api: Any) -> None:
        await api.change()


class Heavier(Flow, name="heavier", version=1):
    """Says that it may be repeated, and may not."""

    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @repeatable(then="did", otherwise=["turned_away"], cooldown=seconds(1), at_most=3)
    async def doing(self, api: Any) -> None:
        await api.change()


class Twice(Flow, name="twice", version=1):
    """Changes two things in one step."""

    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", otherwise=["turned_away"], in_doubt=ASK)
    async def doing(self, api: Any) -> None:
        await api.nudge()
        await api.change()


class LookAfterwards(Flow, name="look-afterwards", version=1):
    """Changes something, then looks at it."""

    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", refused={Meaning.NO_SUCH_USER: "turned_away"})
    async def doing(self, api: Any) -> None:
        await api.change()
        await api.glance()

    @doing.landed
    async def has_landed(self, api: Any) -> Any:
        return await api.look()


class LookBefore(Flow, name="look-before", version=1):
    """Looks at something, then changes it."""

    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", refused={Meaning.NO_SUCH_USER: "turned_away"}, in_doubt=ASK)
    async def doing(self, api: Any) -> None:
        await api.glance()
        await api.change()


class PassOver(Flow, name="pass-over", version=1):
    """Passes over an unknown outcome as if nothing had been."""

    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", otherwise=["turned_away"])
    async def doing(self, api: Any) -> str | None:
        try:
            await api.change()
        except InDoubt:
            return "turned_away"
        return None

    @doing.landed
    async def has_landed(self, api: Any) -> Any:
        return await api.look()


class Overlapping(Flow, name="overlapping", version=1):
    """Tries another change while one is under way, and takes no notice of either."""

    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", otherwise=["turned_away"], in_doubt=ASK)
    async def doing(self, api: Any) -> None:
        sending = asyncio.ensure_future(api.change())
        await asyncio.sleep(0)
        with suppress(CallError):
            await api.nudge()
        sending.cancel()


class LookInVain(Flow, name="look-in-vain", version=1):
    """Changes something, whatever becomes of the look before."""

    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", otherwise=["turned_away"], in_doubt=ASK)
    async def doing(self, api: Any) -> None:
        try:
            await api.glance()
        finally:
            await api.change()


class Nowhere(Flow, name="nowhere", version=1):
    """Returns a trigger that it did not declare."""

    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", otherwise=["turned_away"], in_doubt=ASK)
    async def doing(self, api: Any) -> str:
        await api.change()
        return "somewhere"


@pytest.mark.parametrize("flow", [Sneak, Heavier])
async def test_a_call_heavier_than_its_step_is_stopped_before_it_is_sent(bench: Workbench, flow: type[Flow]) -> None:
    journey = await bench.start(flow)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.ERROR
    assert "may not call reset_password, which is once" in rest.reason
    assert bench.api.calls == []


async def test_a_second_change_is_stopped_before_it_is_sent_and_the_first_is_in_doubt(bench: Workbench) -> None:
    journey = await bench.start(Twice)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.IN_DOUBT
    assert "at most one call that changes something; reset_password would be another" in rest.reason
    assert bench.api.calls == ["nudge"]


async def test_a_second_change_that_finds_no_place_does_not_have_the_first_sent_again(bench: Workbench) -> None:
    bench.api.plays["change"] = [no_place]
    rest = await bench.advance(await bench.start(Twice))
    assert isinstance(rest, Parked)
    assert (rest.kind, bench.api.calls) == (ParkKind.IN_DOUBT, ["nudge"])


async def test_a_look_that_failed_before_a_change_does_not_have_it_sent_again(bench: Workbench) -> None:
    bench.api.plays["glance"] = [not_sent()]
    rest = await bench.advance(await bench.start(LookInVain))
    assert isinstance(rest, Parked)
    assert (rest.kind, bench.api.calls) == (ParkKind.IN_DOUBT, ["glance", "change"])


async def test_a_change_under_way_is_in_doubt_where_another_one_finds_no_place(bench: Workbench) -> None:
    bench.api.plays.update(change=[HANG], nudge=[no_place])
    rest = await bench.advance(await bench.start(Overlapping))
    assert isinstance(rest, Parked)
    assert (rest.kind, bench.api.calls) == (ParkKind.IN_DOUBT, ["change"])


@pytest.mark.parametrize(
    "trouble", [not_sent(), in_doubt(), protocol(), refused(Meaning.NO_SUCH_USER), refused(Meaning.PASSWORD_WEAK)]
)
async def test_a_look_that_fails_after_a_change_does_not_have_it_sent_again(bench: Workbench, trouble: Any) -> None:
    bench.api.plays["glance"] = [trouble]
    bench.api.plays["look"] = [True]
    journey = await bench.start(LookAfterwards)
    rest = await bench.advance(journey)
    assert isinstance(rest, WakeAt)
    assert (await bench.head(journey)).phase is Phase.DOUBT
    assert isinstance(await bench.advance(journey, after=30), Finished)
    assert bench.api.calls == ["change", "glance", "look"]


async def test_a_change_that_is_refused_before_a_look_is_a_refusal(bench: Workbench) -> None:
    bench.api.plays["change"] = [refused(Meaning.NO_SUCH_USER)]
    journey = await bench.start(LookAfterwards)
    rest = await bench.advance(journey)
    assert isinstance(rest, Finished)
    assert rest.outcome.state == "refused"


async def test_a_look_without_an_answer_before_a_change_puts_nothing_in_doubt(bench: Workbench) -> None:
    bench.api.plays["glance"] = [in_doubt()]
    bench.api.plays["change"] = [None, in_doubt()]
    journey = await bench.start(LookBefore)
    assert isinstance(await bench.advance(journey), WakeAt)
    row = await bench.last(journey)
    assert (row.trigger, row.endpoint) == ("retry", "get_account")
    assert isinstance(await bench.advance(journey, after=1), Finished)
    assert bench.api.calls == ["glance", "glance", "change"]

    other = await bench.start(LookBefore)
    rest = await bench.advance(other)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.IN_DOUBT


async def test_an_unknown_outcome_is_not_the_steps_to_decide(bench: Workbench) -> None:
    bench.api.plays["change"] = [in_doubt()]
    bench.api.plays["look"] = [True]
    journey = await bench.start(PassOver)
    assert isinstance(await bench.advance(journey), WakeAt)
    assert (await bench.head(journey)).phase is Phase.DOUBT
    rest = await bench.advance(journey, after=30)
    assert isinstance(rest, Finished)
    assert rest.outcome.ended_well


async def test_a_trigger_that_leads_nowhere_after_a_change_is_in_doubt(bench: Workbench) -> None:
    journey = await bench.start(Nowhere)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.IN_DOUBT
    assert bench.api.calls == ["change"]
