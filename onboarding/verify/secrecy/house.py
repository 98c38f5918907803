"""Where the scenes of a flow are played: a journal on disk, a sandbox, and all that can be made to go wrong."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from onboarding.api import AccountApi
from onboarding.engine import Event, Journey
from onboarding.journal import Status
from onboarding.machine import Flow
from onboarding.sandbox import SandboxDesk
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.testing import VirtualClock
from onboarding.verify.answers.between import Between
from onboarding.verify.answers.stage import Stage
from onboarding.verify.plan import Plan
from onboarding.verify.rehearsal import Role, cast
from onboarding.verify.secrecy.canaries import Canaries

__all__ = ["House", "Tattler", "house_of"]

_ROUNDS = 50


class Tattler:
    """The API as the steps see it; where it is told to, a call raises an error that tells all that it was given.

    Args:
        api: the real one.
    """

    def __init__(self, api: AccountApi) -> None:
        self._api = api
        self.tells: str | None = None
        """``before`` or ``after`` the request; None: never."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        """The same method, which may tell."""
        method = getattr(self._api, name)

        async def call(*values: Any, **named: Any) -> Any:
            plain = [value.get_secret_value() if isinstance(value, SecretStr) else value for value in values]
            if self.tells == "before":
                self.tells = None
                raise ValueError(f"{name} was given {plain} and {named}", *plain)
            result = await method(*values, **named)
            if self.tells == "after":
                self.tells = None
                raise KeyError(*plain, result)
            return result

        return call


class House:
    """Plays scenes of one flow, each for somebody else, and keeps what they leave.

    Attributes:
        canaries: all that must not get out.
        errors: every exception that reached a caller.
        events: what listeners were told.
        scene: the name of the present one.
        scenes: how many there were.
    """

    def __init__(self, plan: Plan, flow: type[Flow], stage: Stage, between: Between, api: Tattler,
                 canaries: Canaries) -> None:  # fmt: skip
        self.flow = flow
        self.stage = stage
        self.between = between
        self.api = api
        self.canaries = canaries
        self.errors: list[BaseException] = []
        self.events: list[Event] = []
        self.scene = ""
        self.scenes = 0
        self.role: Role
        self._plan = plan
        self._passed = 0

    @property
    def onboarding(self) -> Onboarding:
        """What is looked at."""
        return self.stage.onboarding

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections of the contract that the flow has called, each once."""
        return tuple(dict.fromkeys(each.endpoint.section for each in self.between.passed))

    async def enter(self, scene: str) -> None:
        """A new scene, with somebody new in it."""
        self.leave()
        self.scene = scene
        self.scenes += 1
        self.role = cast(self.flow, self.stage.desk, self._plan.rng("secrets", self.flow.definition.name, scene))
        self.canaries.learn_role(self.role, scene)

    def leave(self) -> None:
        """The end of a scene: what it made is learnt, and nothing of what went wrong stays."""
        self.canaries.learn_answers(self.between.passed[self._passed :], self.scene)
        self.canaries.learn_desk(self.stage.desk, self.scene)
        self._passed = len(self.between.passed)
        self.between.twist()
        self.api.tells = None
        self.stage.desk.clear_faults()

    async def fails(self, asking: Awaitable[Any]) -> None:
        """Await what may well be refused, and keep the error."""
        try:
            await self.stage.deliver(asking)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
            self.errors.append(error)

    async def play(self) -> Journey:
        """The whole journey."""
        return (await self.stage.play(self.flow, self.role))[0]

    async def begin(self) -> Journey:
        """Start it, and go on until it needs somebody."""
        return await self.rest(await self.onboarding.start(self.flow, **self.role.fields))

    async def rest(self, journey: Journey) -> Journey:
        """Go on until it waits, is parked or has ended."""
        for _ in range(_ROUNDS):
            await self.stage.drain()
            journey = await self.onboarding.get(journey.id)
            if journey.due is None or journey.status not in (Status.WORKING, Status.POLLING):
                break
            self.stage.clock.advance(max(journey.due - self.stage.clock.now(), timedelta(milliseconds=1)))
        return journey

    def quotation(self, journey: Journey) -> str:
        """A sentence of somebody who tells everything that the journey holds."""
        held = [value.get_secret_value() for value in vars(journey.data).values() if isinstance(value, SecretStr)]
        codes = [message.code for message in self.stage.desk.messages(self.role.to)] if self.role.to else []
        return f"they said: {', '.join([*self.role.secrets.values(), *held, *codes])}; all is well"


@contextlib.asynccontextmanager
async def house_of(
    plan: Plan, flow: type[Flow], journal: Mapping[str, Any], desk: SandboxDesk, clock: VirtualClock, token: str
) -> AsyncIterator[House]:
    """A house for a flow, with a journal of its own, which these settings name."""
    desk.reset()
    events: list[Event] = []
    async with Between(desk.url) as between:
        settings = Settings(base_url=between.url, tenant_id="T001117", api_token=SecretStr(token), **journal)
        # Half of the flows send through a client that somebody handed in, whose library logs every address.
        handed_in = httpx.AsyncClient(trust_env=False) if len(flow.definition.name) % 2 == 0 else None
        async with (
            handed_in or contextlib.nullcontext(),
            AccountApi(between.url, tenant_id="T001117", token=token, clock=clock, client=handed_in) as real,
        ):
            api = Tattler(real)
            async with Onboarding(settings, worker=False, api=api, clock=clock, tell=events.append) as onboarding:
                stage = Stage(onboarding, clock, desk)
                house = House(plan, flow, stage, between, api, Canaries(token))
                house.events = events
                yield house
