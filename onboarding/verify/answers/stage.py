"""One journey on a virtual clock, with the sandbox behind something that can twist its answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from onboarding.api import AccountApi
from onboarding.engine import Journey
from onboarding.errors import InputRefused
from onboarding.journal import MemoryJournal, Status
from onboarding.machine import Flow
from onboarding.sandbox import SandboxDesk
from onboarding.service import History, Onboarding
from onboarding.settings import Settings
from onboarding.testing import VirtualClock
from onboarding.verify.answers.between import Between
from onboarding.verify.rehearsal import Role, answer_of

__all__ = ["Stage", "stage_on"]

_PATIENCE = 30.0
_LONGEST = 200
"""Rounds of a journey; none of them needs a tenth of that."""


class Stage:
    """Plays a journey to its end, or to where only a person could go on.

    Args:
        onboarding: without a worker: nothing happens but here.
        clock: the time of the journey and of the sandbox.
        desk: where the codes are read.
    """

    def __init__(self, onboarding: Onboarding, clock: VirtualClock, desk: SandboxDesk) -> None:
        self.onboarding = onboarding
        self.clock = clock
        self.desk = desk

    async def play(self, flow: type[Flow], role: Role) -> tuple[Journey, History]:
        """Start a journey and stay with it; how it stands at last, and its history."""
        journey = await self.onboarding.start(flow, **role.fields)
        for _ in range(_LONGEST):
            await self.drain()
            journey = await self.onboarding.get(journey.id)
            if journey.is_final or journey.status is Status.PARKED:
                break
            await self._go_on(flow, role, journey)
        return journey, await self.onboarding.history(journey.id)

    async def drain(self) -> None:
        """Do all that is due."""
        await asyncio.wait_for(self.onboarding.drain(), _PATIENCE)

    async def send(self, journey: str, name: str, values: dict[str, Any]) -> None:
        """Hand an input in."""
        await self.deliver(self.onboarding.send(journey, name, **values))

    async def deliver(self, asking: Any) -> Any:
        """Await what is asked of a journey, and advance the journey meanwhile."""
        task = asyncio.ensure_future(asking)
        async with asyncio.timeout(_PATIENCE):
            while not task.done():
                await self.onboarding.drain()
                await asyncio.sleep(0)
        return await task

    async def _go_on(self, flow: type[Flow], role: Role, journey: Journey) -> None:
        if journey.status is Status.WAITING and role.to is not None:
            code = await asyncio.to_thread(self.desk.latest_code, role.to)
            answer = answer_of(flow.definition, journey.state, code)
            if answer is not None:
                with contextlib.suppress(InputRefused):
                    await self.send(journey.id, *answer)
                    return
        assert journey.due is not None, "a journey that goes on has a time"
        self.clock.advance(max(journey.due - self.clock.now(), timedelta(milliseconds=1)))


@contextlib.asynccontextmanager
async def stage_on(
    between: Between, clock: VirtualClock, desk: SandboxDesk, *, deadline: float, token: str
) -> AsyncIterator[Stage]:
    """A stage whose journal is gone with it.

    Args:
        between: what the journey takes for the broker.
        clock: the time.
        desk: the sandbox's.
        deadline: seconds of real time that a call may take.
        token: the sandbox's.
    """
    settings = Settings(base_url=between.url, tenant_id="T001117", journal="memory://")
    async with (
        AccountApi(between.url, tenant_id="T001117", token=token, timeout=deadline, clock=clock) as api,
        Onboarding(settings, worker=False, api=api, clock=clock, journal=MemoryJournal()) as onboarding,
    ):
        yield Stage(onboarding, clock, desk)
