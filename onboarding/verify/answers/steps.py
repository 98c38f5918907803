"""Steps that do what they should not: the engine holds them to what they declare, and believes evidence only."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from onboarding.engine import Journey, ParkKind
from onboarding.errors import JourneyError
from onboarding.machine import Flow
from onboarding.service import Onboarding
from onboarding.testing import VirtualClock
from onboarding.verify.answers.callers import PATIENCE, engine
from onboarding.verify.answers.counterpart import Counterpart, Play
from onboarding.verify.answers.matrix import Tried
from onboarding.verify.answers.plays import cut, envelope, http, late, whole
from onboarding.verify.answers.unruly import (
    LIMIT,
    Astray,
    Breaks,
    Checked,
    Endless,
    Heavier,
    Impatient,
    Looks,
    LooksAfter,
    LooksUp,
    Meddles,
    Minds,
    PassesOver,
    Refused,
    Second,
    Stumbles,
    Taken,
)
from onboarding.verify.plan import Plan

__all__ = ["look_at_steps"]

_DAY = 86_400.0
_LONG, _LEAST = 3600, 0.5
_ROUNDS = 12
"""More than a step is tried."""
_ASKED, _TAKEN, _PAUSE = "steps/asked-to-wait", "steps/taken-after-a-doubt", "steps/pause"
_TOO_SOON, _BY_HALF = "steps/resolved-too-soon", "steps/taken-in-by-half"
_GOOD = whole(http(200, envelope()))
_IS_TAKEN = whole(http(200, envelope("false", '"PUB_AUTH_0000007"', "null")))
_THROTTLED = whole(http(429, b""))
_engine = partial(engine, step_limit=timedelta(seconds=LIMIT))


@dataclass(frozen=True, slots=True)
class _Case:
    """A flow, what the service answers, and what must come of it.

    Attributes:
        flow: the flow.
        play: what the service answers.
        kind: why the journey must be parked.
        changing: how many requests that change something may reach the service at most.
        then: what it answers to all but the first request; None: the same.
    """

    flow: type[Flow]
    kind: ParkKind
    changing: int
    play: Play = _GOOD
    then: Play | None = None


_CASES: dict[str, _Case] = {
    "heavier-than-declared": _Case(Heavier, ParkKind.ERROR, 0),
    "two-that-change": _Case(Second, ParkKind.IN_DOUBT, 1),
    "endless": _Case(Endless, ParkKind.ERROR, 0),
    "passed-over": _Case(PassesOver, ParkKind.IN_DOUBT, 1, cut(b"")),
    "given-up": _Case(Impatient, ParkKind.IN_DOUBT, 1, late(LIMIT / 2, http(200, envelope()))),
    "stumbled-first": _Case(Stumbles, ParkKind.IN_DOUBT, 1),
    "refused-unforeseen": _Case(Refused, ParkKind.REFUSED, 1, _IS_TAKEN),
    "not-accepted": _Case(Refused, ParkKind.REJECTED, 1, whole(http(400, b"<html>"))),
    "leads-nowhere": _Case(Astray, ParkKind.IN_DOUBT, 1),
    "throttled": _Case(Refused, ParkKind.UNREACHABLE, 8, _THROTTLED),
    "fails-after-sending": _Case(Breaks, ParkKind.IN_DOUBT, 1),
    "fails-to-look-after": _Case(LooksAfter, ParkKind.IN_DOUBT, 1, _GOOD, _THROTTLED),
    "never-answered": _Case(Looks, ParkKind.UNREACHABLE, 0, cut(b"")),
    "check-knows-nothing": _Case(Checked, ParkKind.IN_DOUBT, 1, cut(b"")),
    "check-refused": _Case(LooksUp, ParkKind.REJECTED, 1, cut(b""), whole(http(400, b"<html>"))),
    "check-that-sends": _Case(Meddles, ParkKind.IN_DOUBT, 1, cut(b""), _GOOD),
    "check-unanswered": _Case(LooksUp, ParkKind.IN_DOUBT, 1, cut(b"")),
}


def look_at_steps(plan: Plan) -> list[Tried]:
    """Try them one by one."""
    wanted = {f"steps/{name}": case for name, case in _CASES.items() if plan.wants(f"steps/{name}")}
    found = [Tried(name, "", tuple(asyncio.run(_tried(case)))) for name, case in wanted.items()]
    looks = {
        _ASKED: _asked_to_wait,
        _TAKEN: _taken_after_a_doubt,
        _PAUSE: _pause,
        _TOO_SOON: _resolved_too_soon,
        _BY_HALF: _taken_in_by_half,
    }
    for name, look in looks.items():
        if plan.wants(name):
            found.append(Tried(name, "", tuple(asyncio.run(look()))))
    return found


async def _tried(case: _Case) -> list[str]:
    clock = VirtualClock()
    async with (
        Counterpart(case.play, case.then or case.play) as service,
        _engine(service, case.flow, clock) as onboarding,
    ):
        try:
            async with asyncio.timeout(PATIENCE):
                journey = await _come_to_rest(onboarding, case.flow, clock)
                found = _judged(case, journey)
                if not found:
                    await _meddle(onboarding, journey, case)
                    await _drain(onboarding, clock)
                    if (await onboarding.get(journey.id)).is_final:
                        found.append("it went on without anybody having found out what became of it")
                    elif case.kind is ParkKind.IN_DOUBT and not await _told_when_cancelled(onboarding, journey):
                        found.append("it was cancelled without a word of its request, which may have taken effect")
        except TimeoutError:
            return ["a step was never broken off"]
        if service.changing > case.changing:
            found.append(f"{service.changing} requests were sent, and {case.changing} is all there may be")
    return found


async def _asked_to_wait() -> list[str]:
    """Who fails and asks to be left alone for a while is: what may have landed is not looked into before."""
    clock = VirtualClock()
    play = whole(http(503, b"", f"Retry-After: {_LONG}"))
    async with Counterpart(play, play) as service, _engine(service, Checked, clock) as onboarding:
        journey = await onboarding.start(Checked)
        await onboarding.drain()
        due = (await onboarding.get(journey.id)).due
    if due is not None and (due - clock.now()).total_seconds() >= _LONG:
        return []
    return ["what is in doubt is looked into before the time that the service has asked for"]


async def _pause() -> list[str]:
    """What has failed is tried again a while later."""
    clock = VirtualClock()
    async with Counterpart(_THROTTLED, _THROTTLED) as service, _engine(service, Refused, clock) as onboarding:
        journey = await onboarding.start(Refused)
        await onboarding.drain()
        due = (await onboarding.get(journey.id)).due
    waits = due is not None and (due - clock.now()).total_seconds() >= _LEAST
    return [] if waits else ["what has failed is tried again without a pause"]


async def _taken_after_a_doubt() -> list[str]:
    """After a doubt, that somebody is registered already is the trace of the first request, and no refusal."""
    clock = VirtualClock()
    async with Counterpart(cut(b""), _IS_TAKEN) as service, _engine(service, Taken, clock) as onboarding:
        journey = await _come_to_rest(onboarding, Taken, clock)
    return [] if journey.ended_well else [f"it is {journey.status.value} in {journey.state}, and had landed"]


async def _resolved_too_soon() -> list[str]:
    """A person has not found it, and is too early: what may still land is not sent again before it would have."""
    clock, play = VirtualClock(), cut(b"")
    async with Counterpart(play, play) as service, _engine(service, PassesOver, clock) as onboarding:
        journey = await onboarding.start(PassesOver)
        await onboarding.drain()
        await _ask(onboarding, onboarding.resolve(journey.id, landed=False, reason="it is not there"))
        await onboarding.drain()
        early = service.changing
        clock.advance(_DAY)
        await onboarding.drain()
        late = service.changing
    if (early, late) == (1, 2):
        return []
    return [f"{early - 1} requests were sent again before the first could have landed, {late - early} afterwards"]


async def _taken_in_by_half() -> list[str]:
    """An input on which the flow fails is refused, and leaves no trace."""
    clock = VirtualClock()
    async with Counterpart(_GOOD, _GOOD) as service, _engine(service, Minds, clock) as onboarding:
        journey = await onboarding.start(Minds)
        with suppress(JourneyError):
            await _ask(onboarding, onboarding.send(journey.id, "told", word="anything"))
        journey = await onboarding.get(journey.id)
    if journey.state == "asking" and getattr(journey.data, "tried", None) == 0:
        return []
    return ["an input that was refused has left its trace"]


async def _meddle(onboarding: Onboarding, journey: Journey, case: _Case) -> None:
    """A person decides without looking: tries again what may have landed, says of something else that it has."""
    with suppress(JourneyError):
        if case.kind is ParkKind.IN_DOUBT or case.flow is LooksUp:
            await _ask(onboarding, onboarding.retry(journey.id))
        else:
            await _ask(onboarding, onboarding.resolve(journey.id, landed=True, reason="it should have"))


async def _told_when_cancelled(onboarding: Onboarding, journey: Journey) -> bool:
    await _ask(onboarding, onboarding.cancel(journey.id, "nobody knows"))
    outcome = (await onboarding.get(journey.id)).outcome
    return outcome is not None and outcome.remark is not None


async def _ask(onboarding: Onboarding, asked: Coroutine[Any, Any, object]) -> None:
    asking = asyncio.ensure_future(asked)
    while not asking.done():
        await onboarding.drain()
        await asyncio.sleep(0)
    await asking


async def _come_to_rest(onboarding: Onboarding, flow: type[Flow], clock: VirtualClock) -> Journey:
    journey = await onboarding.start(flow)
    await _drain(onboarding, clock)
    return await onboarding.get(journey.id)


async def _drain(onboarding: Onboarding, clock: VirtualClock) -> None:
    """Do all that is due, and what is due on the days that follow."""
    for _ in range(_ROUNDS):
        await onboarding.drain()
        clock.advance(_DAY)


def _judged(case: _Case, journey: Journey) -> list[str]:
    if journey.parked is None:
        return [f"it is {journey.status.value} in {journey.state}, and must be parked: {case.kind.value}"]
    if journey.parked.kind is not case.kind:
        return [f"it is parked, {journey.parked.kind.value}, and {case.kind.value} is why"]
    if getattr(journey.data, "tried", 0):
        return ["a step that did not succeed has left its trace in the fields"]
    return []
