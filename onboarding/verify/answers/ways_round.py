"""Ways round a doubt and a deadline: a full journal, a migration, a worker that is closed, a poll that is seldom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar

from onboarding.api import AccountApi
from onboarding.clock import hours
from onboarding.engine import ParkKind
from onboarding.errors import JournalError
from onboarding.journal import Change, MemoryJournal
from onboarding.journal.receipt import Receipt
from onboarding.machine import ASK, Done, Failed, Flow, Polling, Waiting, Working, on_input, once, read
from onboarding.service import Onboarding
from onboarding.testing import VirtualClock
from onboarding.verify.answers.callers import PATIENCE, caller, engine, settings
from onboarding.verify.answers.counterpart import Counterpart, Exchange
from onboarding.verify.answers.matrix import Tried
from onboarding.verify.answers.plays import cut, envelope, http, whole
from onboarding.verify.plan import Plan

__all__ = ["look_at_ways_round"]

_HOUR, _MINUTE = 3600.0, 60.0
_TURNS = 100
"""So many turns of the event loop does whoever does not wait get: nothing of what it does takes another one's time."""
_EMAIL, _PASSWORD = "vera@example.com", "Abcd1234"
_GOOD = whole(http(200, envelope()))
_LET_IN = whole(http(200, envelope(data='{"userId":"u-1","phone":"15900000000"}')))
_THROTTLED = whole(http(429, b""))


class _LogsIn(Flow, name="verify-logs-in", version=1):
    """A step whose check tries a login."""

    login: str = _EMAIL

    states: ClassVar = [Working("doing"), Done("done"), Failed("failed")]
    transitions: ClassVar = [["did", "doing", "done"], ["gave_up", "doing", "failed"]]

    @once(then="did", otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)

    @doing.landed(probes="login")
    async def can_log_in(self, api: AccountApi) -> bool | None:
        """Log in."""
        await api.log_in(self.login, _PASSWORD)
        return True


class _Before(Flow, name="verify-carried-over", version=1):
    """A step that may have been done."""

    states: ClassVar = [Working("doing"), Done("done")]
    transitions: ClassVar = [["did", "doing", "done"]]

    @once(then="did", in_doubt=ASK)
    async def doing(self, api: AccountApi) -> None:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)


class _After(Flow, name="verify-carried-over", version=2):
    """The next version waits where the step was: of the doubt it knows nothing."""

    states: ClassVar = [Waiting("asking", up_to=hours(1)), Done("done"), Failed("expired")]
    transitions: ClassVar = [["told", "asking", "done"], ["timed_out", "asking", "expired"]]

    @on_input
    def told(self, word: str) -> None:
        """Go on."""

    @classmethod
    def migrate(cls, version: int, state: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Carry it over."""
        del version, state
        return "asking", fields


class _LooksSeldom(Flow, name="verify-looks-seldom", version=1):
    """A poll whose time is up before it looks a second time."""

    states: ClassVar = [Polling("looking", every=hours(5), up_to=hours(1)), Done("done"), Failed("failed")]
    transitions: ClassVar = [["found", "looking", "done"], ["timed_out", "looking", "failed"]]

    @read(otherwise=("found",))
    async def looking(self, api: AccountApi) -> str | None:
        """Find nothing."""
        del api
        return None


class _Journal(MemoryJournal):
    """A journal that can be full, and knows when it was let go of.

    Attributes:
        full: whether every write from now on fails.
        left: how often nobody wanted to own it any more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.left = 0

    def write(self, change: Change) -> Receipt[None]:
        """Write, if there is room."""
        if not self.full:
            return super().write(change)
        receipt: Receipt[None] = Receipt(asyncio.get_running_loop())
        receipt.settle(None, JournalError("the disk is full"))
        return receipt

    async def disown(self) -> None:
        """Count it."""
        self.left += 1
        await super().disown()


def look_at_ways_round(plan: Plan) -> list[Tried]:
    """Try them one by one; a quick run has no time for them."""
    wanted = {f"ways-round/{name}": look for name, look in _LOOKS.items() if plan.wants(f"ways-round/{name}")}
    return [Tried(name, "", tuple(asyncio.run(look()))) for name, look in wanted.items() if plan.full or plan.case]


async def _login_unwritten() -> list[str]:
    """A login to find out is tried when the journal has that it is: a crash in between must not try one more."""
    clock, journal = VirtualClock(), _Journal()
    async with Counterpart(cut(b""), _LET_IN) as service, engine(service, _LogsIn, clock, journal) as onboarding:
        await onboarding.start(_LogsIn)
        await onboarding.drain()
        before, journal.full = service.requests, True
        clock.advance(_HOUR)
        with suppress(JournalError):
            await onboarding.drain()
        tried = service.requests - before
        journal.full = False
    return [f"{tried} logins were tried of which the journal knows nothing"] if tried else []


async def _login_unsent() -> list[str]:
    """A login that nobody let in counts for nothing: the next one may be tried before the hour is over."""
    clock = VirtualClock(tick=timedelta(milliseconds=1))
    answers = iter((cut(b""), _THROTTLED, _THROTTLED, _THROTTLED))

    async def in_turn(exchange: Exchange) -> None:
        await next(answers, _LET_IN)(exchange)

    async with Counterpart(in_turn, in_turn) as service, engine(service, _LogsIn, clock, _Journal()) as onboarding:
        journey = await onboarding.start(_LogsIn)
        for _ in range(30):
            await onboarding.drain()
            clock.advance(_MINUTE)
        journey = await onboarding.get(journey.id)
        history = await onboarding.history(journey.id)
    if any("process ended" in (row.detail or "") for row in history):
        return ["a login that was not let in is told as one during which the process ended"]
    return [] if journey.ended_well else [f"it is {journey.status.value} because of logins that were never tried"]


async def _carried_over() -> list[str]:
    """A journey in doubt is not carried over to where nothing knows of the doubt."""
    clock, journal = VirtualClock(), _Journal()

    async def fills(exchange: Exchange) -> None:
        journal.full = True  # the intent is there, and what came of it is not
        await _GOOD(exchange)

    async with Counterpart(fills, _GOOD) as service:
        async with engine(service, _Before, clock, journal) as onboarding:
            journey = await onboarding.start(_Before)
            with suppress(JournalError):
                await onboarding.drain()
        journal.full = False
        async with engine(service, _After, clock, journal) as onboarding:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await onboarding.drain()
            journey = await onboarding.get(journey.id)
    if journey.parked is not None and journey.parked.kind is ParkKind.ERROR:
        return []
    return [f"a journey in doubt is {journey.status.value} in {journey.state}, which knows nothing of the doubt"]


async def _closed_early() -> list[str]:
    """Who is closed while a request is under way lets nobody else take over until it has come to rest."""
    clock, journal = VirtualClock(), _Journal()
    came, may_answer = asyncio.Event(), asyncio.Event()

    async def slowly(exchange: Exchange) -> None:
        came.set()
        await may_answer.wait()
        await _GOOD(exchange)

    async with Counterpart(slowly, _GOOD) as service:
        api = caller(service.url)
        onboarding = Onboarding(settings(), flows=[_Before], api=api, journal=journal, clock=clock)
        async with api:
            await onboarding.__aenter__()
            await onboarding.start(_Before)
            await came.wait()
            closing = asyncio.ensure_future(onboarding.__aexit__(None, None, None))
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            early = journal.left or closing.done()
            may_answer.set()
            await closing
    if early:
        return ["the journal was let go of while a request was under way"]
    return [] if journal.left else ["the journal was never let go of"]


async def _poll_in_time() -> list[str]:
    """A poll is looked at when its time is up, however seldom it looks."""
    clock = VirtualClock()
    async with Counterpart(_GOOD, _GOOD) as service, engine(service, _LooksSeldom, clock, _Journal()) as onboarding:
        journey = await onboarding.start(_LooksSeldom)
        await onboarding.drain()
        clock.advance(_HOUR + 1)
        await onboarding.drain()
        journey = await onboarding.get(journey.id)
    return [] if journey.is_final else [f"a poll is {journey.status.value} when its time is up"]


_LOOKS: dict[str, Callable[[], Coroutine[Any, Any, list[str]]]] = {
    "login-unwritten": _login_unwritten,
    "login-unsent": _login_unsent,
    "carried-over": _carried_over,
    "closed-early": _closed_early,
    "poll-in-time": _poll_in_time,
}
