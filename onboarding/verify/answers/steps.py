"""Steps that do what they should not: the engine holds them to what they declare, and believes evidence only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from onboarding.api import AccountApi
from onboarding.clock import seconds
from onboarding.engine import Journey, ParkKind
from onboarding.errors import CallError, JourneyError
from onboarding.journal import MemoryJournal
from onboarding.machine import ASK, Done, Failed, Flow, Working, once, repeatable
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.testing import VirtualClock
from onboarding.verify.answers.counterpart import Counterpart, Play
from onboarding.verify.answers.matrix import Tried
from onboarding.verify.answers.plays import cut, envelope, http, whole
from onboarding.verify.plan import Plan

__all__ = ["look_at_steps"]

_PATIENCE = 10.0
_LIMIT = 0.2
"""Seconds that a step may take here."""
_DAY = 86_400.0
_LONG = 3600
_ASKED = "steps/asked-to-wait"
_GOOD = whole(http(200, envelope()))
_EMAIL, _PASSWORD = "vera@example.com", "Abcd1234"


_STATES = [Working("doing"), Done("done"), Failed("failed")]
_WAYS = [["did", "doing", "done"], ["gave_up", "doing", "failed"]]


class _Heavier(Flow, name="verify-heavier", version=1):
    """A step that is declared repeatable registers somebody."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @repeatable(then="did", cooldown=seconds(1), at_most=1, exhausted="gave_up")
    async def doing(self, api: AccountApi) -> None:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)


class _Second(Flow, name="verify-second", version=1):
    """A step that registers two people."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register, and register."""
        await api.register_by_email(_EMAIL, _PASSWORD)
        await api.register_by_email(f"second.{_EMAIL}", _PASSWORD)


class _Endless(Flow, name="verify-endless", version=1):
    """A step that waits for something that never comes."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Wait: not for ever, so that this comes to its end where nothing breaks it off."""
        del api
        await asyncio.sleep(15 * _LIMIT)


class _PassesOver(Flow, name="verify-passes-over", version=1):
    """A step that takes no notice of how its call ended."""

    tried: int = 0

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register, whatever comes of it."""
        self.tried += 1
        with suppress(CallError):
            await api.register_by_email(_EMAIL, _PASSWORD)


class _Refused(Flow, name="verify-refused", version=1):
    """A step that does not say what follows when it is refused."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)


class _Astray(Flow, name="verify-astray", version=1):
    """A step that returns what its flow does not know."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> str:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)
        return "went_astray"


class _Checked(Flow, name="verify-checked", version=1):
    """A step with a check."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)

    @doing.landed
    async def is_there(self, api: AccountApi) -> bool | None:
        """Nobody can tell."""
        del api
        return None


class _Breaks(Flow, name="verify-breaks", version=1):
    """A step that fails when its request has been answered."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register, and fail."""
        await api.register_by_email(_EMAIL, _PASSWORD)
        raise LookupError


@dataclass(frozen=True, slots=True)
class _Case:
    """A flow, what the service answers, and what must come of it.

    Attributes:
        flow: the flow.
        play: what the service answers.
        kind: why the journey must be parked.
        requests: how many requests may reach the service at most.
    """

    flow: type[Flow]
    kind: ParkKind
    requests: int
    play: Play = _GOOD


_CASES: dict[str, _Case] = {
    "heavier-than-declared": _Case(_Heavier, ParkKind.ERROR, 0),
    "two-that-change": _Case(_Second, ParkKind.IN_DOUBT, 1),
    "endless": _Case(_Endless, ParkKind.ERROR, 0),
    "passed-over": _Case(_PassesOver, ParkKind.IN_DOUBT, 1, cut(b"")),
    "refused-unforeseen": _Case(
        _Refused, ParkKind.REFUSED, 1, whole(http(200, envelope("false", '"PUB_AUTH_0000007"', "null")))
    ),
    "not-accepted": _Case(_Refused, ParkKind.REJECTED, 1, whole(http(400, b"<html>"))),
    "leads-nowhere": _Case(_Astray, ParkKind.IN_DOUBT, 1),
    "fails-after-sending": _Case(_Breaks, ParkKind.IN_DOUBT, 1),
}


def look_at_steps(plan: Plan) -> list[Tried]:
    """Try them one by one."""
    wanted = {f"steps/{name}": case for name, case in _CASES.items() if plan.wants(f"steps/{name}")}
    found = [Tried(name, "", tuple(asyncio.run(_tried(case)))) for name, case in wanted.items()]
    if plan.wants(_ASKED):
        found.append(Tried(_ASKED, "", tuple(asyncio.run(_asked_to_wait()))))
    return found


async def _tried(case: _Case) -> list[str]:
    clock = VirtualClock()
    async with Counterpart(case.play, case.play) as service, _engine(service, case.flow, clock) as onboarding:
        try:
            async with asyncio.timeout(_PATIENCE):
                journey = await _come_to_rest(onboarding, case.flow, clock)
                found = _judged(case, journey)
                if not found:
                    await _meddle(onboarding, journey, case.kind)
                    await _drain(onboarding, clock)
                    if (await onboarding.get(journey.id)).is_final:
                        found.append("it went on without anybody having found out what became of it")
        except TimeoutError:
            return ["a step was never broken off"]
        if service.requests > case.requests:
            found.append(f"{service.requests} requests were sent, and {case.requests} is all there may be")
    return found


async def _asked_to_wait() -> list[str]:
    """Who fails and asks to be left alone for a while is: what may have landed is not looked into before."""
    clock = VirtualClock()
    play = whole(http(503, b"", f"Retry-After: {_LONG}"))
    async with Counterpart(play, play) as service, _engine(service, _Checked, clock) as onboarding:
        journey = await onboarding.start(_Checked)
        await onboarding.drain()
        due = (await onboarding.get(journey.id)).due
    if due is not None and (due - clock.now()).total_seconds() >= _LONG:
        return []
    return ["what is in doubt is looked into before the time that the service has asked for"]


@asynccontextmanager
async def _engine(service: Counterpart, flow: type[Flow], clock: VirtualClock) -> AsyncIterator[Onboarding]:
    settings = Settings.model_construct(journal="memory://", step_limit=timedelta(seconds=_LIMIT))
    api = AccountApi(service.url, tenant_id="T001117", token="verify", timeout=_PATIENCE, trust_env=False)  # noqa: S106
    onboarding = Onboarding(settings, flows=[flow], worker=False, api=api, journal=MemoryJournal(), clock=clock)
    async with api, onboarding:
        yield onboarding


async def _meddle(onboarding: Onboarding, journey: Journey, kind: ParkKind) -> None:
    """A person decides without looking: tries again what may have landed, says of something else that it has."""
    with suppress(JourneyError):
        if kind is ParkKind.IN_DOUBT:
            await _ask(onboarding, onboarding.retry(journey.id))
        else:
            await _ask(onboarding, onboarding.resolve(journey.id, landed=True, reason="it should have"))


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
    """Do all that is due, and what is due a day later."""
    for _ in range(2):
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
