"""Whoever a simulated journey is for: hands in codes, right and wrong, early and late, and decides what is parked."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from onboarding.engine import Parked, ParkKind
from onboarding.errors import InputRefused, JourneyError
from onboarding.journal import Head, Status
from onboarding.machine import Flow
from onboarding.verify.rehearsal import Role, answer_of, cast

if TYPE_CHECKING:
    from onboarding.verify.simulation.world import World

__all__ = ["Person"]

_PATIENCE = 12
"""So many decisions, then who decides gives up and cancels."""


class Person:
    """Somebody with a journey.

    Args:
        world: where it is lived.
        number: which of the world's journeys it is.
        flow: its flow.
        rng: chance: all that this person does comes from it.
        disturbed: whether anything but what is expected is done.
    """

    def __init__(self, world: World, number: int, flow: type[Flow], rng: random.Random, *, disturbed: bool) -> None:
        self.number = number
        self.flow = flow
        self.journey = ""
        self.wrong = 0
        """How many codes were handed in that may have been wrong."""
        self._world = world
        self._rng = rng
        self._disturbed = disturbed
        self._decisions = 0
        self.role: Role = cast(flow, world.desk, rng, review=self._review())

    async def live(self) -> None:
        """From the start of the journey to its end."""
        world = self._world
        await world.true.sleep(self._rng.random() * 30)
        self.journey = (await world.front.start(self.flow, **self.role.fields)).id
        world.born(self)
        while True:
            changed = world.watch(self.journey)
            head = await world.journal.head(self.journey)
            if head.status.is_final:
                break
            if self._decisions > 2 * _PATIENCE:
                return  # it cannot even be cancelled: that is a finding
            if head.status is Status.WAITING:
                await self._answer(head, changed)
            elif head.status is Status.PARKED:
                await self._decide(head)
            else:
                if self._disturbed and self._rng.random() < 0.02:  # noqa: PLR2004 - rarely
                    await self._meddle()
                await changed.wait()
        if self._disturbed and self._rng.random() < 0.1:  # noqa: PLR2004 - now and then, when all is over
            await self._meddle()

    def _review(self) -> list[tuple[float, str]]:
        """When this person's review tasks move."""
        if not self._disturbed:
            return [(0.0, "Submited"), (60.0, "Handling"), (400.0, "Finished")]
        lasts = self._rng.random() * 2400
        return [(0.0, "Submited"), (lasts / 3, "Handling"), (lasts / 2, "Dealed"), (lasts, "Finished")]

    async def _answer(self, head: Head, changed: asyncio.Event) -> None:
        """A journey waits for an input: mostly it gets the right one."""
        world, rng = self._world, self._rng
        await world.true.sleep(1 + rng.random() * 40)
        given = answer_of(self.flow.definition, head.state, world.desk.latest_code(self.role.to or ""))
        if given is None:
            await changed.wait()
            return
        name, values = given
        others = [other for other in self.flow.definition.inputs[head.state] if other != name]
        match rng.random() if self._disturbed else 0.0:
            case dice if dice < 0.64:  # noqa: PLR2004 - shares of one
                await self._hand_in(world.front.send(self.journey, name, **values))
            case dice if dice < 0.74:  # noqa: PLR2004
                self.wrong += 1
                await self._hand_in(world.front.send(self.journey, name, **dict.fromkeys(values, self._guess())))
            case dice if dice < 0.84 and others:  # noqa: PLR2004
                await self._hand_in(world.front.send(self.journey, rng.choice(others)))
            case dice if dice < 0.90:  # noqa: PLR2004
                self.wrong += 1  # the second may come when the first was used up, or wait for the next try
                await asyncio.gather(*(self._hand_in(world.front.send(self.journey, name, **values)) for _ in range(2)))
            case dice if dice < 0.94:  # noqa: PLR2004
                self.wrong += 1  # another may have been sent meanwhile
                await world.true.sleep(rng.random() * 900)
                await self._hand_in(world.front.send(self.journey, name, **values))
            case dice if dice < 0.96:  # noqa: PLR2004
                await self._meddle()
            case dice if dice < 0.98:  # noqa: PLR2004
                await changed.wait()
            case _:
                await self._hand_in(world.front.cancel(self.journey, "somebody changed their mind"))

    async def _decide(self, head: Head) -> None:
        """A journey is parked: somebody finds out, when late requests have landed, and says the truth."""
        world, rng = self._world, self._rng
        parked = Parked.from_json(head.note or "")
        await world.true.sleep(90 + rng.random() * 600)
        self._decisions += 1
        if self._decisions > _PATIENCE or rng.random() < 0.03:  # noqa: PLR2004 - rarely
            await self._hand_in(world.front.cancel(self.journey, "nobody has time for this"))
        elif parked.kind is ParkKind.IN_DOUBT:
            truth = await world.truth(self, head.state)
            await self._hand_in(
                world.front.resolve(self.journey, landed=truth, reason="the ledger says so", by="the back office")
            )
        else:
            await self._hand_in(world.front.retry(self.journey))

    async def _meddle(self) -> None:
        """Something that is out of place: it must be refused, or do no harm."""
        world, rng = self._world, self._rng
        names = sorted({name for accepted in self.flow.definition.inputs.values() for name in accepted})
        match rng.random():
            case dice if dice < 0.4:  # noqa: PLR2004
                await self._hand_in(world.front.retry(self.journey))
            case dice if dice < 0.5:  # noqa: PLR2004
                await self._hand_in(world.front.cancel(self.journey))
            case _ if names:
                name = rng.choice(names)
                takes = {parameter for inputs in self.flow.definition.inputs.values() if (handler := inputs.get(name))
                         for parameter in handler.parameters}  # fmt: skip
                self.wrong += bool(takes)
                await self._hand_in(world.front.send(self.journey, name, **dict.fromkeys(takes, self._guess())))

    async def _hand_in(self, asking: Awaitable[Any]) -> None:
        world = self._world
        world.inputs += 1
        refused: JourneyError | None = None
        try:
            await asking
        except JourneyError as error:
            refused = error
        if refused is not None:
            world.refusals += 1
            if isinstance(refused, InputRefused) and refused.retry_at is not None and self._rng.random() < 0.5:  # noqa: PLR2004
                await world.true.sleep(60)

    def _guess(self) -> str:
        return f"{self._rng.randrange(10**6):06d}"
