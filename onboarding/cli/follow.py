"""Staying with a journey: showing what happens, and answering it where somebody is at the terminal."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

from onboarding.cli.failure import say
from onboarding.cli.fields import Asked, Manner, fields_of_input
from onboarding.cli.narrator import Narrator
from onboarding.cli.terminal import ask
from onboarding.errors import InputRefused, InvalidData
from onboarding.journal import Status

if TYPE_CHECKING:
    from onboarding.engine import Journey
    from onboarding.service import Onboarding

__all__ = ["Follower"]

_LOOK = 0.2
"""Seconds between two looks at a journey that another process may advance."""


class Follower:
    """Stays with one journey.

    Args:
        onboarding: what knows the journey.
        journey: its id.
        narrator: shows what happens.
        timeout: seconds at most.
    """

    def __init__(self, onboarding: Onboarding, journey: str, narrator: Narrator, timeout: float | None) -> None:
        self._onboarding = onboarding
        self._id = journey
        self._narrator = narrator
        self._until = None if timeout is None else time.monotonic() + timeout
        self._seen = 0

    async def follow(self) -> Journey:
        """Show what happens until the journey rests or time is up."""
        while True:
            left = _LOOK if self._until is None else min(_LOOK, self._until - time.monotonic())
            journey = await self._onboarding.wait(self._id, timeout=max(0.0, left))
            await self.catch_up()
            resting = journey.is_final or journey.status in (Status.WAITING, Status.PARKED)
            if resting or (self._until is not None and time.monotonic() >= self._until):
                return journey
            self._narrator.now(journey)

    async def catch_up(self) -> None:
        """Show the transitions that were not shown yet."""
        for record in await self._onboarding.journal.history(self._id, self._seen):
            self._narrator.row(record)
            self._seen = record.seq

    async def converse(self) -> Journey:
        """Follow, and whenever the journey waits, ask whoever is at the terminal, until it ends or they leave."""
        while True:
            journey = await self.follow()
            if journey.status is not Status.WAITING or self._is_late():
                return journey
            self._narrator.rest(journey)
            asking = asyncio.ensure_future(self._answer(journey))
            moving = asyncio.ensure_future(self._moved_on(journey))
            try:
                await asyncio.wait({asking, moving}, return_when=asyncio.FIRST_COMPLETED)
                if asking.done() and not asking.result():
                    return await self._onboarding.get(self._id)
            finally:
                for task in (asking, moving):
                    task.cancel()
                await asyncio.wait({asking, moving})

    async def _moved_on(self, journey: Journey) -> None:
        """Until the journey has left the state in which it waited (its deadline, somebody else), or time is up."""
        while not self._is_late():
            await asyncio.sleep(_LOOK)
            head = await self._onboarding.journal.head(journey.id)
            if head.entered != journey.entered or head.status is not Status.WAITING:
                return

    def _is_late(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until

    async def _answer(self, journey: Journey) -> bool:
        """Ask for an input until one is taken; False where the person leaves the journey waiting."""
        definition = self._onboarding.flows[journey.flow].definition
        inputs = definition.inputs[journey.state]
        name: str | None = next(iter(inputs))
        while True:
            try:
                values = await self._values(fields_of_input(inputs[name]), alone=len(inputs) == 1) if name else None
                if values is None:
                    name = await _choice(list(inputs))
                    if name is None:
                        return False
                    if fields_of_input(inputs[name]):
                        continue
                    values = {}
                await self._onboarding.send(journey.id, name or "", **values)
            except EOFError:
                return False
            except (InputRefused, InvalidData) as refused:
                say(str(refused))
                name = next(iter(inputs))
            else:
                return True

    @staticmethod
    async def _values(fields: list[Asked], *, alone: bool) -> dict[str, Any] | None:
        """Ask for an input's values; None where Enter alone asks for another input."""
        if not fields:
            return None
        values = {}
        for number, field in enumerate(fields):
            hint = " (Enter alone: other choices)" if number == 0 and not alone else ""
            while not (typed := await ask(f"{field.words}{hint}: ", secret=field.manner is Manner.SECRET)):
                if number == 0:
                    return None
                if not field.required:
                    break
            if typed:
                values[field.name] = typed
        return values


async def _choice(inputs: list[str]) -> str | None:
    """Which input to send; None to leave the journey waiting."""
    choices = [*inputs, "leave it waiting"]
    for number, name in enumerate(choices, start=1):
        print(f"  {number}  {name}", file=sys.stderr)
    while True:
        typed = await ask("which? ")
        if typed in inputs:
            return typed
        if typed.isdecimal() and 1 <= int(typed) <= len(inputs) + 1:
            return None if int(typed) > len(inputs) else inputs[int(typed) - 1]
        print(f"that is none of them: type a number from 1 to {len(choices)}, or a name", file=sys.stderr)
