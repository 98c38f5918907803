"""A stage for one journey: the sandbox, the adapter, the engine, and a clock that both live by."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from people import EMAIL, NAME, OLD_ID_NUMBER, PASSWORD, PHONE, TOKEN

from onboarding import AccountApi, Event, Flow, Journey, Meaning, Onboarding, Settings, Status, Transition
from onboarding.journal import Journal, MemoryJournal
from onboarding.sandbox import Sandbox, SandboxConfig, SandboxDesk, SandboxServer
from onboarding.testing import VirtualClock

CONFIG = SandboxConfig(token=TOKEN, seed=11, code_lifetime=300, ticket_lifetime=600)
"""A code dies before the wait for it ends, so that an expired one can be entered."""

TENANT_NO_SUCH_USER, TENANT_PASSWORD_REUSED = "PUB_AUTH_0000909", "PUB_AUTH_0000910"
"""Codes that a tenant has learnt and configured: they are believed wherever their meaning makes sense."""

_PATIENCE = 20.0


class Detour(httpx.AsyncHTTPTransport):
    """The way to the sandbox; an answer can be put in its place, for what the sandbox has no occasion to say."""

    def __init__(self) -> None:
        super().__init__()
        self._instead: list[tuple[str, dict[str, Any]]] = []

    def put(self, ending: str, envelope: dict[str, Any]) -> None:
        """Answer the next request whose path ends so, without the sandbox."""
        self._instead.append((ending, envelope))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for one in self._instead:
            if request.url.path.endswith(one[0]):
                self._instead.remove(one)
                return httpx.Response(200, stream=httpx.ByteStream(json.dumps(one[1]).encode()))
        return await super().handle_async_request(request)


class Stage:
    """One journey, played by hand: nothing happens and no time passes but where a test says so."""

    def __init__(self, server: SandboxServer, clock: VirtualClock, detour: Detour, api: AccountApi) -> None:
        self.sandbox = server.sandbox
        self.desk = SandboxDesk(server.url)
        self.clock = clock
        self.api = api
        self.events: list[Event] = []
        self.refused: list[Exception] = []
        self.onboarding: Onboarding
        self.journey: Journey
        self._detour = detour

    # The broker

    def user(self, **changed: Any) -> str:
        """Register the person of these tests with the broker."""
        told = {"phone": PHONE, "email": EMAIL, "password": PASSWORD, "account": {"cert": {"idNum": OLD_ID_NUMBER}}}
        return self.desk.create_user(NAME, **{**told, **changed})

    def throttle(self, section: str, *, skip: int = 0, retry_after: float | None = None) -> None:
        """Turn the next request of an endpoint away unseen, so that something can happen before it is tried again."""
        self.desk.add_fault(section, "throttle_429", times=1, skip=skip, retry_after=retry_after)

    def refuse(self, ending: str, mcode: str) -> None:
        """Answer the next request to such an address with a refusal."""
        self._detour.put(ending, {"result": False, "mcode": mcode, "data": None})

    def answer(self, ending: str, data: Any) -> None:
        """Answer the next request to such an address with this."""
        self._detour.put(ending, {"result": True, "mcode": "m0000000", "data": data})

    # The journey

    async def start(self, flow: type[Flow], **fields: Any) -> None:
        """Start it, and let it go as far as it can without time."""
        self.journey = await self.onboarding.start(flow, **fields)
        await self.drain()

    async def drain(self) -> None:
        """Do all that is due now."""
        await asyncio.wait_for(self.onboarding.drain(), _PATIENCE)
        self.journey = await self.onboarding.get(self.journey.id)

    async def go_on(self) -> None:
        """Let time pass for as long as the journey has something of its own to do."""
        while self.journey.status is Status.WORKING:
            assert self.journey.due is not None
            self.clock.advance(max(self.journey.due - self.clock.now(), timedelta()))
            await self.drain()

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass, then what follows from it."""
        self.clock.advance(seconds)
        await self.drain()
        await self.go_on()

    async def send(self, name: str, /, **values: Any) -> None:
        """Hand an input in, and let the journey go as far as it can without time."""
        sending = asyncio.ensure_future(self.onboarding.send(self.journey.id, name, **values))
        async with asyncio.timeout(_PATIENCE):
            while not sending.done():
                await self.onboarding.drain()
                await asyncio.sleep(0)
        try:
            await sending
        except Exception as error:
            self.refused.append(error)
            raise
        await self.drain()

    async def enter_code(self, code: str | None = None, *, to: str = PHONE) -> None:
        """Hand in a code; without one, that of the newest message."""
        await self.send("code_entered", code=code or self.desk.latest_code(to))

    async def history(self) -> list[Transition]:
        """What has happened."""
        return await self.onboarding.history(self.journey.id)


@contextlib.asynccontextmanager
async def stage_on(server: SandboxServer, clock: VirtualClock, journal: Journal | Path) -> AsyncIterator[Stage]:
    """A stage on a sandbox that has forgotten everything; ``journal`` may be the folder of one on disk."""
    SandboxDesk(server.url).reset()
    detour = Detour()
    url = f"sqlite:///{journal / 'journal.db'}" if isinstance(journal, Path) else "memory://"
    settings = Settings(base_url=server.url, tenant_id=CONFIG.tenant_id, api_token=TOKEN, journal=url)
    async with (
        httpx.AsyncClient(transport=detour) as client,
        AccountApi(
            server.url, tenant_id=CONFIG.tenant_id, token=TOKEN, client=client, clock=clock,
            result_codes={
                TENANT_NO_SUCH_USER: Meaning.NO_SUCH_USER, TENANT_PASSWORD_REUSED: Meaning.PASSWORD_REUSED,
            },
        ) as api,
    ):  # fmt: skip
        stage = Stage(server, clock, detour, api)
        stage.onboarding = Onboarding(
            settings, worker=False, api=api, clock=clock, tell=stage.events.append,
            journal=None if isinstance(journal, Path) else journal,
        )  # fmt: skip
        async with stage.onboarding:
            yield stage


@contextlib.contextmanager
def serving(clock: VirtualClock) -> Any:
    """A sandbox that lives by this clock."""
    with SandboxServer(Sandbox(CONFIG, clock=clock)) as server:
        yield server


def memory() -> Journal:
    """A journal for a test that asks nothing of it."""
    return MemoryJournal()
