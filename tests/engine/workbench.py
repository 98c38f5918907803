"""An engine on a bench: a journal that survives crashes, a clock moved by hand, a scripted API."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from pydantic import SecretStr
from scripted_api import ScriptedApi
from uuid_utils import uuid7

from onboarding import Flow, Journey, Onboarding, Settings
from onboarding.engine import Event, Next
from onboarding.engine.messages import check_input
from onboarding.journal import Head, Journal, Keyring, Message, MessageKind, TransitionRecord
from onboarding.testing import VirtualClock

KEY = Keyring.generate_key()
SETTINGS = {"landing_delay": "30s", "backoff_base": "1s", "backoff_cap": "60s", "attempts": 4}


class Workbench:
    """Starts journeys and advances them, one call at a time; ``crash`` leaves nothing but the journal."""

    def __init__(self, journal: Callable[[], Journal], **settings: Any) -> None:
        self._make = journal
        self.settings = Settings(**{**SETTINGS, "keys": [SecretStr(KEY)], **settings})
        self.clock = VirtualClock()
        self.api = ScriptedApi()
        self.told: list[Event] = []
        self.flows: list[type[Flow]] = []

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.onboarding.__aexit__(None, None, None)

    async def _open(self) -> None:
        self.journal = self._make()
        self.onboarding = Onboarding(
            self.settings, flows=self.flows, worker=False, api=self.api, journal=self.journal, clock=self.clock,
            rng=random.Random(1), tell=self.told.append,
        )  # fmt: skip
        await self.onboarding.__aenter__()

    async def restart(self, *, flows: list[type[Flow]] | None = None, **settings: Any) -> None:
        """A new process: only the journal is what it was."""
        await self.onboarding.__aexit__(None, None, None)
        self.flows = self.flows if flows is None else flows
        self.settings = self.settings.model_copy(update=settings)
        await self._open()

    async def start(self, flow: type[Flow], **fields: Any) -> str:
        if flow not in self.flows:
            self.flows.append(flow)
        return (await self.onboarding.start(flow, **fields)).id

    async def advance(self, journey: str, after: float = 0) -> Next:
        self.clock.advance(after)
        return await self.onboarding.engine.advance(journey)

    async def crash_while_sending(self, journey: str) -> None:
        """Let the process end while a request is under way, and start another."""
        self.api.under_way.clear()
        run = asyncio.create_task(self.onboarding.engine.advance(journey))
        await self.api.under_way.wait()
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
        await self.restart()

    async def post(self, journey: str, kind: MessageKind, name: str = "", **values: Any) -> str:
        """Keep a message for the journey, as a service does; its id."""
        head = await self.head(journey)
        number = str(uuid7())
        if kind is MessageKind.INPUT:
            values = check_input(self.onboarding.flows[head.flow].definition, name, values)
        payload = self.onboarding._sealer.seal_payload(journey, number, values) if values else None
        message = Message(
            id=number, journey=journey, kind=kind, name=name or kind.value, payload=payload, at=self.clock.now()
        )
        await self.journal.post(message)
        return number

    async def hand_in(self, journey: str, kind: MessageKind, name: str = "", **values: Any) -> str:
        """Post a message and advance; what became of it."""
        message = await self.post(journey, kind, name, **values)
        await self.advance(journey)
        return await self.journal.verdict(message) or "not looked at"

    async def head(self, journey: str) -> Head:
        return await self.journal.head(journey)

    async def get(self, journey: str) -> Journey:
        return await self.onboarding.get(journey)

    async def history(self, journey: str) -> list[TransitionRecord]:
        return await self.journal.history(journey)

    async def last(self, journey: str) -> TransitionRecord:
        return (await self.history(journey))[-1]

    async def triggers(self, journey: str) -> list[str]:
        return [row.trigger for row in await self.history(journey)]
